"""Named stretches of real charging as courses: which site, which sessions, which tariff."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil
from pathlib import Path
from zoneinfo import ZoneInfo

from api.backtesting.own import Own, own_month, with_limit
from models.datasets import RecordedSession
from models.datasets.acn import between, blocks, march_2019, october_2019, published_month
from models.datasets.acn_network import TIME_ZONE, network, site_of
from models.datasets.depot import truck_depot
from models.datasets.norway import apartments
from models.datasets.tariffs import sce_tou_ev_4
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.site import Evse, GridNode, Phase, Site, Tier
from models.domain.states import EFFICIENCY
from models.domain.tariff import DemandCharge, Rate, Tariff, TimeOfUse, Window
from optimizer.backtest.consenting import V2gShare, with_v2g
from optimizer.backtest.course import LONGEST_STAY_H, Course, cars_of, with_promises, with_statements

PACIFIC = ZoneInfo(TIME_ZONE)
GARAGE_KW = 150.0
RETAIL_PER_KWH = 0.30
"""What drivers pay in the published runs. [USD/kWh]"""
OSLO = ZoneInfo("Europe/Oslo")
NAMES = "caltech-YYYY-MM, jpl-YYYY-MM, norway-SITE-YYYY-MM or truck-depot"
DEPOT = "truck-depot"
_MONTH = r"(?P<year>20\d\d)-(?P<month>0[1-9]|1[0-2])"
_ACN = re.compile(rf"(?P<site>caltech|jpl)-{_MONTH}")
_NORWAY = re.compile(rf"norway-(?P<site>\w+)-{_MONTH}")


class Aim(StrEnum):
    """What a site is run for."""

    PROFIT = "profit"
    """What drivers pay less energy and demand, under a tariff."""
    ENERGY = "energy"
    """As much energy as limits allow, at no price."""
    SERVICE = "service"
    """All energy that limits allow, then least cost under the tariff."""


class Practice(StrEnum):
    """The scenarios of arXiv 2012.02636; its scenario I is the optimum in hindsight."""

    IDEAL = "II"
    LEVELS = "III"
    BATTERIES = "IV"
    BOTH = "V"

    @property
    def has_levels(self) -> bool:
        return self in (Practice.LEVELS, Practice.BOTH)

    @property
    def has_batteries(self) -> bool:
        return self in (Practice.BATTERIES, Practice.BOTH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A course by name and by what is varied in published tables."""

    name: str
    aim: Aim = Aim.PROFIT
    limit_kw: float | None = None
    """Of the transformer, or the connection. None: what stands there. [kW]"""
    practice: Practice = Practice.IDEAL
    as_stated: bool = False
    """Whether drivers say what they really said, or nothing; else all of them tell the truth on arrival."""
    days: int | None = None
    """Only the first days. None: all."""
    period_min: float = 5.0
    """Times are on full periods, as in the published runs; longer ones are quicker. [min]"""
    promised_kwh: float = 0.0
    """What every driver is promised, before money is looked at. [kWh]"""
    v2g: V2gShare | None = None
    """Which drivers consent to V2G. None: nobody."""
    own: Own | None = None
    """Files of somebody's own, in place of a data set."""


def course_of(case: Case, folder: Path) -> Course:
    """The course of a case from a data folder.

    Raises:
        InvalidScenario: no such case, its data set is missing, or the data have no sessions of it.
    """
    if case.own is not None:
        course = _own(case, case.own)
    elif (found := _ACN.fullmatch(case.name)) is not None:
        course = _garage(case, folder, found["site"], *_month(found, PACIFIC))
    elif (found := _NORWAY.fullmatch(case.name)) is not None:
        course = _apartments(case, folder, found["site"], *_month(found, OSLO))
    elif case.name == DEPOT:
        course = _depot(case, folder)
    else:
        finding = Finding(path="case", message=f"there is no case {case.name!r}", remedy=f"take {NAMES}")
        raise InvalidScenario([finding])
    course = course if case.days is None else _first_days(course, case.days)
    return course if case.v2g is None else _with_v2g(case, course, case.v2g)


