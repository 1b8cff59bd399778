"""A week of 18 electric trucks at their depot (DT-CARGO): real trips, modelled energy."""

from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path

from models.datasets.catalogue import dataset
from models.datasets.files import Row, rows
from models.datasets.recorded import RecordedSession

OVERNIGHT = timedelta(hours=4)
"""A shorter stay charges nothing: its need is carried to the next one that lasts so long."""


def truck_depot(folder: Path) -> tuple[RecordedSession, ...]:
    """Long stays, each with the need of all trips before it since the last long one; a bay for each truck."""
    stays: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows(folder, dataset("truck-depot")), key=lambda row: row["arrival_utc"]):
        stays[row["vehicle"]].append(row)
    found = [one for vehicle, told in stays.items() for one in _long_stays(vehicle, told)]
    return tuple(sorted(found, key=lambda one: (one.arrival, one.id)))


def _long_stays(vehicle: str, told: list[Row]) -> list[RecordedSession]:
    found, need_kwh = [], 0.0
    for row in told:
        arrival, departure = (datetime.fromisoformat(row[f"{name}_utc"]) for name in ("arrival", "departure"))
        need_kwh += float(row["energy_need_kwh"])
        if departure - arrival >= OVERNIGHT and need_kwh > 0.0:
            found.append(
                RecordedSession(
                    id=f"{vehicle}-{arrival:%d%H%M}",
                    evse=f"bay-{vehicle}",
                    arrival=arrival,
                    departure=departure,
                    energy_kwh=need_kwh,
                    stated_departure=departure,
                    stated_energy_kwh=need_kwh,
                )
            )
            need_kwh = 0.0
    return found
