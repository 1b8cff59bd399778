"""Builds `apartment-block`: one real winter night of cars behind the main fuse of a block of flats.

Run ``python -m models.samples.build_apartment FOLDER``; the README of the sample names sources and assumptions.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

import numpy as np

from models.domain.electrical import max_charge_power_kw
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.session import Session, Vehicle
from models.domain.site import BaseLoad, Evse, GridNode, NodeKind, Phase, SessionDefaults, Site
from models.domain.tariff import Tariff
from models.domain.value import Step
from models.samples.sources import (
    LONGEST_STAY,
    METER_DIGITS,
    by_arrival,
    day_ahead,
    reachable_kwh,
    read_csv,
    rebuild,
    stay_h,
    utc,
)

NAME = "apartment-block"
ZONE = ZoneInfo("Europe/Oslo")
GARAGE = "OSL_T"
RECORDED, SHOWN = date(2021, 2, 9), date(2025, 3, 11)
"""Both are Tuesdays at UTC+1; the night is moved by whole days to a year whose prices are at hand."""
FIRST_DAY_OF_BAYS = date(2021, 2, 7)
"""Whoever charged from this day on has a bay in the sample."""
NOON, LAST_ARRIVAL = time(12), time(4)
HORIZON = Stretch(count=144, minutes=15.0)
"""36 hours from noon on: until every car has left."""
VOLTAGE_V = 230.0
MAIN_FUSE_A, GARAGE_FUSE_A, WALLBOX_A = 125.0, 63.0, 32.0
SMALL_CHARGER_A, LARGE_CHARGER_A = 16.0, 32.0
THREE_PHASE_FROM_KW, LARGE_SINGLE_PHASE_FROM_KW = 8.0, 4.0
"""Between the sizes of on-board chargers: 3.7 and 7.4 kW on one phase, 11 kW on three."""
ROTATIONS = (
    (Phase.L1, Phase.L2, Phase.L3),
    (Phase.L2, Phase.L3, Phase.L1),
    (Phase.L3, Phase.L1, Phase.L2),
)
BUILDING_KW = (
    22.0, 20.0, 19.0, 18.0, 18.0, 21.0, 32.0, 44.0, 42.0, 36.0, 33.0, 32.0,
    34.0, 33.0, 34.0, 40.0, 52.0, 62.0, 64.0, 60.0, 54.0, 47.0, 38.0, 28.0,
)  # fmt: skip
"""Expected load of 42 flats, stairs and lifts by local hour: our own shape, with peaks at breakfast and supper. [kW]"""
HIGH_SHARE = 1.25
"""High load over expected load."""

Row = dict[str, str]


def build(folder: Path) -> Scenario:
    """The scenario, from the sessions and the prices of a data folder."""
    rows = _plausible(read_csv(folder, "sessions/no_residential_12sites_2018_2021.csv.gz"))
    night = [row for row in rows if _belongs_to_night(row)]
    site = _site(rows, night)
    evses = {evse.id: evse for evse in site.evses}
    start = _local(SHOWN, NOON)
    horizon = Horizon(start=start, stretches=(HORIZON,))
    return Scenario(
        name=NAME,
        description=f"Night of {SHOWN} in a block of flats in Norway, 25 wallboxes behind a fuse of 63 A",
        site=site,
        sessions=by_arrival([_session(row, evses[_bay(row)]) for row in night]),
        tariff=Tariff(
            name="day-ahead price NO2",
            source="Bundesnetzagentur | SMARD.de, CC BY 4.0",
            currency="EUR",
            import_price=day_ahead(folder, "NO2", start, horizon.end),
        ),
        horizon=horizon,
    )


def _plausible(rows: list[Row]) -> list[Row]:
    """The sessions of the garage whose energy, time and power go together."""
    return [row for row in rows if row["site"] == GARAGE and row["ok"] == "True"]


def _belongs_to_night(row: Row) -> bool:
    """It began between noon and four in the morning."""
    first, last = _local(RECORDED, NOON), _local(RECORDED + timedelta(days=1), LAST_ARRIVAL)
    return first <= utc(row["arrival_utc"]) < last


def _local(day: date, at: time) -> datetime:
    return datetime.combine(day, at, ZONE).astimezone(UTC)


def _bay(row: Row) -> str:
    """A resident's own bay: their number in the data."""
    return f"bay-{int(row['user_id'].rsplit('_', 1)[1]):02d}"


