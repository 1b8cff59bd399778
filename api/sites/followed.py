"""What stations have accepted for a session, and under which plan: lines of the journal, for whoever bills it later."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.operating.live import Command, CommandKind, LiveSite
from api.sites.explaining import explanation_entry
from api.sites.keeping import Desk
from api.store.packing import unpacked
from api.store.records import Kind
from models.domain.limitations import LimitInForce

PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """From when on a session's station has followed a plan."""

    at: datetime
    plan: str


def note_followed(desk: Desk, before: LiveSite, after: LiveSite, now: datetime) -> None:
    """A line for each session whose limit was accepted between two states of its site."""
    fresh = [one for name, one in after.in_force.items() if one != before.in_force.get(name) and _is_of_session(one)]
    if not fresh:
        return
    plans = desk.unit.latest(desk.tenant, desk.site, Kind.PLAN)
    for session in sorted({str(command.session) for command in fresh}) if plans else ():
        told = {"at": now.isoformat(), "plan": plans[0].id}
        desk.unit.append(desk.tenant, Kind.FOLLOWED, desk.site, session, json.dumps(told))


def in_force(desk: Desk, session: str, until: datetime) -> Iterator[LimitInForce]:
    """The limits by which it was held, as each plan that it followed told them, until the next one came.

    A plan that is forgotten holds nobody: whoever waits longer than plans are kept knows less.
    """
    found = list(_followed(desk, session))
    ends = [*(one.at for one in found), until][1:]
    for one, end in zip(found, ends, strict=True):
        for line in _limitations(desk, one.plan, session):
            start, last = max(one.at, line.start), min(end, line.end)
            if start < last:
                yield LimitInForce(
                    start=start,
                    end=last,
                    limit_kw=line.limit_kw,
                    could_kw=line.could_kw,
                    reason=line.reason,
                    causes=line.causes,
                )


def _is_of_session(command: Command) -> bool:
    return command.session is not None and command.kind is CommandKind.LIMIT


def _followed(desk: Desk, session: str) -> Iterator[Followed]:
    after = 0
    while page := desk.unit.entries(desk.tenant, desk.site, [Kind.FOLLOWED], after=after, limit=PAGE):
        after = page[-1].sequence
        for entry in page:
            if entry.id == session:
                told = json.loads(entry.body)
                yield Followed(at=datetime.fromisoformat(told["at"]), plan=told["plan"])


def _limitations(desk: Desk, plan: str, session: str) -> Iterator[LimitInForce]:
    for line in _lines(desk, plan):
        if line["session_id"] == session:
            yield LimitInForce(
                start=datetime.fromisoformat(line["start"]),
                end=datetime.fromisoformat(line["end"]),
                limit_kw=line["power_kw"],
                could_kw=line["could_kw"],
                reason=line["reason"],
                causes=tuple(line["causes"]),
            )


def _lines(desk: Desk, plan: str) -> list[dict[str, Any]]:
    """As they stand in what explains a plan, else in its document, without reasons; the rest is not read."""
    if (explained := explanation_entry(desk, plan)) is not None:
        text = unpacked(explained.body)
    elif (entry := desk.unit.entry(desk.tenant, desk.site, Kind.PLAN, plan)) is not None:
        text = unpacked(json.loads(entry.body)["document"])
    else:
        return []
    lines: list[dict[str, Any]] = json.loads(text)["limitations"]
    return lines
