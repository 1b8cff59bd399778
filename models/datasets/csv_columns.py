"""Which column of somebody's export is what: guessed from names and values, shown, and kept for the next time."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import isfinite
from statistics import median
from types import MappingProxyType

from models.datasets.csv_names import NAMES
from models.datasets.csv_shape import Table
from models.datasets.csv_times import day_first_of, has_offset, is_time, writes_numbers
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.value import value

SAMPLED = 500
"""Rows that are looked at to guess. [rows]"""
MOST_KWH_TYPICAL = 400.0
"""A median session above it is no kWh. [kWh]"""

TIMES, NUMBERS = (
    ("arrival", "departure", "stated_departure"),
    ("energy", "meter_start", "meter_stop", "power", "stated_energy"),
)
ENERGY_UNITS = {"Wh": 1e-3, "kWh": 1.0, "MWh": 1e3}


@value
class ColumnMap:
    """How an export is read. Columns are named as in its first line; None: it has no such column."""

    separator: str
    evse: str
    arrival: str
    departure: str | None = None
    """None: ``duration`` says when."""
    session: str | None = None
    connector: str | None = None
    """Part of an EVSE's name, where a station has several."""
    arrival_clock: str | None = None
    """Time of day, where ``arrival`` has the date alone."""
    departure_clock: str | None = None
    duration: str | None = None
    energy: str | None = None
    """None: the difference of ``meter_start`` and ``meter_stop``."""
    meter_start: str | None = None
    meter_stop: str | None = None
    energy_unit: str = "kWh"
    """Wh, kWh or MWh, of energies and meters."""
    decimal_comma: bool = False
    day_first: bool = True
    time_zone: str | None = None
    """IANA name, of times without an offset."""
    power: str | None = None
    driver: str | None = None
    """Its values are named anew on the way in."""
    stated_departure: str | None = None
    stated_energy: str | None = None


@dataclass(frozen=True, slots=True)
class Guess:
    """A map, and what of it is worth a second look."""

    columns: ColumnMap
    doubts: tuple[str, ...]


def guess(table: Table, time_zone: str | None = None, told: Mapping[str, str] = MappingProxyType({})) -> Guess:
    """What an export most likely says; ``time_zone`` is the clock of its times, where they have no offset.

    ``told`` are columns that its owner names: our name, then theirs.

    Raises:
        InvalidScenario: no column can be the EVSE, the arrival, the end or the energy; all of that is told at once.
    """
    _refuse_unknown(table, told)
    sample = [row for _, row in islice(table.rows(), SAMPLED)]
    found = _by_name(table, sample, told)
    _refuse_gaps(found, table)
    values = {name: [row[column] for row in sample if row.get(column)] for name, column in found.items()}
    doubts: list[str] = []
    dates = [text for name in TIMES for text in values.get(name, [])]
    numbers = [text for name in NUMBERS for text in values.get(name, [])]
    if numbers and all(re.fullmatch(r"\d{1,3},\d{3}", text) for text in numbers if "," in text) and _has_comma(numbers):
        doubts.append("numbers like 12,345 could have thousands; the comma is taken for that of decimals")
    return Guess(
        ColumnMap(
            separator=table.separator,
            decimal_comma=_has_comma(numbers),
            day_first=_day_first(dates, time_zone, doubts),
            time_zone=_zone(found, dates, time_zone),
            energy_unit=_unit(found, values, doubts),
            **found,
        ),
        tuple(doubts),
    )


def plain(name: str) -> str:
    """The name of a column without case, accents and signs: ``Énergie (kWh)`` is ``energie kwh``."""
    bare = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", bare).replace("k W", "kW")
    return re.sub(r"[^a-z0-9]+", " ", spaced.lower()).strip()


def _by_name(table: Table, sample: Sequence[dict[str, str]], told: Mapping[str, str]) -> dict[str, str]:
    """Our name of each column that is understood."""
    found: dict[str, str] = dict(told)
    for ours, patterns in NAMES.items():
        if ours in found:
            continue
        free = [column for column in table.columns if column not in found.values()]
        fitting = (c for pattern in patterns for c in free if re.search(pattern, plain(c)) and _holds(ours, c, sample))
        if (column := next(fitting, None)) is not None:
            found[ours] = column
    return _settled(found, sample)


