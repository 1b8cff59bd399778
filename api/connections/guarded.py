"""A limit that a box writes and that needs its heartbeat, as that of EEBUS does."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from api.connections.alarms import about
from api.connections.forms import LimitHeartbeat
from api.connections.hearing import finish, said
from api.connections.keeping import Line, writing_line
from api.connections.state import State
from api.service import Service
from models.domain.findings import Finding
from models.domain.guarded_limit import (
    GuardedLimit,
    GuardState,
    WrittenLimit,
    advanced,
    as_signal,
    heard,
    limited,
    next_change,
)
from models.domain.utility_signal import UtilitySignal

LOOK = timedelta(hours=1)
"""At the latest it is looked at again."""
Change = Callable[[GuardedLimit], GuardedLimit]


def look(service: Service, tenant: str, id: str, told: LimitHeartbeat) -> None:
    """What time alone has changed."""
    now = service.clock()
    with writing_line(service.store, now, tenant, id, id) as line:
        _changed(line, told, lambda guard: advanced(guard, now), now)


def beat(line: Line, told: LimitHeartbeat, now: datetime) -> State:
    """A heartbeat came."""
    return _changed(line, told, lambda guard: heard(guard, now), now)


def write(line: Line, told: LimitHeartbeat, written: WrittenLimit, now: datetime) -> tuple[State, tuple[Finding, ...]]:
    """A limit is written; with findings it is refused, what held before goes on, and that too is in the journal."""
    refused: list[Finding] = []

    def change(guard: GuardedLimit) -> GuardedLimit:
        guard, finding = limited(guard, written, now)
        refused.extend([finding] if finding else [])
        return guard

    state = _changed(line, told, change, now)
    message = {"limit_kw": written.limit_kw, "active": written.active, "duration_s": written.duration_s}
    line.audit("limit", message=message, answer="refused" if refused else "taken")
    return state, tuple(refused)


def _changed(line: Line, told: LimitHeartbeat, change: Change, now: datetime) -> State:
    before = line.state(now)
    assert before.guard is not None, "a guarded limit has its own state"
    guard = change(before.guard)
    after = replace(before, guard=guard)
    if _holds_else(before, guard):
        line.audit("state", state=guard.state, limit_kw=guard.limit_kw)
        after = said(after, [_newer(as_signal(guard, line.id), before.signals)], now)
    if guard.heartbeat_at != before.guard.heartbeat_at:
        after = replace(after, contact=after.contact.heard(now))
    silent = _silent(line.id, guard)
    if silent is not None:
        after = replace(after, contact=after.contact.failed(now, silent.message))
    change_at = next_change(guard)
    due_at = min(now + LOOK, change_at[0]) if change_at else now + LOOK
    return finish(line, told, before, replace(about(after, "contact", silent, now), due_at=due_at), now)


def _holds_else(before: State, guard: GuardedLimit) -> bool:
    """Whether another limit holds now, or for another time; a heartbeat alone changes nothing of it."""
    known = before.guard
    if not before.signals or known is None:
        return True
    return (known.state, known.limit_kw, known.expires_at) != (guard.state, guard.limit_kw, guard.expires_at)


def _newer(signal: UtilitySignal, before: Sequence[UtilitySignal]) -> UtilitySignal:
    """Two changes in one instant come one after the other."""
    last = max((one.version for one in before), default=0)
    return replace(signal, version=max(signal.version, last + 1))


def _silent(id: str, guard: GuardedLimit) -> Finding | None:
    if guard.state is not GuardState.FAILSAFE:
        return None
    message = f"{id} has no heartbeat since {guard.heartbeat_at:%Y-%m-%d %H:%M:%SZ}: {guard.failsafe_kw:g} kW hold"
    return Finding(path="heartbeat", message=message, remedy="look at the box and its line", ids=(id,))
