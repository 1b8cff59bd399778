"""Demand charges over a horizon: billing months, their metering intervals, and what one more kW of peak costs (10).

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
from models.domain.tariff import DemandCharge
from models.domain.units import seconds_from_minutes
from models.domain.windows import group_at, timetable


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandWindow:
    """The windows of one demand charge in one billing month, as far as the horizon touches them."""

    label: str
    """Charge id and billing month: ``facilities@2019-10``."""
    floor_kw: float
    """Up to here a peak costs nothing more. [kW]"""
    cost_per_kw: float
    """Of peak above the floor, already scaled to the part of the month in sight. [currency/kW]"""
    interval_start_s: Floats
    """Metering intervals (Q,) that overlap the horizon and begin inside a window. [s]"""
    interval_end_s: Floats
    """(Q,) [s]"""
    metered_kwh: Floats
    """Counted before the horizon (Q,): 0 for all but an interval that the horizon's start cuts. [kWh]"""


@dataclass(frozen=True, slots=True)
class _Month:
    """A billing month and the part of it inside the horizon."""

    first_day: date
    start_s: float
    end_s: float
    seen_start_s: float
    seen_end_s: float


def demand_windows(charge: DemandCharge, calendar: Calendar, start_s: float, end_s: float) -> tuple[DemandWindow, ...]:
    """One for each billing month that the horizon touches with at least one metering interval inside a window.

    Raises InvalidScenario for a metering interval that is not positive or longer than a day, and for malformed windows.
    """
    _check_interval(charge)
    windows = (_window(charge, calendar, month, start_s) for month in _months(calendar, start_s, end_s))
    return tuple(window for window in windows if len(window.interval_start_s))


def share_of_month(month_end_s: float, seen_start_s: float, seen_end_s: float) -> float:
    """w of (10): the part of the monthly price that a horizon of days sees, so that a one-day plan still charges cars.

    1 when the horizon reaches the end of the month, else max(1, days covered) / days left, and never more than 1.
    """
    if seen_end_s >= month_end_s:
        return 1.0
    days_covered, days_left = (seen_end_s - seen_start_s) / DAY_S, (month_end_s - seen_start_s) / DAY_S
    # The last day of a month has less than one day left; a peak then costs its price once.
    return min(1.0, max(1.0, days_covered) / days_left)


def _window(charge: DemandCharge, calendar: Calendar, month: _Month, horizon_start_s: float) -> DemandWindow:
    starts_s, ends_s = _intervals(charge, calendar, month)
    charged = group_at(timetable((charge.windows,)), calendar, starts_s) >= 0
    starts_s, ends_s = starts_s[charged], ends_s[charged]
    cut = (starts_s < horizon_start_s) & (horizon_start_s < ends_s)
    in_first_month = month.start_s <= horizon_start_s
    return DemandWindow(
        label=f"{charge.id}@{month.first_day:%Y-%m}",
        floor_kw=max(charge.peak_set_kw if in_first_month else 0.0, charge.ratchet_kw, charge.target_peak_kw),
        cost_per_kw=charge.rate_per_kw * share_of_month(month.end_s, month.seen_start_s, month.seen_end_s),
        interval_start_s=starts_s,
        interval_end_s=ends_s,
        metered_kwh=np.where(cut, charge.metered_kwh, 0.0),
    )


def _months(calendar: Calendar, start_s: float, end_s: float) -> Iterator[_Month]:
    first_day = calendar.local_day(start_s).replace(day=1)
    while (month_start_s := calendar.day_start_s(first_day)) < end_s:
        next_first = (first_day + timedelta(days=31)).replace(day=1)
        month_end_s = calendar.day_start_s(next_first)
        yield _Month(first_day, month_start_s, month_end_s, max(start_s, month_start_s), min(end_s, month_end_s))
        first_day = next_first


def _intervals(charge: DemandCharge, calendar: Calendar, month: _Month) -> tuple[Floats, Floats]:
    """Starts and ends of the metering intervals that overlap the part of the month inside the horizon."""
    length_s = seconds_from_minutes(charge.demand_interval_min)
    midnights_s = _midnights_s(calendar, month)
    starts_s = np.concatenate([np.arange(first, last, length_s) for first, last in pairwise(midnights_s)])
    ends_s = np.append(starts_s[1:], midnights_s[-1])
    seen = (ends_s > month.seen_start_s) & (starts_s < month.seen_end_s)
    return starts_s[seen], ends_s[seen]


def _midnights_s(calendar: Calendar, month: _Month) -> list[float]:
    """First instants of the local days in sight, and the end of the last one."""
    day = calendar.local_day(month.seen_start_s)
    midnights_s = [calendar.day_start_s(day)]
    while midnights_s[-1] < month.seen_end_s:
        day += timedelta(days=1)
        midnights_s.append(calendar.day_start_s(day))
    return midnights_s


def _check_interval(charge: DemandCharge) -> None:
    if not 0 < seconds_from_minutes(charge.demand_interval_min) <= DAY_S:
        message = f"demand charge {charge.id}: a metering interval of {charge.demand_interval_min} min"
        remedy = "write minutes above 0 and at most a day, usually 15, 30 or 60"
        raise InvalidScenario([Finding(path="tariff.demand_charges", message=message, remedy=remedy, ids=(charge.id,))])
