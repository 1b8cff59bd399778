"""Backtests on public data: named cases, named methods, many runs side by side, tables and pages of them."""
