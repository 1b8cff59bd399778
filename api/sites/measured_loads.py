"""What was measured at a site, as means of regular intervals: its connection, and EVSEs with and without a car."""

import json
from array import array
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import isfinite, nan
from typing import Any

import numpy as np

from api.settling.tables import csv_bytes
from api.sites.keeping import Desk
from api.sites.stays import Stay
from api.store.records import Kind
from models.domain.electrical import NOMINAL_VOLTAGE_V, evse_max_power_kw
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.signal import Event
from models.domain.site import Site
from models.domain.units import seconds_from_hours
from models.settlement.files import SESSION_COLUMNS, SITE, quality_column
from models.settlement.load import LoadSeries
from models.settlement.readings import Grid, Readings, series_of

PAGE = 500
UNTOLD = timedelta(hours=12)
"""Who is still there and said nothing of leaving is taken to stay so long."""
AROUND_S = seconds_from_hours(1.0)
"""Readings so long before and after the grid may tell of its first and last interval. [s]"""

_NONE = Readings(at_s=np.zeros(0), power_kw=np.zeros(0), register_kwh=np.zeros(0))
"""Of an EVSE of which no measurement was told."""
NOTICEABLE_KW = 0.1
"""A station that stands by draws less. [kW]"""
_Of = tuple[str, str]
"""What was measured: ``node`` or ``evse``, and its id."""


def measured_loads(desk: Desk, grid: Grid, event: Event, *, whole: bool) -> tuple[dict[str, LoadSeries], list[Stay]]:
    """What an event is measured by: its EVSEs, or its grid node, where that is not metered all EVSEs; and sessions.

    ``whole``: EVSEs beside the grid node, as for replaying sessions beside other load. Raises InvalidScenario where
    nothing was measured.
    """
    site: Site = desk.get(Kind.SITE).value
    stays = [kept.value for kind in (Kind.SESSION, Kind.PAST_SESSION) for kept in desk.every(kind)]
    evse_of = {stay.told.session: stay.told.evse for stay in stays}
    node = ("node", event.node or next(one.id for one in site.nodes if one.parent is None))
    evses = event.evses or (tuple(evse.id for evse in site.evses) if whole else ())
    wanted = {("evse", name) for name in evses} | (set() if event.evses else {node})
    readings = _readings(desk, evse_of, grid, wanted)
    if not readings and not event.evses:
        evses = tuple(evse.id for evse in site.evses)
        readings = _readings(desk, evse_of, grid, {("evse", name) for name in evses})
    if not readings:
        message = "nothing was measured at the connection or at an EVSE in the weeks before the event"
        remedy = "tell measurements of the connection's node or of EVSEs, and keep them long enough"
        raise InvalidScenario([Finding(path="measurements", message=message, remedy=remedy)])
    since_s = min(float(one.at_s.min()) for one in readings.values())
    loads = {SITE: series_of(SITE, readings[node], grid)} if node in readings else {}
    for name in evses:
        its = [stay for stay in stays if stay.told.evse == name]
        loads[name] = _of_evse(name, readings.get(("evse", name)), its, grid, since_s)
    return loads, stays


def _of_evse(name: str, readings: Readings | None, stays: Sequence[Stay], grid: Grid, since_s: float) -> LoadSeries:
    """An EVSE that nobody used draws nothing since the first reading of the site; one that was used needs readings."""
    if readings is not None:
        return series_of(name, readings, grid, _idle(stays, readings, grid))
    return series_of(name, _NONE, grid, [] if stays else [(since_s, float(grid.edges_s[-1]))])


def meter_csv(loads: Mapping[str, LoadSeries]) -> bytes:
    """Every interval in which something was metered, with the quality of each meter."""
    series = list(loads.values())
    rows = []
    for k, at_s in enumerate(series[0].starts_s.tolist()):
        numbers = [f"{load.power_kw[k]:.6f}" if isfinite(load.power_kw[k]) else "" for load in series]
        if any(numbers):
            at = datetime.fromtimestamp(at_s, UTC).isoformat()
            rows.append([at, *numbers, *(load.quality[k].value for load in series)])
    return csv_bytes(["start", *loads, *map(quality_column, loads)], rows)


