"""A nomination judged by days that it did not see: what it earns there, beside the best constant one in hindsight."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from random import Random

import numpy as np

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.programme import Programme
from models.domain.schedule import Floats
from optimizer.response.nomination import EXACTLY, Table, candidates
from optimizer.response.past_days import PastDay

DRAWS = 1000
"""Seasons of calls that are drawn."""
NEAR = 0.9
"""Of the best income: what counts as near it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthIncome:
    """One month that was nominated for."""

    month: str
    """``YYYY-MM``."""
    days: int
    income: float
    best_income: float
    """With the nomination that is best over all months."""
    full_delivery: float
    """Share of days that would have delivered all that was nominated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hindsight:
    """What a nomination earns over some months, any day of each as likely to be called, and over drawn calls."""

    power_kw: float
    income: float
    best_kw: float
    best_income: float
    months: tuple[MonthIncome, ...]
    draws: int
    drawn_income: tuple[float, float, float]
    """Over seasons of so many calls a month on drawn days: income that 5, 50 and 95 % of them stay below."""
    near_best: float
    """Share of these seasons in which it earns at least 90 % of the constant nomination that is best in that season."""

    @property
    def share(self) -> float | None:
        """Of the best income; None where nothing can be earned."""
        return self.income / self.best_income if self.best_income > 0.0 else None


def hindsight(programme: Programme, power_kw: float, days: Sequence[PastDay], seed: int = 0) -> Hindsight:
    """Judge one constant nomination by these days.

    Raises InvalidScenario where there is none.
    """
    if not days:
        message = f"no day to settle has a window of programme {programme.id}"
        raise InvalidScenario([Finding(path="settle", message=message, remedy="settle days inside its season")])
    power = np.unique(np.append(candidates(programme, days), power_kw))
    mine = int(np.argmin(np.abs(power - power_kw)))
    tables = [(month, Table.of(programme, its, power), its) for month, its in _months(days)]
    totals = sum((table.monthly() for _, table, _ in tables), np.zeros(len(power)))
    best = int(np.argmax(totals))
    drawn = _drawn([table for _, table, _ in tables], seed)
    low, middle, high = np.quantile(drawn[:, mine], (0.05, 0.5, 0.95)).tolist()
    return Hindsight(
        power_kw=power_kw,
        income=float(totals[mine]),
        best_kw=float(power[best]),
        best_income=float(totals[best]),
        months=tuple(_month(month, table, its, mine, best) for month, table, its in tables),
        draws=len(drawn),
        drawn_income=(low, middle, high),
        near_best=float((drawn[:, mine] >= NEAR * drawn.max(axis=1) - EXACTLY).mean()),
    )


def _months(days: Sequence[PastDay]) -> Iterator[tuple[str, list[PastDay]]]:
    for month, its in groupby(days, key=lambda one: f"{one.day:%Y-%m}"):
        yield month, list(its)


def _month(month: str, table: Table, days: list[PastDay], mine: int, best: int) -> MonthIncome:
    monthly, power = table.monthly(), float(table.power_kw[mine])
    return MonthIncome(
        month=month,
        days=len(days),
        income=float(monthly[mine]),
        best_income=float(monthly[best]),
        full_delivery=sum(day.firm_kw >= power - EXACTLY for day in days) / len(days),
    )


def _drawn(tables: Sequence[Table], seed: int) -> Floats:
    """Income of every nomination in seasons of drawn calls (DRAWS, K): whole calls, no day twice."""
    chance = Random(seed)
    return np.array([sum(_one_draw(table, chance) for table in tables) for _ in range(DRAWS)])


def _one_draw(table: Table, chance: Random) -> Floats:
    days = len(table.performance)
    calls = min(days, max(1, round(table.programme.calls_expected_per_month)))
    called = np.zeros(days)
    called[chance.sample(range(days), calls)] = 1.0
    return table.monthly(called)
