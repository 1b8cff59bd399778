"""The marginal price of a tariff over time: of every dimension the first element that matches counts.

Nothing is billed here: FLAT, step sizes, minimum and maximum prices move no energy from one time to another.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from models.domain.driver_prices import DriverPrices
from models.domain.times import readings
from models.domain.units import share_from_percent
from models.domain.value import Step
from models.ocpi.course import Course
from models.ocpi.tariffs import Dimension, Element, PriceComponent, Restrictions, Tariff, TaxIncluded, Weekday

GRID = timedelta(minutes=30)
"""Wherever clocks change, they do so at a whole or half hour of UTC."""
_WEEKDAYS = tuple(Weekday)


def driver_prices(tariff: Tariff, course: Course, where: ZoneInfo) -> DriverPrices:
    """Prices without taxes from now until the course ends; local times are those of the location."""
    edges = _edges(tariff, course, where)
    return DriverPrices(
        currency=tariff.currency,
        energy=_steps(tariff, Dimension.ENERGY, edges, course, where),
        charging_time=_steps(tariff, Dimension.TIME, edges, course, where),
        parking_time=_steps(tariff, Dimension.PARKING_TIME, edges, course, where),
        left_out=tuple(_left_out(tariff, course)),
    )


def _steps(
    tariff: Tariff, dimension: Dimension, edges: list[datetime], course: Course, where: ZoneInfo
) -> tuple[Step, ...]:
    """Equal neighbours are one step; where no element matches, the dimension is free."""
    priced = [(at, _price(tariff, dimension, at, course, where)) for at in edges]
    runs = (next(run) for _, run in groupby(priced, key=lambda pair: pair[1]))
    return tuple(Step(start=at, value=price) for at, price in runs)


def _price(tariff: Tariff, dimension: Dimension, at: datetime, course: Course, where: ZoneInfo) -> float:
    for element in tariff.elements:
        component = _component(element, dimension)
        if component is not None and _matches(element.restrictions, at, course, where):
            return _without_tax(component, tariff.tax_included)
    return 0.0


def _component(element: Element, dimension: Dimension) -> PriceComponent | None:
    return next((component for component in element.price_components if component.type is dimension), None)


def _without_tax(component: PriceComponent, included: TaxIncluded | None) -> float:
    if included is not TaxIncluded.YES or component.vat is None:
        return component.price
    return component.price / (1.0 + share_from_percent(component.vat))


def _matches(rules: Restrictions | None, at: datetime, course: Course, where: ZoneInfo) -> bool:
    if rules is None:
        return True
    local = at.astimezone(where)
    return (
        rules.reservation is None
        and _in_days(rules, local.date())
        and _in_clock(rules, local.time())
        and _between(rules.min_duration, course.duration_s(at), rules.max_duration)
        and _between(rules.min_kwh, course.energy_kwh(at), rules.max_kwh)
        and _between(rules.min_power, course.power_kw, rules.max_power)
        and _between(rules.min_current, course.current_a, rules.max_current)
    )


def _in_days(rules: Restrictions, day: date) -> bool:
    text = day.isoformat()
    if rules.day_of_week and _WEEKDAYS[day.weekday()] not in rules.day_of_week:
        return False
    return (rules.start_date is None or rules.start_date <= text) and (rules.end_date is None or text < rules.end_date)


def _in_clock(rules: Restrictions, clock: time) -> bool:
    """An end at or before the start is on the next day, so 00:00 ends the day."""
    start, end = rules.from_clock or time.min, rules.to_clock
    if end is None:
        return clock >= start
    return start <= clock < end if start < end else clock >= start or clock < end


def _between(least: float | None, found: float | None, below: float | None) -> bool:
    """What is not known matches only where nothing is asked of it."""
    if least is None and below is None:
        return True
    return found is not None and (least is None or found >= least) and (below is None or found < below)


def _edges(tariff: Tariff, course: Course, where: ZoneInfo) -> list[datetime]:
    """Instants at which a price can change, ``now`` first; more than that do no harm."""
    rules = [element.restrictions for element in tariff.elements if element.restrictions is not None]
    found = {course.now, *_grid(course)}
    for rule in rules:
        found.update(_of_clock(rule, course, where), _of_session(rule, course))
    return sorted(at for at in found if course.now <= at < course.until) or [course.now]


def _grid(course: Course) -> Iterator[datetime]:
    at = course.now.replace(minute=0, second=0, microsecond=0)
    while at < course.until:
        yield at
        at += GRID


def _of_clock(rule: Restrictions, course: Course, where: ZoneInfo) -> Iterator[datetime]:
    """Every time the wall clock shows an end of the window: never where it is skipped, twice where it is repeated."""
    day, last = course.now.astimezone(where).date(), course.until.astimezone(where).date()
    clocks = [clock for clock in (rule.from_clock, rule.to_clock) if clock is not None]
    while clocks and day <= last:
        for clock in clocks:
            yield from (at.astimezone(course.now.tzinfo) for at in readings(datetime.combine(day, clock), where))
        day += timedelta(days=1)


def _of_session(rule: Restrictions, course: Course) -> Iterator[datetime]:
    """When durations and energies are reached."""
    for duration_s in (rule.min_duration, rule.max_duration):
        if duration_s is not None and course.duration_s(course.now) < duration_s <= course.duration_s(course.until):
            yield course.start + timedelta(seconds=duration_s)
    for energy_kwh in (rule.min_kwh, rule.max_kwh):
        reached = None if energy_kwh is None else course.reaches(energy_kwh)
        if reached is not None:
            yield reached


def _left_out(tariff: Tariff, course: Course) -> Iterator[str]:
    for i, element in enumerate(tariff.elements):
        rules = element.restrictions or Restrictions()
        if (rules.min_power, rules.max_power) != (None, None) and course.power_kw is None:
            yield f"elements[{i}] depends on power, which is not known: it matches at no time"
        if (rules.min_current, rules.max_current) != (None, None) and course.current_a is None:
            yield f"elements[{i}] depends on current, which is not known: it matches at no time"
        if (rules.min_kwh, rules.max_kwh) != (None, None) and course.power_kw is None:
            yield f"elements[{i}] depends on energy: it is taken to stay at {course.delivered_kwh:g} kWh"
    ends = tariff.end_date_time
    if ends is not None and ends < course.until:
        yield f"the tariff ends at {ends.isoformat()}: its prices are taken to hold on"
