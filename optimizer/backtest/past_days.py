"""The rest of a month put together from past days of the same kind, each with what drivers then really wanted."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, timedelta

from models.datasets.recorded import RecordedSession
from models.domain.calendar import Calendar
from models.domain.session import Session, Vehicle
from models.domain.tariff import DayKind
from models.domain.times import instant
from optimizer.backtest.known import Gone

WORKDAY = True
Days = dict[bool, dict[date, list[RecordedSession]]]
"""Sessions by the day on which they began, workdays and other days apart."""


def by_day(past: Sequence[RecordedSession], calendar: Calendar, today: date) -> Days:
    """Past days; today is not over."""
    found: Days = {True: defaultdict(list), False: defaultdict(list)}
    for one in past:
        day = calendar.local(one.arrival).date()
        if day < today:
            found[is_workday(day, calendar)][day].append(one)
    return found


def is_workday(day: date, calendar: Calendar) -> bool:
    """Neither a weekend nor a public holiday."""
    return calendar.kind_of(day) is DayKind.WEEKDAY


def are_all_known(past: Days, days: Sequence[date], calendar: Calendar) -> bool:
    """Whether every day to come is of a kind that was seen."""
    return all(past[is_workday(day, calendar)] for day in days)


def recorded(one: Gone) -> RecordedSession:
    """A car that has left, with what it wanted."""
    return RecordedSession(
        id=one.session,
        evse=one.evse,
        arrival=instant(one.arrival_s),
        departure=instant(one.departure_s),
        energy_kwh=one.wanted_kwh,
        power_kw=one.power_kw,
    )


def rest_of_month(
    past: Days, days: Sequence[date], calendar: Calendar, most_days: int, retail_per_kwh: float | None
) -> Iterator[Session]:
    """Past days in the place of days to come, the latest first, over and over again."""
    turn = {True: 0, False: 0}
    for day in days:
        kind = is_workday(day, calendar)
        known = sorted(past[kind], reverse=True)[:most_days]
        if known:
            then = known[turn[kind] % len(known)]
            turn[kind] += 1
            yield from _as_of(past[kind][then], then, day, calendar, retail_per_kwh)


def _as_of(
    sessions: Sequence[RecordedSession], then: date, day: date, calendar: Calendar, retail_per_kwh: float | None
) -> Iterator[Session]:
    """The sessions of one day as if they were of another one, at the same time of its clock."""
    later = timedelta(days=(day - then).days)
    for one in sessions:
        arrival, departure = ((calendar.local(t) + later).astimezone(UTC) for t in (one.arrival, one.departure))
        if departure > arrival and one.energy_kwh > 0.0:
            yield Session(
                id=f"{day}|{one.id}",
                evse=one.evse,
                arrival=arrival,
                departure=departure,
                energy_target_kwh=one.energy_kwh,
                retail_price_per_kwh=retail_per_kwh,
                vehicle=None if one.power_kw is None else Vehicle(id=one.id, max_charge_kw=one.power_kw),
            )
