"""Modes of a site and of sets of its EVSEs: what is sent, offered or watched, tried with a share, and given back."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from api.sites.forms import Canary, EvseSet, SiteMode, SitePolicy
from api.sites.steering import canaries, steering_of
from api.store.records import Kind
from models.domain.site import Evse, GridNode, Site
from tests.api.yards import Yard, service

MORNING = "2026-03-02T08:00:00Z"
CARS = (("bay-1", "a"), ("bay-2", "b"))


@pytest.fixture
def yard() -> Iterator[Yard]:
    """22 kW, two bays of 11 kW."""
    with service() as served:
        served.build()
        yield served


def policy(yard: Yard, told: dict[str, Any]) -> Any:
    there = yard.get("/v1/sites/yard/policy").status_code == 200
    return yard.put("/v1/sites/yard/policy", told, match="*" if there else None)


def obeyed(yard: Yard, told: dict[str, Any]) -> None:
    answer = policy(yard, told)
    assert answer.status_code in (200, 201), answer.text


def both_plug_in(yard: Yard, **more: Any) -> None:
    for bay, session in CARS:
        yard.plug_in(evse=bay, session=session, **({"departure": MORNING, "energy_target_kwh": 11.0} | more))


def plan(yard: Yard) -> Any:
    answer = yard.post("/v1/sites/yard/plan", None)
    assert answer.status_code == 200, answer.text
    return answer.json()


def pulled(yard: Yard) -> list[Any]:
    told: list[Any] = yard.get("/v1/sites/yard/commands").json()["commands"]
    return told


def by_advice(commands: list[Any]) -> dict[bool, set[str]]:
    """EVSEs of commands that are sent, and of those that are offered."""
    return {advice: {one["evse"] for one in commands if one["advice"] is advice} for advice in (False, True)}


def mode_lines(yard: Yard) -> list[Any]:
    with yard.store.view() as unit:
        entries = unit.entries("default", "yard", [Kind.AUDIT], limit=99)
    return [json.loads(entry.body) for entry in entries if entry.id == "mode"]


class TestSets:
    def test_a_set_of_evses_has_a_mode_of_its_own(self, yard: Yard) -> None:
        obeyed(yard, {"mode": "control", "sets": [{"id": "vip", "evses": ["bay-2"], "mode": "advise"}]})
        both_plug_in(yard)
        plan(yard)

        assert by_advice(pulled(yard)) == {False: {"bay-1"}, True: {"bay-2"}}

    def test_what_others_steer_counts_at_what_it_may_draw(self, yard: Yard) -> None:
        """16 kW for both: 11 are bay-2's, whatever it does, so bay-1 has 5."""
        yard.put("/v1/sites/yard/nodes/grid/limit", {"import_limit_kw": 16.0})
        both_plug_in(yard, departure="2026-03-02T07:00:00Z")
        obeyed(yard, {"mode": "control", "sets": [{"id": "own", "evses": ["bay-2"], "mode": "observe"}]})
        plan(yard)

        told = {one["evse_id"]: one for one in yard.get("/v1/sites/yard/plan").json()["sessions"]}

        assert max(s["offered_power_kw"] for s in told["bay-1"]["setpoints"]) <= 5.0 + 1e-6
        (node,) = yard.get("/v1/sites/yard/plan").json()["nodes"]
        assert max(node["guaranteed_kw"]) == pytest.approx(16.0, abs=0.01)

    def test_a_site_that_steers_nobody_is_planned_as_if_it_steered_all(self, yard: Yard) -> None:
        """Nothing is at stake, and the advice for either counts on that for the other: 8 kW each."""
        yard.put("/v1/sites/yard/nodes/grid/limit", {"import_limit_kw": 16.0})
        both_plug_in(yard, departure="2026-03-02T07:00:00Z")
        plan(yard)

        told = yard.get("/v1/sites/yard/plan").json()["sessions"]

        assert [one["energy_kwh"] for one in told] == pytest.approx([8.0, 8.0], abs=0.02)

    @pytest.mark.parametrize(
        ("told", "path"),
        [
            ({"sets": [{"id": "x", "evses": ["bay-9"], "mode": "observe"}]}, "sets[0].evses"),
            ({"sets": [{"id": n, "evses": ["bay-1"], "mode": "observe"} for n in "xy"]}, "sets"),
            ({"sets": [{"id": "x", "evses": ["bay-1"], "mode": "handed_back"}]}, "sets[0].mode"),
            ({"mode": "advise", "canary": {"share": 0.5}}, "canary"),
            ({"mode": "control", "canary": {"share": 0.5, "rest": "control"}}, "canary.rest"),
            ({"mode": "control", "canary": {"share": 1.5}}, "canary.share"),
            ({"mode": "control", "canary": {"share": 0.0}}, "canary.share"),
        ],
    )
    def test_a_policy_that_means_nothing_is_refused_by_its_place(self, yard: Yard, told: Any, path: str) -> None:
        answer = policy(yard, told)

        assert answer.status_code == 422
        assert path in [one["path"] for one in answer.json()["findings"]]
        assert yard.get("/v1/sites/yard/policy").status_code == 404


