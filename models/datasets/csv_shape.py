"""What a CSV file looks like before anybody knows what is in it: encoding, separator, first line."""

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding

SEPARATORS = (";", "\t", ",", "|")
_SAMPLE = 65_536
"""So much of a file tells its encoding and separator. [characters]"""


@dataclass(frozen=True, slots=True)
class Table:
    """A file as text: rows by the names of its first line."""

    separator: str
    columns: tuple[str, ...]
    text: str

    def rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        """(line, row); empty lines are passed over, missing cells are empty."""
        lines = csv.DictReader(io.StringIO(self.text, newline=""), delimiter=self.separator, restval="")
        try:
            for row in lines:
                told = {name.strip(): (cell or "").strip() for name, cell in row.items() if isinstance(name, str)}
                if any(told.values()):
                    yield lines.line_num, told
        except csv.Error as broken:
            raise InvalidScenario([broken_csv(broken, lines.line_num)]) from None


def table_of(content: bytes, separator: str | None = None) -> Table:
    """The table in the bytes of a file.

    Raises:
        InvalidScenario: nothing is in it, or its first line has one column only.
    """
    text = decoded(content)
    if not text.strip():
        raise InvalidScenario([Finding(path="line 1", message="the file is empty", remedy="export it again")])
    found = separator or _separator(text[:_SAMPLE])
    try:
        columns = next(csv.reader(io.StringIO(text, newline=""), delimiter=found))
    except csv.Error as broken:
        raise InvalidScenario([broken_csv(broken, 0)]) from None
    names = tuple(name.strip() for name in columns)
    if len(names) < 2:
        message = "the first line has one column only"
        remedy = f"separate columns by one of {' '.join(SEPARATORS).replace(chr(9), 'tab')}, names in the first line"
        raise InvalidScenario([Finding(path="line 1", message=message, remedy=remedy)])
    return Table(found, names, text)


def broken_csv(broken: csv.Error, line: int) -> Finding:
    """What is no CSV any more, from after a line on: a cell that is longer than any, most often a quote too many."""
    remedy = "look for a quotation mark that is not closed, and export it again"
    return Finding(path=f"after line {line}", message=f"the file cannot be read as CSV: {broken}", remedy=remedy)


def decoded(content: bytes) -> str:
    """UTF-8, UTF-16 where a mark says so, else what Western offices write (Windows-1252)."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _separator(text: str) -> str:
    """The one that stands in the first line as often as in those after it; the most frequent of several."""
    lines = [line for line in text.splitlines() if line.strip()][:20]

    def fits(separator: str) -> tuple[int, int]:
        counts = [len(row) for row in csv.reader(lines, delimiter=separator)]
        alike = sum(count == counts[0] for count in counts)
        return (alike if counts[0] > 1 else 0, counts[0])

    return max(SEPARATORS, key=fits)
