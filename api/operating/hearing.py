"""One frame of a station into the state of its site. Whatever comes, there is an answer and no exception."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from api.operating.dynamic import pulled
from api.operating.frames import CALL, RESULT, Frame, read_frame
from api.operating.live import LiveSite, OpenCall
from api.operating.meeting import unmet
from api.operating.plugs import at_evse, with_plug
from api.operating.sending import answered, events_of, only_sure, result_of, sent_again, without_ended
from api.operating.takeover import of_others
from models.domain.answers import ConnectionRegained, UpdatePulled
from models.domain.events import Booted, StationEvent
from models.ocpp.inbound import transaction_named, translate
from optimizer.rolling import observe
from optimizer.rolling.changing import counted
from optimizer.rolling.due import due

MOST_CALLS = 200
"""Starts whose answer was not forwarded; older ones are forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a frame said, and what was odd about it."""

    events: tuple[StationEvent, ...] = ()
    defects: tuple[str, ...] = ()
    due: tuple[str, ...] = ()
    """Why the site should be planned again now; empty where the plan that there is still fits."""
    answer: dict[str, Any] | None = None
    """To PullDynamicScheduleUpdate alone: what the CSMS is to answer; every other answer is its own."""


def heard(live: LiveSite, station: str, given: Any, now: datetime, token_key: bytes) -> tuple[LiveSite, Heard]:
    """The site after a frame that arrived ``now``; calls of the station and answers to it alike."""
    after, told = _heard(live, station, given, now, token_key)
    return after, replace(told, due=due(live.state, after.state))


def happened(live: LiveSite, event: StationEvent, now: datetime) -> tuple[LiveSite, Heard]:
    """The site after an event that was told otherwise than by a frame, as a connection that is lost."""
    after = observed(live, (event,), now)
    return after, Heard(events=(event,), due=due(live.state, after.state))


def _heard(live: LiveSite, station: str, given: Any, now: datetime, token_key: bytes) -> tuple[LiveSite, Heard]:
    if station not in live.state.stations:
        return live, Heard(defects=(f"station {station[:40]!r} is not one of site {live.id}",))
    frame = read_frame(given)
    if isinstance(frame, str):
        return _counted(live, station, (frame,)), Heard(defects=(frame,))
    if frame.kind == CALL:
        return _call(live, station, frame, now, token_key)
    return _answer(live, station, frame, now)


def observed(live: LiveSite, events: tuple[StationEvent, ...], now: datetime) -> LiveSite:
    """Events folded in; a station that booted or came back is sent again what it had.

    Where an EVSE is no longer controlled, what a plan was still to send waits for the next one: it may raise somebody.
    """
    for event in events:
        was_there, trusted = _reachable(live, event.station_id), _trusted(live)
        live = replace(live, state=observe(live.state, event, now))
        live = live if _trusted(live) >= trusted else only_sure(live)
        came_back = not was_there and _reachable(live, event.station_id)
        if came_back or isinstance(event, (Booted, ConnectionRegained)):
            live = sent_again(unmet(live, event.station_id), event.station_id, now)
    return without_ended(live)


def _call(live: LiveSite, station: str, frame: Frame, now: datetime, token_key: bytes) -> tuple[LiveSite, Heard]:
    version = live.version_of(station)
    told = translate(version, frame.action, frame.payload, station_id=station, received_at=now, token_key=token_key)
    events = tuple(of_others(live, at_evse(live, event)) for event in told.events)
    live = _counted(observed(live, events, now), station, told.defects)
    for plug, event in zip(told.events, events, strict=True):
        live = with_plug(live, plug, event)
    if frame.action == "StartTransaction" and events:
        call = OpenCall(message_id=frame.message_id, station=station, evse_number=events[0].evse_number)
        live = replace(live, calls=(*live.calls, call)[-MOST_CALLS:])
    asked = next((event for event in events if isinstance(event, UpdatePulled)), None)
    answer = None if asked is None else pulled(live, station, asked.profile_id, now)
    return live, Heard(events=events, defects=told.defects, answer=answer)


def _answer(live: LiveSite, station: str, frame: Frame, now: datetime) -> tuple[LiveSite, Heard]:
    """To a command of ours, or the answer of the CSMS that names a transaction; others say nothing."""
    command = next((c for c in live.outbox if c.id == frame.message_id and c.station == station), None)
    if command is not None:
        result = result_of(frame, command)
        events = tuple(events_of(command, result, live, now))
        return answered(observed(live, events, now), command, result, now), Heard(events=events)
    call = next((c for c in live.calls if c.message_id == frame.message_id and c.station == station), None)
    if call is None or frame.kind != RESULT:
        return live, Heard()
    left = tuple(other for other in live.calls if other is not call)
    named = transaction_named(frame.payload, station_id=station, evse_number=call.evse_number, at=now)
    events = () if named is None else (named,)
    return observed(replace(live, calls=left), events, now), Heard(events=events)


def _reachable(live: LiveSite, station: str) -> bool:
    known = live.state.stations.get(station)
    return known is None or known.reachable


def _trusted(live: LiveSite) -> set[str]:
    return {name for name, record in live.state.evses.items() if not record.uncontrolled}


def _counted(live: LiveSite, station: str, defects: tuple[str, ...]) -> LiveSite:
    """By their first words: what was odd, without the value that was."""
    state = live.state
    for defect in defects:
        state = counted(state, station, defect)
    return replace(live, state=state)
