"""Public sessions in Dundee, 2017 and 2018 (Dundee City Council)."""

from datetime import datetime
from pathlib import Path

from models.datasets.catalogue import dataset
from models.datasets.files import Row, rows
from models.datasets.recorded import RecordedSession


def public_sessions(folder: Path) -> tuple[RecordedSession, ...]:
    """All plausible sessions, by arrival; an EVSE is a connector of a station. Power is that of the station's model."""
    found = [_session(row) for row in rows(folder, dataset("dundee")) if row["ok"] == "True"]
    return tuple(sorted((one for one in found if one.departure > one.arrival), key=lambda one: (one.arrival, one.id)))


def _session(row: Row) -> RecordedSession:
    return RecordedSession(
        id=row["session_id"],
        evse=f"{row['station_id']}-{row['connector']}",
        arrival=datetime.fromisoformat(row["arrival_utc"]),
        departure=datetime.fromisoformat(row["departure_utc"]),
        energy_kwh=float(row["delivered_kwh"]),
        power_kw=float(row["max_kw_from_model"]) if row["max_kw_from_model"] else None,
    )
