"""Past sessions of a site as our own CSV file: what imports write, and backtests and habits read.

One line a session, times in ISO 8601 with their offset, energies in kWh measured at the EVSE. Columns that a source
does not have are left out; what a row does not tell is empty.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite

from models.datasets.csv_shape import broken_csv
from models.datasets.recorded import RecordedSession
from models.domain.findings import Finding
from models.domain.paths import shown

REQUIRED = ("session", "evse", "arrival", "departure", "energy_kwh")
OPTIONAL = ("stated_departure", "stated_energy_kwh", "power_kw", "driver")
_EXAMPLE = "2026-03-02T17:00:00Z"


@dataclass(frozen=True, slots=True)
class SessionFile:
    """What could be read, and what could not."""

    sessions: tuple[RecordedSession, ...]
    findings: tuple[Finding, ...] = ()


def write_sessions(sessions: Sequence[RecordedSession]) -> str:
    """The text of a file, by arrival."""
    ordered = sorted(sessions, key=lambda one: (one.arrival, one.evse, one.id))
    rows = [_row(one) for one in ordered]
    columns = [*REQUIRED, *(name for name in OPTIONAL if any(row[name] for row in rows))]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def read_sessions(text: str) -> SessionFile:
    """Sessions by arrival; a row that cannot be read is a finding with its line."""
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    missing = [name for name in REQUIRED if name not in (rows.fieldnames or ())]
    if missing:
        message = (
            f"the column {', '.join(missing)} is missing; the first line is {shown(','.join(rows.fieldnames or ()))}"
        )
        remedy = "make this file with chargewright import, or name these columns in the first line"
        return SessionFile((), (Finding(path="line 1", message=message, remedy=remedy),))
    try:
        read = [_session(row, rows.line_num) for row in rows]
    except csv.Error as broken:
        return SessionFile((), (broken_csv(broken, rows.line_num),))
    sessions = [one for one in read if isinstance(one, RecordedSession)]
    findings = tuple(finding for one in read if isinstance(one, list) for finding in one)
    return SessionFile(tuple(sorted(sessions, key=lambda one: (one.arrival, one.id))), findings)


def _row(one: RecordedSession) -> dict[str, str]:
    return {
        "session": one.id,
        "evse": one.evse,
        "arrival": _text(one.arrival),
        "departure": _text(one.departure),
        "energy_kwh": _number(one.energy_kwh),
        "stated_departure": _text(one.stated_departure),
        "stated_energy_kwh": _number(one.stated_energy_kwh),
        "power_kw": _number(one.power_kw),
        "driver": one.driver or "",
    }


def _text(when: datetime | None) -> str:
    return "" if when is None else when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _number(told: float | None) -> str:
    return "" if told is None else f"{round(told, 6):g}" if abs(told) < 1e5 else str(told)


def _session(row: dict[str, str | None], line: int) -> RecordedSession | list[Finding]:
    findings = list(_defects(row, line))
    evse, energy_kwh = row["evse"], _value(row["energy_kwh"])
    arrival, departure = _time(row["arrival"]), _time(row["departure"])
    if findings or evse is None or energy_kwh is None or arrival is None or departure is None:
        return findings
    return RecordedSession(
        id=row["session"] or f"line-{line}",
        evse=evse,
        arrival=arrival,
        departure=departure,
        energy_kwh=energy_kwh,
        stated_departure=_time(row.get("stated_departure")),
        stated_energy_kwh=_value(row.get("stated_energy_kwh")),
        power_kw=_value(row.get("power_kw")),
        driver=row.get("driver") or None,
    )


def _defects(row: dict[str, str | None], line: int) -> Iterator[Finding]:
    if not row["evse"]:
        yield Finding(path=f"line {line}, evse", message="no EVSE is named", remedy="say where the car stood")
    times = ("arrival", "departure")
    for name in (*times, "stated_departure"):
        if (name in times or row.get(name)) and _time(row.get(name)) is None:
            message = f"{shown(row.get(name) or '')} is no time with an offset"
            yield Finding(path=f"line {line}, {name}", message=message, remedy=f"write it as in {_EXAMPLE}")
    for name in ("energy_kwh", "stated_energy_kwh", "power_kw"):
        if (name == "energy_kwh" or row.get(name)) and _value(row.get(name)) is None:
            message = f"{shown(row.get(name) or '')} is no number from 0 up"
            yield Finding(path=f"line {line}, {name}", message=message, remedy="write it with a decimal point")
    arrival, departure = (_time(row[name]) for name in times)
    if arrival is not None and departure is not None and departure <= arrival:
        message = f"departure {row['departure']} is not after arrival {row['arrival']}"
        yield Finding(path=f"line {line}, departure", message=message, remedy="correct one of them, or leave it out")


def _time(text: str | None) -> datetime | None:
    """With an offset, else nothing."""
    try:
        when = datetime.fromisoformat((text or "").strip())
        return None if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _value(text: str | None) -> float | None:
    try:
        told = float(text or "")
    except ValueError:
        return None
    return told if isfinite(told) and told >= 0.0 else None