STATIONS = {f"station {k}": (f"e{k}a", f"e{k}b") for k in range(50)}


class TestCanaries:
    def test_a_larger_share_has_all_of_a_smaller_one(self) -> None:
        shares = [canaries("yard", STATIONS, share) for share in (0.05, 0.1, 0.25, 0.5, 1.0)]

        assert [len(one) for one in shares] == [6, 10, 26, 50, 100]
        assert all(one < other for one, other in pairwise(shares))

    def test_it_is_the_same_every_time_and_another_one_at_another_site(self) -> None:
        assert canaries("yard", STATIONS, 0.3) == canaries("yard", STATIONS, 0.3)
        assert canaries("yard", STATIONS, 0.3) != canaries("dock", STATIONS, 0.3)

    def test_evses_of_a_station_stay_together(self) -> None:
        found = canaries("yard", STATIONS, 0.01)

        assert len(found) == 2
        assert len({evse[:-1] for evse in found}) == 1

    def test_a_set_comes_before_the_share(self) -> None:
        site = Site(
            id="yard",
            nodes=(GridNode(id="grid"),),
            evses=tuple(Evse(id=f"e{k}", node="grid", max_power_kw=11.0) for k in range(10)),
        )
        told = SitePolicy(
            mode=SiteMode.CONTROL,
            canary=Canary(share=0.5, rest=SiteMode.OBSERVE),
            sets=(EvseSet(id="never", evses=("e0", "e1", "e2"), mode=SiteMode.ADVISE),),
        )

        modes = steering_of(told, site).modes

        assert [modes[f"e{k}"] for k in range(3)] == [SiteMode.ADVISE] * 3
        assert sum(mode is SiteMode.CONTROL for mode in modes.values()) <= 5

    def test_the_first_one_is_steered_and_the_other_is_advised_until_the_share_is_widened(self, yard: Yard) -> None:
        obeyed(yard, {"mode": "control", "canary": {"share": 0.5}})
        both_plug_in(yard)
        plan(yard)
        first = by_advice(pulled(yard))
        assert len(first[False]) == len(first[True]) == 1

        obeyed(yard, {"mode": "control"})
        plan(yard)

        assert by_advice(pulled(yard)) == {False: {"bay-1", "bay-2"}, True: set()}
        share, all_of_them = mode_lines(yard)
        assert share["share"] == 0.5
        assert sorted(share["evses"].values()) == [["advise", "control"]]
        assert list(all_of_them["evses"].values()) == [["advise", "control"]]

    def test_advice_is_offered_to_the_rest_and_never_handed_out(self, yard: Yard) -> None:
        obeyed(yard, {"mode": "control", "canary": {"share": 0.5}})
        both_plug_in(yard)
        plan(yard)
        pulled(yard)

        with yard.store.view() as unit:
            handed_out = [json.loads(e.body) for e in unit.entries("default", "yard", [Kind.COMMAND], limit=99)]

        assert not any(one["advice"] for one in handed_out)
        assert len({one["evse"] for one in handed_out}) == 1

    def test_a_webhook_is_told_of_what_is_steered_alone(self, yard: Yard) -> None:
        from api.webhooks.delivering import deliver

        told: list[Any] = []

        def post(url: str, headers: dict[str, str], body: bytes) -> int:
            told.append(json.loads(body))
            return 200

        yard.put("/v1/webhooks/csms", {"url": "https://csms.example/hook", "about": ["command"]})
        obeyed(yard, {"mode": "control", "canary": {"share": 0.5}})
        service_there = yard.client.app.state.service
        deliver(service_there, post)
        both_plug_in(yard)
        plan(yard)

        deliver(service_there, post)

        assert len({one["data"]["evse"] for one in told}) == 1


