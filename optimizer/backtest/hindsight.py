"""The best that could have been done by somebody who knew everything beforehand."""

from dataclasses import dataclass, replace
from math import ceil

from models.domain.calendar import calendar_of
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from models.domain.tariff import Tariff
from models.domain.times import instant
from models.domain.units import seconds_from_minutes
from optimizer.backtest.billing import in_full
from optimizer.backtest.course import Course, session_of
from optimizer.optimize import optimize
from optimizer.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Hindsight:
    """An optimum over a whole course."""

    schedule: Schedule
    energy_kwh: float
    """Drawn by all cars, at evse, with what some gave back again. [kWh]"""
    peak_kw: float


def scenario_in_hindsight(course: Course) -> Scenario:
    """The course as one scenario: everybody's true departure and need, ideal batteries, any power.

    Demand charges count in full, as in the bill. A month that begins while cars of the one before are still there is
    not in the bill, and here at the small share of (10).
    """
    count = ceil((course.last_s - course.start_s) / seconds_from_minutes(course.period_min))
    horizon = Horizon(start=instant(course.start_s), stretches=(Stretch(count=count, minutes=course.period_min),))
    return Scenario(
        site=replace(course.site, setpoints=None),
        sessions=tuple(session_of(car, course.retail_per_kwh) for car in course.cars),
        tariff=_in_full(course, horizon),
        horizon=horizon,
    )


def _in_full(course: Course, horizon: Horizon) -> Tariff:
    calendar, end_s = calendar_of(course.tariff, course.site.time_zone), horizon.end.timestamp()
    charges = (in_full(charge, calendar, course.start_s, end_s) for charge in course.tariff.demand_charges)
    return replace(course.tariff, demand_charges=tuple(charges))


def optimum(course: Course, settings: Settings) -> Hindsight:
    """The optimum of a course under the settings of a solve."""
    schedule = optimize(scenario_in_hindsight(course), settings)
    return Hindsight(
        schedule=schedule,
        energy_kwh=sum(one.energy_kwh for one in schedule.sessions),
        peak_kw=float(schedule.grid_import_kw.max(initial=0.0)),
    )
