"""Events of kept sites are settled by what was measured there, and the evidence is the same bytes every time."""

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.routes import examples
from api.settling.evidence import differences, unpacked
from tests.api.yards import NOW, Yard, key_for, service

EVENT = {
    "kind": "event",
    "id": "relief",
    "start": "2026-03-02T07:00:00Z",
    "end": "2026-03-02T08:00:00Z",
    "direction": "reduce",
    "baseline_kw": 11,
    "committed_kw": 6,
    "accepted_kw": 10,
    "payment_per_kwh": 0.5,
    "penalty_per_kwh": 0.25,
    "settlement_min": 60,
    "source": "utility",
}
PATH = "/v1/sites/yard/settlements/relief"


@pytest.fixture
def yard() -> Iterator[Yard]:
    """The yard with an event from seven to eight, UTC."""
    with service() as served:
        served.build()
        assert served.put("/v1/sites/yard/signals/relief", EVENT).status_code == 201
        yield served


def measure(yard: Yard, begin: datetime, kw: list[float], minutes: float = 10.0, **of: str) -> None:
    """Powers from an instant on, at even distances."""
    told = [
        {"at": (begin + timedelta(minutes=minutes * k)).isoformat(), "power_kw": power, **of}
        for k, power in enumerate(kw)
    ]
    answer = yard.post("/v1/sites/yard/measurements", {"measurements": told})
    assert answer.status_code == 200, answer.text


def hour(**hours: float) -> datetime:
    return NOW + timedelta(**hours)


def settled(yard: Yard, query: str = "") -> dict[str, Any]:
    answer = yard.get(PATH + query)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_an_event_is_settled_by_the_meter_of_the_connection(yard: Yard) -> None:
    """11 kW of baseline less 3 measured: 8 kWh at 0.50, and nothing of 6 lacks."""
    measure(yard, hour(hours=1), [3.0] * 7, node="grid")
    yard.clock.pass_by(hours=3)

    told = settled(yard)

    (event,) = told["events"]
    assert (event["paid_kwh"], event["payment"], event["penalty"], event["total"]) == (8.0, "4.00", "0.00", "4.00")
    assert (event["performance"], event["intervals"][0]["quality"]) == (1.0, "OK")
    assert told["totals"] == {"EUR": "4.00"}


def test_where_readings_lack_nothing_was_delivered_and_the_interval_says_so(yard: Yard) -> None:
    measure(yard, hour(hours=1), [3.0] * 3, node="grid")
    yard.clock.pass_by(hours=3)

    (event,) = settled(yard)["events"]

    assert (event["intervals"][0]["quality"], event["total"]) == ("MISSING", "-1.50")


def test_an_event_of_evses_is_settled_by_theirs_and_no_car_draws_nothing(yard: Yard) -> None:
    """The car at bay-1 leaves at half past seven: 4 kW for half an hour are 2 of the 11 kWh of the baseline."""
    yard.put("/v1/sites/yard/signals/relief", EVENT | {"evses": ["bay-1"]}, match="*")
    yard.plug_in()
    measure(yard, hour(hours=1), [4.0] * 4, session="7f3")
    yard.clock.pass_by(hours=1, minutes=30)
    gone = yard.post("/v1/sites/yard/sessions/7f3/unplug", {"unplugged_at": "2026-03-02T07:30:00Z"})
    assert gone.status_code == 200, gone.text
    yard.clock.pass_by(hours=2)

    (event,) = settled(yard)["events"]

    assert event["intervals"][0]["load_kw"] == pytest.approx(2.0)
    assert event["paid_kwh"] == pytest.approx(9.0)


def test_meter_values_that_a_csms_forwards_are_measurements_as_well(yard: Yard) -> None:
    """Nobody told of a session: 5 kW from seven on, by the frames of bay-1 alone."""
    yard.put("/v1/sites/yard/signals/relief", EVENT | {"evses": ["bay-1"]}, match="*")
    for minute in range(0, 70, 10):
        at = (hour(hours=1) + timedelta(minutes=minute)).isoformat().replace("+00:00", "Z")
        sampled = {"value": "5000", "measurand": "Power.Active.Import", "unit": "W"}
        frame = {"connectorId": 1, "meterValue": [{"timestamp": at, "sampledValue": [sampled]}]}
        yard.clock.now = hour(hours=1, minutes=minute)
        heard = yard.post(f"/v1/sites/yard/ocpp/1.6/MeterValues?station=bay-1&message_id={minute + 1}", frame)
        assert heard.json()["events"] == ["Measured"]
    yard.clock.pass_by(hours=2)

    (event,) = settled(yard)["events"]

    assert event["intervals"][0]["load_kw"] == pytest.approx(5.0)
    assert event["payment"] == "3.00"


