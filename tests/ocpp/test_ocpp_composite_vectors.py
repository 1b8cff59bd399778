"""Composite schedules as EVerest's libocpp works them out (Apache-2.0); found through CHARGEWRIGHT_DATA."""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from models.domain.site import RateUnit
from models.domain.times import seconds
from models.ocpp.composite import (
    Composite,
    CompositePeriod,
    Conventions,
    InstalledProfile,
    Question,
    Transaction,
    composite,
    installed_profile,
)

DATA = os.environ.get("CHARGEWRIGHT_DATA")
VECTORS = Path(DATA or ".") / "ocpp" / "libocpp_vectors"
NAMES = ("v16", "v2", "v21")

pytestmark = pytest.mark.skipif(not VECTORS.is_dir(), reason="CHARGEWRIGHT_DATA names no folder with libocpp's vectors")


def file_of(version: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((VECTORS / f"{version}_composite_schedule_cases.json").read_text())
    return found


def cases() -> list[Any]:
    if not VECTORS.is_dir():
        return []
    named = ((version, case) for version in NAMES for case in file_of(version)["cases"])
    return [pytest.param(version, case, id=f"{version}-{case['name']}") for version, case in named]


def profiles(case: dict[str, Any]) -> list[InstalledProfile]:
    slots = ((slot["evse_id"], name) for slot in case["profiles"] for name in slot["files"])
    return [installed_profile(json.loads((VECTORS / name).read_text()), evse) for evse, name in slots]


def at(text: str) -> float:
    return seconds(datetime.fromisoformat(text))


def transaction(given: dict[str, Any]) -> tuple[int, Transaction]:
    start_s = at(given["start_time"]) if "start_time" in given else None
    return given.get("evse_id", given.get("connector_id")), Transaction(id=given.get("transaction_id"), start_s=start_s)


def question(case: dict[str, Any]) -> Question:
    return Question(
        evse=case["evse_id"],
        start_s=at(case["start"]),
        end_s=at(case["end"]),
        unit=RateUnit(case["unit"]),
        evses=case["nr_evses"],
        transactions=tuple(map(transaction, case["transactions"])),
        as_if_charging=case["simulate_transaction_active"],
        offline_since_s=at(case["start"]) if case["offline"] else None,
    )


def conventions(version: str) -> Conventions:
    told = file_of(version)["constants"]
    return Conventions(
        unlimited_a=told["default_limit_a"],
        unlimited_w=told["default_limit_w"],
        number_phases=told["default_number_phases"],
        voltage_v=told["line_voltage_v"],
    )


def spelled(period: CompositePeriod) -> dict[str, float | None]:
    amounts = {"limit": period.limit, "setpoint": period.setpoint, "dischargeLimit": period.discharge_limit}
    return {"startPeriod": period.start_s, "numberPhases": period.number_phases} | {
        name: None if amount is None else amount.value for name, amount in amounts.items()
    }


def merged_where_not_asserted(found: Composite, names: set[str]) -> list[dict[str, Any]]:
    """Periods that differ in nothing that the case tells are one."""
    told = [{name: spelled(period)[name] for name in names} for period in found.periods]
    differ = [k == 0 or any(told[k][n] != told[k - 1][n] for n in names - {"startPeriod"}) for k in range(len(told))]
    return [period for period, new in zip(told, differ, strict=True) if new]


@pytest.mark.parametrize(("version", "case"), cases())
def test_a_station_full_of_profiles_offers_what_libocpp_says(version: str, case: dict[str, Any]) -> None:
    wanted = case["expected"]["periods"]
    names = set().union(*wanted)

    found = composite(profiles(case), question(case), conventions(version))

    assert found.duration_s == case["expected"]["duration"]
    assert merged_where_not_asserted(found, names) == [
        {name: pytest.approx(period[name]) if name in period else None for name in names} for period in wanted
    ]
