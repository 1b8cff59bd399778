"""Drivers who tell nothing, planned anew every quarter of an hour: equation (19) beside a single guess and no plan.

Public sessions without limits that they share, so that a plan is one of each session alone. ``rolling.energy_now`` is
then what the optimizer plans for the present quarter; a test holds the two together. Every constant is chosen on the
earlier half of each data set, habits are learnt on it, the later half is scored.
"""

import csv
import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from models.domain.units import SECONDS_PER_HOUR, hours_from_seconds, per_kwh_from_per_mwh
from models.learning.curves import Curves
from models.learning.history import PastSession
from models.learning.learn import day_and_hour, learn
from tests.benchmarks.reporting import Row
from tests.benchmarks.rolling import Fleet, Policy, by_chance, by_median, rolled, uncontrolled

Floats = NDArray[np.float64]

RETAIL_PER_KWH, ADDER_PER_KWH = 0.45, 0.12
"""What a driver pays, and what is added to day-ahead prices. [EUR/kWh]"""
VALUES_PER_KWH = (0.45, 0.6, 0.8, 1.0, 1.3)
"""What a kWh may be worth that is delivered; one is chosen for each data set."""
CHOSEN_ABOVE_PERCENT = 98.0
"""Of the energy, in the earlier half: of the values above it the one with the largest margin is chosen."""
ENERGY_PERCENT, MARGIN_PERCENT, AHEAD = 97.0, 99.5, 2
MOST_SCORED, MOST_CHOSEN_ON = 40_000, 2_500
LEAST_H, LONGEST_H, LEAST_KWH, MOST_KW = 0.5, 72.0, 0.5, 22.0
AC_KW = 7.0
HEAD = ("data set", "policy", "sessions", "energy %", "full %", "cost/kWh", "margin EUR", "margin %", "value of a kWh")


@dataclass(frozen=True, slots=True)
class DataSet:
    """Where sessions are, how their power is known, and whether a goal is promised for them."""

    name: str
    file: str
    zone: str
    power_kw: Callable[[dict[str, str]], float | None]
    promised: bool = True


def _dundee_kw(row: dict[str, str]) -> float | None:
    return AC_KW if float(row["max_kw_from_model"] or 0.0) <= MOST_KW + 1.0 else None


def _norway_kw(row: dict[str, str]) -> float | None:
    return float(row["est_charging_power_kw"] or 3.6)


def _acn_kw(row: dict[str, str]) -> float | None:
    return 6.656


DATA_SETS = (
    DataSet("Dundee 2017-18", "uk_dundee_2017_2018.csv.gz", "Europe/London", _dundee_kw),
    DataSet("Norway 2018-21", "no_residential_12sites_2018_2021.csv.gz", "Europe/Oslo", _norway_kw),
    DataSet("Caltech 2019-10", "acn_caltech_2019-10.csv", "America/Los_Angeles", _acn_kw),
    DataSet("JPL 2019-10", "acn_jpl_2019-10.csv", "America/Los_Angeles", _acn_kw, promised=False),
)


@dataclass(frozen=True, slots=True)
class Past:
    """One session of a file."""

    session: PastSession
    power_kw: float


@dataclass(frozen=True, slots=True)
class Score:
    """What a policy came to."""

    energy_percent: float
    full_percent: float
    cost_per_kwh: float
    margin: float


def rows(folder: Path) -> Iterator[Row]:
    """Four policies for every data set, and the verdict over all."""
    prices = hourly_prices(folder)
    ahead = 0
    for data in DATA_SETS:
        past = read(folder, data)
        half = len(past) // 2
        value = chosen_value(past[:half], data, prices)
        scored, base, percent = past[half:][:MOST_SCORED], None, 0.0
        fleet, curves = fleet_of(scored, data), curves_of(past[:half], data)
        for name, policy in (("none", uncontrolled), ("median", by_median(curves)), ("(19)", by_chance(curves, value))):
            found = score(fleet, policy, prices)
            base = base or found
            percent = 100.0 * found.margin / base.margin
            held = _held(found, percent) if data.promised and name == "(19)" else None
            yield Row(_cells(data, name, len(scored), found, percent, value), held)
        ahead += data.promised and percent > 100.0
    cells = ("margin above uncontrolled", "(19)", "", "", "", "", "", f"{ahead} of 3", "")
    yield Row(cells, ahead >= AHEAD)


