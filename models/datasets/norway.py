"""Sessions of twelve apartment sites in Norway (Sørensen et al. 2024)."""

from datetime import datetime
from pathlib import Path

from models.datasets.catalogue import dataset
from models.datasets.files import Row, rows
from models.datasets.recorded import RecordedSession


def apartments(folder: Path, site: str) -> tuple[RecordedSession, ...]:
    """Plausible sessions of one site, as ``ASK`` or ``TRO_R``; each user has an EVSE of their own.

    Power is the estimate of the data set, at least what was delivered. Times of sessions that span a clock change are
    off by an hour in the source. A car that the source lets arrive before it has left is not there twice.
    """
    found = [_session(row) for row in rows(folder, dataset("norway-apartments")) if _is_usable(row, site)]
    last: dict[str, datetime] = {}
    kept = []
    for one in sorted(found, key=lambda one: (one.arrival, one.id)):
        if one.arrival >= last.get(one.evse, one.arrival):
            kept.append(one)
            last[one.evse] = one.departure
    return tuple(kept)


def _is_usable(row: Row, site: str) -> bool:
    told = row["site"] == site and row["ok"] == "True" and bool(row["est_charging_power_kw"])
    return told and row["departure_utc"] > row["arrival_utc"]


def _session(row: Row) -> RecordedSession:
    return RecordedSession(
        id=row["session_id"],
        evse=row["user_id"],
        arrival=datetime.fromisoformat(row["arrival_utc"]),
        departure=datetime.fromisoformat(row["departure_utc"]),
        energy_kwh=float(row["delivered_kwh"]),
        power_kw=max(float(row["est_charging_power_kw"]), float(row["delivered_kwh"]) / float(row["connection_h"])),
    )
