"""A site that is kept is planned, its plans are kept, and what they need is commanded once."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api.planning import decided, explained, plan
from api.routes import examples
from api.sites import planning
from api.sites.due import due_sites
from api.sites.keeping import Desk
from api.sites.plans import current_plan
from api.store.records import Kind
from models.domain.errors import SolverFault
from optimizer.settings import Settings
from tests.api.stores import opened
from tests.api.yards import SITE, Yard, service

NINE = "2026-03-02T09:00:00Z"


@pytest.fixture(params=["memory", "sqlite"])
def yard(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Yard]:
    with opened(request.param, tmp_path) as store, service(store) as served:
        served.build()
        yield served


def planned(yard: Yard) -> Any:
    made = yard.post("/v1/sites/yard/plan", None)
    assert made.status_code == 200, made.text
    return made.json()


def pulled(yard: Yard, after: int = 0) -> list[Any]:
    told: list[Any] = yard.get(f"/v1/sites/yard/commands?after={after}").json()["commands"]
    return told


def acknowledged(yard: Yard, command: str, outcome: str, **more: str) -> Any:
    told = {"acknowledgements": [{"command": command, "outcome": outcome, **more}]}
    return yard.post("/v1/sites/yard/commands/ack", told).json()


def accepted(yard: Yard) -> list[Any]:
    """Whatever is pulled, until nothing is left that waited for what came before it."""
    done: list[Any] = []
    while waiting := pulled(yard):
        done += waiting
        for command in waiting:
            acknowledged(yard, command["id"], "accepted")
    return done


def of_session(commands: list[Any]) -> Any:
    (command,) = [one for one in commands if one["session"] == "7f3"]
    return command


def control(yard: Yard, mode: str = "control") -> None:
    told = yard.put("/v1/sites/yard/policy", {"mode": mode}, match=None)
    if told.status_code == 428:
        told = yard.put("/v1/sites/yard/policy", {"mode": mode}, match="*")
    assert told.status_code in (200, 201), told.text


class TestPlans:
    def test_the_night_is_cheaper_so_the_car_waits_for_it(self, yard: Yard) -> None:
        """11 kWh at 0.18 after 22 o'clock in Berlin, at once it would be 0.30: 1.98 instead of 3.30 EUR."""
        yard.clock.pass_by(hours=12)
        yard.plug_in(plugged_in_at="2026-03-02T18:00:00Z", departure="2026-03-03T04:00:00Z", energy_target_kwh=11.0)

        made = planned(yard)

        assert (made["method"], made["passed_audit"]) == ("optimal", True)
        assert made["cost"] == pytest.approx(1.98)
        assert made["uncontrolled_cost"] == pytest.approx(3.30)
        setpoints = yard.get("/v1/sites/yard/plan").json()["sessions"][0]["setpoints"]
        assert all(s["charge_power_kw"] == 0.0 for s in setpoints if s["start"] < "2026-03-02T21:00:00Z")

    def test_before_the_first_plan_there_is_none(self, yard: Yard) -> None:
        assert yard.get("/v1/sites/yard/plan").status_code == 404
        assert yard.get("/v1/sites/yard/plans").json() == {"items": [], "next": None}

    def test_without_a_car_every_station_gets_what_holds_for_the_first_one(self, yard: Yard) -> None:
        """12 kW among two bays: 6 kW each on three phases of 230 V are 8.69 A, rounded down, without end."""
        control(yard)
        yard.put("/v1/sites/yard/nodes/grid/limit", {"import_limit_kw": 12.0})

        made = planned(yard)

        assert (made["method"], made["sessions"], made["commands"]) == ("optimal", 0, 2)
        told = [one["payload"]["chargingProfile"] for one in accepted(yard)]
        assert {one["chargingProfilePurpose"] for one in told} == {"TxDefaultProfile"}
        periods = [one["chargingSchedule"][0]["chargingSchedulePeriod"] for one in told]
        assert periods == [[{"startPeriod": 0, "limit": 8.6}]] * 2
        assert [one["chargingSchedule"][0].get("duration") for one in told] == [None, None]
        assert planned(yard)["commands"] == 0, "what is there already is not sent again"

    def test_plans_are_kept_the_newest_first_and_read_again(self, yard: Yard) -> None:
        yard.plug_in(departure=NINE, energy_target_kwh=11.0)
        made = []
        for _ in range(3):
            made.append(planned(yard)["plan"])
            yard.clock.pass_by(minutes=5)

        first = yard.get("/v1/sites/yard/plans?limit=2").json()
        rest = yard.get(f"/v1/sites/yard/plans?limit=2&after={first['next']}").json()

        assert [one["plan"] for one in first["items"] + rest["items"]] == made[::-1]
        assert yard.get(f"/v1/sites/yard/plans/{made[0]}").json()["site_id"] == "yard"
        assert yard.get("/v1/sites/yard/plans/none").status_code == 404

    def test_the_same_inputs_have_the_same_digest_and_others_another(self, yard: Yard) -> None:
        yard.plug_in(departure=NINE, energy_target_kwh=11.0)
        first = planned(yard)
        yard.put("/v1/sites/yard/nodes/grid/limit", {"import_limit_kw": 9.0})

        assert planned(yard)["digest"] != first["digest"]

    def test_what_a_plan_was_made_of_makes_it_again(self, yard: Yard) -> None:
        yard.plug_in(departure=NINE, energy_target_kwh=11.0)
        planned(yard)

        with yard.store.view() as unit:
            kept = current_plan(Desk(unit, "default", "yard", ""))
        again = plan(kept.scenario, settings=Settings(steady=True), now=yard.clock())

        assert again.schedule.cost == pytest.approx(kept.made.cost)

    def test_a_limit_of_the_building_holds_at_once(self, yard: Yard) -> None:
        """7 kW for two hours: 11 kWh take until half past seven at least."""
        yard.put("/v1/sites/yard/nodes/grid/limit", {"import_limit_kw": 7.0, "end": "2026-03-02T08:00:00Z"})
        yard.plug_in(departure=NINE, energy_target_kwh=11.0)
        planned(yard)

        told = yard.get("/v1/sites/yard/plan").json()
        until_eight = [s for s in told["sessions"][0]["setpoints"] if s["start"] < "2026-03-02T08:00:00Z"]

        assert max(s["offered_power_kw"] for s in until_eight) <= 7.0
        assert told["sessions"][0]["energy_kwh"] == pytest.approx(11.0)

    def test_what_has_flowed_is_not_planned_again(self, yard: Yard) -> None:
        yard.plug_in(departure=NINE, energy_target_kwh=11.0, register_kwh=100.0)
        yard.clock.pass_by(minutes=30)
        seen = {"at": "2026-03-02T06:30:00Z", "session": "7f3", "register_kwh": 105.0}
        yard.post("/v1/sites/yard/measurements", {"measurements": [seen]})
        planned(yard)

        assert yard.get("/v1/sites/yard/plan").json()["sessions"][0]["energy_kwh"] == pytest.approx(6.0)

    def test_why_a_car_waits_is_told_for_it_alone(self, yard: Yard) -> None:
        yard.plug_in(departure=NINE, energy_target_kwh=11.0)
        planned(yard)

        told = yard.get("/v1/sites/yard/explanations?session=7f3").json()

        assert [one["session"] for one in told["sessions"]] == ["7f3"]
        assert told["sessions"][0]["held"]
        assert yard.get("/v1/sites/yard/explanations?session=none").status_code == 404

    def test_commands_can_be_pulled_before_anything_explains_the_plan(
        self, yard: Yard, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        yard.put("/v1/sites/yard/nodes/grid/limit", {"import_limit_kw": 7.0})
        yard.plug_in(departure=NINE, energy_target_kwh=11.0)
        seen: list[Any] = []

        def looking(*given: Any, **more: Any) -> Any:
            seen.extend((of_session(pulled(yard)), yard.get("/v1/sites/yard/plan").json()))
            with yard.store.begin(yard.clock()) as unit:
                assert unit.take("default", "yard", "other", 60.0) is not None, "nor is the lease held for it"
            return explained(*given, **more)

        monkeypatch.setattr(planning, "explained", looking)
        planned(yard)

        command, bare = seen
        full = yard.get("/v1/sites/yard/plan").json()
        (car,), (waiting,) = full["sessions"], bare["sessions"]
        assert command["action"] == "SetChargingProfile"
        assert waiting == car | {"why": [], "held": []}
        assert car["held"], "it is told afterwards"
        assert {one["reason"] for one in bare["limitations"]} == {""}
        assert {one["reason"] for one in full["limitations"]} == {"limit"}
        assert bare | {"sessions": [], "limitations": []} == full | {"sessions": [], "limitations": []}

    def test_a_plan_that_nothing_explains_holds_all_the_same(self, yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
        def failing(*given: Any, **more: Any) -> Any:
            raise SolverFault("the solver broke down")

        monkeypatch.setattr(planning, "explained", failing)
        yard.plug_in(departure=NINE, energy_target_kwh=11.0)
        made = planned(yard)

        assert of_session(pulled(yard))["session"] == "7f3"
        assert yard.get(f"/v1/sites/yard/plans/{made['plan']}").json()["sessions"][0]["held"] == []
        assert yard.get("/v1/sites/yard/plan").json()["method"] == "optimal"

    def test_a_plan_of_a_replica_that_lost_its_lease_is_not_kept(
        self, yard: Yard, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        yard.plug_in(departure=NINE, energy_target_kwh=11.0)

        def frozen(*given: Any, **more: Any) -> Any:
            with yard.store.begin(yard.clock()) as unit:
                lease = unit.take("default", "yard", "other", 60.0)
                assert lease is None, "the lease is held while it is planned"
                mine = unit.take("default", "yard", yard.client.app.state.service.settings.replica, 0.0)
                assert mine is not None
            with yard.store.begin(yard.clock()) as unit:
                assert unit.take("default", "yard", "other", 60.0) is not None
            return decided(*given, **more)

        monkeypatch.setattr(planning, "decided", frozen)

        answer = yard.post("/v1/sites/yard/plan", None)

        assert answer.status_code == 409
        assert yard.get("/v1/sites/yard/plans").json()["items"] == []
        assert pulled(yard) == []


class TestCommands:
    def test_a_new_site_is_only_advised(self, yard: Yard) -> None:
        yard.plug_in(departure=NINE, energy_target_kwh=11.0)
        planned(yard)

        offered = pulled(yard)

        assert all(command["advice"] for command in offered)
        assert of_session(offered)["action"] == "SetChargingProfile"
        assert of_session(offered)["ocpp"] == "2.0.1"

    def test_what_has_no_answer_is_pulled_again_and_what_has_one_is_not(self, yard: Yard) -> None:
        control(yard)
        yard.plug_in(departure=NINE, energy_target_kwh=11.0)
        planned(yard)

        first = pulled(yard)
        assert not any(command["advice"] for command in first)
        assert pulled(yard) == first
        assert pulled(yard, after=first[-1]["cursor"]) == []
        assert acknowledged(yard, first[0]["id"], "accepted") == {"applied": 1, "ignored": 0}
        assert first[0]["id"] not in [command["id"] for command in pulled(yard)]
        assert acknowledged(yard, first[0]["id"], "accepted") == {"applied": 0, "ignored": 1}

    @pytest.mark.parametrize("mode", ["advise", "control"])
    def test_a_plan_that_changes_nothing_is_not_sent(self, yard: Yard, mode: str) -> None:
        control(yard, mode)
        yard.plug_in(departure=NINE, energy_target_kwh=11.0)
        planned(yard)
        accepted(yard)
        yard.clock.pass_by(minutes=1)

        assert planned(yard)["commands"] == 0
        assert pulled(yard) == []

    def test_an_evse_that_rejects_is_named_with_the_plan(self, yard: Yard) -> None:
        control(yard)
        yard.plug_in(departure=NINE, energy_target_kwh=11.0)
        planned(yard)
        for command in pulled(yard):
            acknowledged(yard, command["id"], "rejected", reason="Occupied")

        told = planned(yard)["not_sent"]

        assert any("bay-1" in one["reason"] and "refuses" in one["reason"] for one in told), told

    def test_who_observes_is_told_nothing(self, yard: Yard) -> None:
        control(yard, "observe")
        yard.plug_in(departure=NINE, energy_target_kwh=11.0)

        assert planned(yard)["commands"] == 0
        assert pulled(yard) == []

    def test_handing_back_clears_what_is_ours_and_stops(self, yard: Yard) -> None:
        control(yard)
        yard.plug_in(departure=NINE, energy_target_kwh=11.0)
        planned(yard)
        ours = {
            (one["station"], one["payload"]["chargingProfile"]["id"])
            for one in accepted(yard)
            if one["action"] == "SetChargingProfile"
        }

        assert yard.post("/v1/sites/yard/hand-back?reason=fair", None).json() == {
            "clears": len(ours),
            "left_behind": [],
        }
        clears = pulled(yard)
        assert {one["action"] for one in clears} == {"ClearChargingProfile"}
        assert {(one["station"], one["payload"]["chargingProfileId"]) for one in clears} == ours
        assert yard.post("/v1/sites/yard/plan", None).status_code == 409
        assert yard.post("/v1/sites/yard/hand-back", None).json() == {"clears": 0, "left_behind": []}
        accepted(yard)
        assert pulled(yard) == []

    def test_handing_back_clears_what_nobody_answered_to_and_does_not_send_it_again(self, yard: Yard) -> None:
        """A station that timed out may have the profile all the same; after a minute it used to be sent anew."""
        control(yard)
        yard.plug_in(departure=NINE, energy_target_kwh=11.0)
        planned(yard)
        sent = [one for one in pulled(yard) if one["action"] == "SetChargingProfile"]
        for command in sent:
            acknowledged(yard, command["id"], "timed_out")

        yard.post("/v1/sites/yard/hand-back", None)

        clears = {(one["station"], one["payload"]["chargingProfileId"]) for one in accepted(yard)}
        assert clears == {(one["station"], one["payload"]["chargingProfile"]["id"]) for one in sent}
        yard.clock.pass_by(minutes=3)
        assert pulled(yard) == []

    def test_every_change_of_mode_is_in_the_audit_trail(self, yard: Yard) -> None:
        control(yard)
        yard.post("/v1/sites/yard/hand-back?reason=fair", None)

        with yard.store.view() as unit:
            lines = [e.body for e in unit.entries("default", "yard", [Kind.AUDIT], limit=99) if e.id == "mode"]

        assert ['"control"' in line for line in lines] == [True, True]
        assert '"reason": "fair"' in lines[1]

    def test_a_policy_alone_does_not_hand_back(self, yard: Yard) -> None:
        assert yard.put("/v1/sites/yard/policy", {"mode": "handed_back"}).status_code == 422


class TestForwarded:
    METER = examples.METER_VALUES["example"]

    def test_a_session_that_only_its_station_told_of_is_planned(self, yard: Yard) -> None:
        status = {"connectorId": 1, "status": "Preparing", "errorCode": "NoError", "timestamp": "2026-03-02T06:00:00Z"}

        heard = yard.post("/v1/sites/yard/ocpp/1.6/StatusNotification?station=bay-1&message_id=1", status)

        assert heard.json()["events"] == ["StateTold"]
        assert planned(yard)["sessions"] == 1
        assert {one["ocpp"] for one in pulled(yard) if one["station"] == "bay-1"} == {"1.6"}

    def test_meter_values_count_for_the_session_of_the_caller(self, yard: Yard) -> None:
        yard.plug_in(departure=NINE, energy_target_kwh=11.0)

        heard = yard.post("/v1/sites/yard/ocpp/1.6/MeterValues?station=bay-1&message_id=1", self.METER)

        assert (heard.status_code, heard.json()["events"]) == (200, ["Measured"])

    def test_a_station_that_pulls_a_dynamic_profile_is_answered(self, yard: Yard) -> None:
        """There is none of this number; every other message is answered by the CSMS itself."""
        address = "/v1/sites/yard/ocpp/2.1/PullDynamicScheduleUpdate?station=bay-1&message_id=1"

        heard = yard.post(address, {"chargingProfileId": 999}).json()

        assert heard["answer"]["status"] == "Rejected"
        assert yard.post("/v1/sites/yard/ocpp/1.6/Heartbeat?station=bay-1", {}).json()["answer"] is None

    def test_a_transaction_that_has_its_id_now_calls_for_a_plan(self, yard: Yard) -> None:
        """Only then can a profile be for this transaction; a car that draws what it drew calls for none."""
        yard.plug_in(departure=NINE, energy_target_kwh=11.0)
        planned(yard)
        soon = yard.clock() + timedelta(seconds=1)
        assert due_sites(yard.store, soon) == []
        started = {
            "eventType": "Started",
            "timestamp": "2026-03-02T06:00:00Z",
            "triggerReason": "CablePluggedIn",
            "seqNo": 0,
            "transactionInfo": {"transactionId": "T1"},
            "evse": {"id": 1},
        }

        yard.post("/v1/sites/yard/ocpp/2.0.1/TransactionEvent?station=bay-1&message_id=1", started)

        assert due_sites(yard.store, soon) == [("default", "yard")]

    def test_an_answer_to_a_command_acknowledges_it(self, yard: Yard) -> None:
        control(yard)
        yard.plug_in(departure=NINE, energy_target_kwh=11.0)
        planned(yard)
        command = pulled(yard)[0]
        address = f"/v1/sites/yard/ocpp/2.0.1/SetChargingProfile?station={command['station']}&answer=true"

        yard.post(f"{address}&message_id={command['id']}", {"status": "Accepted"})

        assert command["id"] not in [one["id"] for one in pulled(yard)]

    def test_a_station_that_was_lost_is_sent_nothing_until_it_is_there_again(self, yard: Yard) -> None:
        control(yard)
        planned(yard)
        accepted(yard)
        connection = "/v1/sites/yard/stations/bay-1/connection"

        assert yard.post(connection, {"connected": False}).json()["commands"] == []
        back = yard.post(connection, {"connected": True}).json()

        assert back["events"] == ["ConnectionRegained"]
        assert [(one["station"], one["action"]) for one in back["commands"]] == [("bay-1", "SetChargingProfile")]
        assert [one["action"] for one in accepted(yard)] == ["SetChargingProfile", "GetCompositeSchedule"]
        assert yard.post("/v1/sites/yard/stations/bay-9/connection", {"connected": True}).status_code == 404

    def test_what_a_station_has_measured_is_known_of_the_session_and_outlives_its_transaction(self, yard: Yard) -> None:
        """2 kWh in one transaction, 3 in the next: the second counts from its own register on, and adds up."""
        yard.plug_in(departure=NINE, energy_target_kwh=11.0)
        say = "/v1/sites/yard/ocpp/1.6/{}?station=bay-1&message_id=1"
        at = "2026-03-02T06:00:00Z"
        begin = {"connectorId": 1, "idTag": "card", "timestamp": at}
        yard.post(say.format("StartTransaction"), begin | {"meterStart": 1000})
        yard.post(
            say.format("StartTransaction") + "&answer=true", {"transactionId": 1, "idTagInfo": {"status": "Accepted"}}
        )
        yard.post(say.format("StopTransaction"), {"transactionId": 1, "meterStop": 3000, "timestamp": at})

        assert yard.get("/v1/sites/yard/sessions/7f3").json()["delivered_kwh"] == 2.0
        yard.post(say.format("StartTransaction"), begin | {"meterStart": 3000})
        yard.clock.pass_by(minutes=30)
        sampled = [{"value": "6000", "measurand": "Energy.Active.Import.Register", "unit": "Wh"}]
        values = {"connectorId": 1, "meterValue": [{"timestamp": "2026-03-02T06:30:00Z", "sampledValue": sampled}]}
        yard.post(say.format("MeterValues"), values)

        assert yard.get("/v1/sites/yard/sessions/7f3").json()["delivered_kwh"] == 5.0

    def test_a_version_that_nobody_speaks_is_told_which_are(self, yard: Yard) -> None:
        answer = yard.post("/v1/sites/yard/ocpp/1.5/MeterValues?station=bay-1", self.METER)

        assert answer.status_code == 400
        assert "1.6, 2.0.1, 2.1" in answer.json()["detail"]

    def test_a_station_that_is_not_there_is_not_found(self, yard: Yard) -> None:
        assert yard.post("/v1/sites/yard/ocpp/1.6/MeterValues?station=bay-9", self.METER).status_code == 404

    def test_nonsense_in_a_message_is_a_defect_and_no_error(self, yard: Yard) -> None:
        heard = yard.post("/v1/sites/yard/ocpp/1.6/Fly?station=bay-1", {"connectorId": "x"})

        assert heard.status_code == 200
        assert heard.json()["defects"]


def test_two_bays_share_what_there_is(yard: Yard) -> None:
    """22 kW, a base load of at most 6 kW: 16 kW are left for two cars."""
    yard.put("/v1/sites/yard/forecasts/base-loads/grid", {"expected_kw": 4.0, "high_kw": 6.0})
    for bay, session in (("bay-1", "a"), ("bay-2", "b")):
        yard.plug_in(evse=bay, session=session, departure="2026-03-02T07:00:00Z", energy_target_kwh=11.0)

    planned(yard)

    told = yard.get("/v1/sites/yard/plan").json()
    assert sum(one["energy_kwh"] for one in told["sessions"]) == pytest.approx(16.0, abs=0.01)
    assert SITE["nodes"][0]["import_limit_kw"] == 22.0
