"""Programmes over REST: terms, rosters, nominations, calls, commitments, what is confirmed, and who stays out."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from api.jobs import Jobs
from api.routes import examples
from api.store.records import Kind
from tests.api.yards import Yard, service

FIRM = "/v1/programmes/firm"
CALL = {"start": "2026-03-02T07:00:00Z", "end": "2026-03-02T08:00:00Z"}
"""From eight to nine at the yard; now it is six in UTC."""


@pytest.fixture
def yard() -> Iterator[Yard]:
    """A yard in a roster, with a car at bay-1 that would draw 11 kW from now until 08:43."""
    with service() as served:
        served.build()
        for path, told in (("", examples.PROGRAMME), ("/roster", examples.ROSTER), ("/calls/tuesday", CALL)):
            answer = served.put(FIRM + path, told)
            assert answer.status_code == 201, answer.text
        served.plug_in(departure="2026-03-02T15:00:00Z", energy_target_kwh=30.0, driver="ada")
        yield served


def findings(answer: Any) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    return {finding["path"]: finding["message"] for finding in answer.json()["findings"]}


def commit(yard: Yard, **told: Any) -> Any:
    answer = yard.post(f"{FIRM}/calls/tuesday/commitments", {"site": "yard"} | told)
    assert answer.status_code == 200, answer.text
    return answer.json()


def nominate(yard: Yard, power_kw: float) -> None:
    told = yard.put(f"{FIRM}/nominations/2026-03", {"sites": [{"site": "yard", "power_kw": power_kw}]})
    assert told.status_code == 201, told.text


def test_terms_that_come_along_can_be_put_under_their_name(yard: Yard) -> None:
    known = yard.get("/v1/programme-terms").json()["items"]
    csrp = next(one for one in known if one["name"] == "coned-csrp")
    assert "baseline" in csrp["unverified"]
    assert yard.put("/v1/programmes/coned-csrp", csrp["terms"]).status_code == 201
    assert [one["id"] for one in yard.get("/v1/programmes").json()["items"]] == ["coned-csrp", "firm"]


def test_what_is_there_is_replaced_with_its_etag_only(yard: Yard) -> None:
    assert yard.put(FIRM, examples.PROGRAMME).status_code == 428
    assert yard.put(FIRM, examples.PROGRAMME, match='"9"').status_code == 412
    again = yard.put(FIRM, examples.PROGRAMME, match='"1"')
    assert (again.status_code, again.headers["ETag"]) == (200, '"2"')


def test_terms_that_mean_nothing_are_refused_with_all_findings(yard: Yard) -> None:
    bad = examples.PROGRAMME | {"id": "bad", "time_zone": "Mars", "penalty_per_kwh": -1.0}
    assert set(findings(yard.put("/v1/programmes/bad", bad))) == {"time_zone", "penalty_per_kwh"}
    assert set(findings(yard.put("/v1/programmes/worse", bad))) == {"id"}


def test_a_roster_names_sites_and_evses_that_there_are(yard: Yard) -> None:
    line = {"id": "x", "first_day": "2026-01-01", "account": "1"}
    told = {
        "programme": "firm",
        "enrolments": [line | {"site": "moon"}, line | {"id": "y", "site": "yard", "evses": ["z"]}],
    }
    found = findings(yard.put(f"{FIRM}/roster", told, match='"1"'))
    assert "there is no site moon" in found["enrolments[0].site"]
    assert "has no EVSE z" in found["enrolments[1].evses[0]"]


def test_an_evse_in_two_programmes_is_told(yard: Yard) -> None:
    assert yard.get(f"{FIRM}/overlaps").json() == {"items": []}
    yard.put("/v1/programmes/other", examples.PROGRAMME | {"id": "other"})
    line = examples.ROSTER["enrolments"][0] | {"id": "too", "evses": ["bay-2"]}  # type: ignore[index]
    yard.put("/v1/programmes/other/roster", {"programme": "other", "enrolments": [line]})
    (told,) = yard.get(f"{FIRM}/overlaps").json()["items"]
    assert "bay-2 in firm (yard) and in other (too)" in told
    for name in ("firm", "other"):
        yard.put(f"/v1/programmes/{name}", examples.PROGRAMME | {"id": name, "exclusive": False}, match='"1"')
    assert yard.get(f"{FIRM}/overlaps").json() == {"items": []}


@pytest.mark.parametrize(
    ("told", "what"),
    [
        ([{"site": "moon", "power_kw": 1}], "not in the roster"),
        ([{"site": "yard", "power_kw": 1}, {"site": "yard", "power_kw": 2}], "there twice"),
        ([{"site": "yard", "power_kw": -1}], "is no nomination"),
    ],
)
def test_nominations_that_nobody_can_mean_are_refused(yard: Yard, told: Any, what: str) -> None:
    assert what in " ".join(findings(yard.put(f"{FIRM}/nominations/2026-03", {"sites": told})).values())


def test_a_call_tells_what_it_uses_and_what_is_against_the_terms(yard: Yard) -> None:
    told = yard.get(f"{FIRM}/calls/tuesday").json()
    assert told["budget"] == [{"what": "calls_per_month", "limit": 5.0, "used": 1.0, "left": 4.0}]
    night = yard.put(f"{FIRM}/calls/night", {"start": "2026-03-02T22:00:00Z", "end": "2026-03-02T23:00:00Z"}).json()
    assert "not inside a window" in night["against_terms"][0]["message"]
    assert "ends before it starts" in findings(yard.put(f"{FIRM}/calls/back", CALL | {"end": CALL["start"]}))["end"]


def test_an_offer_says_what_a_kwh_has_to_bring(yard: Yard) -> None:
    """11 kW can wait for nothing: one price all day, and the car stays until three."""
    told = yard.post(f"{FIRM}/offers", CALL | {"site": "yard"}).json()
    assert (told["most_kw"], told["offered_kw"]) == (pytest.approx(11.0, abs=1e-5), 11.0)
    assert [step["price_per_kwh"] for step in told["steps"]] == [0.0]


def test_a_commitment_becomes_a_signal_of_its_site(yard: Yard) -> None:
    """5 of the 11 kW were nominated; each kWh is paid 0.5 and costs nothing, as energy has one price all day."""
    nominate(yard, 5.0)

    told = commit(yard)

    assert (told["committed_kw"], told["held"]) == (5.0, "nominated")
    assert told["event"]["made"] == pytest.approx(2.5)
    signal = yard.get("/v1/sites/yard/signals/firm:tuesday").json()
    assert (signal["committed_kw"], signal["source"]) == (5.0, "firm")
    assert signal["stagger_minutes"] == 10.0
    yard.post("/v1/sites/yard/plan", None)
    (event,) = yard.get("/v1/sites/yard/plan").json()["events"]
    assert min(one["delivered_kw"] for one in event["intervals"]) >= 5.0 - 1e-6
    everybody = yard.get(f"{FIRM}/calls/tuesday/commitments").json()
    assert (everybody["committed_kw"], everybody["items"][0]["site"]) == (5.0, "yard")


def test_a_dry_run_keeps_nothing(yard: Yard) -> None:
    nominate(yard, 5.0)
    assert commit(yard, dry_run=True)["committed_kw"] == 5.0
    assert yard.get("/v1/sites/yard/signals/firm:tuesday").status_code == 404
    assert yard.get(f"{FIRM}/calls/tuesday/commitments").json()["items"] == []


def test_a_call_that_is_cancelled_asks_nothing_any_more(yard: Yard) -> None:
    nominate(yard, 5.0)
    commit(yard)
    assert yard.call("DELETE", f"{FIRM}/calls/tuesday").status_code == 204
    assert yard.get("/v1/sites/yard/signals/firm:tuesday").status_code == 404
    assert yard.post(f"{FIRM}/calls/tuesday/commitments", {"site": "yard"}).status_code == 409
    assert yard.get(f"{FIRM}/calls/tuesday").json()["cancelled"] is True


def test_a_call_with_other_times_voids_what_was_committed(yard: Yard) -> None:
    nominate(yard, 5.0)
    commit(yard)
    moved = CALL | {"end": "2026-03-02T09:00:00Z"}
    assert yard.put(f"{FIRM}/calls/tuesday", moved, match='"1"').status_code == 200
    assert yard.get("/v1/sites/yard/signals/firm:tuesday").status_code == 404
    assert yard.get(f"{FIRM}/calls/tuesday/commitments").json()["items"] == []


def test_only_enrolled_sites_are_asked(yard: Yard) -> None:
    ended = examples.ROSTER["enrolments"][0] | {"last_day": "2026-03-01"}  # type: ignore[index]
    yard.put(f"{FIRM}/roster", {"programme": "firm", "enrolments": [ended]}, match='"1"')
    assert yard.post(f"{FIRM}/calls/tuesday/commitments", {"site": "yard"}).status_code == 404
    assert yard.post(f"{FIRM}/offers", CALL | {"site": "yard"}).status_code == 404


def test_a_programme_that_is_removed_leaves_no_signal_behind(yard: Yard) -> None:
    nominate(yard, 5.0)
    commit(yard)
    assert yard.call("DELETE", FIRM).status_code == 204
    assert yard.get("/v1/sites/yard/signals/firm:tuesday").status_code == 404
    assert yard.get(f"{FIRM}/roster").status_code == 404
    assert yard.get(f"{FIRM}/calls/tuesday").status_code == 404


def test_a_site_that_opts_out_is_planned_without_the_call_and_counted(yard: Yard) -> None:
    nominate(yard, 5.0)
    commit(yard)
    told = yard.post(f"{FIRM}/calls/tuesday/opt-outs", {"site": "yard", "reason": "economic", "note": "market day"})
    assert told.status_code == 200, told.text
    assert yard.get("/v1/sites/yard/signals/firm:tuesday").status_code == 404
    found = yard.get(f"{FIRM}/opt-outs").json()
    assert (found["items"][0]["reason"], found["items"][0]["note"]) == ("economic", "market day")
    (rate,) = found["rates"]
    assert (rate["sites"], rate["sites_out"], rate["share_of_sites"]) == (1, 1, 1.0)
    assert yard.get(f"{FIRM}/calls/tuesday/commitments").json()["items"][0]["opted_out"] is True


def test_a_session_and_a_driver_that_opt_out_are_freed_from_the_plan(yard: Yard) -> None:
    yard.plug_in(session="8a1", evse="bay-2", driver="bob", departure="2026-03-02T15:00:00Z")
    nominate(yard, 5.0)
    commit(yard)
    by_session = {"site": "yard", "session": "8a1", "reason": "mustRun"}
    by_driver = {"site": "yard", "driver": "ada", "reason": "overrideStatus"}
    for told, freed in ((by_session, ["8a1"]), (by_driver, ["7f3"])):
        answer = yard.post(f"{FIRM}/calls/tuesday/opt-outs", told)
        assert answer.json()["sessions"] == freed
    (rate,) = yard.get(f"{FIRM}/opt-outs").json()["rates"]
    assert (rate["sites_out"], rate["sessions"], rate["sessions_out"], rate["drivers_out"]) == (0, 2, 2, 1)
    assert yard.post(f"{FIRM}/calls/tuesday/opt-outs", by_driver | {"driver": "eve"}).status_code == 404
    assert yard.post(f"{FIRM}/calls/tuesday/opt-outs", by_session | {"driver": "ada"}).status_code == 422


@pytest.mark.parametrize(
    ("rules", "what"),
    [
        ({"sites_may": False}, "let no site out"),
        ({"notice_minutes": 120}, "until 120 min before"),
        ({"most_per_season": 0}, "allow no more"),
    ],
)
def test_the_terms_say_who_may_stay_out_and_an_emergency_always_may(yard: Yard, rules: Any, what: str) -> None:
    yard.put(FIRM, examples.PROGRAMME | {"opt_out": rules}, match='"1"')
    refused = yard.post(f"{FIRM}/calls/tuesday/opt-outs", {"site": "yard", "reason": "economic"})
    assert refused.status_code == 409
    assert what in refused.json()["detail"]
    assert yard.post(f"{FIRM}/calls/tuesday/opt-outs", {"site": "yard", "reason": "emergency"}).status_code == 200


def test_a_target_is_divided_among_enrolled_sites(yard: Yard) -> None:
    told = yard.post(f"{FIRM}/splits", CALL | {"target_kw": 4.0}).json()
    assert [share["site"] for share in told["shares"]] == ["yard"]
    assert told["lacking_kw"] + sum(share["power_kw"] for share in told["shares"]) == pytest.approx(4.0)


def test_a_nomination_is_proposed_by_the_sessions_that_a_site_has_had(yard: Yard) -> None:
    """The car took 6.6 kWh from six to seven and could have waited until noon; the window is open from six to six.

    Of 1 kW four of 48 quarters deliver, so a penalty of 2 for each kWh that lacks leaves nothing to earn.
    """
    yard.post("/v1/sites/yard/measurements", {"measurements": [{"at": at(0), "session": "7f3", "register_kwh": 100.0}]})
    yard.clock.pass_by(hours=6)
    yard.post("/v1/sites/yard/measurements", {"measurements": [{"at": at(6), "session": "7f3", "register_kwh": 106.6}]})
    assert yard.post("/v1/sites/yard/sessions/7f3/unplug", {}).status_code == 200
    asked = {"site": "yard", "first_day": "2026-03-02", "last_day": "2026-03-02"}

    told = yard.post(f"{FIRM}/proposals", asked).json()

    assert (told["power_kw"], told["why"], told["days"]) == (0.0, "nothing_earned", 1)
    short = examples.PROGRAMME | {"id": "short", "windows": [{"start": "07:00", "end": "08:00"}], "step_kw": 0.1}
    assert yard.put("/v1/programmes/short", short).status_code == 201
    found = yard.post("/v1/programmes/short/proposals", asked).json()
    assert (found["power_kw"], found["full_delivery"]) == (6.6, 1.0)
    assert set(findings(yard.post(f"{FIRM}/proposals", asked | {"last_day": "2026-03-01"}))) == {"from"}
    sunday = asked | {"first_day": "2026-03-01", "last_day": "2026-03-01"}
    assert "no past day has a window" in findings(yard.post(f"{FIRM}/proposals", sunday))["history"]


def at(hours: int) -> str:
    return f"2026-03-02T{6 + hours:02d}:00:00Z"


def marks(yard: Yard) -> list[Any]:
    found: list[Any] = yard.get("/v1/sites/yard/events/firm:tuesday/confirmed").json()["marks"]
    return [(mark["minutes_before"], mark["lacking_kw"]) for mark in found]


def test_what_is_confirmed_is_counted_at_a_quarter_of_an_hour_five_minutes_and_a_minute(yard: Yard) -> None:
    """Nothing was answered by any station: the car counts at its rating, so all that is committed is lacking."""
    nominate(yard, 5.0)
    commit(yard)
    jobs = Jobs(yard.client.app.state.service, lambda work: work())
    for minutes in (44.0, 1.0, 5.0, 5.5, 3.0, 0.5, 2.0):  # to 44, 45, 50, 55.5, 58.5, 59 and 61 min past six
        yard.clock.pass_by(minutes=minutes)
        jobs.mark()
        jobs.mark()

    assert marks(yard) == [(15.0, pytest.approx(5.0)), (5.0, pytest.approx(5.0)), (1.0, pytest.approx(5.0))]


def test_what_is_lacking_is_an_alarm_before_the_event_begins(yard: Yard) -> None:
    nominate(yard, 5.0)
    commit(yard)
    yard.clock.pass_by(minutes=50)
    Jobs(yard.client.app.state.service, lambda work: work()).mark()

    with yard.store.view() as unit:
        (alarm,) = unit.latest("default", "yard", Kind.ALARM)
    told = json.loads(alarm.body)
    assert (told["code"], told["about"], told["state"]) == ("event_not_confirmed", "firm:tuesday", "raised")
    assert told["message"] == "event firm:tuesday: 0.0 of 5 kW are confirmed before it begins; not confirmed: bay-1"
    streamed = yard.get("/v1/sites/yard/events?after=0&seconds=0").text
    assert "event: alarm" in streamed
    assert "event: confirmation" in streamed


def test_stations_that_accepted_confirm_and_nothing_is_raised(yard: Yard) -> None:
    nominate(yard, 5.0)
    commit(yard)
    yard.put("/v1/sites/yard/policy", {"mode": "control"}, match=None)
    yard.clock.pass_by(minutes=46)
    yard.post("/v1/sites/yard/plan", None)
    for _ in range(4):
        told = [
            {"command": one["id"], "outcome": "accepted"}
            for one in yard.get("/v1/sites/yard/commands").json()["commands"]
        ]
        yard.post("/v1/sites/yard/commands/ack", {"acknowledgements": told})
    Jobs(yard.client.app.state.service, lambda work: work()).mark()

    standing = yard.get("/v1/sites/yard/events/firm:tuesday/confirmed").json()
    assert standing["evses"][0]["counted"] == "confirmed"
    assert standing["lacking_kw"] == 0.0
    with yard.store.view() as unit:
        assert unit.latest("default", "yard", Kind.ALARM) == []
