"""Commands on their way: handed out in an order that is safe at every moment, answered, given up, sent again."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from api.operating.frames import Frame, outcome_of
from api.operating.live import ASKS, Command, CommandKind, LiveSite, Result
from api.operating.plugs import number_at
from models.domain.answers import CommandAnswered, CompositeTold, Outcome
from models.domain.events import StationEvent
from models.domain.units import seconds_from_hours
from models.ocpp.inbound import composite_steps
from models.ocpp.messages import asking_composite, setting
from models.ocpp.profile import Slot
from optimizer.rolling import observe
from optimizer.rolling.changing import with_evse
from optimizer.rolling.state import Told
from optimizer.rolling.verdict import Flaw

PATIENCE = timedelta(seconds=60)
"""An answer that takes longer does not come."""
UNKNOWN = "Unknown"
"""Answer to ClearChargingProfile where there was none."""
LIMITS = (CommandKind.LIMIT, CommandKind.REMOVE)
LASTING = (CommandKind.CLEAR, CommandKind.RESTORE)
"""Asked for once and by nobody again: sent until there is an answer."""
WITHOUT_MAXIMUM = timedelta(hours=1)
"""A station that refuses a maximum is asked again after so long; nobody waits for it until then."""
VERIFIED_HOURS = 6.0
"""How far ahead a station is asked what it follows. [h]"""


def taken(
    live: LiveSite, now: datetime, may: Callable[[Command], bool] = lambda _: True
) -> tuple[LiveSite, tuple[Command, ...]]:
    """The commands that may be sent now, marked as sent; what waits for an answer for too long is given up first.

    ``may``: those that go the way that is asked for; they wait for the others all the same.
    """
    live = _tried_again(_given_up(live, now), now)
    ready = [command for command in live.outbox if may(command) and _is_ready(live, command, now)]
    sent = tuple(replace(command, taken_at=now) for command in ready)
    by_id = {command.id: command for command in sent}
    live = replace(live, outbox=tuple(by_id.get(command.id, command) for command in live.outbox))
    for command in sent:
        live = _noted(live, command, now)
    return live, sent


def answered(live: LiveSite, command: Command, result: Result, now: datetime) -> LiveSite:
    """A command that is over. What waited for one that was not accepted is not sent: the next plan decides anew."""
    left = tuple(other for other in live.outbox if other.id != command.id)
    if command.kind in ASKS:
        return replace(live, outbox=left)
    if result.outcome is Outcome.ACCEPTED:
        return _installed(replace(live, outbox=left), command)
    live = replace(live, outbox=_without_waiting(left, command.id))
    if result.outcome is Outcome.TIMED_OUT and command.kind is CommandKind.LIMIT:
        live = replace(live, unsure=(*live.unsure, command))
    if command.profile is not None and command.profile.evse_id is None:
        live = replace(live, without={**live.without, _name(command): now + WITHOUT_MAXIMUM})
    return live


def _without_waiting(outbox: tuple[Command, ...], name: str) -> tuple[Command, ...]:
    """Neither what waits for it nor what waits for that."""
    gone = {name}
    for command in outbox:  # what waits stands behind what it waits for
        if gone & set(command.after):
            gone.add(command.id)
    return tuple(command for command in outbox if command.id not in gone)


def without_ended(live: LiveSite) -> LiveSite:
    """Without plans of transactions that are over: nobody waits for an answer to one any more.

    What a station follows can be asked without them; what else waited for one is decided anew by the next plan.
    """
    for gone in [command.id for command in live.outbox if not still_meant(live, command)]:
        left = (_not_after(command, gone) for command in live.outbox if command.id != gone)
        live = replace(live, outbox=_without_waiting(tuple(left), gone))
    return live


def _not_after(command: Command, gone: str) -> Command:
    if command.kind is not CommandKind.VERIFY:
        return command
    return replace(command, after=tuple(name for name in command.after if name != gone))


def only_sure(live: LiveSite) -> LiveSite:
    """Without limits of a plan that were not sent yet: it is not known any more whether they may be."""
    kept = tuple(c for c in live.outbox if c.taken_at is not None or c.again or c.kind not in LIMITS)
    return replace(live, outbox=kept)


def _installed(live: LiveSite, command: Command) -> LiveSite:
    """What an accepted command leaves at its station; nothing that came before it under its id is there any more."""
    if command.profile is None or command.kind not in LIMITS:
        return live
    key = command.profile.key
    unsure = tuple(other for other in live.unsure if other.profile is None or other.profile.key != key)
    in_force = {name: other for name, other in live.in_force.items() if name != _name(command)}
    if command.kind is CommandKind.REMOVE:
        return _removed(replace(live, unsure=unsure, in_force=in_force), command)
    return replace(live, unsure=unsure, in_force={**in_force, _name(command): command})


def _removed(live: LiveSite, command: Command) -> LiveSite:
    record = live.state.evses.get(command.evse or "")
    if record is None or command.profile is None:
        return live
    told = tuple(one for one in record.told if one.profile_id != command.profile.profile.id)
    return replace(live, state=with_evse(live.state, replace(record, told=told)))


def _name(command: Command) -> str:
    return f"{command.station}/{command.profile.profile.id if command.profile else ''}"


def events_of(command: Command, result: Result, live: LiveSite, now: datetime) -> Iterator[StationEvent]:
    """What an answer says of the station."""
    evse = live.state.evses.get(command.evse or "")
    where: dict[str, Any] = {"station_id": command.station, "at": now}
    number = evse.number if evse else None
    if command.kind is CommandKind.LIMIT:
        yield CommandAnswered(
            **where, evse_number=number, command_id=command.id, outcome=result.outcome, detail=result.detail
        )
    if command.kind is CommandKind.VERIFY and result.outcome is not Outcome.TIMED_OUT:
        steps = composite_steps(result.payload, now) if result.outcome is Outcome.ACCEPTED else ()
        yield CompositeTold(**where, evse_number=number, command_id=command.id, steps=steps)


def result_of(frame: Frame, command: Command) -> Result:
    """A profile that is not there is as good as one that was taken away."""
    outcome, detail = outcome_of(frame)
    if command.kind in (CommandKind.REMOVE, CommandKind.CLEAR) and detail.endswith(UNKNOWN):
        outcome = Outcome.ACCEPTED
    return Result(
        outcome=outcome, detail=detail, payload=dict(frame.payload) if isinstance(frame.payload, dict) else {}
    )


def sent_again(live: LiveSite, station: str, now: datetime) -> LiveSite:
    """After a boot or an absence: what the station had, and then the question what it follows.

    What was on its way to it is taken back, and what others were to be sent: that may have counted on what it had.
    """
    had = dict.fromkeys(c.id for key, c in live.in_force.items() if c.station == station and still_meant(live, c))
    commands = {c.id: c for c in live.in_force.values()}
    lasting = [c for c in live.outbox if c.station == station and c.kind in LASTING]
    live = _offered_again(live, lasting, None)
    live = only_sure(replace(live, outbox=tuple(c for c in live.outbox if c.station != station or c.kind in LASTING)))
    again: list[Command] = []
    for old in had:
        live, copy = _copied(live, commands[old], now)
        again.append(copy)
    live = replace(live, outbox=(*live.outbox, *again))
    return _verified(live, station, tuple(command.id for command in again), now)


def _offered_again(live: LiveSite, commands: Sequence[Command], not_before: datetime | None) -> LiveSite:
    """As if they had not been sent."""
    names = {command.id for command in commands}
    fresh = (replace(c, taken_at=None, not_before=not_before) if c.id in names else c for c in live.outbox)
    return replace(live, outbox=tuple(fresh))


def reminded(live: LiveSite, now: datetime) -> LiveSite:
    """Stations that are not verified and have nothing on their way are sent again what they had."""
    for station in live.state.stations.values():
        records = [r for r in live.state.evses.values() if r.station == station.id]
        unverified = any(v.flaw is Flaw.UNVERIFIED for record in records for v in record.verdicts)
        waits = any(record.retry_at is not None and record.retry_at > now for record in records)
        on_the_way = any(command.station == station.id for command in live.outbox)
        if station.reachable and unverified and not waits and not on_the_way:
            live = sent_again(live, station.id, now)
    return live


def _tried_again(live: LiveSite, now: datetime) -> LiveSite:
    """What a station did not answer to, once its time has come: also where nobody charges, so that a default is there.

    Until it is accepted its EVSE counts at its rating, so what is sent again needs nobody's room.
    """
    for command in live.unsure:
        if _may_be_tried(live, command, now):
            live, copy = _copied(live, command, now)
            left = tuple(other for other in live.unsure if other is not command)
            live = replace(live, unsure=left, outbox=(*live.outbox, copy))
    return live


def _may_be_tried(live: LiveSite, command: Command, now: datetime) -> bool:
    records = [live.state.evses[told.evse] for told in command.tells]
    silent = any(verdict.flaw is Flaw.SILENT for record in records for verdict in record.verdicts)
    in_peace = any(record.retry_at is not None and record.retry_at > now for record in records)
    on_the_way = any(other.station == command.station for other in live.outbox)
    there = live.state.stations[command.station].reachable
    return silent and there and not in_peace and not on_the_way and still_meant(live, command)


def still_meant(live: LiveSite, command: Command) -> bool:
    """A plan of a transaction that is over went with it."""
    if command.session is None or (command.profile is not None and command.profile.slot is not Slot.PLAN):
        return True
    record = live.state.evses.get(command.evse or "")
    if record is None or record.session is None or record.session.id != command.session:
        return False
    transaction = None if command.profile is None else command.profile.transaction_id
    return transaction in (None, record.session.transaction_id)


def _copied(live: LiveSite, command: Command, now: datetime) -> tuple[LiveSite, Command]:
    """In full: of a Dynamic profile a station may have nothing left to update."""
    live, name = next_id(live)
    copy = replace(command, id=name, created_at=now, taken_at=None, after=(), again=True)
    if command.profile is None:
        return live, copy
    whole = setting(command.profile)
    return live, replace(copy, action=whole.action, payload=dict(whole.payload))


def _verified(live: LiveSite, station: str, after: tuple[str, ...], now: datetime) -> LiveSite:
    for record in live.state.evses.values():
        if record.station == station:
            live, name = next_id(live)
            ask = question(live, station, number_at(live, record.id), record.id, name, after, now)
            live = replace(live, outbox=(*live.outbox, ask))
    return live


def question(
    live: LiveSite, station: str, number: int, evse: str, name: str, after: tuple[str, ...], now: datetime
) -> Command:
    version = live.version_of(station)
    ask = asking_composite(version, number, int(seconds_from_hours(VERIFIED_HOURS)))
    return Command(
        id=name,
        station=station,
        kind=CommandKind.VERIFY,
        version=version,
        action=ask.action,
        payload=dict(ask.payload),
        created_at=now,
        evse=evse,
        after=after,
    )


def next_id(live: LiveSite) -> tuple[LiveSite, str]:
    """An id for a command, unique at its site."""
    return replace(live, sent=live.sent + 1), f"{live.id}-{live.sent + 1}"


def _is_ready(live: LiveSite, command: Command, now: datetime) -> bool:
    """Its station is there, nothing that it waits for is open, and its EVSE is not left in peace after a refusal."""
    if command.taken_at is not None or not live.state.stations[command.station].reachable:
        return False
    if command.not_before is not None and command.not_before > now:
        return False
    waits = {other.id for other in live.outbox} & set(command.after)
    records = [live.state.evses[told.evse] for told in command.tells]
    return not waits and all(record.retry_at is None or record.retry_at <= now for record in records)


def _noted(live: LiveSite, command: Command, now: datetime) -> LiveSite:
    """From now on its EVSEs may follow it."""
    for told in command.tells:
        record = live.state.evses[told.evse]
        sent = Told(
            command_id=command.id,
            role=told.role,
            profile_id=told.profile_id,
            power_kw=told.power_kw,
            stays=told.stays,
            sent_at=now,
        )
        live = replace(live, state=with_evse(live.state, replace(record, told=(*record.told, sent))))
    return live


def _given_up(live: LiveSite, now: datetime) -> LiveSite:
    late = [c for c in live.outbox if c.taken_at is not None and now - c.taken_at > PATIENCE]
    live = _offered_again(live, [command for command in late if command.kind in LASTING], now + PATIENCE)
    late = [command for command in late if command.kind not in LASTING]
    for command in late:
        result = Result(outcome=Outcome.TIMED_OUT)
        for event in events_of(command, result, live, now):
            live = replace(live, state=observe(live.state, event, now))
        live = answered(live, command, result, now)
    return only_sure(live) if any(command.kind not in ASKS for command in late) else live
