"""Alarms of a connection: raised once, told to its sites, and gone when what they are about is over."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from api.connections.forms import AnyConnection
from api.connections.keeping import Line
from api.connections.state import Alarm, State
from api.store.records import Kind
from models.domain.findings import Finding
from models.domain.wire import form_json

MOST_ALARMS = 200
"""At a time."""
Told = Mapping[str, Finding]
"""By key: what is wrong now."""


def settled(state: State, kinds: Iterable[str], told: Told, now: datetime) -> State:
    """Of these kinds of alarms exactly what is told; what goes on keeps its beginning.

    A key is its kind, or its kind, a slash and what it is about.
    """
    looked_at = set(kinds)
    before = {alarm.key: alarm for alarm in state.alarms}
    others = [alarm for alarm in state.alarms if alarm.key.partition("/")[0] not in looked_at]
    mine = [_alarm(key, finding, before.get(key), now) for key, finding in told.items()]
    return replace(state, alarms=tuple([*others, *mine][:MOST_ALARMS]))


def about(state: State, key: str, finding: Finding | None, now: datetime) -> State:
    """With one alarm, or without it; all others stay."""
    others = tuple(alarm for alarm in state.alarms if alarm.key != key)
    before = next((alarm for alarm in state.alarms if alarm.key == key), None)
    raised = () if finding is None else (_alarm(key, finding, before, now),)
    return replace(state, alarms=(*others, *raised)[:MOST_ALARMS])


def announce(line: Line, told: AnyConnection, before: State, after: State) -> None:
    """Alarms that are new are told to every site, where streams and webhooks find them; all that changed is audited."""
    known, still = {alarm.key for alarm in before.alarms}, {alarm.key for alarm in after.alarms}
    for alarm in after.alarms:
        if alarm.key not in known:
            line.audit("alarm", key=alarm.key, message=alarm.message)
            for served in told.sites:
                body = form_json(Alarm, replace(alarm, key=f"{line.id}/{alarm.key}"))
                line.unit.append(line.tenant, Kind.ALARM, served.site, alarm.key, body)
    for key in sorted(known - still):
        line.audit("alarm over", key=key)


def _alarm(key: str, finding: Finding, before: Alarm | None, now: datetime) -> Alarm:
    since = before.since if before else now
    return Alarm(key=key, message=finding.message, remedy=finding.remedy, since=since)