class TestObserve:
    def day(self, yard: Yard) -> None:
        """A car for 11 kWh at seven in the evening; nobody steers it, so it charges at once, and its meter says so."""
        obeyed(yard, {"mode": "observe"})
        yard.clock.now = datetime(2026, 3, 2, 18, tzinfo=UTC)
        yard.plug_in(
            plugged_in_at="2026-03-02T18:00:00Z",
            departure="2026-03-03T04:00:00Z",
            energy_target_kwh=11.0,
            register_kwh=100.0,
            vehicle={"id": "van", "phases": 3},
        )
        for hour in range(8):
            plan(yard)
            yard.clock.pass_by(hours=1)
            kwh = 100.0 + min(11.0, 11.0 * (hour + 1))
            seen = {"at": f"{yard.clock():%Y-%m-%dT%H:%M:%SZ}", "session": "7f3", "register_kwh": kwh}
            yard.post("/v1/sites/yard/measurements", {"measurements": [seen]})
        yard.post("/v1/sites/yard/sessions/7f3/unplug", {})
        plan(yard)

    def test_nothing_is_sent_and_the_report_says_what_would_have_been(self, yard: Yard) -> None:
        """At 0.18 after 22 o'clock instead of 0.30 at once: 1.98 and 3.30 EUR; nobody would have missed anything.

        The bay gets its default and one plan for the whole night; plans after it change nothing and are not sent again.
        """
        self.day(yard)

        told = yard.get("/v1/sites/yard/reports/2026-03-02").json()

        assert pulled(yard) == []
        assert (told["cost"], told["uncontrolled_cost"], told["saved"]) == (1.98, 3.3, 1.32)
        assert (told["energy_kwh"], told["missed_kwh"]) == (11.0, 0.0)
        assert told["controlled_share"] == 0.0
        bays = {one["evse"]: one for one in told["evses"]}
        assert bays["bay-1"]["mode"] == "observe"
        assert 2 <= bays["bay-1"]["would_have_been_sent"] <= 8
        assert all(one["commands"] == 0 for one in told["evses"])

    def test_it_says_beside_it_what_meters_saw(self, yard: Yard) -> None:
        self.day(yard)

        told = yard.get("/v1/sites/yard/reports/2026-03-03").json()

        assert (told["measured_kwh"], told["measured_missed_kwh"]) == (11.0, 0.0)

    def test_a_car_that_is_full_by_its_meter_waits_in_the_plan_all_the_same(self, yard: Yard) -> None:
        obeyed(yard, {"mode": "observe"})
        yard.clock.now = datetime(2026, 3, 2, 18, tzinfo=UTC)
        yard.plug_in(
            plugged_in_at="2026-03-02T18:00:00Z",
            departure="2026-03-03T04:00:00Z",
            energy_target_kwh=11.0,
            register_kwh=100.0,
            vehicle={"id": "van", "phases": 3},
        )
        plan(yard)
        yard.clock.pass_by(hours=1)
        seen = {"at": "2026-03-02T19:00:00Z", "session": "7f3", "register_kwh": 111.0}
        yard.post("/v1/sites/yard/measurements", {"measurements": [seen]})
        plan(yard)

        assert yard.get("/v1/sites/yard/plan").json()["sessions"][0]["energy_kwh"] == pytest.approx(11.0)

    def test_what_was_only_watched_is_sent_once_the_site_is_steered(self, yard: Yard) -> None:
        obeyed(yard, {"mode": "observe"})
        both_plug_in(yard)
        plan(yard)
        plan(yard)

        obeyed(yard, {"mode": "control"})
        plan(yard)

        assert {one["evse"] for one in pulled(yard)} >= {"bay-1", "bay-2"}

    def test_a_day_without_plans_has_no_report_and_nonsense_is_no_day(self, yard: Yard) -> None:
        assert yard.get("/v1/sites/yard/reports/2026-03-02").status_code == 404
        assert yard.get("/v1/sites/yard/reports/2026-02-30").status_code == 422
        assert yard.get("/v1/sites/yard/reports/1001-01-01").status_code == 422


class TestHandingBackSome:
    def steered(self, yard: Yard) -> None:
        obeyed(yard, {"mode": "control"})
        both_plug_in(yard)
        plan(yard)
        while waiting := pulled(yard):
            told = [{"command": one["id"], "outcome": "accepted"} for one in waiting]
            yard.post("/v1/sites/yard/commands/ack", {"acknowledgements": told})

    def test_some_are_cleared_and_the_rest_goes_on(self, yard: Yard) -> None:
        self.steered(yard)

        answer = yard.post("/v1/sites/yard/hand-back?evse=bay-2&reason=fair", None)

        assert answer.json()["clears"] > 0
        assert {(one["action"], one["evse"]) for one in pulled(yard)} == {("ClearChargingProfile", "bay-2")}
        assert plan(yard)["plan"] is not None
        assert yard.get("/v1/sites/yard/policy").json()["sets"] == [
            {"id": "handed-back", "evses": ["bay-2"], "mode": "handed_back"}
        ]
        line = mode_lines(yard)[-1]
        assert (line["evses"], line["reason"]) == ({"bay-2": ["control", "handed_back"]}, "fair")
        assert yard.post("/v1/sites/yard/hand-back?evse=bay-2", None).json() == {"clears": 0, "left_behind": []}

    def test_an_evse_that_the_site_does_not_have_is_refused(self, yard: Yard) -> None:
        assert yard.post("/v1/sites/yard/hand-back?evse=bay-9", None).status_code == 422

    def test_a_policy_may_keep_what_was_handed_back_and_take_it_up_again(self, yard: Yard) -> None:
        self.steered(yard)
        yard.post("/v1/sites/yard/hand-back?evse=bay-2", None)
        kept = yard.get("/v1/sites/yard/policy").json()

        obeyed(yard, kept | {"replan_minutes": 3.0})
        obeyed(yard, {"mode": "control"})
        plan(yard)

        assert "bay-2" in {one["evse"] for one in pulled(yard) if one["action"] == "SetChargingProfile"}


def test_a_new_site_starts_in_advise(yard: Yard) -> None:
    both_plug_in(yard)
    plan(yard)

    assert by_advice(pulled(yard))[False] == set()
