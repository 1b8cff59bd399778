"""Which peak a month will have anyway: the first stage of a two-stage program whose scenarios are past days.

The rest of the month is put together from past days of the same kind, each with what drivers then really wanted, and
planned in hindsight with the whole demand charge and the peak that is set already. The peak of that plan balances what
one more kW costs once against what it saves on all days to come; a peak up to it is worth having from today on. Nothing
of the days to come is in it, and no number is chosen by hand.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from models.datasets.recorded import RecordedSession
from models.domain.calendar import Calendar
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.session import Session, Vehicle
from models.domain.site import Site
from models.domain.tariff import DayKind, Tariff
from models.domain.times import instant
from optimizer.backtest.billing import days_left
from optimizer.backtest.known import Gone
from optimizer.optimize import optimize
from optimizer.settings import Objective, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetPeak:
    """How the peak is found."""

    earlier: tuple[RecordedSession, ...] = ()
    """History of the site that was declared beforehand. None: a cold start."""
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
    ) -> dict[str, float]:
        """A peak for each demand charge, by its id; nothing where no past day is known. [kW]"""
        zone = ZoneInfo(site.time_zone)
        today = instant(at_s).astimezone(zone).date()
        calendar = Calendar(zone, frozenset(tariff.holidays), self.holiday_calendar)
        past = _by_day([*map(_recorded, gone), *self.earlier], calendar, today)
        sessions = tuple(_rest_of_month(past, days_left(today), calendar, self.most_days, retail_per_kwh))
        if not sessions:
            return {}
        plan = optimize(self._scenario(site, tariff, sessions, today, zone), self.settings)
        month = f"@{today:%Y-%m}"
        return {
            peak.demand_window.removesuffix(month): peak.peak_kw
            for peak in plan.peaks
            if peak.demand_window.endswith(month)
        }

    def _scenario(
        self, site: Site, tariff: Tariff, sessions: tuple[Session, ...], today: date, zone: ZoneInfo
    ) -> Scenario:
        days = days_left(today)
        start, end = (datetime.combine(day, time(), zone) for day in (today, days[-1] + timedelta(days=1)))
        count = round((end - start) / timedelta(minutes=self.period_min))
        horizon = Horizon(start=start.astimezone(UTC), stretches=(Stretch(count=count, minutes=self.period_min),))
        present = tuple(one for one in sessions if one.arrival < horizon.end)
        return Scenario(site=replace(site, setpoints=None), sessions=present, tariff=tariff, horizon=horizon)


_Days = dict[bool, dict[date, list[RecordedSession]]]


def _recorded(one: Gone) -> RecordedSession:
    return RecordedSession(
        id=one.session,
        evse=one.evse,
        arrival=instant(one.arrival_s),
        departure=instant(one.departure_s),
        energy_kwh=one.wanted_kwh,
        power_kw=one.power_kw,
    )


def _by_day(past: Sequence[RecordedSession], calendar: Calendar, today: date) -> _Days:
    """Sessions by the day on which they began, workdays and other days apart; today is not over."""
    found: _Days = {True: defaultdict(list), False: defaultdict(list)}
    for one in past:
        day = calendar.local(one.arrival).date()
        if day < today:
            found[_is_workday(day, calendar)][day].append(one)
    return found


def _is_workday(day: date, calendar: Calendar) -> bool:
    return calendar.kind_of(day) is DayKind.WEEKDAY


def _rest_of_month(
    past: _Days, days: Sequence[date], calendar: Calendar, most_days: int, retail_per_kwh: float | None
) -> Iterator[Session]:
    """Past days in the place of days to come, the latest first, over and over again."""
    turn = {True: 0, False: 0}
    for day in days:
        kind = _is_workday(day, calendar)
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
