"""Answers to what a utility asks: a day without a signal, and whether to take part in an event."""
