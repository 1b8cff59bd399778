"""Prices, billing months and metering intervals by local calendar arithmetic, instant by instant."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from math import floor
from zoneinfo import ZoneInfo

import holidays

from models.domain.scenario import Scenario
from models.domain.tariff import BillingPeriod, DayKind, DemandCharge, Price, PriceSeries, Tariff, TimeOfUse, Window
from models.domain.units import HOURS_PER_DAY, MINUTES_PER_HOUR, hours_from_seconds, seconds_from_minutes
from tests.oracle.paper_time import mean, overlap_h, value_now

# Zone offsets change and HH:MM windows that differ from this grid add their own edges.
GRID_MIN = 15.0


@dataclass(frozen=True)
class LocalDays:
    """Where days begin and which of them are holidays."""

    zone: ZoneInfo
    dates: frozenset[date]
    country: str | None

    def at(self, instant_s: float) -> datetime:
        return datetime.fromtimestamp(instant_s, UTC).astimezone(self.zone)

    def kind(self, day: date) -> DayKind:
        if day in self.dates or (self.country is not None and day in public_holidays(self.country, day.year)):
            return DayKind.HOLIDAY
        return {5: DayKind.SATURDAY, 6: DayKind.SUNDAY}.get(day.weekday(), DayKind.WEEKDAY)


@cache
def public_holidays(country: str, year: int) -> frozenset[date]:
    """Of ``DE`` or ``US-CA``."""
    nation, _, part = country.partition("-")
    return frozenset(holidays.country_holidays(nation, subdiv=part or None, years=year))


def local_days(scenario: Scenario) -> LocalDays:
    tariff = tariff_of(scenario)
    zone = ZoneInfo(tariff.time_zone or scenario.site.time_zone)
    return LocalDays(zone, frozenset(tariff.holidays), tariff.holiday_calendar)


def tariff_of(scenario: Scenario) -> Tariff:
    if scenario.tariff is None:
        raise ValueError("the paper model takes a completed scenario: this one has no tariff")
    return scenario.tariff


def minutes_of(clock: str) -> float:
    """``HH:MM`` as minutes since midnight."""
    hours, minutes = clock.split(":")
    return int(hours) * MINUTES_PER_HOUR + int(minutes)


def covers(window: Window, instant_s: float, days: LocalDays) -> bool:
    """Whether an instant lies in a window: kind of day, season, time of day."""
    now = days.at(instant_s)
    minute = now.hour * MINUTES_PER_HOUR + now.minute
    begin, end = minutes_of(window.start), minutes_of(window.end)
    in_clock = begin <= minute < end if begin < end else minute >= begin or minute < end
    day, first, last = now.strftime("%m-%d"), window.season_start, window.season_end
    in_season = first <= day <= last if first <= last else day >= first or day <= last
    return in_clock and in_season and days.kind(now.date()) in window.days


def price_now(price: Price, instant_s: float, days: LocalDays) -> float:
    if isinstance(price, TimeOfUse):
        return next(r.price_per_kwh for r in price.rates if any(covers(w, instant_s, days) for w in r.windows))
    return value_now(price.steps if isinstance(price, PriceSeries) else price, instant_s)


def price_edges(price: Price, start_s: float, end_s: float, days: LocalDays) -> list[float]:
    """Every instant of an interval at which a price might change, its two ends included."""
    grid_s = seconds_from_minutes(GRID_MIN)
    marks = {grid_s * k for k in range(floor(start_s / grid_s), floor(end_s / grid_s) + 1)}
    if isinstance(price, PriceSeries):
        marks |= {step.start.timestamp() for step in price.steps}
    if isinstance(price, TimeOfUse):
        marks |= {clock for rate in price.rates for w in rate.windows for clock in clock_edges(w, start_s, end_s, days)}
    return sorted({start_s, end_s} | {m for m in marks if start_s < m < end_s})


def clock_edges(window: Window, start_s: float, end_s: float, days: LocalDays) -> list[float]:
    """The instants at which a window's clock times strike on the days of an interval, on both sides of a DST change."""
    first, last = days.at(start_s).date(), days.at(end_s).date()
    edges = []
    for offset in range((last - first).days + 1):
        midnight = datetime.combine(first + timedelta(days=offset), datetime.min.time())
        for clock in (window.start, window.end):
            for fold in (0, 1):
                local = (midnight + timedelta(minutes=minutes_of(clock))).replace(tzinfo=days.zone, fold=fold)
                edges.append(local.timestamp())
    return edges


def mean_price(price: Price, start_s: float, end_s: float, days: LocalDays) -> float:
    """Time-weighted mean of a price over a period. [currency/kWh, or kg/kWh]"""
    if isinstance(price, float | int):
        return float(price)
    edges = price_edges(price, start_s, end_s, days)
    pieces = [(b - a) * price_now(price, a, days) for a, b in pairwise(edges)]
    return sum(pieces) / (end_s - start_s)


