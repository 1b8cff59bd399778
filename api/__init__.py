"""When and with whom: the imperative shell around the optimizer."""
