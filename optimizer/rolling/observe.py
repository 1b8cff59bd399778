"""The fold: a state and one event, the state after it. Pure and total: no event is refused, none raises a limit."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from models.domain import answers, events
from models.domain.events import StationEvent
from optimizer.rolling import answering, connecting, limiting, measuring, plugging
from optimizer.rolling.changing import counted, with_station
from optimizer.rolling.state import EvseRecord, SiteState, StationRecord
from optimizer.rolling.timing import Placed, placed

Fold = Callable[[SiteState, Any, Placed], SiteState]
"""Each takes the one type of event that it is listed for."""


def observe(state: SiteState, event: StationEvent, now: datetime) -> SiteState:
    """The state after an event that arrived ``now``; one of a station that the site does not list changes nothing."""
    station = state.stations.get(event.station_id)
    if station is None:
        return state
    when = placed(event.at, now)
    if when.defect is not None and not _told_late_rightly(event):
        state = counted(state, station.id, when.defect)
    state = _contact(state, station, event, when, now)
    fold = FOLDS.get(type(event))
    return state if fold is None else _without_old_wishes(state, fold(state, event, when))


def _without_old_wishes(before: SiteState, after: SiteState) -> SiteState:
    """What was wished of a session goes with it."""
    gone = {name for name in after.wishes if _ended(before.evses.get(name), after.evses.get(name))}
    if not gone:
        return after
    return replace(after, wishes={name: wish for name, wish in after.wishes.items() if name not in gone})


def _ended(before: EvseRecord | None, after: EvseRecord | None) -> bool:
    if before is after or before is None or after is None or before.session is None:
        return False
    return after.session is None or after.session.id != before.session.id


def _told_late_rightly(event: StationEvent) -> bool:
    """What happened while there was no connection can only be told late."""
    return isinstance(event, answers.TransactionGoesOn) and event.offline


def _contact(state: SiteState, station: StationRecord, event: StationEvent, when: Placed, now: datetime) -> SiteState:
    """Whatever a station says shows that it is there; one that was lost may have forgotten what it was sent."""
    if isinstance(event, answers.ConnectionLost) or _no_answer(event):
        return state
    skew_s = station.clock_skew_s if when.skew_s is None else when.skew_s
    state = with_station(state, station.id, heard_at=now, clock_skew_s=skew_s)
    regained = not station.reachable and not isinstance(event, (events.Booted, answers.ConnectionRegained))
    return connecting.regained(state, event, when) if regained else state


def _no_answer(event: StationEvent) -> bool:
    return isinstance(event, answers.CommandAnswered) and event.outcome is answers.Outcome.TIMED_OUT


FOLDS: Mapping[type[StationEvent], Fold] = MappingProxyType(
    {
        events.Booted: connecting.booted,
        answers.ConnectionLost: connecting.lost,
        answers.ConnectionRegained: connecting.regained,
        answers.FirmwareTold: connecting.firmware,
        answers.AvailabilityAsked: connecting.availability,
        events.TokenShown: plugging.token,
        events.StateTold: plugging.state_told,
        events.TransactionBegan: plugging.began,
        answers.TransactionNamed: plugging.named,
        answers.TransactionGoesOn: plugging.goes_on,
        events.TransactionEnded: plugging.ended,
        events.NeedsTold: plugging.needs,
        answers.PriorityTold: plugging.priority,
        answers.EvseReserved: plugging.reserved,
        answers.ReservationEnded: plugging.reservation_ended,
        events.Measured: measuring.measured,
        events.ExternalLimitTold: limiting.limited,
        events.ExternalLimitCleared: limiting.cleared,
        answers.ProfilesReported: limiting.profiles,
        answers.CompositeTold: answering.composite,
        answers.CommandAnswered: answering.answered,
    }
)
