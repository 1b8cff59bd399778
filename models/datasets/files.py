"""Bytes of a data set from a data folder, checked against what is known of them."""

import csv
import gzip
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from models.datasets.catalogue import Dataset
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding

Row = dict[str, str]


def read(folder: Path, one: Dataset) -> bytes:
    """The bytes of a data set, unpacked where they are packed with gzip.

    Raises:
        InvalidScenario: the folder has no such file, or another one of that name.
    """
    path = existing(folder, one)
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != one.sha256:
        remedy = f"get it anew from {one.source}; figures of another file would not be those of this data set"
        raise InvalidScenario([Finding(path=one.file, message="its SHA-256 is not the known one", remedy=remedy)])
    return gzip.decompress(content) if path.suffix == ".gz" else content


def existing(folder: Path, one: Dataset) -> Path:
    """Where a data set lies.

    Raises:
        InvalidScenario: the folder has no such file.
    """
    path = folder / one.file
    if path.is_file():
        return path
    remedy = f"get it from {one.source} and put it there"
    raise InvalidScenario([Finding(path=one.file, message="the data folder has no such file", remedy=remedy)])


def rows(folder: Path, one: Dataset) -> list[Row]:
    """The rows of a CSV file; raises as :func:`read`."""
    return list(csv.DictReader(io.StringIO(read(folder, one).decode("utf-8"))))


def document(folder: Path, one: Dataset) -> Any:
    """A JSON document; raises as :func:`read`."""
    return json.loads(read(folder, one))


def rows_inside(folder: Path, one: Dataset, prefix: str) -> Iterator[Row]:
    """The rows of all packed CSV files below a path inside an archive, by name; raises as :func:`read`."""
    with zipfile.ZipFile(io.BytesIO(read(folder, one))) as archive:
        for name in sorted(archive.namelist()):
            if name.startswith(prefix) and name.endswith(".csv.gz"):
                yield from csv.DictReader(io.StringIO(gzip.decompress(archive.read(name)).decode("utf-8")))
