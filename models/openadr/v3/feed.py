"""What polls and notifications of one programme say over time: new messages for the timeline, and events that are gone.

Pure: a feed and what was heard give the next feed. A poll is the whole truth about its programme: an event that it does
not show any more was deleted, one that it shows again is back, one that it shows otherwise than before was modified,
whatever the date of its modification. Notifications are about one event each, and may come late or twice: what a poll
has buried, a late one does not revive, and one with an older date changes nothing.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from models.domain.findings import Finding
from models.domain.utility_signal import UtilitySignal
from models.domain.value import value
from models.openadr.v3.channel import Channel
from models.openadr.v3.translate import Understood, deleted, understood
from models.openadr.v3.wire import Program

_LIVES = 1000
"""Versions between two modifications: an event that vanishes and is back takes two of them."""
_MOST_GONE = 1000
"""Events that are remembered as gone."""


@value
class Known:
    """An event of the VTN."""

    event_id: str
    first_heard: datetime
    """What now means in it."""
    last_heard: datetime
    version: int = 0
    """Of its last modification that was understood: its date, or one more than the version before, where a poll shows
    it otherwise without a newer date."""
    digest: str | None = None
    """Of what that asks; empty where copies of one date contradict each other, None where nothing was understood."""
    deaths: int = 0
    """How often it was gone."""
    gone: bool = False


@value
class Feed:
    channel: Channel
    known: tuple[Known, ...] = ()


@value
class Heard:
    """The next feed, and what is new."""

    feed: Feed
    signals: tuple[UtilitySignal, ...] = ()
    findings: tuple[Finding, ...] = ()
    answers: tuple[Understood, ...] = ()
    """Event by event, for the audit trail."""


def polled(
    feed: Feed, events: Sequence[Any], asked_at: datetime, now: datetime, program: Program | None = None
) -> Heard:
    """All events of a programme, as a poll showed them that was asked for at ``asked_at``."""
    known = {each.event_id: each for each in feed.known}
    told = [_read(tree, feed.channel, known, now, program, asked_at) for tree in events]
    shown = {each.event_id: each for each, _ in told if each.event_id}
    missing = [each for event_id, each in known.items() if event_id not in shown]
    buried = [_buried(each) for each in missing if not each.gone and each.last_heard < asked_at]
    after = {**known, **shown, **{each.event_id: each for each in buried}}
    over = tuple(_tombstone(each, feed.channel) for each in buried)
    return _heard(feed, after, [answer for _, answer in told], over)


def notified(feed: Feed, operation: str, tree: Any, now: datetime, program: Program | None = None) -> Heard:
    """One event, created, updated or deleted; operations are words of 3.1 or verbs of 3.0.1."""
    known = {each.event_id: each for each in feed.known}
    each, answer = _read(tree, feed.channel, known, now, program)
    before = known.get(each.event_id)
    if operation.upper() != "DELETE":
        if before is not None and before.gone and each.version <= before.version:
            return Heard(feed=feed)
        return _heard(feed, {**known, each.event_id: each} if each.event_id else known, [answer], ())
    if not each.event_id:
        return Heard(feed=feed, findings=answer.findings)
    buried = before if before and before.gone else _buried(each)
    return _heard(feed, {**known, each.event_id: buried}, [], (_tombstone(buried, feed.channel),))


def _read(
    tree: Any,
    channel: Channel,
    known: dict[str, Known],
    now: datetime,
    program: Program | None,
    asked_at: datetime | None = None,
) -> tuple[Known, Understood]:
    """An event that cannot be read is alive all the same: what was known of it must not end."""
    event_id = str(tree.get("id") or "") if isinstance(tree, dict) else ""
    before = known.get(event_id) or Known(event_id=event_id, first_heard=now, last_heard=now)
    answer = understood(tree, channel, before.first_heard, program)
    alive = replace(before, last_heard=now, gone=False)
    if not answer.signals:
        return alive, answer
    told = _told(before, answer, is_truth=asked_at is not None and before.last_heard < asked_at)
    each = replace(alive, version=told.version, digest=told.digest) if told.version >= before.version else alive
    signals = tuple(replace(s, version=told.version * _LIVES + 2 * each.deaths) for s in answer.signals)
    return each, replace(answer, signals=signals)


def _told(before: Known, answer: Understood, *, is_truth: bool) -> Known:
    """The event as it is told now. Its date decides, but for a poll: what the VTN answers now is what holds."""
    dated = answer.signals[0].version
    digest = sha256(repr(answer.signals).encode()).hexdigest()
    if digest == before.digest:
        return before
    if before.digest is None or dated > before.version:
        return replace(before, version=dated, digest=digest)
    if is_truth:
        return replace(before, version=before.version + 1, digest=digest)
    return replace(before, version=dated, digest="")


def _buried(each: Known) -> Known:
    return replace(each, gone=True, deaths=each.deaths + 1)


def _tombstone(each: Known, channel: Channel) -> UtilitySignal:
    return deleted(each.event_id, channel, each.version * _LIVES + 2 * each.deaths - 1)


def _heard(
    feed: Feed, known: dict[str, Known], answers: Sequence[Understood], over: tuple[UtilitySignal, ...]
) -> Heard:
    signals = tuple(signal for answer in answers for signal in answer.signals)
    findings = tuple(finding for answer in answers for finding in answer.findings)
    alive = [each for each in known.values() if not each.gone]
    gone = sorted((each for each in known.values() if each.gone), key=lambda each: each.last_heard)[-_MOST_GONE:]
    return Heard(
        feed=replace(feed, known=(*alive, *gone)),
        signals=(*signals, *over),
        findings=findings,
        answers=tuple(answers),
    )
