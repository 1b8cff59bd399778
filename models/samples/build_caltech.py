"""Builds `caltech-garage`: the busiest weekday of October 2019 in a real garage of 54 EVSEs.

Run ``python -m models.samples.build_caltech FOLDER``; the README of the sample names sources and assumptions.
"""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from models.domain.habits import Habits
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.site import Evse, GridNode, NodeKind, Phase, SessionDefaults, Site, Transformer, Wiring
from models.domain.tariff import DayKind, DemandCharge, Rate, Tariff, TimeOfUse, Window
from models.domain.units import amperes_from_kw, kw_from_amperes
from models.learning.history import PastSession
from models.learning.learn import learn
from models.samples.sources import (
    LONGEST_STAY,
    METER_DIGITS,
    by_arrival,
    reachable_kwh,
    read_csv,
    read_json,
    rebuild,
    stay_h,
    utc,
)

NAME = "caltech-garage"
ZONE = ZoneInfo("America/Los_Angeles")
DC_CHARGER = "11900388"
"""A DC charger that the published network does not describe."""
TRANSFORMER_KW = 150.0
SECONDARY_LINE_TO_NEUTRAL_V = 120.0
PRIMARY_LINE_TO_NEUTRAL_V = 277.0
RETAIL_PRICE_PER_KWH = 0.30
PAIRS = {"AB": (Phase.L1, Phase.L2), "BC": (Phase.L2, Phase.L3), "CA": (Phase.L3, Phase.L1)}
DAYS = {
    "WEEKDAYS": (DayKind.WEEKDAY,),
    "WEEKENDS": (DayKind.SATURDAY, DayKind.SUNDAY, DayKind.HOLIDAY),
}
FINE, FAR = Stretch(count=288, minutes=5.0), Stretch(count=72, minutes=15.0)
"""The day itself, and coarser the time until the last car has left."""

Row = dict[str, str]


def build(folder: Path) -> Scenario:
    """The scenario, from the network, the sessions and the tariff of a data folder."""
    rows = [row for row in read_csv(folder, "sessions/acn_caltech_2019-10.csv") if row["station_id"] != DC_CHARGER]
    day = busiest_weekday(rows)
    network = read_json(folder, "sites/caltech_acn_network.json")
    evses = tuple(_evse(entry, network) for entry in network["evses"])
    return Scenario(
        name=NAME,
        description=f"Caltech garage, 54 EVSEs, all AC sessions that began on {day}",
        site=Site(
            id=NAME,
            time_zone=ZONE.key,
            voltage_v=SECONDARY_LINE_TO_NEUTRAL_V,
            nodes=_nodes(network),
            evses=evses,
            session_defaults=_defaults([row for row in rows if _local_day(row) != day], day),
            habits=_habits([row for row in rows if _local_day(row) != day], day),
        ),
        sessions=by_arrival([_session(row, evses) for row in rows if _local_day(row) == day]),
        tariff=_tariff(read_json(folder, "tariffs/acnportal/sce_tou_ev_4_march_2019.json")),
        horizon=Horizon(start=datetime.combine(day, time(), ZONE).astimezone(UTC), stretches=(FINE, FAR)),
    )


def busiest_weekday(rows: list[Row]) -> date:
    """The day from Monday to Friday on which most cars plugged in; the earlier one of equals."""
    counts = Counter(_local_day(row) for row in rows)
    weekdays = [day for day in counts if day.isoweekday() <= 5]
    return max(sorted(weekdays), key=lambda day: counts[day])


def _local_day(row: Row) -> date:
    return utc(row["arrival_utc"]).astimezone(ZONE).date()


def _nodes(network: dict[str, Any]) -> tuple[GridNode, ...]:
    """The service, the delta-wye transformer below it, and a panel for each pod."""
    primary_a = amperes_from_kw(TRANSFORMER_KW, PRIMARY_LINE_TO_NEUTRAL_V, conductors=3)
    secondary_a = amperes_from_kw(TRANSFORMER_KW, SECONDARY_LINE_TO_NEUTRAL_V, conductors=3)
    transformer = Transformer(
        primary_voltage_v=480.0, secondary_voltage_v=208.0, primary_current_limit_a=round(primary_a, 4)
    )
    pods = [
        GridNode(
            id=panel["name"].lower().replace(" ", "-"),
            parent="transformer",
            kind=NodeKind.PANEL,
            current_limit_a=float(panel["limit_a"]),
            continuous_factor=1.0,
        )
        for panel in network["panels"]
    ]
    return (
        GridNode(id="service", kind=NodeKind.CONNECTION),
        GridNode(
            id="transformer",
            parent="service",
            kind=NodeKind.TRANSFORMER,
            current_limit_a=round(secondary_a, 4),
            continuous_factor=1.0,
            transformer=transformer,
        ),
        *pods,
    )


