"""The periods of a plan: those of the horizon, split where prices, limits or signals change."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from models.domain.calendar import Calendar, calendar_of
from models.domain.contracts import contract_changes
from models.domain.horizon import Horizon
from models.domain.prices import price_changes
from models.domain.scenario import Scenario
from models.domain.series import changes, has_a_step_a_period
from models.domain.signal_times import edges_of
from models.domain.site import PhaseSeries, Site
from models.domain.tariff import PriceSeries, Tariff
from models.domain.units import HOURS_PER_DAY, SECONDS_PER_HOUR, seconds_from_hours, seconds_from_minutes
from models.domain.value import Series, Step
from models.domain.windows import window_changes

Floats = NDArray[np.float64]
SHORTEST_PERIOD_S = 1.0
"""A change closer than this to an instant is taken to be at that instant. [s]"""


@dataclass(frozen=True, slots=True)
class Periods:
    """Half-open periods between instants."""

    instants_s: Floats
    """(T+1,) seconds since 1970 UTC. [s]"""
    hours: Floats
    """(T,) [h]"""
    calendar: Calendar

    @property
    def count(self) -> int:
        return len(self.hours)

    def within(self, start: datetime, end: datetime) -> NDArray[np.bool_]:
        """Periods that share some time with a window (T,)."""
        return np.asarray((self.instants_s[:-1] < end.timestamp()) & (self.instants_s[1:] > start.timestamp()))

    def covered_h(self, start: datetime, end: datetime) -> Floats:
        """Hours of each period inside a window (T,). [h]"""
        since = np.maximum(self.instants_s[:-1], start.timestamp())
        until = np.minimum(self.instants_s[1:], end.timestamp())
        hours: Floats = np.maximum(0.0, until - since) / SECONDS_PER_HOUR
        return hours

    @property
    def start_s(self) -> float:
        return float(self.instants_s[0])

    @property
    def end_s(self) -> float:
        return float(self.instants_s[-1])


class PeriodLabels:
    """Starts of periods in UTC as text, made only when somebody reads them."""

    def __init__(self, instants_s: Floats) -> None:
        self._instants_s = instants_s

    def __len__(self) -> int:
        return len(self._instants_s)

    def __getitem__(self, position: int, /) -> str:
        return utc_label(float(self._instants_s[position]))

    def numbers(self) -> Floats:
        """What tells the labels apart, without making them. [s]"""
        return self._instants_s


def utc_label(instant_s: float) -> str:
    """``2026-03-02T17:00:00Z``"""
    return datetime.fromtimestamp(instant_s, UTC).isoformat().replace("+00:00", "Z")


def periods(scenario: Scenario) -> Periods:
    """Periods of a completed scenario."""
    assert scenario.horizon is not None
    assert scenario.tariff is not None
    calendar = calendar_of(scenario.tariff, scenario.site.time_zone)
    instants = _instants(scenario.horizon)
    day_end = min(float(instants[-1]), float(instants[0]) + seconds_from_hours(HOURS_PER_DAY))
    found = [edges for edges in _changes(scenario, scenario.tariff, calendar, instants, day_end) if len(edges)]
    split = _merge(instants, np.concatenate(found)) if found else instants
    return Periods(split, (split[1:] - split[:-1]) / SECONDS_PER_HOUR, calendar)


def _instants(horizon: Horizon) -> Floats:
    last_s = horizon.start.timestamp()
    parts = [np.array([last_s])]
    for stretch in horizon.stretches:
        length_s = seconds_from_minutes(stretch.minutes)
        parts.append(last_s + length_s * np.arange(1, stretch.count + 1))
        last_s += length_s * stretch.count
    return np.concatenate(parts)


def _changes(
    scenario: Scenario, tariff: Tariff, calendar: Calendar, instants: Floats, end_s: float
) -> Iterator[Floats]:
    """Instants before the end of the first day at which anything changes that a period takes as constant."""
    start_s = float(instants[0])
    for price in (tariff.import_price, tariff.export_price, tariff.carbon_intensity):
        if isinstance(price, PriceSeries) and has_a_step_a_period(price.steps, instants):
            continue
        if not isinstance(price, float | int):
            yield price_changes(price, start_s, end_s, calendar)
    for charge in tariff.demand_charges:
        yield window_changes(charge.windows, calendar, start_s, end_s)
    for peak in tariff.coincident_peaks:
        if isinstance(peak.chance, tuple):
            yield changes(peak.chance, start_s, end_s)
    for contract in tariff.contracts:
        for limit in (contract.import_limit_kw, contract.export_limit_kw):
            if limit is not None:
                yield contract_changes(limit, start_s, end_s, calendar)
    for series in _series(scenario.site):
        if not has_a_step_a_period(series, instants):
            yield changes(series, start_s, end_s)
    for one in scenario.installed:
        for profile in one.profiles:
            if isinstance(profile.power_kw, tuple):
                yield changes(profile.power_kw, start_s, end_s)
    yield from _turns(scenario, start_s)
    edges = [edge for signal in scenario.signals for edge in edges_of(signal)]
    if edges:
        yield np.array([edge for edge in edges if start_s < edge < end_s])


def _turns(scenario: Scenario, start_s: float) -> Iterator[Floats]:
    """Instants in the blind time at which fail-safe shares change, that of the next day included."""
    rules, midnight_s = scenario.site.fail_safe, start_s - start_s % seconds_from_hours(HOURS_PER_DAY)
    times = {step.start_s for share in scenario.shares for step in share.daily}
    if rules is None or not times:
        return
    until_s = start_s + seconds_from_minutes(rules.blind_minutes)
    days = midnight_s + seconds_from_hours(HOURS_PER_DAY) * np.arange(3)
    instants = np.sort((days[:, None] + np.array(sorted(times))).ravel())
    yield instants[(instants > start_s) & (instants < until_s)]


def _series(site: Site) -> list[tuple[Step, ...]]:
    """Limits, loads and generation that change at instants."""
    told: list[Series | None] = []
    for node in site.nodes:
        told += (node.import_limit_kw, node.import_limit_kva, node.export_limit_kw)
        if node.current_limit_a is not None:
            told += _phases(node.current_limit_a)
        if node.transformer is not None:
            told += _phases(node.transformer.primary_current_limit_a)
    for load in site.base_loads:
        told += (load.expected_kw, load.high_kw, load.low_kw, *_phases(load.high_current_a))
    told += [plant.expected_kw for plant in site.pv_plants]
    return [series for series in told if isinstance(series, tuple)]


def _phases(limit: Series | PhaseSeries | None) -> tuple[Series | None, ...]:
    return (limit.L1, limit.L2, limit.L3) if isinstance(limit, PhaseSeries) else (limit,)


def _merge(instants: Floats, extra: Floats) -> Floats:
    """Both together in order; an extra one next to an instant is left out."""
    after = instants.searchsorted(extra)
    inside = (after > 0) & (after < len(instants))
    extra, after = extra[inside], after[inside]
    room = np.minimum(extra - instants[after - 1], instants[after] - extra)
    extra = extra[room >= SHORTEST_PERIOD_S]
    if not len(extra):
        return instants
    extra = np.unique(extra)
    keep = np.concatenate([[True], np.diff(extra) >= SHORTEST_PERIOD_S])
    return np.sort(np.concatenate([instants, extra[keep]]))
