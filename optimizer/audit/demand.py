"""Demand charges (10), interval by interval, with the energy that the meter had counted before the plan began."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from math import inf

import numpy as np

from models.domain.schedule import Floats, PeakPlan
from models.domain.tariff import BillingPeriod, DemandCharge, Rate, TimeOfUse
from models.domain.units import HOURS_PER_DAY, SECONDS_PER_HOUR, hours_from_seconds, seconds_from_minutes
from optimizer.audit.case import Case
from optimizer.audit.report import Break, BreakCode
from optimizer.audit.timeline import local_days, midnight_s, price_values, utc

DEMAND_TOLERANCE_KW = 1e-4
COST_TOLERANCE = 1e-6
"""Relative, and absolute below one unit of currency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """One demand charge in one billing period, recomputed from the site's import."""

    label: str
    starts_s: Floats
    """Of its metering intervals (Q,). [s]"""
    demand_kw: Floats
    """Mean import of each, with what was metered before (Q,). [kW]"""
    floor_kw: float
    prices: tuple[tuple[float, float], ...]
    """From how many kW on a kW costs how much, rates times w, from 0 on. [kW], [currency/kW]"""

    def cost(self, peak_kw: float) -> float:
        """Slice by slice from the floor up to the peak. [currency]"""
        ends = [*(begin for begin, _ in self.prices[1:]), inf]
        slices = [
            price * max(0.0, min(peak_kw, end) - max(self.floor_kw, begin))
            for (begin, price), end in zip(self.prices, ends, strict=True)
        ]
        return sum(slices) if peak_kw >= self.floor_kw else self.prices[0][1] * (peak_kw - self.floor_kw)


@dataclass(frozen=True, slots=True)
class Billed:
    """A billing period, from its first local day to the one after its last."""

    label: str
    first_day: date
    next_day: date


def demands(case: Case) -> tuple[Demand, ...]:
    """Every demand charge in every billing period in which the horizon touches one of its metering intervals."""
    return tuple(
        _demand(case, charge, period, np.array(spans))
        for charge in case.tariff.demand_charges
        for period, spans in _charged_intervals(case, charge).items()
    )


def peak_breaks(case: Case, found: tuple[Demand, ...]) -> Iterator[Break]:
    """(10), the floors and the money of every peak."""
    plans = {plan.demand_window: plan for plan in case.schedule.peaks}
    for demand in found:
        if demand.label in plans:
            yield from _peak(demand, plans.pop(demand.label))
        else:
            message = "the plan has no peak for it"
            yield Break(code=BreakCode.PEAK_MISSING, where=demand.label, amount=0.0, limit=1.0, message=message)
    for label in plans:
        message = "no demand charge has such a window in this horizon"
        yield Break(code=BreakCode.PEAK_UNKNOWN, where=label, amount=1.0, limit=0.0, message=message)


def _peak(demand: Demand, plan: PeakPlan) -> Iterator[Break]:
    where, peak = demand.label, plan.peak_kw
    for q in np.flatnonzero(demand.demand_kw > peak + DEMAND_TOLERANCE_KW):
        found, start = float(demand.demand_kw[q]), utc(demand.starts_s[q])
        message = f"{found:.4f} kW in the metering interval, the plan's peak is {peak:.4f} kW"
        yield Break(code=BreakCode.PEAK_TOO_LOW, where=where, start=start, amount=found, limit=peak, message=message)
    if peak < demand.floor_kw - DEMAND_TOLERANCE_KW:
        message = f"{peak:.4f} kW is below the floor of {demand.floor_kw:.4f} kW"
        yield Break(code=BreakCode.PEAK_TOO_LOW, where=where, amount=demand.floor_kw, limit=peak, message=message)
    if abs(plan.floor_kw - demand.floor_kw) > DEMAND_TOLERANCE_KW:
        message = f"the floor is {demand.floor_kw:.4f} kW, the plan says {plan.floor_kw:.4f} kW"
        yield Break(
            code=BreakCode.PEAK_FLOOR, where=where, amount=demand.floor_kw, limit=plan.floor_kw, message=message
        )
    cost = demand.cost(peak)
    if abs(plan.cost - cost) > COST_TOLERANCE * max(1.0, abs(cost)):
        message = f"the peak costs {cost:.6f}, the plan says {plan.cost:.6f}"
        yield Break(code=BreakCode.PEAK_COST, where=where, amount=cost, limit=plan.cost, message=message)


