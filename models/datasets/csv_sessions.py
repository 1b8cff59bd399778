"""Sessions of somebody's export, read by a map of its columns; each row that cannot be read is told with its reason."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from models.datasets.csv_columns import ENERGY_UNITS, ColumnMap, number_of
from models.datasets.csv_shape import Table
from models.datasets.csv_times import Instant, Reading, duration_of, has_offset, instant_of, is_time
from models.datasets.imported import Imported, Row, doubt, imported
from models.datasets.pseudonyms import Named
from models.datasets.recorded import RecordedSession
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.paths import shown
from models.domain.units import seconds_from_hours

Cells = dict[str, str]
LEFT_OUT = "it is left out; correct it and import again"


def sessions_of(table: Table, columns: ColumnMap, named: Named, *, file: str = "") -> Imported:
    """All sessions of a table.

    Raises:
        InvalidScenario: a column of the map is missing, or times have no offset and no clock is told.
    """
    _check(table, columns)
    reader = _Reader(columns, named, Reading(columns.day_first, _zone(columns)), f"{file} " if file else "")
    read = [reader.row(line, cells) for line, cells in table.rows()]
    rows = [one for one in read if isinstance(one, Row)]
    return imported(rows, [one for one in read if isinstance(one, Finding)])


def _check(table: Table, columns: ColumnMap) -> None:
    used = [columns.evse, columns.arrival, columns.departure, columns.energy, columns.session, columns.driver]
    missing = [name for name in used if name is not None and name not in table.columns]
    if missing:
        message = f"there is no column {', '.join(map(repr, missing))}"
        remedy = "take the map of this export, or import without --map and have it guessed"
        raise InvalidScenario([Finding(path="map", message=message, remedy=remedy)])
    begin = [cells[columns.arrival] for _, cells in _some(table)]
    if columns.time_zone is None and any(is_time(text) and not has_offset(text) for text in begin):
        message, remedy = "times have no offset", "say their clock, as in --time-zone Europe/Berlin"
        raise InvalidScenario([Finding(path=columns.arrival, message=message, remedy=remedy)])


def _some(table: Table) -> list[tuple[int, Cells]]:
    return [row for row, _ in zip(table.rows(), range(20), strict=False)]


def _zone(columns: ColumnMap) -> ZoneInfo | None:
    if columns.time_zone is None:
        return None
    try:
        return ZoneInfo(columns.time_zone)
    except (KeyError, ValueError, OSError):
        message, remedy = f"{shown(columns.time_zone)} is no time zone", "take an IANA name, as Europe/Berlin"
        raise InvalidScenario([Finding(path="time_zone", message=message, remedy=remedy)]) from None


class _Unreadable(Exception):
    """Carries the column, what is wrong, and the reason for counting."""

    def __init__(self, column: str, message: str, reason: str) -> None:
        super().__init__(message)
        self.column, self.message, self.reason = column, message, reason


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads rows by one map."""

    columns: ColumnMap
    named: Named
    reading: Reading
    file: str

    def row(self, line: int, cells: Cells) -> Row | Finding:
        where = f"{self.file}line {line}"
        try:
            return self._row(where, line, cells)
        except _Unreadable as unreadable:
            return doubt(f"{where}, {unreadable.column}", unreadable.reason, unreadable.message, LEFT_OUT)

    def _row(self, where: str, line: int, cells: Cells) -> Row:
        arrival = self._time(cells, self.columns.arrival, self.columns.arrival_clock)
        stay = self._stay(cells)
        departure = self._departure(cells, arrival, stay)
        if departure.at <= arrival.at:
            message = f"{departure.at.isoformat()} is not after {arrival.at.isoformat()}"
            raise _Unreadable(self.columns.departure or "duration", message, "it ends before it begins")
        session = RecordedSession(
            id=self._told(cells, self.columns.session) or f"{self._evse(cells)}@{arrival.at:%Y%m%dT%H%M%SZ}-{line}",
            evse=self._evse(cells),
            arrival=arrival.at,
            departure=departure.at,
            energy_kwh=self._energy(cells),
            stated_departure=self._optional_time(cells, self.columns.stated_departure),
            stated_energy_kwh=self._optional_energy(cells, self.columns.stated_energy),
            power_kw=self._optional(cells, self.columns.power) or None,
            driver=self.named(self._told(cells, self.columns.driver)),
        )
        return Row(where, session, tuple(_of_clock(arrival, departure, stay)))

    def _told(self, cells: Cells, column: str | None) -> str:
        return "" if column is None else cells.get(column, "")

    def _evse(self, cells: Cells) -> str:
        parts = [self._told(cells, column) for column in (self.columns.evse, self.columns.connector)]
        if not parts[0]:
            raise _Unreadable(self.columns.evse, "no EVSE is named", "no EVSE is named")
        return "-".join(part for part in parts if part)

    def _time(self, cells: Cells, column: str, clock: str | None = None) -> Instant:
        text = f"{self._told(cells, column)} {self._told(cells, clock)}".strip()
        found = instant_of(text, self.reading)
        if found is None:
            raise _Unreadable(column, f"{shown(text)} is no time", "a time cannot be read")
        return found

    def _stay(self, cells: Cells) -> timedelta | None:
        """What a column of durations says: ``7:30`` as hours and minutes, a bare number as hours."""
        if not (text := self._told(cells, self.columns.duration)):
            return None
        hours = number_of(text, decimal_comma=self.columns.decimal_comma)
        try:
            return duration_of(text) if hours is None else timedelta(seconds=seconds_from_hours(hours))
        except OverflowError:
            return None

    def _departure(self, cells: Cells, arrival: Instant, stay: timedelta | None) -> Instant:
        if self.columns.departure is not None:
            return self._time(cells, self.columns.departure, self.columns.departure_clock)
        try:
            if stay is not None:
                return Instant(arrival.at + stay)
        except OverflowError:  # after the year 9999
            pass
        text = self._told(cells, self.columns.duration)
        raise _Unreadable(self.columns.duration or "duration", f"{shown(text)} is no duration", "no end is told")

    def _energy(self, cells: Cells) -> float:
        if self.columns.energy is not None:
            return self._number(cells, self.columns.energy) * ENERGY_UNITS[self.columns.energy_unit]
        start, stop = (self._number(cells, name or "") for name in (self.columns.meter_start, self.columns.meter_stop))
        if stop < start:
            message = f"the meter runs back from {start:g} to {stop:g}"
            raise _Unreadable(self.columns.meter_stop or "", message, "the meter runs back")
        return (stop - start) * ENERGY_UNITS[self.columns.energy_unit]

    def _number(self, cells: Cells, column: str) -> float:
        text = self._told(cells, column)
        found = number_of(text, decimal_comma=self.columns.decimal_comma)
        if found is None or found < 0.0:
            raise _Unreadable(column, f"{shown(text)} is no number from 0 up", "an energy cannot be read")
        return found

    def _optional(self, cells: Cells, column: str | None) -> float | None:
        return number_of(self._told(cells, column), decimal_comma=self.columns.decimal_comma) if column else None

    def _optional_energy(self, cells: Cells, column: str | None) -> float | None:
        told = self._optional(cells, column)
        return None if told is None else told * ENERGY_UNITS[self.columns.energy_unit]

    def _optional_time(self, cells: Cells, column: str | None) -> datetime | None:
        found = instant_of(self._told(cells, column), self.reading) if self._told(cells, column) else None
        return None if found is None else found.at


def _of_clock(arrival: Instant, departure: Instant, stay: timedelta | None) -> list[str]:
    """What the wall clock leaves open."""
    doubts = []
    if arrival.twice or departure.twice:
        doubts.append("the clock shows its time twice, and the first is taken")
    if arrival.never or departure.never:
        doubts.append("the clock never shows its time, and it is moved by an hour")
    if stay is not None and abs(departure.at - arrival.at - stay) > timedelta(minutes=30):
        doubts.append("its duration is not that between its times")
    return doubts
