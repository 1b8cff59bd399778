"""What was measured at a site, as means of regular intervals: its connection, and EVSEs with and without a car."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import isfinite

import numpy as np

from api.settling.tables import csv_bytes
from api.sites.keeping import Desk
from api.sites.readings import readings, root_of
from api.sites.stays import Stay
from api.store.records import Kind
from models.domain.electrical import NOMINAL_VOLTAGE_V, evse_max_power_kw
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.signal import Event
from models.domain.site import Site
from models.domain.times import instant
from models.settlement.files import SESSION_COLUMNS, SITE, quality_column
from models.settlement.load import LoadSeries
from models.settlement.readings import Grid, Readings, series_of

UNTOLD = timedelta(hours=12)
"""Who is still there and said nothing of leaving is taken to stay so long."""
AROUND = timedelta(hours=1)
"""Readings so long before and after the grid may tell of its first and last interval."""

_NONE = Readings(at_s=np.zeros(0), power_kw=np.zeros(0), register_kwh=np.zeros(0))
"""Of an EVSE of which no measurement was told."""
NOTICEABLE_KW = 0.1
"""A station that stands by draws less. [kW]"""


def measured_loads(desk: Desk, grid: Grid, event: Event, *, whole: bool) -> tuple[dict[str, LoadSeries], list[Stay]]:
    """What an event is measured by: its EVSEs, or its grid node, where that is not metered all EVSEs; and sessions.

    ``whole``: EVSEs beside the grid node, as for replaying sessions beside other load. Raises InvalidScenario where
    nothing was measured.
    """
    site: Site = desk.get(Kind.SITE).value
    stays = [kept.value for kind in (Kind.SESSION, Kind.PAST_SESSION) for kept in desk.every(kind)]
    evse_of = {stay.told.session: stay.told.evse for stay in stays}
    node = ("node", event.node) if event.node else root_of(site)
    evses = event.evses or (tuple(evse.id for evse in site.evses) if whole else ())
    wanted = {("evse", name) for name in evses} | (set() if event.evses else {node})
    start, end = instant(grid.start_s) - AROUND, instant(float(grid.edges_s[-1])) + AROUND
    told = readings(desk, start, end, evse_of=evse_of, wanted=wanted)
    if not told and not event.evses:
        evses = tuple(evse.id for evse in site.evses)
        told = readings(desk, start, end, evse_of=evse_of, wanted={("evse", name) for name in evses})
    if not told:
        message = "nothing was measured at the connection or at an EVSE in the weeks before the event"
        remedy = "tell measurements of the connection's node or of EVSEs, and keep them long enough"
        raise InvalidScenario([Finding(path="measurements", message=message, remedy=remedy)])
    since_s = min(float(one.at_s.min()) for one in told.values())
    loads = {SITE: series_of(SITE, told[node], grid)} if node in told else {}
    for name in evses:
        its = [stay for stay in stays if stay.told.evse == name]
        loads[name] = _of_evse(name, told.get(("evse", name)), its, grid, since_s)
    return loads, stays


def _of_evse(name: str, shown: Readings | None, stays: Sequence[Stay], grid: Grid, since_s: float) -> LoadSeries:
    """An EVSE that nobody used draws nothing since the first reading of the site; one that was used needs readings."""
    if shown is not None:
        return series_of(name, shown, grid, _idle(stays, shown, grid))
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


def _idle(stays: Sequence[Stay], shown: Readings, grid: Grid) -> list[tuple[float, float]]:
    """While no vehicle was told to be there nothing was drawn, unless the meter says otherwise; from its first reading
    on, and only where vehicles are told at all."""
    last_s = float(grid.edges_s[-1])
    spans, since_s = [], max(float(shown.at_s.min()), grid.start_s)
    for stay in sorted(stays, key=lambda one: one.told.plugged_in_at):
        spans.append((since_s, stay.told.plugged_in_at.timestamp()))
        left_s = last_s if stay.unplugged_at is None else stay.unplugged_at.timestamp()
        since_s = max(since_s, left_s)
    between = [*spans, (since_s, last_s)] if stays else []
    return [(begin_s, end_s) for begin_s, end_s in between if end_s > begin_s and not _drew(shown, begin_s, end_s)]


def _drew(shown: Readings, begin_s: float, end_s: float) -> bool:
    inside = (shown.at_s > begin_s) & (shown.at_s < end_s)
    return bool((np.nan_to_num(shown.power_kw[inside], nan=0.0) > NOTICEABLE_KW).any())
