"""What an event did, by EVSEs that were left out of it by lot: their own like days before, and the event itself."""

from collections.abc import Mapping

from api.settling.inputs import Case
from models.domain.calendar import Calendar
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.paths import some_of
from models.domain.times import zone
from models.domain.units import seconds_from_minutes
from models.settlement.calls import CalledEvent
from models.settlement.load import LoadSeries
from optimizer.response.baselines import History, Spans, baseline, spans_of
from optimizer.response.holdouts import Effect, difference_in_differences, held_out

HOUR_MIN = 60.0


def effect_of(case: Case, event_id: str, method: str, share: float, seed: int) -> Effect:
    """Of one event of a file, over all EVSEs that are metered. ``method`` names days that are like it; nothing adjusts.

    Raises InvalidScenario: no such event, a meter that lacks hours of it, too few EVSEs on a side.
    """
    event = _event(case, event_id)
    spans = spans_of(event.start.timestamp(), event.end.timestamp(), seconds_from_minutes(HOUR_MIN))
    usual = {name: _usual_kw(case, event, name, load, spans, method) for name, load in case.meters.evses.items()}
    during = {name: _mean(spans, load) for name, load in case.meters.evses.items()}
    _refuse_unmetered(during)
    return difference_in_differences(usual, during, held_out(sorted(usual), share, seed))


def _usual_kw(case: Case, event: CalledEvent, name: str, load: LoadSeries, spans: Spans, method: str) -> float:
    where = zone(case.settling.time_zone)
    if where is None:
        message = f"time zone {case.settling.time_zone!r} is not known"
        raise InvalidScenario([Finding(path="time_zone", message=message, remedy="write an IANA name")])
    calendar = Calendar(where, frozenset(case.settling.holidays), case.settling.holiday_calendar)
    days = {calendar.local(one.start).date() for one in case.settling.events if one.id != event.id}
    found = baseline(method, spans, History(load=load, calendar=calendar, event_days=frozenset(days)))
    return float(found.raw_kw @ spans.hours / spans.hours.sum())


def _mean(spans: Spans, load: LoadSeries) -> float:
    return float(load.mean_kw(spans.starts_s, spans.ends_s) @ spans.hours / spans.hours.sum())


def _event(case: Case, event_id: str) -> CalledEvent:
    found = next((one for one in case.settling.events if one.id == event_id), None)
    if found is not None:
        return found
    message, remedy = f"there is no event {event_id!r}", f"take {some_of([one.id for one in case.settling.events])}"
    raise InvalidScenario([Finding(path="event", message=message, remedy=remedy)])


def _refuse_unmetered(during_kw: Mapping[str, float]) -> None:
    lacking = [name for name, kw in during_kw.items() if kw != kw]
    if lacking:
        message = f"EVSE {some_of(lacking)} was not metered during the event"
        raise InvalidScenario(
            [Finding(path="meter", message=message, remedy="leave out its column", ids=tuple(lacking))]
        )
