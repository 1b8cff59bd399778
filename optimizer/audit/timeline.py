"""When: the plan's periods, cut again wherever the scenario changes inside one, so that no change goes unseen."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from math import inf
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from models.domain.calendar import Calendar, calendar_of
from models.domain.prices import price_at
from models.domain.scenario import Scenario
from models.domain.schedule import Floats
from models.domain.site import PhaseSeries
from models.domain.tariff import Price, PriceSeries, Rate, TimeClasses, TimeOfUse
from models.domain.units import SECONDS_PER_HOUR
from models.domain.value import Series, Step

DAY = timedelta(days=1)
QUARTER = timedelta(minutes=15)


@dataclass(frozen=True)
class Timeline:
    """Periods (T) between instants, and the segments (G) that the scenario's own changes cut them into."""

    instants_s: Floats
    """(T+1,) [s]"""
    cuts_s: Floats
    """(G+1,), every instant among them. [s]"""
    period: NDArray[np.intp]
    """The period of each segment (G,)."""
    _steps: dict[int, tuple[Series, Floats]] = field(default_factory=dict, compare=False, repr=False)

    def steps(self, series: Series) -> Floats:
        """Value of a series in each segment (G,), read once; nobody may change it."""
        if not isinstance(series, tuple):
            return steps_at(series, self.starts_s)
        if id(series) not in self._steps:
            self._steps[id(series)] = series, steps_at(series, self.starts_s)
        return self._steps[id(series)][1]

    @cached_property
    def starts_s(self) -> Floats:
        """Starts of the segments (G,). [s]"""
        return self.cuts_s[:-1]

    @cached_property
    def segment_h(self) -> Floats:
        """(G,) [h]"""
        return np.diff(self.cuts_s) / SECONDS_PER_HOUR

    @cached_property
    def period_h(self) -> Floats:
        """(T,) [h]"""
        return np.diff(self.instants_s) / SECONDS_PER_HOUR

    def mean(self, by_segment: Floats) -> Floats:
        """Time-weighted mean in each period. (G,) -> (T,)"""
        weighted = np.bincount(self.period, weights=by_segment * self.segment_h, minlength=len(self.instants_s) - 1)
        return np.asarray(weighted / self.period_h)

    def least(self, by_segment: Floats) -> Floats:
        """(G,) -> (T,)"""
        return np.asarray(np.minimum.reduceat(by_segment, self._first_segments))

    def largest(self, by_segment: Floats) -> Floats:
        """(G,) -> (T,)"""
        return np.asarray(np.maximum.reduceat(by_segment, self._first_segments))

    def overlap_h(self, start_s: float, end_s: float, periods: slice) -> Floats:
        """Hours of each of these periods that lie in [start, end). [h]"""
        begins = np.maximum(self.instants_s[:-1][periods], start_s)
        ends = np.minimum(self.instants_s[1:][periods], end_s)
        return np.asarray(np.maximum(ends - begins, 0.0) / SECONDS_PER_HOUR)

    @cached_property
    def _first_segments(self) -> NDArray[np.intp]:
        """The one that each period begins with (T,)."""
        return np.searchsorted(self.cuts_s, self.instants_s[:-1])


def timeline(scenario: Scenario, instants_s: Floats) -> Timeline:
    """The plan's instants together with every instant at which a limit, a cap, a base load or a price changes."""
    changes = np.concatenate([instants_s, *_limit_changes(scenario), *_price_changes(scenario, instants_s)])
    inside = (changes >= instants_s[0]) & (changes <= instants_s[-1])
    cuts = np.unique(changes[inside])
    return Timeline(instants_s, cuts, np.searchsorted(instants_s, cuts[:-1], side="right") - 1)


def utc(instant_s: float) -> datetime:
    """[s] -> aware, in UTC."""
    return datetime.fromtimestamp(float(instant_s), UTC)


def steps_at(series: Series, times_s: Floats) -> Floats:
    """Value of a series at each time; before its first step the first value holds."""
    if not isinstance(series, tuple):
        return np.full(len(times_s), float(series))
    starts = np.array([step.start.timestamp() for step in series])
    latest = np.searchsorted(starts, times_s, side="right") - 1
    return np.array([step.value for step in series])[np.maximum(latest, 0)]


def price_values(price: Price, times_s: Floats, calendar: Calendar) -> Floats:
    """Price at each of some ascending times. [currency/kWh]

    A time-of-use price is looked up once after each of its changes, not once for each time.
    """
    if isinstance(price, TimeOfUse):
        points = np.unique(np.append(times_s[:1], wall_clock_changes(price, times_s[0], times_s[-1], calendar)))
        prices = np.array([price_at(price, utc(point), calendar) for point in points])
        return prices[np.searchsorted(points, times_s, side="right") - 1]
    return steps_at(price.steps if isinstance(price, PriceSeries) else price, times_s)


