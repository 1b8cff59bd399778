"""Measurements of a site out of its journal, in columns by meter: the one place where they are read."""

import json
from array import array
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from math import nan
from typing import Any

import numpy as np

from api.sites.keeping import Desk
from api.store.records import Kind
from models.domain.site import Site
from models.settlement.readings import Readings

PAGE = 500
Of = tuple[str, str]
"""What was measured: ``node``, ``evse`` or ``session``, and its id."""


def readings(
    desk: Desk,
    start: datetime,
    end: datetime,
    *,
    evse_of: Mapping[str, str] | None = None,
    wanted: Collection[Of] | None = None,
) -> dict[Of, Readings]:
    """What every meter showed from ``start`` to ``end``, both included, in order of time.

    ``evse_of``: EVSEs of sessions, whose measurements are then those of their EVSE. Out of plain JSON: there may be
    weeks of them, and they were judged when they were told.
    """
    columns: dict[Of, tuple[array[float], ...]] = defaultdict(lambda: (array("d"), array("d"), array("d")))
    first_s, last_s = start.timestamp(), end.timestamp()
    for one in _measurements(desk, start):
        of = _measured(one, evse_of or {})
        if wanted is not None and of not in wanted:
            continue
        at_s = datetime.fromisoformat(one["at"]).timestamp()
        if first_s <= at_s <= last_s:
            told = (at_s, one.get("power_kw"), one.get("register_kwh"))
            for column, number in zip(columns[of], told, strict=True):
                column.append(nan if number is None else number)
    return {of: _ordered(*three) for of, three in columns.items()}


def root_of(site: Site) -> Of:
    """The meter of its connection."""
    return "node", next(node.id for node in site.nodes if node.parent is None)


def _measurements(desk: Desk, start: datetime) -> Iterator[Any]:
    """Batches that were told since, the newest first: nobody tells of what is to come."""
    before: int | None = None
    while True:
        page = desk.unit.latest(desk.tenant, desk.site, Kind.MEASUREMENT, before=before, limit=PAGE)
        for entry in page:
            if entry.recorded_at < start:
                return
            yield from json.loads(entry.body)["measurements"]
        if len(page) < PAGE:
            return
        before = page[-1].sequence


def _measured(one: Mapping[str, Any], evse_of: Mapping[str, str]) -> Of:
    for kind in ("node", "evse"):
        if one.get(kind) is not None:
            return kind, str(one[kind])
    session = str(one.get("session"))
    return ("evse", evse_of[session]) if session in evse_of else ("session", session)


def _ordered(at_s: "array[float]", power_kw: "array[float]", register_kwh: "array[float]") -> Readings:
    order = np.argsort(at_s, kind="stable")
    at, power, register = (np.array(column)[order] for column in (at_s, power_kw, register_kwh))
    return Readings(at_s=at, power_kw=power, register_kwh=register)
