"""How load comes back after what a utility asked: no peak above that of the day, and one EVSE after the other.

What has ended is remembered from what was asked before: a utility forgets its events, and cancels them while they last.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

import numpy as np

from api.connections.forms import SiteServed
from api.sites.consumption import quarters_kw
from api.sites.keeping import Desk
from api.sites.plans import current_plan
from models.domain.errors import NotFound
from models.domain.meanings import SignalRules
from models.domain.prices import highest_price
from models.domain.scenario import Scenario
from models.domain.signal import Dispatch, Signal
from models.domain.staggering import Holding, returns, watched_until
from models.domain.tariff import Tariff
from models.domain.times import midnight, zone

PRICES = 2.0
"""A kWh above the peak costs as many times the highest import price: no cheaper hour is worth it. One that a driver
lacks costs ten times that price, so that drivers come first."""
LEAST_PRICE = 0.2
"""Where energy is nearly free: a missing kWh costs 1 there. [currency/kWh]"""
STEP_KW = 0.1
IN_SIGHT = timedelta(days=7)
"""What ends later has no end yet that anybody knows: stretches without an end are told as far as sites are."""


@dataclass(frozen=True, slots=True)
class Returning:
    """One connection at one site, and what it asked there before."""

    desk: Desk
    connection: str
    served: SiteServed
    before: tuple[Signal, ...]
    now: datetime

    def asked(self, fresh: Sequence[Signal], scenario: Scenario) -> tuple[Signal, ...]:
        """What is asked now, with what has ended and whose load comes back, and the peaks that it must not exceed."""
        where = zone(scenario.site.time_zone) or ZoneInfo("UTC")
        ended = tuple(self._ended(fresh))
        holding = [one for one in (*ended, *fresh) if isinstance(one, Holding)]
        coming = sorted((one for one in returns(holding) if one.end < self.now + IN_SIGHT), key=lambda one: one.end)
        peaks = {peak.id: peak for peak in self._begun()}
        for day, group in groupby(coming, key=lambda one: midnight(one.end, where)):
            name = f"{self.connection} return {day:%F}"
            first = min(one.start for one in holding if one.stagger_minutes and one.end >= day)
            peak = self._peak(name, [one.end for one in group], first, where, scenario.tariff)
            if peak is not None:
                peaks[name] = peak
        return (*ended, *fresh, *peaks.values())

    def _ended(self, fresh: Sequence[Signal]) -> Iterator[Signal]:
        """What is over and staggers still, under names of its own; what was cancelled has ended now."""
        names = {one.id for one in fresh}
        places = {_place(one) for one in fresh if not _is_free(one) and one.start <= self.now}
        for one in self.before:
            if _is_free(one) or one.start > self.now:
                continue
            assert isinstance(one, Holding), "prices are free"
            stays = one.end > self.now and _place(one) in places
            told = replace(one, end=min(one.end, self.now))
            if not stays and told.start < told.end and self.now - told.end < _stagger(told):
                yield replace(told, id=f"{one.id} until {told.end:%H:%M}") if one.id in names else told

    def _begun(self) -> Iterator[Dispatch]:
        """Peaks that hold already hold until they end."""
        for one in self.before:
            if isinstance(one, Dispatch) and _is_peak(one, self.connection) and one.start <= self.now < one.end:
                yield one

    def _peak(
        self, name: str, ends: Sequence[datetime], first: datetime, where: ZoneInfo, tariff: Tariff | None
    ) -> Dispatch | None:
        """After events that end on one local day, of which the first began at ``first``; None where the peak is not
        known, or has no price.
        """
        known = [one for one in self.before if isinstance(one, Dispatch) and one.id == name]
        peaks_kw = [float(one.setpoint_kw) for one in known if isinstance(one.setpoint_kw, float | int)]
        peaks_kw += quarters_kw(self.desk, midnight(first, where), min(self.now, first))
        if not known:
            peaks_kw += self._planned_kw(midnight(ends[-1], where))
        costs = price(self.served.rules, tariff)
        if not peaks_kw or not costs:
            return None
        return Dispatch(
            id=name,
            start=min([ends[0], *(one.start for one in known if one.start <= self.now)]),
            end=watched_until(ends[-1], where),
            setpoint_kw=round(float(np.ceil(max(peaks_kw) / STEP_KW - 1e-6) * STEP_KW), 1),
            price_above_per_kwh=costs,
            price_below_per_kwh=0.0,
            source=self.connection,
        )

    def _planned_kw(self, day: datetime) -> list[float]:
        """Of the current plan, which did not know of the event: the load of the connection on a day, by period."""
        try:
            plan = current_plan(self.desk).document
        except NotFound:
            return []
        root = next(node for node in plan.nodes if node.parent is None)
        spans = zip(plan.instants[:-1], plan.instants[1:], root.expected_kw, strict=True)
        return [kw for start, end, kw in spans if kw is not None and start < day + timedelta(days=1) and end > day]


def price(rules: SignalRules, tariff: Tariff | None) -> float:
    """Of a kWh above the peak. [currency/kWh]"""
    if rules.return_price_per_kwh is not None:
        return rules.return_price_per_kwh
    return max(PRICES * highest_price(tariff.import_price) if tariff else 0.0, LEAST_PRICE)


def _is_peak(signal: Signal, connection: str) -> bool:
    return isinstance(signal, Dispatch) and signal.id.startswith(f"{connection} return ")


def _is_free(signal: Signal) -> bool:
    """Whether load need not come back from it."""
    return not isinstance(signal, Holding) or signal.stagger_minutes <= 0.0


def _stagger(signal: Holding) -> timedelta:
    return timedelta(minutes=signal.stagger_minutes)


def _place(signal: Signal) -> tuple[str | None, tuple[str, ...]] | None:
    return None if not isinstance(signal, Holding) else (signal.node, signal.evses)
