"""Demand charges of a billing month: the peak that it has seen so far, and its price in full, whatever a plan sees."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from models.domain.calendar import Calendar, calendar_of
from models.domain.demand import billing_periods
from models.domain.site import Site
from models.domain.tariff import DemandCharge, DemandTier, Tariff
from models.domain.times import instant
from models.domain.units import hours_from_seconds, seconds_from_minutes
from models.domain.windows import holds


@dataclass(slots=True)
class Meter:
    """One demand charge, metered: intervals are counted from full multiples of their length."""

    charge: DemandCharge
    calendar: Calendar
    peak_kw: float = 0.0
    """Of the month that lasts. [kW]"""
    metered_kwh: float = 0.0
    """In the interval that lasts. [kWh]"""
    _from_s: float | None = None
    _month: tuple[int, int] = field(default=(0, 0))

    def read(self, at_s: float, import_kw: float) -> None:
        """The mean import until ``at_s``, since the reading before."""
        interval_s = seconds_from_minutes(self.charge.demand_interval_min)
        begin_s = self._from_s if self._from_s is not None else at_s - interval_s
        while begin_s < at_s:
            self._begin_month(begin_s)
            next_s = (begin_s // interval_s + 1.0) * interval_s
            end_s = min(next_s, at_s)
            self.metered_kwh += max(0.0, import_kw) * hours_from_seconds(end_s - begin_s)
            if end_s == next_s:
                self._close(next_s - interval_s, self.metered_kwh / hours_from_seconds(interval_s))
            begin_s = end_s
        self._from_s = at_s

    def _close(self, begin_s: float, mean_kw: float) -> None:
        """An interval is over; outside the windows of the charge it does not count."""
        self.metered_kwh = 0.0
        if mean_kw > self.peak_kw and any(holds(one, instant(begin_s), self.calendar) for one in self.charge.windows):
            self.peak_kw = mean_kw

    def _begin_month(self, at_s: float) -> None:
        local = self.calendar.local(instant(at_s))
        if (local.year, local.month) != self._month:
            self._month, self.peak_kw = (local.year, local.month), 0.0


def meters_of(site: Site, tariff: Tariff) -> dict[str, Meter]:
    """One for each demand charge."""
    calendar = calendar_of(tariff, site.time_zone)
    return {charge.id: Meter(charge, calendar) for charge in tariff.demand_charges}


def with_peaks(tariff: Tariff, meters: dict[str, Meter]) -> Tariff:
    """The tariff with the peaks that are set."""

    def of(charge: DemandCharge) -> DemandCharge:
        meter = meters[charge.id]
        return replace(charge, peak_set_kw=meter.peak_kw, metered_kwh=meter.metered_kwh)

    return replace(tariff, demand_charges=tuple(map(of, tariff.demand_charges)))


def in_full(charge: DemandCharge, calendar: Calendar, start_s: float, end_s: float) -> DemandCharge:
    """The charge at rates of which a horizon counts all in its first billing period: (10) takes them times a share."""
    share = next(billing_periods(charge.billing_period, calendar, start_s, end_s)).share
    tiers = tuple(DemandTier(above_kw=one.above_kw, rate_per_kw=one.rate_per_kw / share) for one in charge.tiers)
    return replace(charge, rate_per_kw=charge.rate_per_kw / share, tiers=tiers)


def days_left(today: date) -> list[date]:
    """The days of a calendar month from today on, today included."""
    next_month = date(today.year + today.month // 12, today.month % 12 + 1, 1)
    return [today + timedelta(days=k) for k in range((next_month - today).days)]
