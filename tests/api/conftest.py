"""A yard whose plan can be worked out in the head, and a client of the service.

One car, 11 kWh at 11 kW, two hours: the first costs 0.30 EUR/kWh, the second 0.10. Planned: all of it in the second
hour, 1.10 EUR. Without a plan: at once, 3.30 EUR.
"""

import copy
import json
import os
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.planning import Answer, plan
from models.domain.scenario import Scenario
from models.domain.sending import Version
from models.domain.wire import read_scenario
from models.ocpp.manner import Manner
from optimizer.settings import Settings

ROOT = Path(__file__).parents[2]
NO_SAMPLE = {"CHARGEWRIGHT_SAMPLE": "false"}
NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
YARD: dict[str, Any] = {
    "name": "yard",
    "site": {
        "id": "yard",
        "time_zone": "Europe/Berlin",
        "nodes": [{"id": "grid", "kind": "connection", "import_limit_kw": 22.0, "continuous_factor": 1.0}],
        "evses": [{"id": "bay-1", "node": "grid", "max_power_kw": 11.0}],
    },
    "sessions": [
        {
            "id": "car-1",
            "evse": "bay-1",
            "arrival": "2026-03-02T06:00:00Z",
            "departure": "2026-03-02T08:00:00Z",
            "energy_target_kwh": 11.0,
            "transaction_id": "7",
        }
    ],
    "tariff": {
        "currency": "EUR",
        "import_price": {
            "steps": [
                {"start": "2026-03-02T06:00:00Z", "value": 0.30},
                {"start": "2026-03-02T07:00:00Z", "value": 0.10},
            ],
            "end": "2026-03-02T08:00:00Z",
        },
    },
    "horizon": {"start": "2026-03-02T06:00:00Z", "stretches": [{"count": 8, "minutes": 15.0}]},
}


@pytest.fixture
def yard() -> dict[str, Any]:
    """The yard as JSON data, free to be changed."""
    return copy.deepcopy(YARD)


@pytest.fixture
def yard_file(tmp_path: Path, yard: dict[str, Any]) -> Path:
    """The yard as a file."""
    path = tmp_path / "yard.json"
    path.write_text(json.dumps(yard), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def yard_scenario() -> Scenario:
    """The yard as a scenario."""
    return read_scenario(json.dumps(YARD), now=NOW)


@pytest.fixture(scope="session")
def yard_answer(yard_scenario: Scenario) -> Answer:
    """The yard's plan with OCPP 2.0.1 requests."""
    return plan(yard_scenario, settings=Settings(), now=NOW, ocpp=Manner(version=Version.V201))


@pytest.fixture(scope="session")
def client() -> Iterator[Any]:
    """A client inside this process, its errors of the server told as answers."""
    with warnings.catch_warnings():
        # Starlette prefers httpx2 and says so at import; either serves these tests.
        warnings.simplefilter("ignore")
        from fastapi.testclient import TestClient

        from api.app import create_app
        from api.settings import ServiceSettings

    with TestClient(
        create_app(ServiceSettings(insecure=True, database_url="memory:")), raise_server_exceptions=False
    ) as connected:
        yield connected


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """The environment of a command that is run from the checkout."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "160", "CHARGEWRIGHT_DATABASE_URL": "memory:"} | NO_SAMPLE
