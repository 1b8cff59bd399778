"""A service in a process of its own, asked over several connections from another one: what it acknowledged is kept."""

import json
from datetime import UTC, datetime

from api.store.opening import open_store
from api.store.records import Kind
from tests.benchmarks.caller import Call, Errand, asked
from tests.benchmarks.served import TENANT, serving

CALLS = 24


def test_every_update_that_is_acknowledged_is_in_the_store() -> None:
    site = {
        "id": "yard",
        "nodes": [{"id": "grid", "kind": "connection", "import_limit_kw": 22.0}],
        "evses": [{"id": "bay", "node": "grid", "max_power_kw": 11.0}],
    }
    with serving("sqlite", plans_by_itself="false") as served:
        told = {"session": "7f3", "evse": "bay", "plugged_in_at": datetime.now(UTC).isoformat()}
        first = [
            Call("PUT", "/v1/sites/yard", json.dumps(site)),
            Call("POST", "/v1/sites/yard/sessions", json.dumps(told)),
        ]
        needs = [
            Call("POST", "/v1/sites/yard/sessions/7f3/needs", json.dumps({"energy_target_kwh": 1.0 + k}))
            for k in range(CALLS)
        ]

        assert asked(Errand(served.port, served.key, first, connections=1)).statuses == {"201": 2}
        seen = asked(Errand(served.port, served.key, needs, connections=8))

        assert seen.statuses == {"200": CALLS}
        store = open_store(served.address)
        with store.view() as unit:
            noted = unit.entries(TENANT, "yard", [Kind.AUDIT], limit=999)
        store.close()
    assert sum(entry.id == "needs told" for entry in noted) == CALLS
