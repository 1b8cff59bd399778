"""Demand-response events that were really called, with their local clock and, where known, when they were told."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from models.datasets.catalogue import dataset
from models.datasets.files import Row, rows
from models.domain.signal import Direction

_DIRECTIONS = {"reduce": Direction.REDUCE, "increase": Direction.TURN_UP}


@dataclass(frozen=True, slots=True, kw_only=True)
class RealEvent:
    """One event as its source tells it."""

    id: str
    """Its programme and its start."""
    programme: str
    """As the file names it: ``octopus_power_up``, ``caiso_flex_alert``."""
    direction: Direction
    start: datetime
    end: datetime
    zone: ZoneInfo
    """Of those who were asked."""
    told_at: datetime | None
    """None: not known."""
    note: str
    source: str


def real_events(folder: Path) -> tuple[RealEvent, ...]:
    """All events of the data folder, in the order of its file."""
    return tuple(map(_event, rows(folder, dataset("dr-events"))))


def _event(row: Row) -> RealEvent:
    return RealEvent(
        id=f"{row['program']}@{row['start_utc']}",
        programme=row["program"],
        direction=_DIRECTIONS[row["direction"]],
        start=_utc(row["start_utc"]),
        end=_utc(row["end_utc"]),
        zone=ZoneInfo(row["local_time_zone"]),
        told_at=_utc(row["published_utc"]) if row["published_utc"] else None,
        note=row["note"],
        source=row["source"],
    )


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
