"""Prices that are not published yet: the same time of the last like day, and never below the median of what is known.

Too low a guess would put off charging to hours that turn out dear, so a guess is rather too high.
"""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from statistics import median
from zoneinfo import ZoneInfo

from models.domain.checks.series import market_step_s
from models.domain.series import value_at
from models.domain.tariff import PriceSeries
from models.domain.value import Step

LOOKS_BACK_DAYS = 8
"""A like day is among the last eight: a Monday after a Sunday looks back to Friday, a Saturday to the one before."""
HOUR = timedelta(hours=1)
SATURDAY = 5
SECONDS_PER_MINUTE = 60.0


def with_estimates(known: PriceSeries, until: datetime, zone: ZoneInfo) -> tuple[PriceSeries, datetime | None]:
    """The series up to ``until``, and from when on it is estimated: None where all of it is published.

    Prices of a market end one step after their last one; other series without an end hold on, so that nothing of them
    is missing.
    """
    step_s, end = _step_s(known), published_until(known)
    if end is None or end >= until or not known.steps:
        return known, None
    published = PriceSeries(steps=known.steps, end=end)
    step = HOUR if step_s is None else timedelta(seconds=step_s)
    guesses = _guesses(published, end, until, step, zone)
    if step_s is None:  # steps of a tariff that somebody wrote down: one wherever the price changes
        guesses = [guess for before, guess in pairwise([known.steps[-1], *guesses]) if guess.value != before.value]
    return PriceSeries(steps=(*known.steps, *guesses), end=max(until, end)), end


def published_until(known: PriceSeries) -> datetime | None:
    """Where what is published ends; None for a series that holds on."""
    step_s = _step_s(known)
    if known.end is not None or step_s is None or not known.steps:
        return known.end
    return known.steps[-1].start + timedelta(seconds=step_s)


def due_until(now: datetime, zone: ZoneInfo, by: time) -> datetime:
    """Until when prices have to be known by now: to the end of the local day, from ``by`` on to that of the next."""
    local = now.astimezone(zone)
    days = 2 if local.time() >= by else 1
    return datetime.combine(local.date() + timedelta(days=days), time(), zone).astimezone(UTC)


def _step_s(known: PriceSeries) -> float | None:
    """Of a market; there is none whose steps are shorter than a minute. [s]"""
    step_s = market_step_s(known.steps)
    return step_s if step_s is not None and step_s >= SECONDS_PER_MINUTE else None


def _guesses(known: PriceSeries, end: datetime, until: datetime, step: timedelta, zone: ZoneInfo) -> list[Step]:
    least = median(one.value for one in known.steps)
    count = -(-(until - end) // step)
    instants = (end + k * step for k in range(count))
    return [Step(start=at, value=max(least, _of_a_like_day(known, at, zone))) for at in instants]


def _of_a_like_day(known: PriceSeries, at: datetime, zone: ZoneInfo) -> float:
    """At the same local time; the last price where no like day is known."""
    local = at.astimezone(zone)
    for days in range(1, LOOKS_BACK_DAYS + 1):
        before = (local.replace(tzinfo=None) - timedelta(days=days)).replace(tzinfo=zone).astimezone(UTC)
        if _alike(local, before.astimezone(zone)) and _covers(known, before):
            return value_at(known.steps, before)
    return known.steps[-1].value


def _alike(one: datetime, other: datetime) -> bool:
    """Both on working days, or on the same day of a weekend."""
    both = (one.weekday(), other.weekday())
    return max(both) < SATURDAY or both[0] == both[1]


def _covers(known: PriceSeries, at: datetime) -> bool:
    return known.end is not None and known.steps[0].start <= at < known.end
