"""What a utility said, taken in: kept for good, told to the sites, looked after by alarms. One unit of the store each.

A connection that fails keeps all that it said, and what holds without it is put on top.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from api.connections.alarms import announce, settled
from api.connections.asking import ask_sites, is_due, is_stale
from api.connections.forms import AnyConnection
from api.connections.keeping import Line
from api.connections.loss import held_without, is_lost
from api.connections.merging import merged
from api.connections.state import EventTold, State
from models.domain.errors import EdgeError
from models.domain.findings import Finding
from models.domain.utility_signal import UtilitySignal

MOST_EVENTS = 2000
"""Of which the last word is remembered, for the audit trail."""


def said(state: State, signals: Iterable[UtilitySignal], now: datetime) -> State:
    """With what is new."""
    after = merged(state.signals, signals, now)
    return state if after == state.signals else replace(state, signals=after, heard_at=now)


def reached(state: State, now: datetime) -> State:
    """It answered: what held without it is over."""
    return replace(settled(state, ("contact",), {}, now), contact=state.contact.heard(now), without=())


def failed(told: AnyConnection, state: State, failure: EdgeError, now: datetime) -> State:
    """It did not answer. What cannot mend itself is told at once, the rest when the rule for its loss begins."""
    contact = state.contact.failed(now, str(failure))
    state = replace(state, contact=contact)
    if failure.retryable and not is_lost(contact, told.loss, now):
        return state
    since = "never" if contact.last_heard is None else f"not since {contact.last_heard:%Y-%m-%d %H:%M:%SZ}"
    message = f"{contact.source} was heard from {since}: {contact.failure}"
    finding = Finding(path="contact", message=message, remedy=_HOLDS[told.loss.then], ids=(contact.source,))
    return settled(state, ("contact",), {"contact": finding}, now)


_HOLDS = {
    "schedule": "known events go on, then the subscription or safe mode holds; look at the line, or call the utility",
    "hold": "known events go on, and never more than the limit at the last contact; look at the line",
    "limit": "known events go on, and never more than the limit without contact; look at the line",
}


def opted(state: State) -> tuple[UtilitySignal, ...]:
    """What counts: not those events that the operator takes no part in."""
    return tuple(signal for signal in state.signals if (signal.event or signal.id) not in state.opted_out)


def finish(line: Line, told: AnyConnection, before: State, after: State, now: datetime) -> State:
    """Keep what is known, tell the sites where it changed, and raise alarms."""
    lost = not told.paused and is_lost(after.contact, told.loss, now)
    if lost and not after.without:
        after = replace(after, without=held_without(told.loss, after.contact, opted(after), now))
    if _asks_else(before, after) or is_due(after, now) or is_stale(line, told, after, now):
        counting = replace(after, signals=opted(after))
        counting, found = ask_sites(line, told, counting, now)
        after = settled(replace(after, asked_at=counting.asked_at), ("site",), found, now)
    line.keep(after)
    announce(line, told, before, after)
    return after


def _asks_else(before: State, after: State) -> bool:
    told = before.signals, before.without, before.opted_out
    return told != (after.signals, after.without, after.opted_out)


def recorded(
    line: Line, state: State, event_id: str, tree: Any, *, opts_in: bool, findings: Sequence[Finding], answer: Any
) -> State:
    """A message as it came and what we made of it, in the audit trail; a copy of the last one is not told again."""
    digest = sha256(json.dumps([tree, opts_in], sort_keys=True, default=str).encode()).hexdigest()
    known = state.events.get(event_id)
    if known is not None and known.digest == digest:
        return state
    reasons = [finding.message for finding in findings]
    line.audit("event", event=event_id, message=tree, answer=answer, findings=reasons)
    kept = tree if isinstance(tree, Mapping) and tree.get("reportDescriptors") else None
    told = EventTold(digest=digest, opts_in=opts_in, reason="; ".join(reasons)[:500], tree=dict(kept) if kept else None)
    others = {name: one for name, one in state.events.items() if name != event_id}
    newest = dict(list((others | {event_id: told}).items())[-MOST_EVENTS:])
    return replace(state, events=newest)