def test_without_a_meter_at_the_connection_all_evses_are_it_and_one_that_was_used_has_to_be_read(yard: Yard) -> None:
    yard.plug_in()
    measure(yard, hour(hours=1), [4.0] * 7, session="7f3")
    yard.clock.pass_by(hours=3)
    (event,) = settled(yard)["events"]
    assert event["intervals"][0]["load_kw"] == pytest.approx(4.0)

    yard.plug_in(session="8a0", evse="bay-2", plugged_in_at="2026-03-02T06:45:00Z")

    (event,) = settled(yard)["events"]
    assert event["intervals"][0]["quality"] == "MISSING"


def test_like_days_of_the_weeks_before_are_a_baseline(yard: Yard) -> None:
    """Ten workdays at 9 kW; the clock is at the first of them, and passes to the event."""
    for back in range(16, 0, -1):
        day = NOW - timedelta(days=back) + timedelta(hours=1)
        if day.weekday() < 5:
            measure(yard, day - timedelta(hours=4), [9.0] * 31, node="grid")
    measure(yard, hour(hours=-3), [9.0] * 24 + [3.0] * 7, node="grid")
    yard.clock.pass_by(hours=3)

    (event,) = settled(yard, "?baseline=caiso_10_in_10")["events"]

    assert event["baseline"]["method"] == "caiso_10_in_10"
    assert sum(day["use"] == "taken" for day in event["baseline"]["days"]) == 10
    assert event["intervals"][0]["baseline_kw"] == pytest.approx(9.0)
    assert event["payment"] == "3.00"


def test_terms_of_a_known_programme_take_the_place_of_those_of_the_event(yard: Yard) -> None:
    """ELRP pays 2 USD for each of 8 kWh; the event accepts up to 10."""
    measure(yard, hour(hours=1), [3.0] * 7, node="grid")
    yard.clock.pass_by(hours=3)

    assert settled(yard, "?programme=elrp")["totals"] == {"USD": "16.00"}


def test_the_evidence_is_the_same_bytes_and_whoever_has_it_can_make_it_again(yard: Yard, tmp_path: Path) -> None:
    yard.plug_in()
    assert yard.post("/v1/sites/yard/plan", {}).status_code in (200, 201)
    measure(yard, hour(hours=1), [3.0] * 7, node="grid")
    yard.clock.pass_by(hours=3)

    first = yard.get(f"{PATH}/evidence")
    yard.clock.pass_by(days=1)
    again = yard.get(f"{PATH}/evidence")

    assert first.status_code == 200, first.text
    assert first.content == again.content
    (tmp_path / "evidence.zip").write_bytes(first.content)
    files = unpacked(tmp_path / "evidence.zip")
    assert differences(files) == []
    assert json.loads(files["settlement.json"])["totals"] == {"EUR": "4.00"}
    assert b"signal" in files["audit.csv"]
    assert len(files["plans.csv"].splitlines()) == 2
    with zipfile.ZipFile(io.BytesIO(first.content)) as packed:
        assert packed.testzip() is None


def test_before_it_is_over_an_event_is_not_settled(yard: Yard) -> None:
    answer = yard.get(PATH)

    assert answer.status_code == 422
    assert answer.json()["findings"][0]["remedy"] == "settle it when it is over"


def test_without_measurements_it_is_told_what_to_measure(yard: Yard) -> None:
    yard.clock.pass_by(hours=3)

    assert "tell measurements of the connection's node" in yard.get(PATH).text


@pytest.mark.parametrize("query", ["?baseline=guess", "?programme=nobody"])
def test_a_method_or_a_programme_that_is_not_known_is_refused(yard: Yard, query: str) -> None:
    measure(yard, hour(hours=1), [3.0] * 7, node="grid")
    yard.clock.pass_by(hours=3)

    assert yard.get(PATH + query).status_code == 422


def test_an_event_that_is_not_there_or_no_event_is_not_found(yard: Yard) -> None:
    assert yard.get("/v1/sites/yard/settlements/other").status_code == 404
    assert yard.get("/v1/sites/elsewhere/settlements/relief").status_code == 404


def test_an_event_of_another_tenant_is_not_found() -> None:
    with service(insecure=False) as served:
        served.headers = key_for(served, "us")
        served.build()
        served.put("/v1/sites/yard/signals/relief", EVENT)
        served.headers = key_for(served, "them")

        assert served.get(PATH).status_code == 404
        assert served.get(f"{PATH}/evidence").status_code == 404


FIRM = "/v1/programmes/firm"
CALL = {"start": "2026-03-02T07:00:00Z", "end": "2026-03-02T08:00:00Z"}


@pytest.fixture
def called() -> Iterator[Yard]:
    """A call of the programme: the car at the yard would draw 11 kW then, and 5 of them are committed."""
    with service() as served:
        served.build()
        for path, told in (("", examples.PROGRAMME), ("/roster", examples.ROSTER), ("/calls/tuesday", CALL)):
            assert served.put(FIRM + path, told).status_code == 201
        served.plug_in(departure="2026-03-02T15:00:00Z", energy_target_kwh=30.0)
        told = {"sites": [{"site": "yard", "power_kw": 5.0}]}
        assert served.put(f"{FIRM}/nominations/2026-03", told).status_code == 201
        answer = served.post(f"{FIRM}/calls/tuesday/commitments", {"site": "yard"})
        assert answer.json()["committed_kw"] == 5.0, answer.text
        yield served


