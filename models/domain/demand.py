"""Demand charges over a horizon: billing periods, their metering intervals, and what one more kW of peak costs (10).

Instants are seconds since 1970 in UTC. Metering intervals are counted from each local midnight; the last one of a day
ends at the next midnight at the latest.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np

from models.domain.calendar import DAY_S, Calendar
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.schedule import Floats
from models.domain.tariff import BillingPeriod, DemandCharge
from models.domain.units import seconds_from_minutes
from models.domain.windows import group_at, timetable


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandWindow:
    """The windows of one demand charge in one billing period, as far as the horizon touches them."""

    label: str
    """Charge id and billing period: ``facilities@2019-10``."""
    floor_kw: float
    """Up to here a peak costs nothing more. [kW]"""
    cost_per_kw: float
    """Of peak above the floor, already scaled to the part of the period in sight. [currency/kW]"""
    tiers: tuple[tuple[float, float], ...]
    """Rising: above how many kW one more costs how much more, scaled as well. [kW], [currency/kW]"""
    interval_start_s: Floats
    """Metering intervals (Q,) that overlap the horizon and begin inside a window. [s]"""
    interval_end_s: Floats
    """(Q,) [s]"""
    metered_kwh: Floats
    """Counted before the horizon (Q,): 0 for all but an interval that the horizon's start cuts. [kWh]"""

    def cost(self, peak_kw: float) -> float:
        """(10) of a peak that is not below the floor. [currency]"""
        rising = sum(more * (max(peak_kw, above) - max(self.floor_kw, above)) for above, more in self.tiers)
        return self.cost_per_kw * (peak_kw - self.floor_kw) + rising

    def rate_at(self, peak_kw: float) -> float:
        """What one more kW would cost. [currency/kW]"""
        return self.cost_per_kw + sum(more for above, more in self.tiers if peak_kw >= above)


@dataclass(frozen=True, slots=True)
class Billed:
    """A billing period and the part of it inside the horizon."""

    label: str
    """``2026-03`` for a calendar month, else its first local day, ``2026-03-05``."""
    start_s: float
    end_s: float
    seen_start_s: float
    seen_end_s: float

    @property
    def share(self) -> float:
        """w of (10)."""
        return share_of_period(self.end_s, self.seen_start_s, self.seen_end_s)


def demand_windows(charge: DemandCharge, calendar: Calendar, start_s: float, end_s: float) -> tuple[DemandWindow, ...]:
    """One for each billing period that the horizon touches with at least one metering interval inside a window.

    Raises InvalidScenario for a metering interval that is not positive or longer than a day, and for malformed windows.
    """
    _check_interval(charge)
    periods = billing_periods(charge.billing_period, calendar, start_s, end_s)
    windows = (_window(charge, calendar, period, start_s) for period in periods)
    return tuple(window for window in windows if len(window.interval_start_s))


def share_of_period(period_end_s: float, seen_start_s: float, seen_end_s: float) -> float:
    """w of (10): the part of a period's price that a horizon of days sees, so that a one-day plan still charges cars.

    1 when the horizon reaches the end of the period, else max(1, days covered) / days left, and never more than 1.
    """
    if seen_end_s >= period_end_s:
        return 1.0
    days_covered, days_left = (seen_end_s - seen_start_s) / DAY_S, (period_end_s - seen_start_s) / DAY_S
    # The last day of a period has less than one day left; a peak then costs its price once.
    return min(1.0, max(1.0, days_covered) / days_left)


def floor_kw(charge: DemandCharge, *, begun: bool) -> float:
    """Up to here a peak costs nothing more; what was set counts in the billing period that has begun. [kW]"""
    peak_set_kw = charge.peak_set_kw if begun else 0.0
    ratchet_kw = max(charge.ratchet_kw, charge.ratchet_share * max(charge.earlier_peaks_kw, default=0.0))
    return max(peak_set_kw, ratchet_kw, charge.target_peak_kw, charge.minimum_kw)


def billing_periods(given: BillingPeriod | None, calendar: Calendar, start_s: float, end_s: float) -> Iterator[Billed]:
    """Those that a horizon touches, in order: calendar months, or the one given and as long ones after it."""
    for label, first_day, next_day in _months(calendar, start_s) if given is None else _equal_spans(given):
        first_s, last_s = calendar.day_start_s(first_day), calendar.day_start_s(next_day)
        if last_s > start_s and first_s < end_s:
            yield Billed(label, first_s, last_s, max(start_s, first_s), min(end_s, last_s))
        if last_s >= end_s:
            return