@dataclass(frozen=True)
class PaperWindow:
    """One demand charge in one billing period, symbol k of (10)."""

    label: str
    floor_kw: float
    cost_per_kw: float
    tiers: tuple[tuple[float, float], ...]
    """(above, how much dearer than below), in the rate of this horizon. [kW], [currency/kW]"""
    intervals: tuple[tuple[float, float, float], ...]
    """(start, end, kWh metered before the horizon) of every metering interval q. [s, s, kWh]"""


def demand_windows(charge: DemandCharge, days: LocalDays, start_s: float, end_s: float) -> list[PaperWindow]:
    """The billing periods in which a horizon touches a metering interval inside the charge's windows."""
    found: dict[tuple[date, date], list[tuple[float, float, float]]] = {}
    for begin, end in metering_intervals(charge, days, start_s, end_s):
        if any(covers(w, begin, days) for w in charge.windows):
            metered = charge.metered_kwh if begin < start_s < end else 0.0
            found.setdefault(billed(begin, charge.billing_period, days), []).append((begin, end, metered))
    return [paper_window(charge, days, span, tuple(found[span]), start_s, end_s) for span in sorted(found)]


def billed(instant_s: float, given: BillingPeriod | None, days: LocalDays) -> tuple[date, date]:
    """First day of the billing period of an instant, and the day after its last: a calendar month unless given."""
    day = days.at(instant_s).date()
    if given is None:
        return date(day.year, day.month, 1), date(day.year + day.month // 12, day.month % 12 + 1, 1)
    length = given.last_day + timedelta(days=1) - given.first_day
    first = given.first_day
    while first + length <= day:
        first += length
    return first, first + length


def billed_label(span: tuple[date, date], given: BillingPeriod | None) -> str:
    return span[0].isoformat() if given is not None else span[0].isoformat()[: len("2026-03")]


def seen_share(span: tuple[date, date], days: LocalDays, start_s: float, end_s: float) -> float:
    """w of (10)."""
    first, last = (midnight_s(day, days) for day in span)
    days_left = hours_from_seconds(last - max(first, start_s)) / HOURS_PER_DAY
    days_covered = overlap_h(first, last, start_s, end_s) / HOURS_PER_DAY
    return 1.0 if end_s >= last else min(1.0, max(1.0, days_covered) / days_left)


def metering_intervals(
    charge: DemandCharge, days: LocalDays, start_s: float, end_s: float
) -> list[tuple[float, float]]:
    """Intervals that overlap the horizon, counted from each local midnight. [s]"""
    length_s = seconds_from_minutes(charge.demand_interval_min)
    first, last = days.at(start_s).date(), days.at(end_s).date()
    found = []
    for offset in range((last - first).days + 1):
        midnight = midnight_s(first + timedelta(days=offset), days)
        next_midnight = midnight_s(first + timedelta(days=offset + 1), days)
        count = round((next_midnight - midnight) / length_s)
        edges = [midnight + length_s * k for k in range(count + 1)]
        found += [(a, b) for a, b in pairwise(edges) if a < end_s and b > start_s]
    return found


def midnight_s(day: date, days: LocalDays) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=days.zone).timestamp()


def paper_window(
    charge: DemandCharge,
    days: LocalDays,
    span: tuple[date, date],
    intervals: tuple[tuple[float, float, float], ...],
    start_s: float,
    end_s: float,
) -> PaperWindow:
    """The factor w of (10) and the floor; the peak set so far belongs to the period in which the horizon starts."""
    begun = span == billed(start_s, charge.billing_period, days)
    ratchet = max([charge.ratchet_kw, *(charge.ratchet_share * peak for peak in charge.earlier_peaks_kw)])
    floor_kw = max(charge.peak_set_kw if begun else 0.0, ratchet, charge.target_peak_kw, charge.minimum_kw)
    label, share = f"{charge.id}@{billed_label(span, charge.billing_period)}", seen_share(span, days, start_s, end_s)
    below = [charge.rate_per_kw, *(tier.rate_per_kw for tier in charge.tiers)]
    tiers = tuple((t.above_kw, (t.rate_per_kw - rate) * share) for t, rate in zip(charge.tiers, below, strict=False))
    return PaperWindow(label, floor_kw, charge.rate_per_kw * share, tiers, intervals)


def coincident_per_kwh(tariff: Tariff, start_s: float, end_s: float) -> float:
    """By chance, a kW in an interval that counts; a kWh in an hour is a kW. [currency/kWh]"""
    total = 0.0
    for peak in tariff.coincident_peaks:
        interval_h = hours_from_seconds(seconds_from_minutes(peak.interval_min))
        total += peak.price_per_kw * mean(peak.chance, start_s, end_s) / interval_h
    return total