def as_rates(limit: TimeClasses) -> TimeOfUse:
    """Time classes as prices, with no limit for the rest."""
    rates = [Rate(price_per_kwh=one.limit_kw, windows=one.windows) for one in limit.classes]
    return TimeOfUse(rates=(*rates, Rate(price_per_kwh=inf)))


def wall_clock_changes(price: TimeOfUse, start_s: float, end_s: float, calendar: Calendar) -> Floats:
    """Instants in [start, end] at which a time-of-use price can change; some at which it does not are among them."""
    zone = calendar.time_zone
    times = {"00:00"} | {text for rate in price.rates for w in rate.windows for text in (w.start, w.end)}
    clocks = [time.fromisoformat(text) for text in sorted(times - {"24:00"})]
    changes = [s for day in local_days(start_s, end_s, zone) for s in _changes_of_day(day, clocks, zone)]
    return np.array([s for s in changes if start_s <= s <= end_s])


def local_days(start_s: float, end_s: float, zone: ZoneInfo) -> list[date]:
    """The local dates that [start, end] touches."""
    first, last = (utc(s).astimezone(zone).date() for s in (start_s, end_s))
    return [first + DAY * k for k in range((last - first).days + 1)]


def midnight_s(day: date, zone: ZoneInfo) -> float:
    """Start of a local day. [s]"""
    return datetime.combine(day, time(), zone).timestamp()


def _changes_of_day(day: date, clocks: list[time], zone: ZoneInfo) -> list[float]:
    """Both readings of an ambiguous clock time; on a day of another length every quarter of an hour."""
    starts, ends = datetime.combine(day, time(), zone), datetime.combine(day + DAY, time(), zone)
    if starts.utcoffset() != ends.utcoffset():
        quarters = round((ends.timestamp() - starts.timestamp()) / QUARTER.total_seconds())
        shifted = [starts.timestamp() + QUARTER.total_seconds() * k for k in range(quarters)]
    else:
        shifted = []
    return shifted + [datetime.combine(day, c, zone).replace(fold=f).timestamp() for c in clocks for f in (0, 1)]


def _limit_changes(scenario: Scenario) -> Iterable[Floats]:
    for node in scenario.site.nodes:
        yield _starts(node.import_limit_kw)
        yield _starts(node.import_limit_kva)
        yield _starts(node.export_limit_kw)
        primary = node.transformer.primary_current_limit_a if node.transformer else None
        for current in (node.current_limit_a, primary):
            yield from _phase_starts(current)
    for load in scenario.site.base_loads:
        yield _starts(load.expected_kw)
        yield _starts(load.high_kw)
        yield _starts(load.low_kw)
        yield from _phase_starts(load.high_current_a)
    for plant in scenario.site.pv_plants:
        yield _starts(plant.expected_kw)
    for one in scenario.installed:
        for profile in one.profiles:
            yield _starts(profile.power_kw)
    for session in scenario.sessions:
        yield _starts(session.energy_floor_kwh)
        yield _starts(session.energy_ceiling_kwh)
    for signal in scenario.signals:
        yield np.array([signal.start.timestamp(), signal.end.timestamp()])
        for name in ("baseline_kw", "reference_kw", "setpoint_kw", "import_price", "export_price"):
            yield _starts(getattr(signal, name, None))


def _price_changes(scenario: Scenario, instants_s: Floats) -> Iterable[Floats]:
    tariff = scenario.tariff
    if tariff is None:
        return
    calendar = calendar_of(tariff, scenario.site.time_zone)
    for price in (tariff.import_price, tariff.export_price, tariff.carbon_intensity):
        if isinstance(price, TimeOfUse):
            yield wall_clock_changes(price, instants_s[0], instants_s[-1], calendar)
        elif isinstance(price, PriceSeries):
            yield _starts(price.steps)
    for peak in tariff.coincident_peaks:
        yield _starts(peak.chance)
    for contract in tariff.contracts:
        for limit in (contract.import_limit_kw, contract.export_limit_kw):
            if isinstance(limit, TimeClasses):
                yield wall_clock_changes(as_rates(limit), instants_s[0], instants_s[-1], calendar)
            else:
                yield _starts(limit)


def _starts(series: Series | None) -> Floats:
    steps: tuple[Step, ...] = series if isinstance(series, tuple) else ()
    return np.array([step.start.timestamp() for step in steps])


def _phase_starts(series: Series | PhaseSeries | None) -> Iterable[Floats]:
    if isinstance(series, PhaseSeries):
        return (_starts(series.L1), _starts(series.L2), _starts(series.L3))
    return (_starts(series),)
