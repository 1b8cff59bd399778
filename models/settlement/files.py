"""Readings of meters and sessions as CSV: bytes in, values out, every line that cannot be read told by its number."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import gcd, isfinite
from typing import TypeVar

import numpy as np

from models.datasets.recorded import RecordedSession
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.schedule import Floats
from models.domain.times import instant
from models.domain.units import hours_from_seconds
from models.settlement.load import LoadSeries, Quality

START, QUALITY = "start", "quality"
_OF = ".quality"
SITE = "site"
"""Column of the meter of the site; every other one is that of an EVSE, by its id."""
MOST_FINDINGS = 20
MOST_INTERVALS = 1_000_000
SESSION_COLUMNS = ("session", "evse", "arrival", "departure", "energy_kwh")
Told = TypeVar("Told")


def read_loads(data: bytes, *, in_kwh: bool = False) -> dict[str, LoadSeries]:
    """Meters by name, on one grid, from columns ``start``, meters, and maybe ``quality``; starts have their offset.
    A column ``NAME.quality`` is that of one meter, ``quality`` that of those which have none of their own.

    Numbers are mean kW of the interval, or its kWh. An empty cell was not metered, and so was a start that lacks; the
    shortest distance between starts is the length of all intervals. Raises InvalidScenario with what cannot be read.
    """
    rows, header = _rows(data, (START,), "meter")
    names = [name for name in header if name not in (START, QUALITY) and not name.endswith(_OF)]
    if not names:
        raise _refused("meter", "no column is a meter", f"add one called {SITE}, or one for each EVSE")
    read = list(_each(rows, lambda row: _reading(row, names), "meter"))
    return _on_grid(sorted(read, key=lambda one: one.start_s), names, in_kwh=in_kwh)


def read_sessions(data: bytes) -> tuple[RecordedSession, ...]:
    """Sessions, from columns ``session``, ``evse``, ``arrival``, ``departure``, ``energy_kwh`` and maybe ``power_kw``.

    Raises InvalidScenario with what cannot be read.
    """
    rows, _ = _rows(data, SESSION_COLUMNS, "sessions")
    return tuple(_each(rows, _session, "sessions"))


@dataclass(frozen=True, slots=True)
class _Reading:
    start_s: float
    numbers: tuple[float, ...]
    quality: tuple[Quality, ...]
    line: int


def _reading(row: dict[str, str], names: Sequence[str]) -> _Reading:
    numbers = tuple(_number(row[name]) if (row[name] or "").strip() else float("nan") for name in names)
    quality = tuple(_quality(row.get(quality_column(name)) or row.get(QUALITY)) for name in names)
    return _Reading(_moment(row[START]), numbers, quality, int(row[_LINE]))


def quality_column(meter: str) -> str:
    """The column that says how far a meter is to be believed."""
    return f"{meter}{_OF}"


def _quality(told: str | None) -> Quality:
    return Quality(told.strip().upper()) if told and told.strip() else Quality.OK


def _session(row: dict[str, str]) -> RecordedSession:
    arrival, departure = _moment(row["arrival"]), _moment(row["departure"])
    energy_kwh, told_kw = _number(row["energy_kwh"]), (row.get("power_kw") or "").strip()
    power_kw = _number(told_kw) if told_kw else None
    if departure < arrival:
        raise ValueError("it ends before it begins")
    if energy_kwh < 0.0 or (power_kw is not None and power_kw <= 0.0):
        raise ValueError("energy is at least 0 and power above it")
    return RecordedSession(
        id=row["session"],
        evse=row["evse"],
        arrival=instant(arrival),
        departure=instant(departure),
        energy_kwh=energy_kwh,
        power_kw=power_kw,
    )


_LINE = "\x00line"
"""Beside the columns of a row: no header can be called so."""


def _rows(data: bytes, needed: Sequence[str], path: str) -> tuple[list[dict[str, str]], list[str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refused(path, "it is no text in UTF-8", "give a CSV file in UTF-8") from None
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""))
        header = [name.strip() for name in reader.fieldnames or ()]
        if lacking := [name for name in needed if name not in header]:
            raise _refused(path, f"columns are lacking: {', '.join(lacking)}", f"begin with {','.join(needed)}")
        reader.fieldnames = header
        rows = [{**{name: row.get(name) or "" for name in header}, _LINE: str(reader.line_num)} for row in reader]
    except csv.Error as broken:
        raise _refused(path, f"it is no CSV: {broken}", "give a CSV file with commas between cells") from None
    if not rows:
        raise _refused(path, "it has no rows", "give at least one")
    return rows, header


def _each(rows: list[dict[str, str]], read: Callable[[dict[str, str]], Told], path: str) -> Iterator[Told]:
    findings = []
    for row in rows:
        try:
            yield read(row)
        except ValueError as unfit:
            findings.append(Finding(path=f"{path}:{row[_LINE]}", message=str(unfit), remedy="correct this line"))
            if len(findings) == MOST_FINDINGS:
                break
    if findings:
        raise InvalidScenario(findings)


def _moment(text: str) -> float:
    """Seconds since 1970. Raises ValueError."""
    told = datetime.fromisoformat(text.strip())
    if told.tzinfo is None:
        raise ValueError(f"{text.strip()} has no offset from UTC")
    return told.timestamp()


def _number(text: str) -> float:
    """Raises ValueError."""
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"{text.strip()} is no finite number")
    return number


def _on_grid(read: Sequence[_Reading], names: Sequence[str], *, in_kwh: bool) -> dict[str, LoadSeries]:
    start_s, step_s = read[0].start_s, _step_s(read)
    places = [round((one.start_s - start_s) / step_s) for one in read]
    count = places[-1] + 1
    if count > MOST_INTERVALS:
        message = f"from its first to its last start there are {count} intervals of {step_s:g} s"
        raise _refused("meter", message, f"give at most {MOST_INTERVALS}")
    numbers = np.full((count, len(names)), np.nan)
    numbers[places] = [one.numbers for one in read]
    told = {place: one.quality for place, one in zip(places, read, strict=True)}
    missing = (Quality.MISSING,) * len(names)
    quality = list(zip(*(told.get(place, missing) for place in range(count)), strict=True))
    power_kw = numbers / hours_from_seconds(step_s) if in_kwh else numbers
    return {name: _series(name, start_s, step_s, power_kw[:, k], quality[k]) for k, name in enumerate(names)}


def _step_s(read: Sequence[_Reading]) -> float:
    """Of the grid. Raises InvalidScenario where starts are not on one, or are there twice."""
    distances = [round(later.start_s - one.start_s) for one, later in pairwise(read)]
    for one, distance in zip(read[1:], distances, strict=True):
        if distance <= 0:
            raise _refused(f"meter:{one.line}", "there is another row of this start", "keep one of them")
    shortest = min(distances, default=3600)
    if gcd(*distances, shortest) != shortest:
        remedy = "give means of intervals of one length, or every quantity on the shortest one"
        raise _refused("meter", f"starts are not on one grid of {shortest} s", remedy)
    return float(shortest)


def _series(name: str, start_s: float, step_s: float, power_kw: Floats, quality: Sequence[Quality]) -> LoadSeries:
    """What is told to be bad or missing is not counted; what has no number is missing whatever was told."""
    known = np.isfinite(power_kw)
    counts = known & np.array([one in (Quality.OK, Quality.ESTIMATED) for one in quality])
    found = tuple(one if is_there else Quality.MISSING for one, is_there in zip(quality, known, strict=True))
    kw = np.where(counts, power_kw, np.nan)
    return LoadSeries(meter=name, start_s=start_s, step_s=step_s, power_kw=kw, quality=found)


def _refused(path: str, message: str, remedy: str) -> InvalidScenario:
    return InvalidScenario([Finding(path=path, message=message, remedy=remedy)])