def history_of(case: Case, folder: Path, months: int) -> tuple[RecordedSession, ...]:
    """Sessions of a garage or an apartment site in so many months before a case: a history to declare.

    Raises:
        InvalidScenario: the data have none.
    """
    sessions: Sequence[RecordedSession] = ()
    if case.own is not None:
        month = own_month(case.own)
        sessions = _before(month.earlier, months, month.start)
    elif (found := _ACN.fullmatch(case.name)) is not None:
        sessions = _before(blocks(folder, found["site"]), months, _month(found, PACIFIC)[0])
    elif (found := _NORWAY.fullmatch(case.name)) is not None:
        sessions = _before(apartments(folder, found["site"]), months, _month(found, OSLO)[0])
    return _some(sessions, f"of the {months} months before {case.name}", "leave the history out")


def holidays_of(case: Case) -> str | None:
    """The calendar of public holidays that the people of a case live by."""
    if case.own is not None:
        return own_month(case.own).tariff.holiday_calendar
    if _ACN.fullmatch(case.name):
        return "US-CA"
    return "NO" if _NORWAY.fullmatch(case.name) else "DE" if case.name == DEPOT else None


def _before(known: Sequence[RecordedSession], months: int, start: datetime) -> tuple[RecordedSession, ...]:
    return between(known, start - timedelta(days=30 * months), start)


def _some(sessions: Sequence[RecordedSession], which: str, remedy: str) -> tuple[RecordedSession, ...]:
    """All of them. Raises InvalidScenario where there are none."""
    if sessions:
        return tuple(sessions)
    raise InvalidScenario([Finding(path="case", message=f"no sessions {which} are known", remedy=remedy)])


def _garage(case: Case, folder: Path, name: str, start: datetime, end: datetime) -> Course:
    recorded = _garage_month(folder, name, start, end)
    site = site_of(network(folder, name), transformer_kw=case.limit_kw or (GARAGE_KW if name == "caltech" else None))
    tariff = sce_tou_ev_4(folder, demand_interval_min=case.period_min)
    return _course(case, site, tariff, recorded, start, end, retail_per_kwh=RETAIL_PER_KWH)


def _garage_month(folder: Path, name: str, start: datetime, end: datetime) -> tuple[RecordedSession, ...]:
    """From a file of that month where there is one, else from the blocks."""
    match name, start.year, start.month:
        case "caltech", 2018, 9:
            return published_month(folder)
        case "caltech", 2019, 3:
            return march_2019(folder)
        case _, 2019, 10:
            return between(october_2019(folder, name), start, end)
    return between(blocks(folder, name), start, end)


def _apartments(case: Case, folder: Path, name: str, start: datetime, end: datetime) -> Course:
    recorded = between(apartments(folder, name), start, end)
    powers = {one.evse: one.power_kw or 0.0 for one in recorded}
    site = _open_site(f"norway-{name}", str(OSLO), powers, case.limit_kw or 0.25 * sum(powers.values()))
    return _course(case, site, NORWEGIAN, recorded, start, end, retail_per_kwh=None)


def _with_v2g(case: Case, course: Course, v2g: V2gShare) -> Course:
    """Raises InvalidScenario where V2G is not played, or where a driver would be paid less than energy has cost."""
    least = (course.retail_per_kwh or 0.0) / EFFICIENCY**2
    if case.practice is not Practice.IDEAL:
        message = f"V2G is not played in scenario {case.practice}: its plans follow neither levels nor tapers"
        raise InvalidScenario([Finding(path="--v2g-share", message=message, remedy="take --scenario II")])
    if v2g.price_per_kwh is not None and v2g.price_per_kwh < least:
        message = f"{v2g.price_per_kwh:g} is less than a driver has paid for a kWh that comes back"
        remedy = f"take {ceil(100.0 * least) / 100.0:g} or more, or none"
        raise InvalidScenario([Finding(path="--v2g-price", message=message, remedy=remedy)])
    return with_v2g(course, v2g)


def _own(case: Case, told: Own) -> Course:
    month = own_month(told)
    site = with_limit(month.site, case.limit_kw)
    return _course(case, site, month.tariff, month.sessions, month.start, month.end, retail_per_kwh=None)


