"""A recorded log of a site played again: what was known when, what was wrong with whom, what would have been sent.

A log is lines of JSON: ``{"at": "2026-03-02T12:00:00Z", "station": "east", "frame": [2, "id", "Heartbeat", {}]}`` for a
frame of a station, a CSMS's answer to it among them, and ``"line": "lost"`` or ``"regained"`` for its connection.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from api.operating.hearing import Heard
from api.operating.live import Command, LiveSite, Result
from api.operating.operations import Operations
from api.operating.planning import Planned
from models.domain.answers import Outcome
from optimizer.rolling.due import EVERY
from optimizer.rolling.state import EvseRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a log."""

    at: datetime
    station: str
    frame: Any = None
    connected: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One thing that the replay tells."""

    at: datetime
    where: str
    what: str


@dataclass(slots=True)
class Replay:
    """Plays a log against the use cases; ``accepts``: every command is taken for accepted at once.

    A log has no answers to commands that were never sent. Without ``accepts`` each of them times out after a minute.
    """

    operations: Operations
    site: str
    every: timedelta = EVERY
    accepts: bool = True
    adopts: bool = False
    """Whether profiles of others are cleared as soon as they are known; else they are listed."""

    def played(self, entries: Iterable[Entry]) -> Iterator[Happening]:
        """What happens, entry by entry; what is planned without a reason comes between them."""
        for entry in entries:
            yield from self._until(entry.at)
            before = self._live()
            heard = self._heard(entry)
            for defect in heard.defects:
                yield Happening(at=entry.at, where=entry.station, what=f"defect: {defect}")
            yield from changes(before, self._live(), entry.at)
            yield from self._taken_over(before, entry.at)
            if heard.due:
                yield from self._planned(entry.at, heard.due)
            yield from self._sent(entry.at)

    def _until(self, now: datetime) -> Iterator[Happening]:
        """Plans that fall due before the next entry; the first one is there before the first car."""
        planned_at = self._live().planned_at
        if planned_at is None:
            yield from self._planned(now, ("the first entry",))
            yield from self._sent(now)
        while planned_at is not None and planned_at + self.every < now:
            planned_at += self.every
            yield from self._planned(planned_at, ())
            yield from self._sent(planned_at)

    def _heard(self, entry: Entry) -> Heard:
        if entry.connected is None:
            return self.operations.hear(self.site, entry.station, entry.frame, entry.at)
        told = self.operations.connected if entry.connected else self.operations.disconnected
        return told(self.site, entry.station, entry.at)

    def _taken_over(self, before: LiveSite, now: datetime) -> Iterator[Happening]:
        """Profiles of others that came to light."""
        for name, station in self._live().state.stations.items():
            for one in station.foreign:
                if one not in before.state.stations[name].foreign:
                    what = f"a profile of somebody else: {one.purpose} {one.profile_id} at level {one.stack_level}"
                    yield Happening(at=now, where=name, what=what)
        if self.adopts:
            for one in self.operations.adopt(self.site, now):
                yield Happening(at=now, where=one.station, what=f"profile {one.profile_id} is to be cleared")

    def _planned(self, now: datetime, reasons: tuple[str, ...]) -> Iterator[Happening]:
        before = self._live()
        planned = self.operations.plan_site(self.site, now)
        yield Happening(at=now, where=self.site, what=_summary(planned, reasons))
        for left_out in planned.not_sent:
            yield Happening(at=now, where=left_out.evse_id, what=f"not sent: {left_out.reason}")
        yield from changes(before, self._live(), now)

    def _sent(self, now: datetime) -> Iterator[Happening]:
        """Wave by wave: what waits for an acceptance is there once it came."""
        while commands := self.operations.commands(self.site, now):
            before = self._live()
            for command in commands:
                yield Happening(at=now, where=command.station, what=told_of(command))
                if self.accepts:
                    self.operations.acknowledge(self.site, command.id, Result(outcome=Outcome.ACCEPTED), now)
            yield from changes(before, self._live(), now)

    def _live(self) -> LiveSite:
        return self.operations.store.load(self.site)


def read_log(text: str) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """Entries in order of arrival, and what is wrong with lines that are none."""
    entries, defects = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            entry = _entry(line)
            if isinstance(entry, str):
                defects.append(f"line {number}: {entry}")
            else:
                entries.append(entry)
    return tuple(sorted(entries, key=lambda entry: entry.at)), tuple(defects)


def _entry(line: str) -> Entry | str:
    try:
        told = json.loads(line)
        at = datetime.fromisoformat(told["at"])
        station = str(told["station"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        return f"no entry of a log: {type(error).__name__} {str(error)[:60]}"
    entry = Entry(at=at if at.tzinfo else at.replace(tzinfo=UTC), station=station)
    if told.get("line") in ("lost", "regained"):
        return replace(entry, connected=told["line"] == "regained")
    return replace(entry, frame=told.get("frame"))


def changes(before: LiveSite, after: LiveSite, at: datetime) -> Iterator[Happening]:
    """Sessions, stages and verdicts that are other than before."""
    for name, record in after.state.evses.items():
        yield from _of_evse(before.state.evses[name], record, at)


def _of_evse(before: EvseRecord, after: EvseRecord, at: datetime) -> Iterator[Happening]:
    was, session = before.session, after.session
    if was is not None and (session is None or session.id != was.id):
        yield Happening(at=at, where=after.id, what=f"session ended with {was.delivered_kwh:.2f} kWh")
    if session is not None and (was is None or (was.id, was.stage) != (session.id, session.stage)):
        phases = "" if session.phases is None else f" on {session.phases} phases"
        yield Happening(at=at, where=after.id, what=f"{session.stage}{phases}, {session.delivered_kwh:.2f} kWh so far")
    known = {verdict.flaw for verdict in before.verdicts}
    for verdict in after.verdicts:
        if verdict.flaw not in known:
            counts = ", counted at its rating" if verdict.uncontrolled else ""
            yield Happening(at=at, where=after.id, what=f"{verdict.flaw}{counts}: {verdict.evidence[-1].what}")
    for flaw in sorted(known - {verdict.flaw for verdict in after.verdicts}):
        yield Happening(at=at, where=after.id, what=f"no longer: {flaw}")


def told_of(command: Command) -> str:
    """What a command does, in kW where it sets a limit."""
    limits = []
    for told in command.tells:
        steps = told.power_kw if isinstance(told.power_kw, tuple) else ()
        shown = " ".join(f"{_clock(step.start, command)} {step.value:.2f}" for step in steps)
        limits.append(f"{told.evse} {told.role} {shown or told.power_kw} kW")
    return " ".join([command.id, command.action, *limits])


def _clock(when: datetime, command: Command) -> str:
    """With the day where it is another one."""
    return f"{when:%H:%M}" if when.date() == command.created_at.date() else f"{when:%m-%d %H:%M}"


def _summary(planned: Planned, reasons: tuple[str, ...]) -> str:
    why = f" ({'; '.join(reasons)})" if reasons else ""
    if planned.error is not None:
        return f"no plan{why}: {planned.error.splitlines()[0]}"
    assert planned.answer is not None, "there is an answer or an error"
    schedule = planned.answer.schedule
    return f"planned {len(schedule.sessions)} sessions, {schedule.method}{why}"