def sessions_csv(stays: Sequence[Stay], desk: Desk) -> bytes | None:
    """Sessions with the most that their EVSE gives; None where none is known.

    Who is still there is taken to leave as told, and to get what was asked for.
    """
    site: Site = desk.get(Kind.SITE).value
    evses = {evse.id: evse for evse in site.evses}
    volts = site.voltage_v or NOMINAL_VOLTAGE_V
    rows = [
        [
            stay.told.session,
            stay.told.evse,
            stay.told.plugged_in_at.isoformat(),
            _leaves(stay).isoformat(),
            stay.delivered_kwh if stay.unplugged_at else max(stay.delivered_kwh, stay.told.energy_target_kwh or 0.0),
            evse_max_power_kw(evses[stay.told.evse], stay.told.vehicle, volts),
        ]
        for stay in sorted(stays, key=lambda one: (one.told.plugged_in_at, one.told.session))
        if stay.told.evse in evses
    ]
    return csv_bytes([*SESSION_COLUMNS, "power_kw"], rows) if rows else None


def _leaves(stay: Stay) -> datetime:
    told = stay.unplugged_at or stay.told.departure or stay.told.plugged_in_at + UNTOLD
    return max(told, stay.told.plugged_in_at)


def _idle(stays: Sequence[Stay], readings: Readings, grid: Grid) -> list[tuple[float, float]]:
    """While no vehicle was told to be there nothing was drawn, unless the meter says otherwise; from its first reading
    on, and only where vehicles are told at all."""
    last_s = float(grid.edges_s[-1])
    spans, since_s = [], max(float(readings.at_s.min()), grid.start_s)
    for stay in sorted(stays, key=lambda one: one.told.plugged_in_at):
        spans.append((since_s, stay.told.plugged_in_at.timestamp()))
        left_s = last_s if stay.unplugged_at is None else stay.unplugged_at.timestamp()
        since_s = max(since_s, left_s)
    between = [*spans, (since_s, last_s)] if stays else []
    return [(begin_s, end_s) for begin_s, end_s in between if end_s > begin_s and not _drew(readings, begin_s, end_s)]


def _drew(readings: Readings, begin_s: float, end_s: float) -> bool:
    inside = (readings.at_s > begin_s) & (readings.at_s < end_s)
    return bool((np.nan_to_num(readings.power_kw[inside], nan=0.0) > NOTICEABLE_KW).any())


def _readings(desk: Desk, evse_of: Mapping[str, str], grid: Grid, wanted: Collection[_Of]) -> dict[_Of, Readings]:
    """In columns and out of plain JSON: there are weeks of them, and they were judged when they were told."""
    columns: dict[_Of, tuple[array[float], ...]] = defaultdict(lambda: (array("d"), array("d"), array("d")))
    first_s, last_s = grid.start_s - AROUND_S, float(grid.edges_s[-1]) + AROUND_S
    for one in _measurements(desk):
        if (of := _measured(one, evse_of)) not in wanted:
            continue
        at_s = datetime.fromisoformat(one["at"]).timestamp()
        if first_s <= at_s <= last_s:
            told = (at_s, one.get("power_kw"), one.get("register_kwh"))
            for column, number in zip(columns[of], told, strict=True):
                column.append(nan if number is None else number)
    return {of: _as_arrays(*three) for of, three in columns.items()}


def _as_arrays(at_s: "array[float]", power_kw: "array[float]", register_kwh: "array[float]") -> Readings:
    return Readings(at_s=np.array(at_s), power_kw=np.array(power_kw), register_kwh=np.array(register_kwh))


def _measurements(desk: Desk) -> Iterator[Any]:
    after = 0
    while entries := desk.unit.entries(desk.tenant, desk.site, [Kind.MEASUREMENT], after=after, limit=PAGE):
        for entry in entries:
            yield from json.loads(entry.body)["measurements"]
        after = entries[-1].sequence


def _measured(one: Mapping[str, Any], evse_of: Mapping[str, str]) -> _Of:
    if one.get("node") is not None:
        return "node", str(one["node"])
    return "evse", str(one.get("evse") or evse_of.get(str(one.get("session"))))
