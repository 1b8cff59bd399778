"""How a session draws, by its readings: waiting, probing, drawing, tapering, full, woken."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from optimizer.rolling.state import EvseRecord, NamePlate, Reading, SessionRecord, Stage

DRAWS_KW = 0.15
"""Less is stand-by of a car. [kW]"""
PROBING = timedelta(minutes=2)
FULL_AFTER = timedelta(minutes=5)
TAPERS_BELOW = 0.9
"""Share of the largest power it drew."""
TAPERING_READINGS = 3
TOUCHES = 0.95
"""Share of its limit from which on a draw is held by it."""


def staged(record: EvseRecord) -> EvseRecord:
    """The record with the stage that its newest reading makes of its session."""
    session = record.session
    if session is None or not record.readings:
        return record
    newest = record.readings[-1]
    stage = _drawing(session, record) if newest.drawn_kw >= DRAWS_KW else _idle(session, record)
    return replace(record, session=_with_stage(session, stage, newest))


def _with_stage(session: SessionRecord, stage: Stage, newest: Reading) -> SessionRecord:
    drew = session.first_drew_at or (newest.at if newest.drawn_kw >= DRAWS_KW else None)
    since = session.stage_since if stage is session.stage else newest.at
    most_kw = max(session.most_kw, newest.drawn_kw)
    staged = replace(session, stage=stage, stage_since=since, first_drew_at=drew, most_kw=most_kw)
    return _offered(staged, newest)


def _offered(session: SessionRecord, newest: Reading) -> SessionRecord:
    """Whether it is offered power, since when, and how often that began; an unknown limit offers some."""
    on = newest.binding_kw is None or newest.binding_kw > 0.0
    if on is session.offered:
        return session
    return replace(session, offered=on, offered_since=newest.at, starts=session.starts + on)


def _drawing(session: SessionRecord, record: EvseRecord) -> Stage:
    now = record.readings[-1].at
    if session.stage is Stage.WAITING:
        return Stage.PROBING
    if session.stage is Stage.PROBING:
        return Stage.DRAWING if _passed(session, now, PROBING) else Stage.PROBING
    if session.stage is Stage.FULL or _paused_before(record.readings[:-1]):
        return Stage.WOKEN
    if session.stage is Stage.WOKEN and not _passed(session, now, PROBING):
        return Stage.WOKEN
    return Stage.TAPERING if _tapers(session, record.readings) else Stage.DRAWING


def _idle(session: SessionRecord, record: EvseRecord) -> Stage:
    """Full is who was offered enough for minutes, has drawn before, and draws nothing."""
    if session.first_drew_at is None:
        return Stage.WAITING
    return Stage.FULL if _refuses_power(record.readings, record.plate) else session.stage


def _refuses_power(readings: tuple[Reading, ...], plate: NamePlate) -> bool:
    idle = list(last_while(readings, lambda one: one.drawn_kw < DRAWS_KW and offers(one, plate)))
    return bool(idle) and readings[-1].at - idle[-1].at >= FULL_AFTER


def _paused_before(readings: tuple[Reading, ...]) -> bool:
    return bool(readings) and readings[-1].drawn_kw < DRAWS_KW


def _tapers(session: SessionRecord, readings: tuple[Reading, ...]) -> bool:
    last = readings[-TAPERING_READINGS:]
    return len(last) == TAPERING_READINGS and all(
        one.drawn_kw < TAPERS_BELOW * session.most_kw and not held(one) for one in last
    )


def held(reading: Reading) -> bool:
    """Whether its limit keeps it from more."""
    return reading.binding_kw is not None and reading.drawn_kw >= TOUCHES * reading.binding_kw


def offers(reading: Reading, plate: NamePlate) -> bool:
    """Whether a car could draw; an unknown limit may offer nothing. One phase of three has a third of the least."""
    limit_kw = reading.binding_kw
    return limit_kw is not None and limit_kw > 0.0 and limit_kw >= TOUCHES * plate.least_kw / plate.phases


def _passed(session: SessionRecord, now: datetime, length: timedelta) -> bool:
    return session.stage_since is not None and now - session.stage_since >= length


def last_while(readings: tuple[Reading, ...], holds: Callable[[Reading], bool]) -> Iterator[Reading]:
    """Newest first, as long as it holds."""
    for reading in reversed(readings):
        if not holds(reading):
            return
        yield reading
