"""Past sessions, as a CSV file tells them: every row that cannot be read is told, with its line."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from zoneinfo import ZoneInfo

from models.domain.findings import Finding
from models.domain.paths import shown

COLUMNS = ("arrival", "departure", "energy")
IN_SESSIONS_FILE = "energy_kwh"
"""What a sessions file of ours calls the energy."""
GROUP = "driver_group"
MOST_KWH = 1000.0
"""No car takes more in one session. [kWh]"""


@dataclass(frozen=True, slots=True)
class PastSession:
    """What a driver did who has left."""

    arrival: datetime
    departure: datetime
    energy_kwh: float
    """Measured at evse. [kWh]"""
    group: str | None = None


@dataclass(frozen=True, slots=True)
class History:
    """What could be read, and what could not."""

    sessions: tuple[PastSession, ...]
    findings: tuple[Finding, ...]


def read_history(lines: Iterable[str], zone: ZoneInfo) -> History:
    """Past sessions of a CSV with the columns ``arrival``, ``departure``, ``energy`` and, if known, ``driver_group``.

    Sessions files of ``chargewright import`` are such files.
    Times are ISO 8601; those without an offset are on the site's clock. Energies are in kWh.
    """
    rows = csv.DictReader(lines)
    if rows.fieldnames is not None:
        rows.fieldnames = ["energy" if name == IN_SESSIONS_FILE else name for name in rows.fieldnames]
    missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        named = shown(",".join(rows.fieldnames or ()))
        message = f"the column {', '.join(missing)} is missing; the first line is {named}"
        remedy = f"name the columns {', '.join(COLUMNS)} and, if known, {GROUP} in the first line"
        return History((), (Finding(path="line 1", message=message, remedy=remedy),))
    read = [_session(row, rows.line_num, zone) for row in rows]
    sessions = tuple(one for one in read if isinstance(one, PastSession))
    return History(sessions, tuple(finding for one in read if isinstance(one, list) for finding in one))


def _session(row: dict[str, str | None], line: int, zone: ZoneInfo) -> PastSession | list[Finding]:
    arrival, departure = (_time(row[name], zone) for name in COLUMNS[:2])
    energy_kwh = _energy(row["energy"])
    findings = list(_defects(row, line, arrival, departure, energy_kwh))
    if findings or arrival is None or departure is None or energy_kwh is None:
        return findings
    return PastSession(arrival, departure, energy_kwh, row.get(GROUP) or None)


def _defects(
    row: dict[str, str | None],
    line: int,
    arrival: datetime | None,
    departure: datetime | None,
    energy_kwh: float | None,
) -> Iterator[Finding]:
    remedy = "write a date and time, as in 2026-03-02T17:00:00+01:00"
    for name, when in zip(COLUMNS, (arrival, departure), strict=False):
        if when is None:
            yield Finding(path=f"line {line}, {name}", message=f"{shown(row[name])} is no time", remedy=remedy)
    if arrival is not None and departure is not None and departure <= arrival:
        message = f"departure {departure.isoformat()} is not after arrival {arrival.isoformat()}"
        yield Finding(path=f"line {line}, departure", message=message, remedy="correct one of them, or leave it out")
    if energy_kwh is None:
        message = f"{shown(row['energy'])} is no energy between 0 and {MOST_KWH:g} kWh"
        yield Finding(path=f"line {line}, energy", message=message, remedy="write kWh as a number")


def _time(text: str | None, zone: ZoneInfo) -> datetime | None:
    try:
        when = datetime.fromisoformat((text or "").strip())
    except ValueError:
        return None
    return when if when.tzinfo is not None else when.replace(tzinfo=zone)


def _energy(text: str | None) -> float | None:
    try:
        energy_kwh = float(text or "")
    except ValueError:
        return None
    return energy_kwh if isfinite(energy_kwh) and 0.0 <= energy_kwh <= MOST_KWH else None
