"""How far a plan looks ahead when nobody said: until the last departure, fine near and coarse far."""

from math import ceil, floor, inf

from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.site import Site
from models.domain.tariff import PriceSeries
from models.domain.times import instant, seconds
from models.domain.units import (
    HOURS_PER_DAY,
    MINUTES_PER_HOUR,
    hours_from_seconds,
    seconds_from_hours,
    seconds_from_minutes,
)

STAY_H = 8.0
"""Of a session whose departure and whose site's history are unknown: a working day, or a night. [h]"""
LONGEST_DAYS = 7.0
START_MIN = 5.0
"""A plan starts at a multiple of it. [min]"""
UNTIL_H_MINUTES = ((4.0, 5.0), (HOURS_PER_DAY, 15.0), (LONGEST_DAYS * HOURS_PER_DAY, MINUTES_PER_HOUR))
"""Hours after the start until which periods have so many minutes."""
_SLACK = 1e-9
"""Of a period: what is over by a rounding error needs no period of its own."""


def default_horizon(scenario: Scenario, start_s: float | None = None) -> Horizon | None:
    """From the first arrival (or ``start_s``) to the last departure; without sessions what signals and prices span.

    None when nothing in the scenario has a time.
    """
    span = _span_of_stays(scenario) or _span_of_events(scenario)
    if start_s is not None:
        span = (start_s, span[1] if span else start_s + seconds_from_hours(HOURS_PER_DAY))
    if span is None:
        return None
    first_s = floor_start_s(span[0])
    return Horizon(start=instant(first_s), stretches=stretches(hours_from_seconds(span[1] - first_s)))


def floor_start_s(since_1970_s: float) -> float:
    """The last multiple of five minutes. [s]"""
    step_s = seconds_from_minutes(START_MIN)
    return floor(since_1970_s / step_s) * step_s


def stretches(length_h: float) -> tuple[Stretch, ...]:
    """Periods that cover a length, at least one and at most seven days of them."""
    found: list[Stretch] = []
    begun_h = 0.0
    for until_h, minutes in UNTIL_H_MINUTES:
        count = ceil((min(length_h, until_h) - begun_h) * MINUTES_PER_HOUR / minutes - _SLACK)
        if count > 0 or not found:
            found.append(Stretch(count=max(count, 1), minutes=minutes))
        begun_h = until_h
    return tuple(found)


def default_stay_h(site: Site) -> float:
    """Of a session whose departure is unknown. [h]"""
    defaults = site.session_defaults
    return STAY_H if defaults is None or defaults.stay_h is None else defaults.stay_h


def _span_of_stays(scenario: Scenario) -> tuple[float, float] | None:
    stay_s = seconds_from_hours(default_stay_h(scenario.site))
    priced_s = _prices_end_s(scenario)
    stays = [_stay(session, stay_s, priced_s) for session in scenario.sessions]
    stays += [(seconds(v.arrival), seconds(v.departure)) for v in scenario.visits if v.evse is not None]
    return (min(begin for begin, _ in stays), max(end for _, end in stays)) if stays else None


def _stay(session: Session, stay_s: float, priced_s: float) -> tuple[float, float]:
    """Of one that may leave at any time no further than prices are known, but a usual stay at least."""
    arrival_s = seconds(session.arrival)
    if session.departure is None:
        return arrival_s, arrival_s + stay_s
    latest_s = seconds(session.departure)
    return arrival_s, min(latest_s, max(priced_s, arrival_s + stay_s)) if session.still_there else latest_s


def _prices_end_s(scenario: Scenario) -> float:
    """Where the first of the tariff's prices ends; inf where none does. [s]"""
    prices = (scenario.tariff.import_price, scenario.tariff.export_price) if scenario.tariff else ()
    return min((seconds(p.end) for p in prices if isinstance(p, PriceSeries) and p.end is not None), default=inf)


def _span_of_events(scenario: Scenario) -> tuple[float, float] | None:
    """Of signals, else of the import prices; a last price without an end holds for a day."""
    if scenario.signals:
        return min(seconds(s.start) for s in scenario.signals), max(seconds(s.end) for s in scenario.signals)
    price = scenario.tariff.import_price if scenario.tariff else None
    if not isinstance(price, PriceSeries) or not price.steps:
        return None
    last_s = seconds(price.steps[-1].start) + seconds_from_hours(HOURS_PER_DAY)
    return seconds(price.steps[0].start), last_s if price.end is None else seconds(price.end)
