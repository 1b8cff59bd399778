"""A day of a month at a site, as every day and with an event: two runs that differ in the event alone."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from api.backtesting.cases import Case
from api.backtesting.jobs import OFFLINE_S
from api.backtesting.methods import look_of, settings_of
from models.domain.signal import Event
from models.domain.tariff import Tariff
from models.domain.units import seconds_from_minutes
from models.settlement.load import LoadSeries, Quality
from optimizer.backtest.course import Course
from optimizer.backtest.hindsight import optimum
from optimizer.backtest.messages import EventCalled
from optimizer.backtest.planner import Manner, PlannerMaker
from optimizer.backtest.running import Run, run
from optimizer.backtest.target_peak import KnownPeak

EVERY_MIN = 60.0
"""A plan stays so long, where nothing happens. [min]"""


@dataclass(slots=True)
class Month:
    """A month of a site, and its days that were run already."""

    case: Case
    course: Course
    peak_kw: float
    """That the month has anyway: its peak with everything known beforehand."""
    _everyday: dict[date, Run] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.course.site.time_zone)

    def days(self) -> tuple[date, ...]:
        """Those on which cars can come."""
        first = datetime.fromtimestamp(self.course.start_s, self.zone).date()
        last = datetime.fromtimestamp(self.course.end_s - 1.0, self.zone).date()
        return tuple(first + timedelta(days=k) for k in range((last - first).days + 1))

    def everyday(self, day: date) -> Run:
        """Without an event; run once."""
        if day not in self._everyday:
            self._everyday[day] = self._run(self._course(day))
        return self._everyday[day]

    def with_event(self, day: date, event: Event, told_at: datetime) -> Run:
        """The same with an event that is told at some time."""
        call = EventCalled(at_s=told_at.timestamp(), event=event)
        return self._run(replace(self._course(day), events=(call,)))

    def _course(self, day: date) -> Course:
        begin = datetime.combine(day, datetime.min.time(), self.zone)
        start_s = begin.timestamp()
        end_s = (begin + timedelta(days=1)).timestamp()
        cars = tuple(car for car in self.course.cars if start_s <= car.arrival_s < end_s)
        tariff = _with_peak(self.course.tariff, self.peak_kw)
        return replace(self.course, cars=cars, start_s=start_s, end_s=end_s, tariff=tariff)

    def _run(self, course: Course) -> Run:
        manner = Manner(
            settings=settings_of(self.case),
            look=look_of(self.case.period_min),
            every_min=EVERY_MIN,
            target=KnownPeak(peak_kw=self.peak_kw),
        )
        return run(course, PlannerMaker(manner)(course.site, course.tariff))


def month_of(case: Case, course: Course) -> Month:
    """The month with the peak that it has in hindsight. Raises SolverFault or DeadlinePassed."""
    patient = replace(settings_of(case), time_limit_s=OFFLINE_S)
    return Month(case=case, course=course, peak_kw=optimum(course, patient).peak_kw)


def load_of(done: Run, period_min: float) -> LoadSeries:
    """What the meter of the site showed, on full periods."""
    step_s, start_s = seconds_from_minutes(period_min), done.course.start_s
    edges = np.array([start_s, *(one.end_s for one in done.intervals)])
    drawn = np.append(0.0, np.cumsum([one.import_kw * (one.end_s - one.start_s) for one in done.intervals]))
    grid = np.arange(start_s, edges[-1] + step_s / 2.0, step_s)
    power_kw = np.diff(np.interp(grid, edges, drawn)) / step_s
    quality = (Quality.OK,) * len(power_kw)
    return LoadSeries(meter="site", start_s=start_s, step_s=step_s, power_kw=power_kw, quality=quality)


def _with_peak(tariff: Tariff, peak_kw: float) -> Tariff:
    """Up to the peak that the month has anyway, a kW costs nothing more."""
    charges = tuple(replace(charge, peak_set_kw=max(charge.peak_set_kw, peak_kw)) for charge in tariff.demand_charges)
    return replace(tariff, demand_charges=charges)
