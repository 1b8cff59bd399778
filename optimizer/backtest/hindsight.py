"""The best that could have been done by somebody who knew everything beforehand."""

from dataclasses import dataclass, replace
from math import ceil

from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from models.domain.times import instant
from models.domain.units import seconds_from_minutes
from optimizer.backtest.course import Course, session_of
from optimizer.optimize import optimize
from optimizer.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Hindsight:
    """An optimum over a whole course."""

    schedule: Schedule
    energy_kwh: float
    peak_kw: float


def scenario_in_hindsight(course: Course) -> Scenario:
    """The course as one scenario: everybody's true departure and need, ideal batteries, any power."""
    count = ceil((course.last_s - course.start_s) / seconds_from_minutes(course.period_min))
    return Scenario(
        site=replace(course.site, setpoints=None),
        sessions=tuple(session_of(car, course.retail_per_kwh) for car in course.cars),
        tariff=course.tariff,
        horizon=Horizon(start=instant(course.start_s), stretches=(Stretch(count=count, minutes=course.period_min),)),
    )


def optimum(course: Course, settings: Settings) -> Hindsight:
    """The optimum of a course under the settings of a solve."""
    schedule = optimize(scenario_in_hindsight(course), settings)
    return Hindsight(
        schedule=schedule,
        energy_kwh=sum(one.energy_kwh for one in schedule.sessions),
        peak_kw=float(schedule.grid_import_kw.max(initial=0.0)),
    )
