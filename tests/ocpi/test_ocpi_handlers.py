"""What peers send, and what they are answered: every refusal with its status code, never an exception."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ocpi_bodies import body, connector, element, location_body, session_body, tariff_body

from api.ocpi.answers import Answer, Forward, LocationTold, PreferencesTold, SessionTold, Steering, TariffTold
from api.ocpi.preferences import pass_on, put_preferences
from api.ocpi.receiving import patch_session, put_location, put_session, put_tariff
from api.ocpi.steering import outgoing, post_result, put_active_profile, with_answer
from models.domain.scenario import Scenario
from models.domain.session import ChargingPreference, Session
from models.domain.site import CurrentType, Evse, GridNode, Phase, RateUnit, Site, Wiring
from models.domain.tariff import Tariff
from models.ocpi.locations import OcpiEvse
from models.ocpi.profiles import ChargingProfile, ProfilePeriod
from models.ocpi.scsp import Standing, Steered, ask_active, next_request, wanting
from models.ocpi.wire import OcpiVersion

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVSES = {"3256": "bay-1"}


def told(answer: Answer) -> SessionTold:
    assert answer.body["status_code"] == 1000, answer.body
    (effect,) = answer.effects
    assert isinstance(effect, SessionTold)
    return effect


def test_a_session_is_one_of_the_site_and_its_time_without_a_zone_is_utc() -> None:
    session = told(put_session(session_body(), "101", evses=EVSES, before=None, now=NINE)).session

    assert session == Session(id="101", evse="bay-1", arrival=NINE, connector=1, delivered_kwh=4.5)


def test_a_patch_changes_what_it_names() -> None:
    before = told(put_session(session_body(), "101", evses=EVSES, before=None, now=NINE)).told
    changed = body({"kwh": 6.25, "last_updated": "2026-03-02T09:45:00Z"})

    session = told(patch_session(changed, "101", evses=EVSES, before=before, now=NINE)).session

    assert (session.delivered_kwh, session.arrival) == (6.25, NINE)


def test_a_session_that_was_overtaken_by_a_newer_one_changes_nothing() -> None:
    before = told(put_session(session_body(), "101", evses=EVSES, before=None, now=NINE)).told
    older = session_body(kwh=3.0, last_updated="2026-03-02T09:10:00Z")

    answer = put_session(older, "101", evses=EVSES, before=before, now=NINE)

    assert (answer.body["status_code"], answer.effects) == (1000, ())


@pytest.mark.parametrize(
    ("sent", "status", "code", "said"),
    [
        (b"{", 400, 2000, "not JSON"),
        (session_body(kwh=-1.0), 200, 2001, "kwh"),
        (session_body(kwh="4.5"), 200, 2001, "kwh"),
        (session_body(start_date_time="yesterday"), 200, 2001, "start_date_time"),
        (session_body(start_date_time="0001-01-01T00:00:00+14:00"), 200, 2001, "start_date_time"),
        (session_body(status="CHARGING"), 200, 2001, "status"),
        (session_body(evse_uid=None), 200, 2001, "evse_uid"),
        (session_body(evse_uid="9999"), 200, 2003, "no EVSE of this site"),
        (session_body(id="102"), 200, 2001, "the address says '101'"),
    ],
)
def test_what_is_no_session_of_the_site_is_refused_with_its_code(
    sent: bytes, status: int, code: int, said: str
) -> None:
    answer = put_session(sent, "101", evses=EVSES, before=None, now=NINE)

    assert (answer.status, answer.body["status_code"], answer.effects) == (status, code, ())
    assert said in answer.body["status_message"]


@settings(max_examples=200, derandomize=True, deadline=None)
@given(
    st.binary(max_size=60)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "kwh", "elements"]), inner),
        max_leaves=6,
    ).map(lambda tree: json.dumps(tree).encode())
)
def test_no_body_is_an_exception(sent: bytes) -> None:
    before = told(put_session(session_body(), "101", evses=EVSES, before=None, now=NINE)).told
    state = wanting(Steered(session_id="101"), None)
    answers = (
        put_session(sent, "101", evses=EVSES, before=None, now=NINE),
        patch_session(sent, "101", evses=EVSES, before=before, now=NINE),
        put_location(sent, "LOC1", node="grid", now=NINE),
        put_tariff(sent, "12", version=OcpiVersion.V221, before=None, now=NINE),
        put_preferences(sent, "101", scenario=site(), told=None, now=NINE),
        pass_on(sent, "101", cpo_sessions_url="https://cpo.example/sessions", now=NINE),
        post_result(sent, "r1", state=state, now=NINE),
        put_active_profile(sent, "101", state=state, now=NINE),
    )

    assert all(answer.body["status_code"] in (1000, 2000, 2001) for answer in answers)
    assert with_answer(state, "r1", 200, sent, NINE) == state


def evse_in(answer: Answer) -> Evse:
    (effect,) = answer.effects
    assert isinstance(effect, LocationTold)
    return effect.evses[0]


def test_three_phases_of_32_a_are_22_kw() -> None:
    evse = evse_in(put_location(location_body(connector("AC_3_PHASE", 230, 32)), "LOC1", node="grid", now=NINE))

    assert (evse.id, evse.current, evse.max_current_a, evse.max_power_kw) == ("3256", CurrentType.AC, 32.0, 22.08)
    assert evse.phases == (Phase.L1, Phase.L2, Phase.L3)


def test_one_phase_is_one_of_which_nobody_told_so_it_counts_on_all() -> None:
    evse = evse_in(put_location(location_body(connector("AC_1_PHASE", 230, 16)), "LOC1", node="grid", now=NINE))

    assert (evse.phases, evse.max_power_kw) == (None, 3.68)


def test_a_split_phase_lies_between_two_lines() -> None:
    evse = evse_in(put_location(location_body(connector("AC_2_PHASE_SPLIT", 240, 40)), "LOC1", node="grid", now=NINE))

    assert (evse.wiring, evse.voltage_v, evse.max_power_kw) == (Wiring.LINE_TO_LINE, 240.0, 9.6)


def test_power_that_is_told_is_believed_where_it_is_less() -> None:
    dc = connector("DC", 920, 500, max_electric_power=150000)
    evse = evse_in(put_location(location_body(dc), "LOC1", node="grid", now=NINE))

    assert (evse.current, evse.max_power_kw, evse.max_current_a) == (CurrentType.DC, 150.0, None)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (location_body(connector("AC_9_PHASE", 230, 32)), "power_type"),
        (location_body(connector("DC", 0, 32)), "max_voltage"),
        (location_body(), "connectors"),
        (location_body(connector("DC", 400, 32), time_zone="Moon/Base"), "no time zone"),
    ],
)
def test_a_location_that_cannot_be_planned_with_is_refused(sent: bytes, said: str) -> None:
    answer = put_location(sent, "LOC1", node="grid", now=NINE)

    assert (answer.body["status_code"], answer.effects) == (2001, ())
    assert said in answer.body["status_message"]


def test_a_tariff_is_kept_as_it_is() -> None:
    answer = put_tariff(tariff_body(element("ENERGY", 0.25)), "12", version=OcpiVersion.V221, before=None, now=NINE)

    (effect,) = answer.effects
    assert isinstance(effect, TariffTold)
    assert effect.tariff.elements[0].price_components[0].price == 0.25


def site(*, departure: datetime | None = NINE + 4 * HOUR, green: bool = False) -> Scenario:
    """One EVSE of 10 kW, and session 101 that came an hour ago and has 4 kWh of its 20."""
    session = Session(
        id="101", evse="bay-1", arrival=NINE - HOUR, departure=departure, energy_target_kwh=20.0, delivered_kwh=4.0
    )
    place = Site(
        id="yard",
        nodes=(GridNode(id="grid", import_limit_kw=50.0),),
        evses=(Evse(id="bay-1", node="grid", max_power_kw=10.0),),
        green_price_per_kg=0.2 if green else None,
    )
    tariff = Tariff(currency="EUR", import_price=0.3, carbon_intensity=0.4)
    return Scenario(site=place, sessions=(session,), tariff=tariff)


def wish(kind: str, **more: Any) -> bytes:
    return body({"profile_type": kind} | more)


@pytest.mark.parametrize(
    ("sent", "scenario", "answer"),
    [
        (wish("FAST"), site(), "ACCEPTED"),
        (wish("FAST"), site(departure=None), "ACCEPTED"),
        (wish("REGULAR"), site(departure=None), "ACCEPTED"),
        (wish("CHEAP"), site(departure=None), "DEPARTURE_REQUIRED"),
        (wish("CHEAP", departure_time="2026-03-02T12:00:00Z"), site(departure=None), "ACCEPTED"),
        (wish("GREEN"), site(), "PROFILE_TYPE_NOT_SUPPORTED"),
        (wish("GREEN"), site(green=True), "ACCEPTED"),
        (wish("GREEN"), site(departure=None, green=True), "DEPARTURE_REQUIRED"),
        (wish("SOLAR"), site(), "PROFILE_TYPE_NOT_SUPPORTED"),
        (wish("CHEAP", departure_time="2026-03-02T08:59:00Z"), site(), "NOT_POSSIBLE"),
        # Two hours at 10 kW and 4 kWh that are there make 24 kWh.
        (wish("FAST", departure_time="2026-03-02T11:00:00Z", energy_need=24.0), site(), "ACCEPTED"),
        (wish("FAST", departure_time="2026-03-02T11:00:00Z", energy_need=24.1), site(), "NOT_POSSIBLE"),
    ],
)
def test_preferences_are_answered(sent: bytes, scenario: Scenario, answer: str) -> None:
    given = put_preferences(sent, "101", scenario=scenario, told=None, now=NINE)

    assert (given.status, given.body["status_code"], given.body["data"]) == (200, 1000, answer)
    assert bool(given.effects) == (answer == "ACCEPTED")


def test_energy_is_asked_for_where_a_car_may_be_discharged_and_nobody_told_its_need() -> None:
    scenario = site()
    silent = replace(scenario, sessions=(replace(scenario.sessions[0], energy_target_kwh=None),))

    answer = put_preferences(wish("REGULAR", discharge_allowed=True), "101", scenario=silent, told=None, now=NINE)

    assert answer.body["data"] == "ENERGY_NEED_REQUIRED"


def test_what_was_accepted_is_what_the_session_is_planned_with() -> None:
    sent = wish("CHEAP", departure_time="2026-03-02T12:00:00", energy_need=15.0)
    scenario = site()
    promised = replace(scenario, sessions=(replace(scenario.sessions[0], energy_minimum_kwh=18.0),))

    (effect,) = put_preferences(sent, "101", scenario=promised, told=None, now=NINE).effects

    assert isinstance(effect, PreferencesTold)
    session = effect.session
    assert session.charging_preference is ChargingPreference.CHEAP
    assert (session.departure, session.energy_target_kwh, session.energy_minimum_kwh) == (NINE + 3 * HOUR, 15.0, 15.0)


def test_a_session_that_is_not_there_and_an_evse_that_takes_no_preferences_are_404() -> None:
    plain = connector("AC_3_PHASE", 230, 16)
    evse = OcpiEvse.model_validate_json(
        body({"uid": "3256", "status": "CHARGING", "connectors": [plain], "last_updated": "2026-03-01T00:00:00Z"})
    )
    unknown = put_preferences(wish("FAST"), "7", scenario=site(), told=None, now=NINE)
    unable = put_preferences(wish("FAST"), "101", scenario=site(), told=evse, now=NINE)

    assert [(answer.status, answer.body["status_code"]) for answer in (unknown, unable)] == [(404, 2001)] * 2


def test_preferences_for_another_cpos_session_are_passed_on_as_they_came() -> None:
    sent = wish("FAST", field_of_a_later_version=1)

    (effect,) = pass_on(sent, "101", cpo_sessions_url="https://cpo.example/ocpi/2.2.1/sessions/", now=NINE).effects

    url = "https://cpo.example/ocpi/2.2.1/sessions/101/charging_preferences"
    assert effect == Forward(method="PUT", url=url, body=sent)


PROFILE = ChargingProfile(
    start_date_time=NINE,
    charging_rate_unit=RateUnit.A,
    charging_profile_period=(ProfilePeriod(start_period=0, limit=Decimal("10.5")),),
)
URLS = {"profiles_url": "https://cpo.example/chargingprofiles", "response_base": "https://us.example/results"}


def test_a_profile_is_put_with_a_response_url_of_its_own() -> None:
    state, request = next_request(wanting(Steered(session_id="1/01"), PROFILE), NINE, "r1")
    assert request is not None

    sent = outgoing(state, request, **URLS, ask_for=HOUR)

    assert (sent.method, sent.url) == ("PUT", "https://cpo.example/chargingprofiles/1%2F01")
    assert sent.body == {
        "charging_profile": {
            "start_date_time": "2026-03-02T09:00:00Z",
            "charging_rate_unit": "A",
            "charging_profile_period": [{"start_period": 0, "limit": 10.5}],
        },
        "response_url": "https://us.example/results/r1",
    }


def test_the_active_profile_is_asked_for_with_duration_and_response_url() -> None:
    state, request = ask_active(Steered(session_id="101"), NINE, "r2")
    assert request is not None

    sent = outgoing(state, request, **URLS, ask_for=HOUR)

    query = "duration=3600&response_url=https%3A%2F%2Fus.example%2Fresults%2Fr2"
    assert (sent.method, sent.url, sent.body) == ("GET", f"https://cpo.example/chargingprofiles/101?{query}", None)


def envelope(data: Any, code: int = 1000) -> bytes:
    return body({"status_code": code, "timestamp": "2026-03-02T09:00:01Z", "data": data})


def under_way() -> Steered:
    return next_request(wanting(Steered(session_id="101"), PROFILE), NINE, "r1")[0]


def test_answer_and_result_make_a_profile_one_that_is_applied() -> None:
    state = with_answer(under_way(), "r1", 200, envelope({"result": "ACCEPTED", "timeout": 30}), NINE)
    assert state.standing is Standing.AWAITS_RESULT

    (effect,) = post_result(body({"result": "ACCEPTED"}), "r1", state=state, now=NINE).effects

    assert isinstance(effect, Steering)
    assert effect.state.applied == PROFILE


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        (None, b""),
        (500, b"<html>"),
        (200, envelope({"result": "ACCEPTED", "timeout": 30}, code=2001)),
        (200, envelope({"result": "MAYBE", "timeout": 30})),
        (200, envelope({"result": "ACCEPTED"})),
        (200, envelope(None)),
    ],
)
def test_an_answer_that_cannot_be_read_may_have_been_carried_out(status: int | None, sent: bytes) -> None:
    state = with_answer(under_way(), "r1", status, sent, NINE)

    assert state.standing is Standing.NO_RESULT
    assert state.may_follow == (None, PROFILE)


def test_results_that_nobody_asked_for_or_that_are_none_are_refused() -> None:
    assert post_result(body({"result": "ACCEPTED"}), "r9", state=None, now=NINE).status == 404
    answer = post_result(body({"result": "DONE"}), "r1", state=under_way(), now=NINE)
    assert (answer.body["status_code"], answer.effects) == (2001, ())


def test_a_cpo_says_of_its_own_accord_what_an_evse_is_going_to_do() -> None:
    active = {
        "start_date_time": "2026-03-02T09:00:00Z",
        "charging_profile": {
            "charging_rate_unit": "W",
            "min_charging_rate": 1380.0,
            "charging_profile_period": [{"start_period": 0, "limit": 11000.0}, {"start_period": 900, "limit": 4140.5}],
        },
    }

    (effect,) = put_active_profile(body(active), "101", state=under_way(), now=NINE).effects

    assert isinstance(effect, Steering)
    assert effect.state.active is not None
    assert effect.state.active.charging_profile.charging_profile_period[1].limit == Decimal("4140.5")
    refused = put_active_profile(body({"start_date_time": "2026-03-02T09:00:00Z"}), "101", state=under_way(), now=NINE)
    assert refused.body["status_code"] == 2001
    assert put_active_profile(body(active), "7", state=None, now=NINE).status == 404
