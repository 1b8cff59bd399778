"""What a site is to be told: offered, handed out to be sent, and what became of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from api.operating.hearing import observed
from api.operating.live import Command, LiveSite, Result
from api.operating.meeting import met
from api.operating.sending import answered, events_of, taken
from api.sites.assembling import contents
from api.sites.followed import note_followed
from api.sites.forms import Acknowledgement, Acknowledgements, Outcome, SiteMode, SitePolicy
from api.sites.judging import judge_alone
from api.sites.keeping import Desk
from api.sites.living import refreshed
from api.sites.steering import Steering, steering_of
from api.sites.waking import wake
from api.store.records import Kind
from models.domain import answers
from models.domain.wire import form_json
from optimizer.rolling.due import due

_RESULTS = {
    Outcome.ACCEPTED: answers.Outcome.ACCEPTED,
    Outcome.REJECTED: answers.Outcome.REJECTED,
    Outcome.NOT_SUPPORTED: answers.Outcome.NOT_SUPPORTED,
    Outcome.CALL_ERROR: answers.Outcome.CALL_ERROR,
    Outcome.TIMED_OUT: answers.Outcome.TIMED_OUT,
}
"""The other two say something of the way of a command, and nothing of its end."""
_WENT_WELL = (Outcome.SENT, Outcome.ACCEPTED, Outcome.MEASURED)


class CommandLine(BaseModel):
    """One OCPP message to one station."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    id: str
    """Say it with what became of it; also a good message id."""
    cursor: int
    """Say the highest one as `after`, once you keep them."""
    station: str
    ocpp: str
    action: str
    payload: dict[str, Any]
    evse: str | None = None
    session: str | None = None
    after: list[str] = []
    """Commands that must be accepted before this one is sent: lower first, raise then."""
    advice: bool = False
    """Offered only: the site is in the mode `advise`."""
    created_at: datetime


class Applied(BaseModel):
    """What became of acknowledgements."""

    applied: int
    ignored: int
    """Of commands that nobody waits for any more."""


def live_site(desk: Desk, now: datetime) -> LiveSite:
    """What is known of a site that is kept; raises NotFound."""
    found = desk.find(Kind.STATE)
    return refreshed(found.value if found else None, contents(desk), now)


def pull(desk: Desk, after: int, now: datetime) -> list[CommandLine]:
    """What is to be sent and has no answer yet, from after a cursor on; in control it counts as sent from here on."""
    steering = _steering(desk)
    live = hand_out(desk, live_site(desk, now), now)
    steered, _ = steering.split(live.outbox, SiteMode.CONTROL)
    advised, _ = steering.split(live.outbox, SiteMode.ADVISE)
    lines = [
        *_lines([command for command in advised if number(command) > after], advice=True),
        *_lines([c for c in steered if _is_on_its_way(live, c) and number(c) > after], advice=False),
    ]
    return sorted(lines, key=lambda line: line.cursor)


def _is_on_its_way(live: LiveSite, command: Command) -> bool:
    """Taken to be sent, and not over OCPI, where the service carries it itself."""
    return command.taken_at is not None and command.station not in live.plan_only


def hand_out(desk: Desk, live: LiveSite, now: datetime, *, over_ocpi: bool = False) -> LiveSite:
    """The site after what may be sent now was taken to be sent, with a line in the journal for each.

    ``over_ocpi``: to stations that are reached over OCPI, else to all others. What is only offered, or watched, is left
    as it is; what is sent waits for nothing of it.
    """
    steering = _steering(desk)
    if not steering.steers:
        return live
    steered, others = steering.split(live.outbox, SiteMode.CONTROL)
    unsure, elsewhere = steering.split(live.unsure, SiteMode.CONTROL)
    ours = replace(live, outbox=steered, unsure=unsure)
    ours = ours if over_ocpi or steering.site is SiteMode.HANDED_BACK else met(ours, steering.stations, now)
    after, sent = taken(ours, now, lambda command: (command.station in live.plan_only) is over_ocpi)
    outbox = tuple(sorted((*after.outbox, *others), key=number))
    after = replace(after, outbox=outbox, unsure=(*after.unsure, *elsewhere))
    if after != live:
        desk.keep(Kind.STATE, after)
    for line in _lines(sent, advice=False):
        desk.unit.append(desk.tenant, Kind.COMMAND, desk.site, line.id, line.model_dump_json())
    return after


def acknowledge(desk: Desk, told: Acknowledgements, now: datetime) -> Applied:
    """What became of commands; told twice or too late it changes nothing. Raises InvalidDocument, NotFound."""
    judge_alone(told)
    before = live_site(desk, now)
    live, applied = before, 0
    for one in told.acknowledgements:
        desk.unit.append(desk.tenant, Kind.ACKNOWLEDGEMENT, desk.site, one.command, form_json(Acknowledgement, one))
        command = next((c for c in live.outbox if c.id == one.command), None)
        if command is not None:
            live, applied = _answered(live, command, one, now), applied + 1
    desk.keep(Kind.STATE, live)
    note_followed(desk, before, live, now)
    went_wrong = any(one.outcome not in _WENT_WELL for one in told.acknowledgements)
    if went_wrong or due(before.state, live.state):
        wake(desk, now)
    return Applied(applied=applied, ignored=len(told.acknowledgements) - applied)


def number(command: Command) -> int:
    """Commands of a site are counted."""
    return int(command.id.rpartition("-")[2])


def _answered(live: LiveSite, command: Command, told: Acknowledgement, now: datetime) -> LiveSite:
    """A command that was only offered counts as sent from the first word about it on."""
    if command.taken_at is None:
        free = replace(command, after=())
        alone = replace(live, outbox=(free,))
        alone, sent = taken(alone, now)
        others = tuple(c for c in live.outbox if c.id != command.id)
        live, command = replace(alone, outbox=(*others, *sent)), (sent or (free,))[0]
    if told.outcome not in _RESULTS:
        return live
    result = Result(outcome=_RESULTS[told.outcome], detail=told.reason)
    heard = observed(live, tuple(events_of(command, result, live, now)), now)
    return answered(heard, command, result, now)


def _steering(desk: Desk) -> Steering:
    policy = desk.find(Kind.POLICY)
    return steering_of(policy.value if policy else SitePolicy(), desk.get(Kind.SITE).value)


def _lines(commands: Sequence[Command], *, advice: bool) -> list[CommandLine]:
    return [
        CommandLine(
            id=one.id,
            cursor=number(one),
            station=one.station,
            ocpp=one.version,
            action=one.action,
            payload=one.payload,
            evse=one.evse,
            session=one.session,
            after=list(one.after),
            advice=advice,
            created_at=one.created_at,
        )
        for one in commands
    ]
