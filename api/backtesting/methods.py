"""Methods by name: who may be put in charge of a case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from zoneinfo import ZoneInfo

from api.backtesting.cases import Aim, Case
from api.backtesting.loading import digest_of, loaded
from models.datasets import RecordedSession
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.habits import Habits
from models.domain.schedule import Method
from models.domain.setpoints import SetpointRules
from models.domain.site import Site
from models.domain.tariff import Tariff
from models.domain.units import MINUTES_PER_HOUR
from models.learning.history import PastSession
from models.learning.learn import learn
from optimizer.backtest.acn.adapter import AcnMaker
from optimizer.backtest.algorithm import Algorithm, Maker
from optimizer.backtest.planner import Manner, PlannerMaker
from optimizer.backtest.scenarios import Look, Reading
from optimizer.backtest.simple import SimpleMaker
from optimizer.backtest.target_peak import TargetPeak
from optimizer.settings import Objective, Settings


class Charge(StrEnum):
    """Who is in charge."""

    OPTIMUM = "optimum"
    """Everything known beforehand: the yardstick, no method."""
    OURS = "ours"
    OURS_STEADY = "ours-steady"
    """With rules for starts and pauses that cars can follow (S5)."""
    OURS_UNTAUGHT = "ours-untaught"
    """Without a peak to expect: each plan sees its share of a demand charge."""
    UNCONTROLLED = "uncontrolled"
    EQUAL_SHARE = "equal-share"
    ROUND_ROBIN = "round-robin"
    EARLIEST_DEADLINE = "edf"
    LEAST_LAXITY = "llf"


RULES: Mapping[Charge, Method] = {
    Charge.UNCONTROLLED: Method.UNCONTROLLED,
    Charge.EQUAL_SHARE: Method.EQUAL_SHARE,
    Charge.ROUND_ROBIN: Method.ROUND_ROBIN,
    Charge.EARLIEST_DEADLINE: Method.EARLIEST_DEADLINE_FIRST,
    Charge.LEAST_LAXITY: Method.LEAST_LAXITY_FIRST,
}
ACNPORTAL = "acnportal:"
"""Before MODULE:NAME of an algorithm of somebody's own."""
NEAR_H = 0.08
"""Only the first five minutes of a plan are sent before there is a new one. [h]"""
STEADY_H = 0.16
"""The same with five minutes more, in which who must go on goes on as well. [h]"""
LEVELS = SetpointRules(near_h=NEAR_H, max_starts=None, min_on_minutes=0.0, min_off_minutes=0.0)
STEADY = SetpointRules(near_h=STEADY_H, max_starts=3, min_on_minutes=15.0, min_off_minutes=15.0)
WAITING_PER_KWH_H, STEADY_WAITING_PER_KWH_H = 2e-2, 2e-3
"""Where energy has no price: of a kWh that is worth 1. Chosen on October 2019 at Caltech, 16 kW: its first half gets
62.57, 62.61, 62.76, 62.75 and 62.67 % of its energy with 2e-4, 2e-3, 2e-2, 5e-2 and 8e-2. Hurry takes starts: where
they are few, three days get 58.15 and 57.97 % with 2e-3 and 2e-2. [1/h]"""
FOLLOWED_MIN = 60.0
"""Where any power can be offered and nothing happens, a plan stays the best one so long. [min]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acnportal:
    """An algorithm of somebody's own that was written for acnportal."""

    module: str
    name: str
    """Of a class or a function in it that is called without arguments."""
    digest: str
    """Of its module: what another state of it came to is not what this one would."""

    def __str__(self) -> str:
        return f"{ACNPORTAL}{self.module}:{self.name}"


def settings_of(case: Case) -> Settings:
    """As the published runs: projections of currents, margin where that is the aim."""
    objective = Objective.MARGIN if case.aim is Aim.PROFIT else Objective.COST
    return Settings(preferences=False, partial_draw=False, tail=False, objective=objective)


def method_named(told: str) -> Charge | Acnportal:
    """A method by its name, or by ``acnportal:MODULE:NAME``.

    Raises:
        InvalidScenario: there is no such method, or the module cannot be loaded.
    """
    if told.startswith(ACNPORTAL):
        module, _, name = told.removeprefix(ACNPORTAL).partition(":")
        loaded(module, name)
        return Acnportal(module=module, name=name, digest=digest_of(module))
    try:
        return Charge(told)
    except ValueError:
        remedy = f"take one of {', '.join(Charge)}, or {ACNPORTAL}MODULE:CLASS"
        raise InvalidScenario([Finding(path="--method", message=f"there is no {told!r}", remedy=remedy)]) from None


def maker_of(
    charge: Charge | Acnportal,
    case: Case,
    *,
    retail_per_kwh: float | None,
    holiday_calendar: str | None,
    earlier: tuple[RecordedSession, ...] = (),
) -> Maker:
    """What makes the algorithm of a method; a history that is declared tells all of them habits, and ours days."""
    drivers = earlier if case.as_stated else ()
    if isinstance(charge, Acnportal):
        foreign = AcnMaker(str(charge), loaded(charge.module, charge.name), case.period_min)
        return RuledMaker(foreign, LEVELS if case.practice.has_levels else None, drivers)
    if charge in RULES:
        simple = SimpleMaker(RULES[charge], case.period_min)
        return RuledMaker(simple, LEVELS if case.practice.has_levels else None, drivers)
    rules = STEADY if charge is Charge.OURS_STEADY else LEVELS if case.practice.has_levels else None
    taught = TargetPeak(earlier=earlier, holiday_calendar=holiday_calendar, settings=settings_of(case))
    reading = Reading(retail_per_kwh=retail_per_kwh)
    if case.aim is Aim.ENERGY:
        waiting = STEADY_WAITING_PER_KWH_H if charge is Charge.OURS_STEADY else WAITING_PER_KWH_H
        reading = replace(reading, waiting_per_kwh_h=waiting)
    manner = Manner(
        settings=settings_of(case),
        reading=replace(
            reading,
            learns_power=case.practice.has_batteries or case.as_stated,
            learns_taper=case.practice.has_batteries and rules is None,
        ),
        look=look_of(case.period_min),
        every_min=case.period_min if rules is not None else FOLLOWED_MIN,
        target=None if charge is Charge.OURS_UNTAUGHT else taught,
    )
    return RuledMaker(PlannerMaker(manner), rules, drivers)


def habits_of(earlier: Sequence[RecordedSession], zone: ZoneInfo) -> Habits:
    """What a declared history shows of drivers who say nothing."""
    past = (PastSession(one.arrival, one.departure, one.energy_kwh) for one in earlier)
    return learn(past, zone)


def look_of(period_min: float) -> Look:
    """An hour in the periods of a case, then half hours, or hours where these are long."""
    far_min = min(MINUTES_PER_HOUR, 6.0 * period_min)
    return Look(near_count=max(1, round(MINUTES_PER_HOUR / period_min)), near_min=period_min, far_min=far_min)


@dataclass(frozen=True, slots=True)
class RuledMaker:
    """Makes an algorithm for a site with rules for its setpoints, and with what is known of its drivers."""

    maker: Maker
    rules: SetpointRules | None
    earlier: tuple[RecordedSession, ...] = ()

    def __call__(self, site: Site, tariff: Tariff) -> Algorithm:
        habits = habits_of(self.earlier, ZoneInfo(site.time_zone)) if self.earlier else site.habits
        return self.maker(replace(site, setpoints=self.rules, habits=habits), tariff)
