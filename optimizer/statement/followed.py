"""Accounts one after the other: which part of each plan was followed, and what the site drew then."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from models.domain.schedule import Floats
from models.domain.units import SECONDS_PER_HOUR
from optimizer.statement.account import Account, over_periods


@dataclass(frozen=True, slots=True)
class Part:
    """One plan from its start to the start of the next one, inside the span that is asked for."""

    account: Account
    instants_s: Floats
    """Ends of its periods, cut to the part (T + 1,). [s]"""
    periods: slice
    """Those of the account."""

    @property
    def start_s(self) -> float:
        return float(self.instants_s[0])

    @property
    def end_s(self) -> float:
        return float(self.instants_s[-1])

    @property
    def hours(self) -> Floats:
        return np.diff(self.instants_s) / SECONDS_PER_HOUR

    def of(self, name: str) -> Floats:
        """One of the account's rows of numbers, in the periods of the part (T,)."""
        return over_periods(getattr(self.account, name), len(self.account.instants_s) - 1)[self.periods]


def parts(accounts: Sequence[Account], start_s: float, end_s: float) -> list[Part]:
    """Those that reach into the span, in order of time; of two plans of one instant the later one holds."""
    ends_s = [after.instants_s[0] for _, after in pairwise(accounts)]
    cut = zip(accounts, [*ends_s, end_s], strict=True) if accounts else ()
    found = (_part(one, max(start_s, one.instants_s[0]), min(until, end_s)) for one, until in cut)
    return [part for part in found if part is not None]


def _part(account: Account, start_s: float, end_s: float) -> Part | None:
    edges = np.array(account.instants_s)
    end_s = min(end_s, float(edges[-1]))
    if start_s >= end_s:
        return None
    first = int(np.searchsorted(edges, start_s, side="right")) - 1
    last = int(np.searchsorted(edges, end_s, side="left"))
    inside = edges[first : last + 1].copy()
    inside[0], inside[-1] = start_s, end_s
    return Part(account, inside, slice(first, last))


def joined(found: Sequence[Part], rows: Sequence[Floats]) -> tuple[Floats, Floats]:
    """One row of numbers for each part as one over all of them, 0 where no plan was followed: instants, values."""
    instants: list[Floats] = []
    numbers: list[Floats] = []
    for part, row in zip(found, rows, strict=True):
        if instants and instants[-1][-1] < part.start_s:
            numbers.append(np.zeros(1))
        instants.append(part.instants_s if not instants or instants[-1][-1] < part.start_s else part.instants_s[1:])
        numbers.append(row)
    if not instants:
        return np.zeros(0), np.zeros(0)
    return np.concatenate(instants), np.concatenate(numbers)