def _demand(case: Case, charge: DemandCharge, period: Billed, spans: Floats) -> Demand:
    """``spans`` are starts and ends of metering intervals (Q, 2). [s]"""
    start_s = float(case.schedule.instants_s[0])
    starts, ends = spans[:, 0], spans[:, 1]
    cut = (starts < start_s) & (start_s < ends)
    metered = np.where(cut, charge.metered_kwh, 0.0)
    peak_set = charge.peak_set_kw if period.first_day <= local_day(start_s, case) else 0.0
    return Demand(
        label=f"{charge.id}@{period.label}",
        starts_s=starts,
        demand_kw=(metered + _imported_kwh(case, starts, ends)) / ((ends - starts) / SECONDS_PER_HOUR),
        floor_kw=max(peak_set, _ratchet_kw(charge), charge.target_peak_kw, charge.minimum_kw),
        prices=tuple((begin, rate * seen_share(case, period)) for begin, rate in _rates(charge)),
    )


def _ratchet_kw(charge: DemandCharge) -> float:
    """What earlier billing periods left behind: told, or a share of their highest peak. [kW]"""
    shares = [charge.ratchet_share * peak for peak in charge.earlier_peaks_kw]
    return max([charge.ratchet_kw, *shares])


def _rates(charge: DemandCharge) -> Iterator[tuple[float, float]]:
    yield 0.0, charge.rate_per_kw
    for tier in charge.tiers:
        yield tier.above_kw, tier.rate_per_kw


def _imported_kwh(case: Case, starts_s: Floats, ends_s: Floats) -> Floats:
    """Import inside each interval, from the counter that the plan would turn; it stands still outside. [kWh]"""
    counter = np.append(0.0, np.cumsum(case.schedule.grid_import_kw * case.time.period_h))
    instants = case.time.instants_s
    return np.asarray(np.interp(ends_s, instants, counter) - np.interp(starts_s, instants, counter))


def _charged_intervals(case: Case, charge: DemandCharge) -> dict[Billed, list[tuple[float, float]]]:
    """Metering intervals that the horizon touches and that begin inside a window, by billing period."""
    zone, instants = case.calendar.time_zone, case.schedule.instants_s
    start_s, end_s = float(instants[0]), float(instants[-1])
    spans = [
        (day, span)
        for day in local_days(start_s, end_s, zone)
        for span in _intervals(midnight_s(day, zone), midnight_s(day + timedelta(days=1), zone), charge)
        if span[0] < end_s and span[1] > start_s
    ]
    charged = _inside_windows(case, charge, np.array([span[0] for _, span in spans]))
    billed = {day: billed_on(day, charge.billing_period) for day in dict.fromkeys(day for day, _ in spans)}
    periods: dict[Billed, list[tuple[float, float]]] = defaultdict(list)
    for (day, span), inside in zip(spans, charged, strict=True):
        if inside:
            periods[billed[day]].append(span)
    return periods


def _intervals(day_start_s: float, day_end_s: float, charge: DemandCharge) -> Iterator[tuple[float, float]]:
    """Counted from local midnight; the last one ends with the day."""
    starts = np.arange(day_start_s, day_end_s, seconds_from_minutes(charge.demand_interval_min))
    ends = np.append(starts[1:], day_end_s)
    return zip(starts.tolist(), ends.tolist(), strict=True)


def _inside_windows(case: Case, charge: DemandCharge, times_s: Floats) -> list[bool]:
    """Whether each of some ascending times lies in a window: asked as a price that is 1 inside and 0 outside."""
    inside = TimeOfUse(rates=(Rate(price_per_kwh=1.0, windows=charge.windows), Rate(price_per_kwh=0.0)))
    return [value > 0.0 for value in price_values(inside, times_s, case.calendar)]


def billed_on(day: date, given: BillingPeriod | None) -> Billed:
    """The billing period of a local day: its calendar month, or one of those as long as the given one."""
    if given is None:
        first = day.replace(day=1)
        return Billed(f"{first:%Y-%m}", first, (first + timedelta(days=31)).replace(day=1))
    days = (given.last_day - given.first_day).days + 1
    first = given.first_day + timedelta(days=(day - given.first_day).days // days * days)
    return Billed(f"{first:%Y-%m-%d}", first, first + timedelta(days=days))


def seen_share(case: Case, period: Billed) -> float:
    """w: 1 if the horizon reaches the end of the period, else max(1, days covered) / days left, at most 1."""
    zone, instants = case.calendar.time_zone, case.schedule.instants_s
    first_s, last_s = midnight_s(period.first_day, zone), midnight_s(period.next_day, zone)
    start_s, end_s = max(float(instants[0]), first_s), min(float(instants[-1]), last_s)
    if end_s >= last_s:
        return 1.0
    covered, left = (hours_from_seconds(until - start_s) / HOURS_PER_DAY for until in (end_s, last_s))
    return min(1.0, max(1.0, covered) / left)


def local_day(instant_s: float, case: Case) -> date:
    """The tariff's own."""
    return utc(instant_s).astimezone(case.calendar.time_zone).date()
