"""A limit that needs a heartbeat, and what holds without one: states and numbers of EEBUS LPC and LPP.

Pure: a state, a message and the time give the next state. Numbers in brackets are those of the use case specification,
as read from an open implementation (protocols.md E3). Other sources use the same machine and are not let off by time
(``let_off`` False): then only a heartbeat and a new limit end the fail-safe.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import isfinite

from models.domain.findings import Finding
from models.domain.utility_signal import FOREVER, Flow, SignalInterval, SignalKind, SignalMode, UtilitySignal
from models.domain.value import value

HEARTBEAT = timedelta(seconds=120)
"""Longest time between two of them (911), until a first limit (906), and from their return to a limit (921)."""
SHORTEST_FAILSAFE = timedelta(hours=2)
LONGEST_FAILSAFE = timedelta(hours=24)


class GuardState(StrEnum):
    INIT = "init"
    """Just started, already limited by the fail-safe limit (901)."""
    LIMITED = "limited"
    UNLIMITED_CONTROLLED = "unlimited_controlled"
    """Heard from, and free."""
    UNLIMITED_AUTONOMOUS = "unlimited_autonomous"
    """Not heard from for so long that it is free."""
    FAILSAFE = "failsafe"


@value
class WrittenLimit:
    """What the other side writes."""

    limit_kw: float
    active: bool = True
    duration_s: float | None = None
    """None: until it is written anew."""


@value
class GuardedLimit:
    """A limit, its guard, and where they stand at ``at``."""

    at: datetime
    failsafe_kw: float
    """Holds without a heartbeat; set before anything starts."""
    failsafe_s: float = SHORTEST_FAILSAFE.total_seconds()
    """How long it is held at least. [s]"""
    let_off: bool = True
    """Whether time alone ends the fail-safe, as in EEBUS."""
    flow: Flow = Flow.IMPORT
    """Import is LPC, export is LPP."""
    state: GuardState = GuardState.INIT
    since: datetime | None = None
    """When the state was entered; None: at the start, ``at``."""
    heartbeat_at: datetime | None = None
    """The last one, or None before the first."""
    returned_at: datetime | None = None
    """The first heartbeat since the fail-safe began."""
    written: WrittenLimit | None = None
    """The last one that was taken."""
    expires_at: datetime | None = None

    @property
    def limit_kw(self) -> float | None:
        """What holds now; None where nothing does. [kW]"""
        if self.state is GuardState.LIMITED and self.written is not None:
            return self.written.limit_kw
        return self.failsafe_kw if self.state in (GuardState.INIT, GuardState.FAILSAFE) else None


def advanced(guard: GuardedLimit, now: datetime) -> GuardedLimit:
    """The same at a later time, every change made at its own instant; an earlier time changes nothing."""
    while (step := next_change(guard)) is not None and step[0] <= now:
        guard = _entered(guard, step[1], step[0])
    return replace(guard, at=max(now, guard.at), since=guard.since or guard.at)


def heard(guard: GuardedLimit, now: datetime) -> GuardedLimit:
    """A heartbeat."""
    guard = advanced(guard, now)
    returned = guard.returned_at or (now if guard.state is GuardState.FAILSAFE else None)
    return replace(guard, heartbeat_at=now, returned_at=returned)


def limited(guard: GuardedLimit, written: WrittenLimit, now: datetime) -> tuple[GuardedLimit, Finding | None]:
    """A limit is written: taken where a heartbeat is alive, else refused; what held before goes on."""
    guard = advanced(guard, now)
    refusal = _refusal(guard, written, now)
    if refusal is not None:
        return guard, refusal
    expires_at = None if written.duration_s is None else now + timedelta(seconds=written.duration_s)
    guard = replace(guard, written=written, expires_at=expires_at)
    state = GuardState.LIMITED if written.active else GuardState.UNLIMITED_CONTROLLED
    return _entered(guard, state, now), None


def configured(
    guard: GuardedLimit, now: datetime, *, failsafe_kw: float | None = None, failsafe_s: float | None = None
) -> tuple[GuardedLimit, Finding | None]:
    """The fail-safe is set anew; what is out of its range is ignored and told (022)."""
    guard = advanced(guard, now)
    if failsafe_kw is not None and not (isfinite(failsafe_kw) and failsafe_kw >= 0.0):
        return guard, _finding("failsafe_kw", f"{failsafe_kw:g} is no limit", "write a number of at least 0")
    shortest, longest = SHORTEST_FAILSAFE.total_seconds(), LONGEST_FAILSAFE.total_seconds()
    if failsafe_s is not None and not shortest <= failsafe_s <= longest:
        message = f"{failsafe_s:g} s is not from {shortest:g} to {longest:g} s"
        return guard, _finding("failsafe_s", message, "write 2 to 24 hours; the one before stays")
    kw = guard.failsafe_kw if failsafe_kw is None else failsafe_kw
    return replace(guard, failsafe_kw=kw, failsafe_s=guard.failsafe_s if failsafe_s is None else failsafe_s), None


def next_change(guard: GuardedLimit) -> tuple[datetime, GuardState] | None:
    """When the state changes by itself if nothing is heard, and to what: to be looked at again then."""
    return min(_changes(guard, guard.since or guard.at), key=lambda change: change[0], default=None)


def _changes(guard: GuardedLimit, since: datetime) -> Iterator[tuple[datetime, GuardState]]:
    match guard.state:
        case GuardState.INIT if guard.let_off:
            yield since + HEARTBEAT, GuardState.UNLIMITED_AUTONOMOUS
        case GuardState.LIMITED | GuardState.UNLIMITED_CONTROLLED:
            # Of two changes at one instant the first one yielded is made: losing the heartbeat is the safer.
            yield (guard.heartbeat_at or since) + HEARTBEAT, GuardState.FAILSAFE
            if guard.state is GuardState.LIMITED and guard.expires_at is not None:
                yield guard.expires_at, GuardState.UNLIMITED_CONTROLLED
        case GuardState.FAILSAFE if guard.let_off:
            yield since + timedelta(seconds=guard.failsafe_s), GuardState.UNLIMITED_AUTONOMOUS
            if guard.returned_at is not None:
                yield guard.returned_at + HEARTBEAT, GuardState.UNLIMITED_AUTONOMOUS


def as_signal(guard: GuardedLimit, source: str) -> UtilitySignal:
    """What holds, for the timeline: until it expires, else until something is heard."""
    limit_kw, until = guard.limit_kw, guard.expires_at if guard.state is GuardState.LIMITED else None
    held = () if limit_kw is None else (SignalInterval(start=guard.at, end=until or FOREVER, value=limit_kw),)
    return UtilitySignal(
        id=f"guarded {guard.flow} limit",
        source=source,
        kind=SignalKind.LIMIT,
        mode=SignalMode.SET,
        flow=guard.flow,
        version=int(guard.at.timestamp() * 1e6),
        issued_at=guard.at,
        intervals=held,
    )


def _entered(guard: GuardedLimit, state: GuardState, now: datetime) -> GuardedLimit:
    gone = state is not GuardState.LIMITED
    return replace(
        guard,
        at=now,
        state=state,
        since=now,
        returned_at=None,
        expires_at=None if gone else guard.expires_at,
        written=None if state is GuardState.FAILSAFE else guard.written,
    )


def _refusal(guard: GuardedLimit, written: WrittenLimit, now: datetime) -> Finding | None:
    if not (isfinite(written.limit_kw) and written.limit_kw >= 0.0):
        return _finding("limit_kw", f"{written.limit_kw:g} is no limit", "write a number of at least 0")
    if written.duration_s is not None and not (isfinite(written.duration_s) and 0.0 < written.duration_s <= 1e9):
        return _finding(
            "duration_s", f"{written.duration_s:g} s is no duration", "write more than 0 s, or leave it out"
        )
    if guard.heartbeat_at is None or now - guard.heartbeat_at >= HEARTBEAT:
        message = f"no heartbeat within {HEARTBEAT.total_seconds():g} s"
        return _finding("heartbeat", message, "send a heartbeat first, and one a minute from then on")
    return None


def _finding(field: str, message: str, remedy: str) -> Finding:
    return Finding(path=field, message=f"guarded limit: {message}", remedy=remedy)