def _evse(entry: dict[str, Any], network: dict[str, Any]) -> Evse:
    """Equipment between two lines at 208 V that offers its pilot levels only."""
    return Evse(
        id=entry["evse_id"],
        node=_panel_of(entry["evse_id"], network),
        wiring=Wiring.LINE_TO_LINE,
        phases=PAIRS[entry["phase_pair"]],
        voltage_v=float(entry["voltage_v"]),
        max_current_a=float(entry["max_current_a"]),
        min_current_a=float(entry["min_nonzero_current_a"]),
        pilot_levels_a=tuple(float(level) for level in entry["allowed_pilot_a"]),
    )


def _panel_of(evse_id: str, network: dict[str, Any]) -> str:
    """The node of an EVSE: the pod whose constraint counts it, else the transformer."""
    pods = {panel["name"] for panel in network["panels"]}
    for constraint in network["constraints"]:
        if constraint["name"] in pods and evse_id in constraint["coefficients"]:
            return str(constraint["name"]).lower().replace(" ", "-")
    return "transformer"


def _session(row: Row, evses: tuple[Evse, ...]) -> Session:
    """What really happened, as what is wanted: true departure and delivered energy."""
    evse = next(evse for evse in evses if evse.id == row["station_id"])
    arrival = utc(row["arrival_utc"])
    departure = min(utc(row["departure_utc"]), arrival + LONGEST_STAY)
    power_kw = kw_from_amperes(evse.max_current_a or 0.0, evse.voltage_v or 0.0)
    return Session(
        id=f"{evse.id}-{arrival.astimezone(ZONE):%H%M}",
        evse=evse.id,
        arrival=arrival,
        departure=departure,
        energy_target_kwh=reachable_kwh(float(row["delivered_kwh"]), power_kw, arrival, departure),
        retail_price_per_kwh=RETAIL_PRICE_PER_KWH,
    )


def _defaults(others: list[Row], day: date) -> SessionDefaults:
    """Median stay and 75 % quantile of energy of the days that the sample does not show."""
    stays = [stay_h(utc(row["arrival_utc"]), utc(row["departure_utc"])) for row in others]
    energies = [float(row["delivered_kwh"]) for row in others]
    return SessionDefaults(
        stay_h=round(median(stays), 2),
        energy_target_kwh=round(float(np.quantile(energies, 0.75)), METER_DIGITS),
        source=f"median stay and 75 % quantile of energy of the {len(others)} sessions of October 2019 "
        f"that began on another day than {day}",
    )


def _habits(others: list[Row], day: date) -> Habits:
    """Stays and energies of the days that the sample does not show, counted."""
    past = [
        PastSession(utc(row["arrival_utc"]), utc(row["departure_utc"]), float(row["delivered_kwh"])) for row in others
    ]
    source = f"sessions of October 2019 that began on another day than {day}"
    return replace(learn(past, ZONE), source=source)


def _tariff(published: dict[str, Any]) -> Tariff:
    """SCE TOU-EV-4 as in force from March 2019, one rate for each price."""
    windows: dict[float, list[Window]] = defaultdict(list)
    for season in published["schedule"]:
        for price, window in _season(season):
            windows[price].append(window)
    (rate_per_kw,) = {float(season["demand_charge"]) for season in published["schedule"]}
    return Tariff(
        name=published["name"],
        source=f"{published['link']}, in force from {published['effective']}",
        currency="USD",
        import_price=TimeOfUse(
            rates=tuple(Rate(price_per_kwh=price, windows=tuple(inside)) for price, inside in windows.items())
        ),
        demand_charges=(DemandCharge(id="facilities", rate_per_kw=rate_per_kw),),
    )


def _season(season: dict[str, Any]) -> list[tuple[float, Window]]:
    """The prices of a kind of day in a season, each with its window."""
    ends = [*season["times"][1:], 24]
    return [
        (
            float(price),
            Window(
                days=DAYS[season["dow_mask"]],
                season_start=season["effective_start"],
                season_end=season["effective_end"],
                start=f"{start:02d}:00",
                end=f"{end:02d}:00",
            ),
        )
        for price, start, end in zip(season["tariffs"], season["times"], ends, strict=True)
    ]


if __name__ == "__main__":
    rebuild(NAME, build)