def _depot(case: Case, folder: Path) -> Course:
    recorded = truck_depot(folder)
    zone = ZoneInfo("Europe/Berlin")
    start = min(one.arrival for one in recorded).astimezone(zone).replace(hour=0, minute=0)
    end = max(one.departure for one in recorded).astimezone(zone)
    powers = {one.evse: DEPOT_EVSE_KW for one in recorded}
    site = _open_site(DEPOT, str(zone), powers, case.limit_kw or DEPOT_KW)
    return _course(case, site, GERMAN, recorded, start, end, retail_per_kwh=None)


DEPOT_EVSE_KW, DEPOT_KW = 75.0, 400.0
NORWEGIAN = Tariff(
    name="day and night, with a price on the highest hour (figures of the order that Norwegian networks ask)",
    currency="NOK",
    import_price=TimeOfUse(
        rates=(Rate(price_per_kwh=1.2, windows=(Window(start="06:00", end="22:00"),)), Rate(price_per_kwh=1.0))
    ),
    demand_charges=(DemandCharge(id="capacity", rate_per_kw=50.0, demand_interval_min=60.0),),
)
GERMAN = Tariff(
    name="one price by day, one by night, and a monthly demand charge (figures of their order)",
    currency="EUR",
    import_price=TimeOfUse(
        rates=(Rate(price_per_kwh=0.28, windows=(Window(start="06:00", end="22:00"),)), Rate(price_per_kwh=0.22))
    ),
    demand_charges=(DemandCharge(id="month", rate_per_kw=12.0, demand_interval_min=15.0),),
)


def _open_site(name: str, zone: str, powers_kw: dict[str, float], limit_kw: float) -> Site:
    """EVSEs below one connection of which nothing but power is known."""
    return Site(
        id=name,
        time_zone=zone,
        nodes=(GridNode(id="connection", import_limit_kw=limit_kw, continuous_factor=1.0),),
        evses=tuple(
            Evse(id=evse, node="connection", max_power_kw=kw, phases=(Phase.L1, Phase.L2, Phase.L3))
            for evse, kw in sorted(powers_kw.items())
        ),
    )


VALUES_PER_KWH = {Aim.PROFIT: 0.0, Aim.ENERGY: 1.0, Aim.SERVICE: 10.0}
"""Of a kWh that is wanted, beyond what its driver pays: nothing; anything, where nothing has a price; more than any
tariff asks. [currency/kWh]"""


def _course(
    case: Case,
    site: Site,
    tariff: Tariff,
    recorded: Sequence[RecordedSession],
    start: datetime,
    end: datetime,
    *,
    retail_per_kwh: float | None,
) -> Course:
    recorded = _some(recorded, f"of {case.name}", "take a month that the data have")
    site = replace(site, tiers=(Tier(id="all", value_of_target_per_kwh=VALUES_PER_KWH[case.aim]),))
    start_s = start.timestamp()
    cars = cars_of(
        recorded,
        site,
        start_s,
        period_min=case.period_min,
        longest_h=LONGEST_H if case.as_stated or case.own is not None else LONGEST_STAY_H,
        tapered=case.practice.has_batteries,
    )
    return Course(
        name=case.name,
        site=site,
        tariff=Tariff(currency=tariff.currency, import_price=0.0) if case.aim is Aim.ENERGY else tariff,
        cars=with_promises(with_statements(cars, recorded) if case.as_stated else cars, case.promised_kwh),
        start_s=start_s,
        end_s=end.timestamp(),
        period_min=case.period_min,
        levels=case.practice.has_levels,
        retail_per_kwh=retail_per_kwh if case.aim is Aim.PROFIT else None,
    )


LONGEST_H = 72.0
"""Where drivers say what they really said, stays are as they were, but for forgotten cars. [h]"""


def _first_days(course: Course, days: int) -> Course:
    end_s = course.start_s + timedelta(days=days).total_seconds()
    cars = tuple(car for car in course.cars if car.arrival_s < end_s)
    return replace(course, cars=cars, end_s=min(end_s, course.end_s))


def _month(told: re.Match[str], zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When it begins and ends."""
    year, month = int(told["year"]), int(told["month"])
    return datetime(year, month, 1, tzinfo=zone), datetime(year + month // 12, month % 12 + 1, 1, tzinfo=zone)
