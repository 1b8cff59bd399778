"""Signals over HTTP: folded, and asked of a scenario that can be planned right away."""

from typing import Any

import pytest

LIMIT = {
    "id": "cap",
    "source": "dso",
    "kind": "limit",
    "intervals": [{"start": "2026-03-02T06:00:00Z", "end": "2026-03-02T08:00:00Z", "value": 6.0}],
}
QUERY = "/v1/signals/fold?start=2026-03-02T00:00:00Z&hours=24"


def test_what_holds_is_answered_lane_by_lane_and_of_all_sources_together(client: Any) -> None:
    other = {**LIMIT, "source": "supplier", "priority": 1}
    other["intervals"] = [{**LIMIT["intervals"][0], "value": 4.0, "end": "2026-03-02T07:00:00Z"}]  # type: ignore[index]
    answer = client.post(QUERY, json={"signals": [LIMIT, other]})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert [(lane["source"], len(lane["held"])) for lane in told["lanes"]] == [("dso", 1), ("supplier", 1)]
    assert [(step["limit_kw"], step["signals"]) for step in told["limits"]] == [
        (4.0, ["supplier/cap"]),
        (6.0, ["dso/cap"]),
    ]


def test_the_scenario_comes_back_with_what_it_is_asked_and_is_planned_so(client: Any, yard: dict[str, Any]) -> None:
    answer = client.post(QUERY, json={"signals": [LIMIT], "scenario": yard})
    assert answer.status_code == 200, answer.text
    asked = answer.json()["scenario"]
    assert [signal["id"] for signal in asked["signals"]] == ["dso/cap import"]
    plan = client.post("/v1/plans", json=asked)
    assert plan.status_code == 200, plan.text
    powers = [s["charge_power_kw"] for session in plan.json()["sessions"] for s in session["setpoints"]]
    assert max(powers) == pytest.approx(6.0)


@pytest.mark.parametrize(
    ("body", "status", "path"),
    [
        (b"{", 400, ""),
        (b'{"signals": 1}', 422, "signals"),
        (b'{"signals": [{"id": "x", "source": "s", "kind": "limit", "colour": 1}]}', 422, "signals[0].colour"),
        (b'{"signals": [], "scenario": {"site": {"id": "a", "nodes": [], "evses": []}}}', 422, "scenario"),
    ],
)
def test_what_is_no_signal_is_refused_with_its_place(client: Any, body: bytes, status: int, path: str) -> None:
    answer = client.post(QUERY, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert answer.json()["findings"][0]["path"].startswith(path)


@pytest.mark.parametrize("query", ["", "?start=2026-03-02T00:00:00", "?start=2026-03-02T00:00:00Z&hours=0"])
def test_a_question_without_a_time_is_refused(client: Any, query: str) -> None:
    assert client.post(f"/v1/signals/fold{query}", json={"signals": []}).status_code == 422
