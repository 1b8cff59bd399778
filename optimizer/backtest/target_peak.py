"""Which peak a month will have anyway, and what exceeding it would cost: a two-stage program over past days.

The rest of the month is put together from past days of the same kind and planned in hindsight, with the whole demand
charge and the peak that is set already. The first stage is the peak, the second stages are the days. The peak of that
plan balances what one more kW costs once against what it saves on all days; a peak up to it is worth having from today
on. Beyond it a kW costs its price less what it would save on the days after today. Nothing of the days to come is in
it. One number is not of the site itself: what a first workday may carry, of which it has seen none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

from models.datasets.recorded import RecordedSession
from models.domain.calendar import Calendar, calendar_of
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from models.domain.session import Session
from models.domain.site import Site
from models.domain.tariff import DemandCharge, Tariff
from models.domain.times import instant
from optimizer.backtest.billing import days_left
from optimizer.backtest.known import Gone
from optimizer.backtest.past_days import WORKDAY, are_all_known, by_day, recorded, rest_of_month
from optimizer.optimize import replan
from optimizer.settings import Objective, Settings
from optimizer.warm import Basis

FIRST_PEAK_PER_EVSE_KW = 0.55
"""Of a site that has not seen a workday yet, as in the month on which such numbers are chosen here: October 2019 at
Caltech, whose best plan in hindsight has a peak of 28.74 kW at 54 EVSEs. Without it plans of the first days flatten who
is there below a peak that those who come later need anyway. [kW]"""
BEYOND = (1.0, 1.1, 1.25, 1.5, 2.0)
"""Multiples of the peak at which the price of exceeding it is looked up; between them it only rises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What is expected of one demand charge."""

    peak_kw: float
    beyond: tuple[tuple[float, float], ...] = ()
    """Rising: from how many kW on one more costs how much, seen from today. Empty: its share, as equation (10) has it.
    [kW], [currency/kW]"""


class Expecting(Protocol):
    """Says which peak of each demand charge will be there anyway."""

    def of(
        self, site: Site, tariff: Tariff, gone: Sequence[Gone], at_s: float, retail_per_kwh: float | None
    ) -> dict[str, Expected]:
        """By the id of the charge."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPeak:
    """A peak that is told, and beyond which every kW costs all of its price."""

    peak_kw: float

    def of(
        self, site: Site, tariff: Tariff, gone: Sequence[Gone], at_s: float, retail_per_kwh: float | None
    ) -> dict[str, Expected]:
        """The same for every charge."""
        return {
            charge.id: Expected(peak_kw=self.peak_kw, beyond=((self.peak_kw, charge.rate_per_kw),))
            for charge in tariff.demand_charges
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetPeak:
    """How the peak is found."""

    earlier: tuple[RecordedSession, ...] = ()
    """History of the site that was declared beforehand; empty: a cold start."""
    period_min: float = 30.0
    most_days: int = 30
    """Of a kind; older ones are forgotten."""
    holiday_calendar: str | None = None
    """As in a tariff: on public holidays a site is like on a weekend. None: only weekends are."""
    settings: Settings = field(
        default=Settings(preferences=False, partial_draw=False, setpoints=False, objective=Objective.MARGIN)
    )

    def of(
        self, site: Site, tariff: Tariff, gone: Sequence[Gone], at_s: float, retail_per_kwh: float | None
    ) -> dict[str, Expected]:
        """For each demand charge, by its id."""
        local = calendar_of(tariff, site.time_zone)
        calendar = replace(local, holiday_calendar=self.holiday_calendar)
        today = calendar.local(instant(at_s)).date()
        days = days_left(today)
        past = by_day([*map(recorded, gone), *self.earlier], calendar, today)
        sessions = tuple(rest_of_month(past, days, calendar, self.most_days, retail_per_kwh))
        found: dict[str, Expected] = {}
        if sessions:
            scenario = self._scenario(site, tariff, sessions, days, calendar)
            found = self._expected(scenario, today, prices=are_all_known(past, days, calendar))
        return found if past[WORKDAY] else _at_least(found, tariff, FIRST_PEAK_PER_EVSE_KW * len(site.evses))

    def _scenario(
        self, site: Site, tariff: Tariff, sessions: tuple[Session, ...], days: Sequence[date], calendar: Calendar
    ) -> Scenario:
        ends = (datetime.combine(day, time(), calendar.time_zone) for day in (days[0], days[-1] + timedelta(days=1)))
        start, end = (at.astimezone(UTC) for at in ends)
        count = round((end - start) / timedelta(minutes=self.period_min))
        horizon = Horizon(start=start, stretches=(Stretch(count=count, minutes=self.period_min),))
        present = tuple(one for one in sessions if one.arrival < end)
        return Scenario(site=replace(site, setpoints=None), sessions=present, tariff=tariff, horizon=horizon)

    def _expected(self, scenario: Scenario, today: date, *, prices: bool) -> dict[str, Expected]:
        first = replan(scenario, self.settings)
        found = {}
        for charge in scenario.tariff.demand_charges if scenario.tariff else ():
            label = f"{charge.id}@{today:%Y-%m}"
            peak_kw = next((one.peak_kw for one in first.schedule.peaks if one.demand_window == label), None)
            if peak_kw is not None:
                beyond = self._beyond(scenario, charge, label, peak_kw, first.basis) if prices and peak_kw > 0.0 else ()
                found[charge.id] = Expected(peak_kw=peak_kw, beyond=beyond)
        return found

    def _beyond(
        self, scenario: Scenario, charge: DemandCharge, label: str, peak_kw: float, basis: Basis
    ) -> tuple[tuple[float, float], ...]:
        """What one more kW costs at some peaks, less what it would save after today."""
        assert scenario.horizon is not None, "it was made with one"
        tomorrow = scenario.horizon.start + timedelta(days=1)
        steps, least = [], 0.0
        for factor in BEYOND:
            assumed = _with_target(scenario, charge, factor * peak_kw)
            made = replan(assumed, self.settings, basis)
            basis = made.basis
            least = max(least, charge.rate_per_kw - _worth_after(made.schedule, label, tomorrow))
            steps.append((factor * peak_kw, least))
        return tuple(steps)


def _at_least(found: dict[str, Expected], tariff: Tariff, peak_kw: float) -> dict[str, Expected]:
    """The same with so much for every charge of which less is expected, or nothing."""
    known = {name: one for name, one in found.items() if one.peak_kw >= peak_kw}
    return {charge.id: known.get(charge.id, Expected(peak_kw=peak_kw)) for charge in tariff.demand_charges}


def _with_target(scenario: Scenario, charge: DemandCharge, peak_kw: float) -> Scenario:
    assert scenario.tariff is not None, "it was made with one"
    charges = tuple(
        replace(one, target_peak_kw=peak_kw) if one.id == charge.id else one for one in scenario.tariff.demand_charges
    )
    return replace(scenario, tariff=replace(scenario.tariff, demand_charges=charges))


def _worth_after(plan: Schedule, label: str, after: datetime) -> float:
    """What one more kW of peak saves in all metering intervals from a time on. [currency/kW]"""
    duals = plan.duals["peak_import_definition"]
    windows, intervals = duals.labels
    return sum(
        max(0.0, float(worth))
        for window, begins, worth in zip(windows, intervals, duals.values, strict=True)
        if window == label and worth and datetime.fromisoformat(begins) >= after
    )