def _window(charge: DemandCharge, calendar: Calendar, period: Billed, horizon_start_s: float) -> DemandWindow:
    starts_s, ends_s = _charged(charge, calendar, period)
    return DemandWindow(
        label=f"{charge.id}@{period.label}",
        floor_kw=floor_kw(charge, begun=period.start_s <= horizon_start_s),
        cost_per_kw=charge.rate_per_kw * period.share,
        tiers=tuple((above_kw, more * period.share) for above_kw, more in _steps_up(charge)),
        interval_start_s=starts_s,
        interval_end_s=ends_s,
        metered_kwh=_metered_kwh(charge, starts_s, ends_s, horizon_start_s),
    )


def _metered_kwh(charge: DemandCharge, starts_s: Floats, ends_s: Floats, horizon_start_s: float) -> Floats:
    """What was counted in each interval before the horizon (Q,). [kWh]"""
    metered_kwh = np.zeros(len(starts_s))
    if charge.metered_kwh:
        metered_kwh[(starts_s < horizon_start_s) & (horizon_start_s < ends_s)] = charge.metered_kwh
    return metered_kwh


def _steps_up(charge: DemandCharge) -> Iterator[tuple[float, float]]:
    """Where a kW gets dearer, and by how much; tiers rise. [kW], [currency/kW]"""
    rate = charge.rate_per_kw
    for tier in charge.tiers:
        yield tier.above_kw, tier.rate_per_kw - rate
        rate = tier.rate_per_kw


def _months(calendar: Calendar, start_s: float) -> Iterator[tuple[str, date, date]]:
    """Label, first day and day after the last one of the calendar month of an instant and of those after it."""
    first_day = calendar.local_day(start_s).replace(day=1)
    while True:
        next_first = (first_day + timedelta(days=31)).replace(day=1)
        yield first_day.isoformat()[: len("2026-03")], first_day, next_first
        first_day = next_first


def _equal_spans(given: BillingPeriod) -> Iterator[tuple[str, date, date]]:
    """The same of a billing period and those after it; nobody knows yet how long these are."""
    first_day, length = given.first_day, given.last_day - given.first_day + timedelta(days=1)
    while True:
        yield f"{first_day:%Y-%m-%d}", first_day, first_day + length
        first_day += length


def _charged(charge: DemandCharge, calendar: Calendar, period: Billed) -> tuple[Floats, Floats]:
    """Starts and ends of the intervals in sight that begin inside a window."""
    starts_s, ends_s = _intervals(charge, calendar, period)
    table = timetable((charge.windows,))
    if table.always is not None and table.always >= 0:
        return starts_s, ends_s
    charged = group_at(table, calendar, starts_s) >= 0
    return starts_s[charged], ends_s[charged]


def _intervals(charge: DemandCharge, calendar: Calendar, period: Billed) -> tuple[Floats, Floats]:
    """Starts and ends of the metering intervals that overlap the part of the period inside the horizon."""
    length_s = seconds_from_minutes(charge.demand_interval_min)
    midnights_s = _midnights_s(calendar, period)
    days = [np.arange(first, last, length_s) for first, last in pairwise(midnights_s)]
    edges_s = np.concatenate([*days, midnights_s[-1:]])
    first = int(edges_s[1:].searchsorted(period.seen_start_s, side="right"))
    end = int(edges_s[:-1].searchsorted(period.seen_end_s, side="left"))
    return edges_s[first:end], edges_s[first + 1 : end + 1]


def _midnights_s(calendar: Calendar, period: Billed) -> list[float]:
    """First instants of the local days in sight, and the end of the last one."""
    day = calendar.local_day(period.seen_start_s)
    midnights_s = [calendar.day_start_s(day)]
    while midnights_s[-1] < period.seen_end_s:
        day += timedelta(days=1)
        midnights_s.append(calendar.day_start_s(day))
    return midnights_s


def _check_interval(charge: DemandCharge) -> None:
    if not 0 < seconds_from_minutes(charge.demand_interval_min) <= DAY_S:
        message = f"demand charge {charge.id}: a metering interval of {charge.demand_interval_min} min"
        remedy = "write minutes above 0 and at most a day, usually 15, 30 or 60"
        raise InvalidScenario([Finding(path="tariff.demand_charges", message=message, remedy=remedy, ids=(charge.id,))])
