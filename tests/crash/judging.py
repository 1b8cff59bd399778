"""What must hold after every kill; reads the store and what was written down outside, and nothing of the service."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from api.store.port import Store
from api.store.records import Kind, Place
from tests.crash.life import SITE, TENANT


def broken(store: Store, folder: Path) -> Iterator[str]:
    """Everything that does not hold, in words."""
    told = _lines(folder / "acknowledged")
    with store.view() as unit:
        entries = list(unit.entries(TENANT, SITE, list(Kind), limit=100_000))
        stays = {}
        for kind in (Kind.SESSION, Kind.PAST_SESSION):
            for document in unit.page(TENANT, kind, SITE, limit=100_000):
                stays[document.place.id] = json.loads(document.body)
        state = unit.find(Place(tenant=TENANT, kind=Kind.STATE, site=SITE, id=SITE))
    yield from _lost(told, stays, entries)
    yield from _twice(entries, _lines(folder / "sent"))
    if [entry.sequence for entry in entries] != list(range(1, len(entries) + 1)):
        yield "the journal has a gap, or a number twice"
    if any(entry.kind is Kind.PLAN for entry in entries) and state is None:
        yield "a plan was kept without its state"


def _lost(told: list[Any], stays: dict[str, Any], entries: list[Any]) -> Iterator[str]:
    """Acknowledged, and not there."""
    for line in told:
        if "session" in line:
            kept = stays.get(line["session"], {}).get("told", {}).get("energy_target_kwh", 0.0)
            if kept < line["kwh"]:
                yield f"session {line['session']}: {line['kwh']} kWh were acknowledged, {kept} are kept"
        if "plan" in line and not any(e.kind is Kind.PLAN and e.id == line["plan"] for e in entries):
            yield f"plan {line['plan']} was acknowledged and is lost"
        if "measured" in line and not any(
            e.kind is Kind.MEASUREMENT and str(line["measured"]) in e.body for e in entries
        ):
            yield f"measurement {line['measured']} was acknowledged and is lost"
        for command in line.get("accepted", ()):
            if not any(e.kind is Kind.ACKNOWLEDGEMENT and e.id == command for e in entries):
                yield f"what became of command {command} was acknowledged and is lost"


def _twice(entries: list[Any], sent: list[Any]) -> Iterator[str]:
    """With effect: a message that comes twice has the same id and says the same."""
    commands = [entry.id for entry in entries if entry.kind is Kind.COMMAND]
    if len(commands) != len(set(commands)):
        yield "a command was handed out twice"
    said: dict[str, Any] = {}
    for message in sent:
        if said.setdefault(message["id"], message["body"]) != message["body"]:
            yield f"message {message['id']} came twice and said something else"
    journal = {entry.sequence for entry in entries if entry.kind in (Kind.EVENT, Kind.COMMAND)}
    for name in said:
        if int(name.rpartition("_")[2]) not in journal:
            yield f"message {name} was sent of something that was never kept"


def _lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
