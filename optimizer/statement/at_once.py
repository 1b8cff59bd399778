"""The same cars charged at once: each from its first plan on at full power, until it has what it wanted or leaves."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from models.domain.schedule import Floats
from models.domain.units import SECONDS_PER_HOUR, hours_from_seconds
from optimizer.statement.account import Account, CarAccount, over_periods
from optimizer.statement.curves import means

ALIKE_KWH = 0.05
"""A wish that changed by less has not changed; no meter of a car shows it. [kWh]"""


@dataclass(slots=True)
class Stay:
    """One session through all plans that know it."""

    first: Account
    car: CarAccount
    """In the first plan."""
    last: Account
    car_last: CarAccount
    gone_s: float | None = None
    """Start of the first plan that does not know it any more; None while it is there. [s]"""

    @property
    def wanted_kwh(self) -> float:
        """From the first plan on, by what was wanted last. [kWh at evse]"""
        return max(0.0, self.car_last.delivered_kwh - self.car.delivered_kwh + self.car_last.lacks_kwh)


def stays(accounts: Iterable[Account]) -> dict[str, Stay]:
    """By session, in order of their first plans."""
    found: dict[str, Stay] = {}
    there: set[str] = set()
    for account in accounts:
        here = {car.session for car in account.cars}
        for gone in there - here:
            found[gone].gone_s = account.instants_s[0]
        for car in account.cars:
            stay = found.setdefault(car.session, Stay(account, car, account, car))
            stay.last, stay.car_last, stay.gone_s = account, car, None
        there = here
    return found


def uncontrolled_kw(found: Iterable[Stay], edges_s: Floats) -> Floats:
    """Of all cars together, their mean in each stretch (T,). [kW at grid]"""
    total = np.zeros(len(edges_s) - 1)
    for stay in found:
        instants_s, power_kw = _course(stay)
        if len(power_kw) and instants_s[0] < edges_s[-1] and instants_s[-1] > edges_s[0]:
            within = slice(
                max(0, int(np.searchsorted(edges_s, instants_s[0], side="right")) - 1),
                int(np.searchsorted(edges_s, instants_s[-1], side="left")),
            )
            starts_s, ends_s = edges_s[:-1][within], edges_s[1:][within]
            total[within] += means(power_kw, instants_s, starts_s, ends_s)
    return total


def breaks_s(found: Iterable[Stay]) -> list[float]:
    """Where the power of a car changes. [s]"""
    return [at for stay in found for at in _course(stay)[0].tolist()]


def _course(stay: Stay) -> tuple[Floats, Floats]:
    """Instants and powers: as its first plan had it, longer or shorter by what its driver wanted since."""
    edges = np.array(stay.first.instants_s)
    power = over_periods(stay.car.uncontrolled_kw or (), len(edges) - 1)
    drawn = np.flatnonzero(power)
    if not len(drawn):
        return np.zeros(0), np.zeros(0)
    span = slice(int(drawn[0]), int(drawn[-1]) + 1)
    edges, power = edges[span.start : span.stop + 1], power[span]
    edges, power = _with_wish(stay, edges, power)
    return _until(edges, power, stay.gone_s)


def _with_wish(stay: Stay, edges: Floats, power: Floats) -> tuple[Floats, Floats]:
    more_kwh = stay.wanted_kwh - stay.car.lacks_kwh
    if abs(more_kwh) <= ALIKE_KWH or stay.car.lacks_kwh <= 0.0:
        return edges, power
    share = stay.wanted_kwh / stay.car.lacks_kwh
    energy = np.concatenate(([0.0], np.cumsum(power * hours_from_seconds(1.0) * np.diff(edges))))
    wanted_at_grid = share * float(energy[-1])
    if more_kwh > 0.0:
        highest = float(power.max())
        longer_s = (wanted_at_grid - float(energy[-1])) / highest * SECONDS_PER_HOUR
        return np.append(edges, edges[-1] + longer_s), np.append(power, highest)
    return _until(edges, power, float(np.interp(wanted_at_grid, energy, edges)))


def _until(edges: Floats, power: Floats, end_s: float | None) -> tuple[Floats, Floats]:
    if end_s is None or end_s >= edges[-1]:
        return edges, power
    kept = int(np.searchsorted(edges, end_s, side="left"))
    if kept == 0:
        return np.zeros(0), np.zeros(0)
    return np.append(edges[:kept], end_s), power[:kept]


def lacking_kwh(stay: Stay, taken_kwh: float) -> float:
    """What a session that has left lacks, of what somebody told that it wants. [kWh at evse]

    ``taken_kwh``: what it took of its last plan until then.
    """
    if not stay.car_last.told:
        return stay.car_last.missing_kwh
    return max(0.0, stay.car_last.lacks_kwh - taken_kwh)
