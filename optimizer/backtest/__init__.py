"""Backtests: a simulated site, algorithms that see it through messages only, and what became of it.

``messages`` is the interface, ``course`` what will happen, ``simulated_site`` plays it, ``running`` brings it together
with an algorithm, ``metrics`` judges.
"""