def _site(rows: list[Row], night: list[Row]) -> Site:
    first, last = _local(FIRST_DAY_OF_BAYS, time()), max(utc(row["arrival_utc"]) for row in night)
    bays = sorted({_bay(row) for row in rows if first <= utc(row["arrival_utc"]) <= last})
    return Site(
        id=NAME,
        time_zone=ZONE.key,
        voltage_v=VOLTAGE_V,
        nodes=(
            GridNode(id="main-fuse", kind=NodeKind.CONNECTION, current_limit_a=MAIN_FUSE_A, continuous_factor=1.0),
            GridNode(
                id="garage",
                parent="main-fuse",
                kind=NodeKind.PANEL,
                current_limit_a=GARAGE_FUSE_A,
                continuous_factor=1.0,
            ),
        ),
        evses=tuple(
            Evse(id=bay, node="garage", phases=ROTATIONS[k % len(ROTATIONS)], max_current_a=WALLBOX_A)
            for k, bay in enumerate(bays)
        ),
        base_loads=(_building(),),
        session_defaults=_defaults([row for row in rows if row not in night]),
    )


def _building() -> BaseLoad:
    """The flats, hour by hour over the horizon."""
    start = _local(SHOWN, NOON)
    hours = [start + timedelta(hours=k) for k in range(36)]
    expected = [(hour, BUILDING_KW[hour.astimezone(ZONE).hour]) for hour in hours]
    return BaseLoad(
        node="main-fuse",
        expected_kw=tuple(Step(start=hour, value=kw) for hour, kw in expected),
        high_kw=tuple(Step(start=hour, value=kw * HIGH_SHARE) for hour, kw in expected),
    )


def _defaults(others: list[Row]) -> SessionDefaults:
    """Median stay and 75 % quantile of energy of all other nights of the garage."""
    stays = [stay_h(utc(row["arrival_utc"]), utc(row["departure_utc"])) for row in others]
    energies = [float(row["delivered_kwh"]) for row in others]
    return SessionDefaults(
        stay_h=round(median(stays), 2),
        energy_target_kwh=round(float(np.quantile(energies, 0.75)), METER_DIGITS),
        source=f"median stay and 75 % quantile of energy of the {len(others)} other sessions of the garage",
    )


def _vehicle(row: Row) -> Vehicle:
    """Phases and current follow from the estimated power; a car without one stays unknown."""
    name = f"car-{_bay(row).removeprefix('bay-')}"
    if not row["est_charging_power_kw"]:
        return Vehicle(id=name)
    power_kw = float(row["est_charging_power_kw"])
    phases = 3 if power_kw >= THREE_PHASE_FROM_KW else 1
    large = phases == 1 and power_kw >= LARGE_SINGLE_PHASE_FROM_KW
    current_a = LARGE_CHARGER_A if large else SMALL_CHARGER_A
    return Vehicle(id=name, phases=phases, max_current_a=current_a, max_charge_kw=power_kw)


def _session(row: Row, evse: Evse) -> Session:
    """What really happened, moved to the day that is shown."""
    moved = SHOWN - RECORDED
    arrival = utc(row["arrival_utc"]) + moved
    departure = min(utc(row["departure_utc"]) + moved, arrival + LONGEST_STAY)
    session = Session(
        id=f"{evse.id}-{arrival.astimezone(ZONE):%H%M}",
        evse=evse.id,
        arrival=arrival,
        departure=departure,
        vehicle=_vehicle(row),
    )
    power_kw = max_charge_power_kw(session, evse, VOLTAGE_V)
    target_kwh = reachable_kwh(float(row["delivered_kwh"]), power_kw, arrival, departure)
    return replace(session, energy_target_kwh=target_kwh)


if __name__ == "__main__":
    rebuild(NAME, build)
