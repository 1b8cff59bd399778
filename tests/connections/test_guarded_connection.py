"""A box that writes limits and has to be heard from, at the running service: states and numbers of EEBUS LPC."""

from collections.abc import Iterator
from typing import Any

import pytest

from api.security.keys import Scope
from tests.api.yards import key_for, service
from tests.connections.utilities import Utility, connected_yard

TOLD: dict[str, Any] = {"kind": "limit_heartbeat", "failsafe_kw": 8.0, "sites": [{"site": "yard"}]}
BOX = "/v1/connections/box/limit"


@pytest.fixture
def utility() -> Iterator[Utility]:
    with connected_yard() as made:
        made.connect(TOLD, "box")
        yield made


def beat(utility: Utility) -> Any:
    return utility.yard.post(f"{BOX}/heartbeat", None).json()


def holds(utility: Utility) -> list[float]:
    return [kw for _, _, kw in utility.caps()]


def test_it_starts_limited_and_is_free_when_nobody_speaks_for_two_minutes(utility: Utility) -> None:
    utility.wait(seconds=1)
    assert holds(utility) == [8.0]
    utility.wait(seconds=121)
    assert holds(utility) == []


def test_a_limit_that_is_written_holds_and_ends_by_itself(utility: Utility) -> None:
    beat(utility)
    told = utility.yard.put(BOX, {"limit_kw": 4.2, "duration_s": 90.0})

    assert told.json() == {
        "state": "limited",
        "limit_kw": 4.2,
        "since": "2026-03-02T06:00:00Z",
        "until": "2026-03-02T06:01:30Z",
    }
    assert utility.caps() == [("06:00", "06:01", 4.2)]
    beat(utility)
    utility.wait(seconds=91)
    assert holds(utility) == []
    assert utility.alarms("box") == {}


def test_without_a_heartbeat_the_fail_safe_holds_for_two_hours_and_is_told(utility: Utility) -> None:
    beat(utility)
    utility.yard.put(BOX, {"limit_kw": 12.0})
    utility.yard.plug_in(departure="2026-03-02T12:00:00Z")
    utility.wait(seconds=121)

    assert holds(utility) == [8.0]
    assert utility.status("box")["state"] == "failing"
    assert "has no heartbeat since 2026-03-02 06:00:00Z: 8 kW hold" in utility.alarms("box")["contact"]
    utility.wait(hours=1)
    assert holds(utility) == [8.0]
    utility.wait(hours=1.1)
    assert holds(utility) == []


def test_a_box_that_is_dead_for_a_day_leaves_the_fail_safe_where_time_does_not_end_it() -> None:
    with connected_yard() as utility:
        utility.connect(TOLD | {"let_off": False}, "box")
        beat(utility)
        utility.yard.put(BOX, {"limit_kw": 12.0})
        for _ in range(24):
            utility.listen(hours=1)
        assert holds(utility) == [8.0]
        beat(utility)
        assert holds(utility) == [8.0], "a new limit is needed too"
        utility.yard.put(BOX, {"limit_kw": 12.0})
        assert holds(utility) == [12.0]
        assert utility.alarms("box") == {}


@pytest.mark.parametrize(
    "body",
    [{"limit_kw": -1.0}, {"limit_kw": 4.0, "duration_s": 0.0}, {"limit_kw": "x"}, {}, {"limit_kw": 1e300, "x": 1}],
)
def test_a_limit_that_cannot_be_meant_is_refused_and_the_one_before_holds(utility: Utility, body: Any) -> None:
    beat(utility)
    utility.yard.put(BOX, {"limit_kw": 4.2})

    assert utility.yard.put(BOX, body).status_code == 422
    assert holds(utility) == [4.2]


def test_a_limit_without_a_heartbeat_is_refused_and_both_are_in_the_journal(utility: Utility) -> None:
    refused = utility.yard.put(BOX, {"limit_kw": 20.0})

    assert refused.status_code == 422
    assert "no heartbeat within 120 s" in refused.json()["findings"][0]["message"]
    told = [line["more"] for line in utility.journal("box") if line["what"] == "limit"]
    assert [(one["message"]["limit_kw"], one["answer"]) for one in told] == [(20.0, "refused")]


def test_heartbeats_alone_plan_nothing(utility: Utility) -> None:
    beat(utility)
    utility.yard.put(BOX, {"limit_kw": 12.0})
    utility.yard.put("/v1/sites/yard/policy", {"replan_minutes": 60})
    utility.yard.plug_in(departure="2026-03-02T12:00:00Z")
    utility.wait(seconds=1)
    plans = len(utility.yard.get("/v1/sites/yard/plans").json()["items"])
    for _ in range(20):
        beat(utility)
        utility.wait(minutes=1)
    assert len(utility.yard.get("/v1/sites/yard/plans").json()["items"]) == plans


def test_a_box_may_signal_and_nothing_else() -> None:
    with service(insecure=False) as yard:
        yard.headers = key_for(yard, "acme")
        yard.build()
        yard.put("/v1/connections/box", TOLD)
        yard.headers = key_for(yard, "acme", Scope.SIGNAL_WRITE)
        assert yard.post(f"{BOX}/heartbeat", None).status_code == 200
        assert yard.get("/v1/connections/box").status_code == 403
