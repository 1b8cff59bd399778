"""What the builders of the samples share: reading the data folder, day-ahead prices, rebuilding a shipped file."""

import argparse
import csv
import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import floor
from pathlib import Path
from types import MappingProxyType
from typing import Any

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.tariff import PriceSeries
from models.domain.units import hours_from_seconds, per_kwh_from_per_mwh
from models.domain.value import Step
from models.samples.rendering import render

SAMPLES = Path(__file__).parent
LONGEST_STAY = timedelta(hours=24)
"""Stays are cut here: a forgotten car says nothing about a day."""
METER_DIGITS = 3
"""Energies are told to the watt-hour."""
PRICE_DIGITS = 5
"""SMARD tells cents per MWh."""
DAY_AHEAD = "prices/eu_day_ahead_hourly_2025_smard.csv"


def read_csv(folder: Path, name: str) -> list[dict[str, str]]:
    """The rows of a CSV file of the data folder, plain or gzip.

    Raises:
        InvalidScenario: the folder has no such file.
    """
    path = existing(folder, name)
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        return list(csv.DictReader(lines))


def read_json(folder: Path, name: str) -> Any:
    """A JSON document of the data folder.

    Raises:
        InvalidScenario: the folder has no such file.
    """
    return json.loads(existing(folder, name).read_text())


def existing(folder: Path, name: str) -> Path:
    """A file of the data folder.

    Raises:
        InvalidScenario: the folder has no such file.
    """
    path = folder / name
    if path.is_file():
        return path
    remedy = "name the folder that holds it; the README of the sample says where the data are from"
    raise InvalidScenario([Finding(path=name, message=f"{folder} has no file {name}", remedy=remedy)])


def day_ahead(folder: Path, zone: str, start: datetime, end: datetime, adder_per_kwh: float = 0.0) -> PriceSeries:
    """Hourly prices of a bidding zone from ``start`` to ``end``, plus a constant of fees and taxes. [currency/kWh]

    Raises:
        InvalidScenario: an hour has no price; a hole must not look like a cheap hour.
    """
    steps = []
    for row in read_csv(folder, DAY_AHEAD):
        instant = utc(row["utc_start"])
        if start <= instant < end and row[zone]:
            price = per_kwh_from_per_mwh(float(row[zone])) + adder_per_kwh
            steps.append(Step(start=instant, value=round(price, PRICE_DIGITS)))
    if [step.start for step in steps] != _hours(start, end):
        message = f"zone {zone} has not one price for each hour between {start} and {end}"
        remedy = "choose full hours of days that have prices"
        raise InvalidScenario([Finding(path=DAY_AHEAD, message=message, remedy=remedy)])
    return PriceSeries(steps=tuple(steps), end=end)


def _hours(start: datetime, end: datetime) -> list[datetime]:
    count = round(stay_h(start, end))
    return [start + k * timedelta(hours=1) for k in range(count)]


def utc(text: str) -> datetime:
    """An instant of the data folder: ISO 8601 with Z."""
    return datetime.fromisoformat(text).astimezone(UTC)


def stay_h(arrival: datetime, departure: datetime) -> float:
    """[h]"""
    return hours_from_seconds((departure - arrival).total_seconds())


def reachable_kwh(wanted_kwh: float, power_kw: float, arrival: datetime, departure: datetime) -> float:
    """What was delivered, or what the stay allows at full power if that is less; rounded down. [kWh]"""
    steps_per_kwh = 10.0**METER_DIGITS
    allowed_kwh = floor(power_kw * stay_h(arrival, departure) * steps_per_kwh) / steps_per_kwh
    return min(wanted_kwh, allowed_kwh)


def by_arrival(sessions: Sequence[Session]) -> tuple[Session, ...]:
    """In the order in which they plug in."""
    return tuple(sorted(sessions, key=lambda session: (session.arrival, session.id)))


def rebuild(
    name: str,
    build: Callable[[Path], Scenario],
    arguments: Sequence[str] | None = None,
    *,
    files: Mapping[str, Callable[[Path], str]] = MappingProxyType({}),
) -> None:
    """The command of a builder: write the shipped files of a sample anew from a data folder."""
    parser = argparse.ArgumentParser(description=f"Rebuild the sample {name} from public data.")
    parser.add_argument("folder", type=Path, help="folder with the data that the README of the sample names")
    folder = parser.parse_args(arguments).folder
    (SAMPLES / name / "scenario.json").write_text(render(build(folder)), encoding="utf-8")
    for file, text in files.items():
        (SAMPLES / name / file).write_text(text(folder), encoding="utf-8")