def month(yard: Yard) -> dict[str, Any]:
    answer = yard.get(f"{FIRM}/settlements/2026-03")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_a_call_is_paid_by_its_sessions_replayed_and_its_month_for_capacity(called: Yard) -> None:
    """6 kW in place of 11: all of 5 kW kept. 5 kWh at 0.50, and 5 kW at 6 EUR for being ready."""
    measure(called, hour(hours=1), [6.0] * 7, session="7f3")
    called.clock.pass_by(hours=3)

    told = month(called)

    (call,) = told["calls"]
    assert call["sites"][0] == {
        "site": "yard",
        "committed_kw": 5.0,
        "delivered_kwh": 5.0,
        "paid_kwh": 5.0,
        "lacking_kwh": 0.0,
        "payment": "2.50",
        "penalty": "0.00",
        "told": "",
    }
    assert (call["performance"], told["capacity"], told["total"]) == (1.0, "30.00", "32.50")


def test_half_of_a_commitment_is_half_of_the_capacity_less_the_penalty(called: Yard) -> None:
    """8.5 kW in place of 11: 2.5 of 5 kWh. 1.25 are paid, 5.00 taken, and half of 30 for being ready."""
    measure(called, hour(hours=1), [8.5] * 7, session="7f3")
    called.clock.pass_by(hours=3)

    told = month(called)

    assert (told["calls"][0]["payment"], told["calls"][0]["penalty"]) == ("1.25", "5.00")
    assert (told["capacity"], told["total"]) == ("15.00", "11.25")


def test_a_site_that_was_not_metered_has_delivered_nothing_and_it_is_told_why(called: Yard) -> None:
    called.clock.pass_by(hours=3)

    (call,) = month(called)["calls"]

    assert "nothing was measured" in call["sites"][0]["told"]
    assert (call["performance"], call["penalty"]) == (0.0, "10.00")


def test_more_load_is_proposed_called_planned_and_paid() -> None:
    """From ten to eleven local time. Charged at once the car would be full at 09:43: every kWh after ten is more."""
    up = examples.PROGRAMME | {"direction": "turn_up", "windows": [{"start": "10:00", "end": "11:00"}], "step_kw": 0.1}
    with service() as served:
        served.build()
        later = {"start": "2026-03-02T09:00:00Z", "end": "2026-03-02T10:00:00Z"}
        for path, told in (("", up), ("/roster", examples.ROSTER), ("/calls/tuesday", later)):
            assert served.put(FIRM + path, told).status_code == 201
        served.plug_in(departure="2026-03-02T15:00:00Z", energy_target_kwh=30.0)
        told = {"sites": [{"site": "yard", "power_kw": 5.0}]}
        assert served.put(f"{FIRM}/nominations/2026-03", told).status_code == 201

        committed = served.post(f"{FIRM}/calls/tuesday/commitments", {"site": "yard"}).json()

        assert (committed["committed_kw"], committed["held"]) == (5.0, "nominated")
        signal = served.get("/v1/sites/yard/signals/firm:tuesday").json()
        assert (signal["direction"], "stagger_minutes" in signal) == ("turn_up", False)
        served.post("/v1/sites/yard/plan", None)
        (event,) = served.get("/v1/sites/yard/plan").json()["events"]
        assert min(one["load_kw"] for one in event["intervals"]) >= 5.0 - 1e-6
        measure(served, hour(hours=3), [5.5] * 7, session="7f3")
        served.clock.pass_by(hours=5)
        settled = month(served)
        (site,) = settled["calls"][0]["sites"]
        assert (site["delivered_kwh"], site["payment"]) == (5.5, "2.50")
        assert settled["total"] == "32.50"
        asked = {"site": "yard", "first_day": "2026-03-02", "last_day": "2026-03-02"}
        assert served.post(f"{FIRM}/proposals", asked).json()["direction"] == "turn_up"


def test_before_a_call_is_over_its_month_has_nothing_to_settle(called: Yard) -> None:
    assert month(called)["calls"] == []
    assert called.get("/v1/programmes/nobody/settlements/2026-03").status_code == 404


def test_terms_of_a_kept_programme_can_be_named_for_an_event(called: Yard) -> None:
    measure(called, hour(hours=1), [6.0] * 7, session="7f3")
    called.clock.pass_by(hours=3)

    answer = called.get("/v1/sites/yard/settlements/firm:tuesday?programme=firm&baseline=session_counterfactual")

    assert answer.json()["totals"] == {"EUR": "32.50"}