def chosen_value(past: list[Past], data: DataSet, prices: Floats) -> float:
    """Of the values that charge enough in the second quarter, learnt on the first, the one with the largest margin."""
    quarter = len(past) // 2
    curves = curves_of(past[:quarter], data)
    tried = past[quarter:]
    fleet = fleet_of(tried[:: max(1, len(tried) // MOST_CHOSEN_ON)], data)
    found = {value: score(fleet, by_chance(curves, value), prices) for value in VALUES_PER_KWH}
    enough = [value for value, one in found.items() if one.energy_percent >= CHOSEN_ABOVE_PERCENT]
    return max(enough, key=lambda value: found[value].margin) if enough else max(VALUES_PER_KWH)


def score(fleet: Fleet, policy: Policy, prices: Floats) -> Score:
    """A policy followed through the stays of a fleet."""
    energy, cost = rolled(fleet, policy, prices)
    total = float(energy.sum())
    return Score(
        energy_percent=100.0 * total / float(fleet.need_kwh.sum()),
        full_percent=100.0 * float((energy >= 0.95 * fleet.need_kwh).mean()),
        cost_per_kwh=float(cost.sum()) / total,
        margin=RETAIL_PER_KWH * total - float(cost.sum()),
    )


def read(folder: Path, data: DataSet) -> list[Past]:
    """Plausible AC sessions of a file, by arrival."""
    content = (folder / "sessions" / data.file).read_bytes()
    text = (gzip.decompress(content) if data.file.endswith(".gz") else content).decode()
    found = [past for row in csv.DictReader(text.splitlines()) if (past := _past(row, data)) is not None]
    return sorted(found, key=lambda past: past.session.arrival)


def _past(row: dict[str, str], data: DataSet) -> Past | None:
    power_kw = data.power_kw(row) if row.get("ok", "True") == "True" else None
    if power_kw is None:
        return None
    arrival, departure = (datetime.fromisoformat(row[f"{name}_utc"]) for name in ("arrival", "departure"))
    stay_h, energy_kwh = hours_from_seconds((departure - arrival).total_seconds()), float(row["delivered_kwh"])
    if not LEAST_H <= stay_h <= LONGEST_H or energy_kwh < LEAST_KWH:
        return None
    power_kw = max(power_kw, energy_kwh / stay_h)  # what was delivered was possible
    return Past(PastSession(arrival, departure, energy_kwh), power_kw) if power_kw <= MOST_KW else None


def curves_of(past: list[Past], data: DataSet) -> Curves:
    """The habits that they show, as a site would learn them."""
    return Curves(learn((one.session for one in past), ZoneInfo(data.zone)))


def fleet_of(past: list[Past], data: DataSet) -> Fleet:
    """Sessions as arrays."""
    sessions, zone = [one.session for one in past], ZoneInfo(data.zone)
    kinds = [day_and_hour(session.arrival, zone) for session in sessions]
    return Fleet(
        arrival_s=np.array([session.arrival.timestamp() for session in sessions]),
        departure_s=np.array([session.departure.timestamp() for session in sessions]),
        need_kwh=np.array([session.energy_kwh for session in sessions]),
        power_kw=np.array([one.power_kw for one in past]),
        workday=np.array([workday for workday, _ in kinds], dtype=bool),
        hour=np.array([hour for _, hour in kinds], dtype=np.int64),
    )


def hourly_prices(folder: Path) -> Floats:
    """German day-ahead prices of 2025 with the adder, of every hour of a leap year that starts with January. [EUR/kWh]

    The last days of December are not published in the file; they take the prices of 14 December.
    """
    with (folder / "prices" / "eu_day_ahead_hourly_2025_smard.csv").open(encoding="utf-8") as file:
        told = {_hour_of_year(r["utc_start"]): r["DE_LU"] for r in csv.DictReader(file) if r["utc_start"] >= "2025"}
    prices = np.full(366 * 24, np.nan)
    for hour, price in told.items():
        if price:
            prices[hour] = per_kwh_from_per_mwh(float(price)) + ADDER_PER_KWH
    day = _hour_of_year("2025-12-14T00:00:00Z")
    stand_in = np.tile(prices[day : day + 24], 366)
    return np.where(np.isnan(prices), stand_in, prices)


def _hour_of_year(text: str) -> int:
    """In a leap year, so that every date has its place; prices of 29 February are those of a stand-in."""
    when = datetime.fromisoformat(text).astimezone(UTC)
    return int((when.replace(year=2024) - datetime(2024, 1, 1, tzinfo=UTC)).total_seconds() // SECONDS_PER_HOUR)


def _held(found: Score, percent: float) -> bool:
    return found.energy_percent >= ENERGY_PERCENT and percent >= MARGIN_PERCENT


def _cells(data: DataSet, name: str, count: int, found: Score, percent: float, value: float) -> tuple[str, ...]:
    return (
        data.name,
        name,
        f"{count:,}",
        f"{found.energy_percent:.2f}",
        f"{found.full_percent:.1f}",
        f"{found.cost_per_kwh:.4f}",
        f"{found.margin:,.0f}",
        f"{percent:.2f}",
        f"{value:g}" if name == "(19)" else "",
    )
