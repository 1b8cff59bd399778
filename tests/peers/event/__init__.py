"""A utility's event from end to end over HTTP: the utility on one side, the CSMS and its charge points on the other."""
