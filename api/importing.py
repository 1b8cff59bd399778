"""Files that a CPO has, read into a site file and a sessions file; tokens are named anew before anything is written."""

import gzip
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.datasets.csv_columns import ColumnMap, Guess, guess
from models.datasets.csv_sessions import sessions_of
from models.datasets.csv_shape import table_of
from models.datasets.imported import Imported, doubt
from models.datasets.pseudonyms import KEY_BYTES, Named, pseudonym
from models.datasets.recorded import RecordedSession
from models.datasets.session_file import write_sessions
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.wire import form_json, read_form
from models.ocpi.cdrs import sessions_of_cdrs
from models.ocpi.exports import objects_of
from models.ocpi.location_site import LocationSite, site_of_location

KEY_FILE = "chargewright-drivers.key"


@dataclass(frozen=True, slots=True)
class CsvImport:
    """What came of exports, and how the first of them was read."""

    found: Imported
    guess: Guess


def nobody(token: str) -> str | None:
    """Drivers are left out altogether."""
    return None


@dataclass(slots=True)
class Names:
    """Names of drivers by the key in a file, which is made with the first driver, for its owner's eyes only."""

    path: Path
    _key: bytes = b""

    def __call__(self, token: str) -> str | None:
        """The name of whoever holds a token; raises InvalidScenario where the file is there and holds no key."""
        if not token.strip():
            return None
        self._key = self._key or _key_in(self.path)
        return pseudonym(self._key, token)


def _key_in(path: Path) -> bytes:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError:
        key = b""
    if len(key) < KEY_BYTES:
        message, remedy = f"{path} holds no key", "delete it and have one made, or name another with --key"
        raise InvalidScenario([Finding(path="--key", message=message, remedy=remedy)])
    return key


def import_csv(
    files: Sequence[Path], named: Named, *, time_zone: str | None, told: dict[str, str], known: Path | None
) -> CsvImport:
    """Sessions of several exports; a map that was kept in place of a guess for each of them.

    Raises:
        InvalidScenario: a file cannot be read at all.
    """
    kept = read_form(ColumnMap, bytes_of(known)) if known else None
    parts, guesses = [], []
    for path in files:
        table = table_of(bytes_of(path), kept.separator if kept else None)
        read_by = Guess(kept, ()) if kept else guess(table, time_zone, told)
        guesses.append(read_by)
        parts.append(sessions_of(table, read_by.columns, named, file=path.name if len(files) > 1 else ""))
    return CsvImport(together(parts), guesses[0])


def import_cdrs(files: Sequence[Path], named: Named, location: str | None) -> Imported:
    """Sessions of charge detail records of any version."""
    return together(
        [
            sessions_of_cdrs(objects_of(bytes_of(path)), named, location=location, file=path.name if files[1:] else "")
            for path in files
        ]
    )


def import_location(path: Path, location: str | None, *, limit_kw: float | None, time_zone: str | None) -> LocationSite:
    """The site of the one location of a file, or of that which is named.

    Raises:
        InvalidScenario: there are several and none is named, or there is no such one.
    """
    there = {str(one.get("id")): one for one in objects_of(bytes_of(path)) if isinstance(one, dict)}
    name = location or (next(iter(there)) if len(there) == 1 else "")
    if name not in there:
        message = f"there is no location {location}" if location else f"there are {len(there)} locations"
        remedy = f"name one with --location: {', '.join(list(there)[:10])}"
        raise InvalidScenario([Finding(path="--location", message=message, remedy=remedy)])
    return site_of_location(there[name], limit_kw=limit_kw, time_zone=time_zone)


def together(parts: Sequence[Imported]) -> Imported:
    """One import of several; of sessions that stand in more than one, the first counts."""
    kept: dict[str, RecordedSession] = {}
    again: list[Finding] = []
    for part in parts:
        for one in part.sessions:
            if one.id in kept:
                message = f"session {one.id} stands in two files"
                again.append(doubt(one.id, "told twice", message, "the first one counts"))
            kept.setdefault(one.id, one)
    return Imported(
        tuple(sorted(kept.values(), key=lambda one: (one.arrival, one.id))),
        (*(finding for part in parts for finding in part.left_out), *again),
        tuple(finding for part in parts for finding in part.doubtful),
    )


def keep_sessions(found: Imported, path: Path) -> None:
    """Write a sessions file. Raises OSError."""
    path.write_text(write_sessions(found.sessions), encoding="utf-8")


def keep_map(columns: ColumnMap, path: Path) -> None:
    """Write the map of an export, for the next one. Raises OSError."""
    path.write_text(form_json(ColumnMap, columns) + "\n", encoding="utf-8")


def bytes_of(path: Path) -> bytes:
    """The bytes of a file, unpacked where it ends in .gz.

    Raises:
        InvalidScenario: it cannot be read.
    """
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix == ".gz" else content
    except (OSError, EOFError) as error:
        message = f"{path} cannot be read: {getattr(error, 'strerror', None) or error}"
        raise InvalidScenario([Finding(path="", message=message, remedy="name a file that is there")]) from None