def _holds(ours: str, column: str, sample: Sequence[dict[str, str]]) -> bool:
    """Whether most of its values are what it is taken for; an empty column is nothing."""
    told = [row[column] for row in sample if row.get(column)]
    if not told:
        return False
    if ours in TIMES:
        return _most(told, is_time)
    if ours in NUMBERS:
        comma = _has_comma(told)
        return _most(told, lambda text: number_of(text, decimal_comma=comma) is not None)
    if ours.endswith("_clock"):
        return _most(told, lambda text: re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?( ?[AaPp][Mm])?", text) is not None)
    return True


def _most(told: Sequence[str], fits: Callable[[str], bool]) -> bool:
    return sum(map(fits, told)) >= 0.9 * len(told)


def _settled(found: dict[str, str], sample: Sequence[dict[str, str]]) -> dict[str, str]:
    """Without a clock beside a time that has one, a duration beside an end, meters beside an energy."""
    for name in ("arrival", "departure"):
        column = found.get(name)
        if column is not None and any(":" in row.get(column, "") for row in sample):
            found.pop(f"{name}_clock", None)
    unneeded = {"energy": ("meter_start", "meter_stop")}
    for kept, others in unneeded.items():
        if kept in found:
            found = {name: column for name, column in found.items() if name not in others}
    return found


def _refuse_gaps(found: dict[str, str], table: Table) -> None:
    lacking = [name for name in ("evse", "arrival") if name not in found]
    if "departure" not in found and "duration" not in found:
        lacking.append("departure")
    if "energy" not in found and not {"meter_start", "meter_stop"} <= found.keys():
        lacking.append("energy")
    if lacking:
        message = f"no column is understood as {', '.join(lacking)}; there are {', '.join(table.columns)}"
        remedy = "say it, as in --column energy='Energy used'"
        raise InvalidScenario([Finding(path="line 1", message=message, remedy=remedy)])


def _has_comma(told: Sequence[str]) -> bool:
    commas = sum(re.fullmatch(r"-?[\d. ]*,\d+", text) is not None for text in told)
    points = sum(re.fullmatch(r"-?[\d, ]*\.\d+", text) is not None for text in told)
    return commas > points


def _day_first(dates: list[str], time_zone: str | None, doubts: list[str]) -> bool:
    told = day_first_of(dates)
    if told is None and writes_numbers(dates):
        american = bool(time_zone) and str(time_zone).startswith("America/")
        first = not american
        doubts.append(f"no date tells whether day or month is in front; taken as the {'day' if first else 'month'}")
        return first
    return True if told is None else told


def _zone(found: dict[str, str], dates: list[str], time_zone: str | None) -> str | None:
    if dates and all(map(has_offset, dates)):
        return None
    return "UTC" if "utc" in plain(found["arrival"]) and time_zone is None else time_zone


def _unit(found: dict[str, str], values: dict[str, list[str]], doubts: list[str]) -> str:
    named = plain(found.get("energy") or found.get("meter_stop") or "")
    for unit in ("kWh", "MWh", "Wh"):
        if re.search(rf"(^|[^a-z]){unit.lower()}", named):
            return unit
    if "meter_start" in found and "energy" not in found:
        doubts.append("meters name no unit; taken as Wh, as OCPP has them")
        return "Wh"
    comma = _has_comma(values["energy"])
    told = [number for text in values["energy"] if (number := number_of(text, decimal_comma=comma)) is not None]
    unit = "Wh" if told and median(told) > MOST_KWH_TYPICAL else "kWh"
    doubts.append(f"energies name no unit; taken as {unit}, for half of them are below {median(told or [0.0]):g}")
    return unit


def number_of(text: str, *, decimal_comma: bool) -> float | None:
    """A number, its unit behind it or thousands separated; None where it is none."""
    told = re.sub(r"\s*[kM]?Wh?$", "", text.strip()).replace(" ", "").replace(" ", "").replace("'", "")
    told = told.replace(".", "").replace(",", ".") if decimal_comma else told.replace(",", "")
    if not re.fullmatch(r"[-+]?\d*\.?\d+([eE][-+]?\d+)?", told):
        return None
    number = float(told)
    return number if isfinite(number) else None


def _refuse_unknown(table: Table, told: Mapping[str, str]) -> None:
    """Raises InvalidScenario for a thing or a column that does not exist."""
    findings = [
        Finding(path="--column", message=f"{ours} is nothing here", remedy=f"take one of {', '.join(NAMES)}")
        for ours in told
        if ours not in NAMES
    ]
    findings += [
        Finding(
            path="--column", message=f"there is no column {theirs!r}", remedy=f"take one of {', '.join(table.columns)}"
        )
        for theirs in told.values()
        if theirs not in table.columns
    ]
    if findings:
        raise InvalidScenario(findings)
