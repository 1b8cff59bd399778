"""How many kW to nominate for a month: what maximises expected payment less penalty, by what past days could have done.

Income as a function of the kW nominated is straight between a few points: where a day's interval can just deliver
them, and where a day's performance crosses an end of the dead-band, at which it may jump down. The best nomination is
one of these, so all of them are looked at and nothing is searched.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import ceil, floor

import numpy as np

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.programme import Programme
from models.domain.schedule import Floats
from optimizer.response.past_days import PastDay

CHANCES = (0.5, 0.9, 0.99)
"""Of full delivery, for which the kW are told."""
EXACTLY = 1e-9
"""Of a share: performance at an end of the dead-band counts as reaching it."""


class Why(StrEnum):
    """What a nomination is held by."""

    BEST = "best"
    """More would cost more in penalties and lost payments than it earns."""
    NOTHING_EARNED = "nothing_earned"
    """No nomination earns anything."""
    BELOW_MINIMUM = "below_minimum"
    """What would pay is less than the programme takes."""
    NEVER_LESS = "never_less"
    """More costs nothing under these terms: what was ever available is nominated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Income:
    """Of one month, expected over the days on which the programme may call. [currency]"""

    capacity: float
    energy: float
    penalty: float

    @property
    def total(self) -> float:
        return self.capacity + self.energy - self.penalty


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """So many kW are delivered in full on at least this share of days."""

    chance: float
    power_kw: float
    days_needed: int
    """Of so many days at least one would be expected to fall short; with fewer the figure is that of the worst day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nomination:
    """What to nominate, and by what."""

    power_kw: float
    why: Why
    income: Income
    chances: tuple[Chance, ...]
    days: int
    full_delivery: float
    """Share of past days that would have delivered all of it."""
    curve: tuple[tuple[float, float], ...]
    """kW and expected income of a month, from 0 on."""


def nominate(programme: Programme, days: Sequence[PastDay]) -> Nomination:
    """The kW of a month that would have earned most if any of these days was as likely to be called as any other.

    Raises InvalidScenario where there is no day to learn from.
    """
    _refuse_none(programme, days)
    table = Table.of(programme, days)
    totals = table.monthly()
    best = int(np.argmax(totals))  # the least of those that earn the same
    power = float(table.power_kw[best])
    available = _available(days)
    return Nomination(
        power_kw=power,
        why=_why(programme, days, totals, best),
        income=table.income(best),
        chances=tuple(_chance(days, chance) for chance in CHANCES),
        days=len(days),
        full_delivery=float((available.min(axis=1) >= power - EXACTLY).mean()),
        curve=tuple(zip(table.power_kw.tolist(), totals.tolist(), strict=True)),
    )


def _refuse_none(programme: Programme, days: Sequence[PastDay]) -> None:
    if not days:
        message = f"no past day has a window of programme {programme.id}"
        raise InvalidScenario([Finding(path="history", message=message, remedy="give days inside its season")])


@dataclass(frozen=True, slots=True)
class Table:
    """What each of some nominations (K,) earns when each of some days (D,) is called: (D, K)."""

    programme: Programme
    power_kw: Floats
    performance: Floats
    """After the dead-band: the share of the capacity that is paid."""
    energy: Floats
    """Paid for energy in one event. [currency]"""
    penalty: Floats
    """For what one event lacks. [currency]"""

    @classmethod
    def of(cls, programme: Programme, days: Sequence[PastDay], power_kw: Floats | None = None) -> "Table":
        """With every nomination that can be the best for these days, unless they are given."""
        power = candidates(programme, days) if power_kw is None else power_kw
        found = [_called(programme, day, power) for day in days]
        columns = (np.array([one[k] for one in found]) for k in range(3))
        return cls(programme, power, *columns)

    def monthly(self, called: Floats | None = None) -> Floats:
        """Income of a month for each nomination (K,); ``called`` (D,) counts calls, else any day is as likely."""
        calls = self.programme.calls_expected_per_month
        events = self.energy - self.penalty
        price = self.programme.capacity_per_kw_month * self.power_kw
        if called is None:
            return np.asarray(price * self.performance.mean(axis=0) + calls * events.mean(axis=0))
        return np.asarray(price * (called @ self.performance) / called.sum() + called @ events)

    def income(self, place: int) -> Income:
        """The parts of it for one nomination."""
        calls = self.programme.calls_expected_per_month
        price = self.programme.capacity_per_kw_month * float(self.power_kw[place])
        return Income(
            capacity=price * float(self.performance[:, place].mean()),
            energy=calls * float(self.energy[:, place].mean()),
            penalty=calls * float(self.penalty[:, place].mean()),
        )


def _called(programme: Programme, day: PastDay, power_kw: Floats) -> tuple[Floats, Floats, Floats]:
    """Performance after the dead-band, payment and penalty of one event, for each nomination (K,)."""
    available = np.maximum(0.0, day.available_kw)[:, None]
    counted = np.minimum(available, power_kw)
    share = np.where(power_kw > 0.0, counted.mean(axis=0) / np.maximum(power_kw, 1e-12), 1.0)
    band = programme.dead_band
    whole = share >= band.whole_from_share - EXACTLY
    pays = share >= band.pays_from_share - EXACTLY
    performance = np.where(whole, 1.0, np.where(pays, share, 0.0))
    delivered = np.minimum(available, programme.accepted_share * power_kw).sum(axis=0) * day.interval_h
    lacking = (power_kw - counted).sum(axis=0) * day.interval_h
    energy = np.where(pays, programme.energy_per_kwh * delivered, 0.0)
    return performance, energy, np.where(whole, 0.0, programme.penalty_per_kwh * lacking)


def candidates(programme: Programme, days: Sequence[PastDay]) -> Floats:
    """Nominations of which one is the best: 0, and the multiples of the step on either side of every bend."""
    step = programme.step_kw
    bends = {bend for day in days for bend in _bends(programme, day)}
    around = {side(bend / step + sign * EXACTLY) * step for bend in bends for side, sign in ((floor, 1), (ceil, -1))}
    allowed = {power for power in around if power >= programme.minimum_kw - EXACTLY and power > 0.0}
    return np.array([0.0, *sorted(allowed)])


def _bends(programme: Programme, day: PastDay) -> Iterator[float]:
    """Where what one day earns bends or jumps. [kW]"""
    available = np.sort(np.maximum(0.0, day.available_kw))
    yield from available.tolist()
    if programme.accepted_share > 0.0:
        yield from (available / programme.accepted_share).tolist()
    for share in (programme.dead_band.pays_from_share, programme.dead_band.whole_from_share):
        yield from _crossings(available, share)


def _crossings(ascending_kw: Floats, share: float) -> Iterator[float]:
    """The nomination at which so much of it is delivered on average. [kW]

    With the k least intervals short of N: sum of these + (n - k) N = share n N.
    """
    count = len(ascending_kw)
    below = np.concatenate([[0.0], np.cumsum(ascending_kw)])
    upper = [*ascending_kw.tolist(), float("inf")]
    for k in range(1, count + 1):
        rest = share * count - (count - k)
        if rest > EXACTLY:
            crossing = float(below[k]) / rest
            if ascending_kw[k - 1] - EXACTLY <= crossing <= upper[k] + EXACTLY:
                yield crossing


def _why(programme: Programme, days: Sequence[PastDay], totals: Floats, best: int) -> Why:
    if best > 0:
        return Why.NEVER_LESS if best == len(totals) - 1 else Why.BEST
    smaller = replace(programme, minimum_kw=0.0)
    pays_below = programme.minimum_kw > 0.0 and Table.of(smaller, days).monthly().argmax() > 0
    return Why.BELOW_MINIMUM if pays_below else Why.NOTHING_EARNED


def _available(days: Sequence[PastDay]) -> Floats:
    """(D, Q), days with fewer intervals filled with what never binds. [kW]"""
    most = max(len(day.available_kw) for day in days)
    rows = [np.pad(day.available_kw, (0, most - len(day.available_kw)), constant_values=np.inf) for day in days]
    return np.array(rows)


def _chance(days: Sequence[PastDay], chance: float) -> Chance:
    """By the order of the days: as many as the chance allows may fall short."""
    firm = sorted(max(0.0, day.firm_kw) for day in days)
    may_fail = floor((1.0 - chance) * len(firm) + EXACTLY)
    return Chance(chance=chance, power_kw=firm[min(may_fail, len(firm) - 1)], days_needed=round(1.0 / (1.0 - chance)))
