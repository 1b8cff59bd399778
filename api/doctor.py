"""Whether this installation can plan: versions, time zone data, and a plan whose optimum is known by hand."""

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from api.release import own_version
from models.domain.errors import ChargingError
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.site import Evse, GridNode, NodeKind, Site
from models.domain.tariff import PriceSeries, Tariff
from models.domain.value import Step
from optimizer.optimize import optimize
from optimizer.settings import Settings

PACKAGES = (
    "numpy",
    "pandas",
    "highspy",
    "pyomo",
    "pydantic",
    "fastapi",
    "uvicorn",
    "holidays",
    "plotly",
    "typer",
    "rich",
    "tzdata",
)
OPTIMUM = 1.10
"""11 kWh on 11 kW, two hours at 0.10 and 0.30 EUR/kWh: all of it in the first hour. [EUR]"""
TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    passed: bool
    told: str


def checks() -> Iterator[Check]:
    """Everything that is looked at, one after the other."""
    yield Check("chargewright", True, own_version())
    yield Check("python", True, f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    for package in PACKAGES:
        yield package_check(package)
    yield time_zone_check()
    yield solver_check()


def package_check(package: str) -> Check:
    """Whether a package is installed, and which version."""
    try:
        return Check(package, True, version(package))
    except PackageNotFoundError:
        return Check(package, False, f"not installed; pip install {package}")


def time_zone_check() -> Check:
    """Whether zone data are there and know when Berlin's clocks change."""
    try:
        zone = ZoneInfo("Europe/Berlin")
    except ZoneInfoNotFoundError:
        return Check("time zones", False, "no data; pip install tzdata")
    before, after = (datetime(2026, 3, 29, hour, tzinfo=UTC).astimezone(zone).hour for hour in (0, 1))
    known = (before, after) == (1, 3)
    return Check("time zones", known, "data found" if known else "data are wrong: 2026-03-29 in Europe/Berlin")


def solver_check() -> Check:
    """Whether the solver finds the known optimum."""
    try:
        schedule = optimize(known_scenario(), Settings())
    except ChargingError as error:
        return Check("solver", False, str(error))
    passed = abs(schedule.cost - OPTIMUM) <= TOLERANCE
    return Check("solver", passed, f"cost {schedule.cost:.6f} EUR, known optimum {OPTIMUM:.6f} EUR")


def known_scenario() -> Scenario:
    """One car, one hour of need, two hours of which the first is cheap."""
    start = datetime(2026, 3, 2, tzinfo=UTC)
    hour = timedelta(hours=1)
    prices = PriceSeries(
        steps=(Step(start=start, value=0.10), Step(start=start + hour, value=0.30)), end=start + 2 * hour
    )
    connection = GridNode(id="grid", kind=NodeKind.CONNECTION, import_limit_kw=11.0, continuous_factor=1.0)
    return Scenario(
        site=Site(id="self-test", nodes=(connection,), evses=(Evse(id="evse", node="grid", max_power_kw=11.0),)),
        sessions=(Session(id="car", evse="evse", arrival=start, departure=start + 2 * hour, energy_target_kwh=11.0),),
        tariff=Tariff(currency="EUR", import_price=prices),
        horizon=Horizon(start=start, stretches=(Stretch(count=8, minutes=15.0),)),
    )
