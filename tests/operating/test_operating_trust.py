"""Sites that are taken over, stations that refuse, boot or ask, and what is held back while somebody is not trusted."""

from dataclasses import replace

import pytest

from api.sites.handing_back import cleared
from models.domain.sending import Feature, PlanPurpose, Version
from models.domain.site import Connector, Station
from optimizer.rolling.allowed import expected_kw
from tests.operating.live_site import (
    KW_PER_AMPERE,
    NOON,
    accept,
    limit_a,
    minutes,
    operations,
    plans,
    start,
    yard,
)


def test_a_station_of_1_6_that_follows_less_than_it_was_sent_follows_somebody_else_too() -> None:
    site = operations()
    site.look_for_others("yard", NOON)
    ask, _ = site.commands("yard", NOON)
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10.0}]}
    answer = {"status": "Accepted", "connectorId": 1, "scheduleStart": NOON.isoformat(), "chargingSchedule": schedule}
    site.hear("yard", "east", [3, ask.id, answer], NOON)

    (foreign,) = site.foreign("yard")
    assert (foreign.station, foreign.purpose) == ("east", "seen in a composite schedule")
    assert site.adopt("yard", NOON) == ()


def test_a_question_for_a_dynamic_profile_is_answered_at_once_by_what_was_accepted() -> None:
    """32 A of the plan, and after its twenty minutes the share of 16 A."""
    feature = Feature.DYNAMIC_PROFILES
    box = Station(id="east", ocpp_version=Version.V21, dynamic_plan=True, features=(feature,))
    site = operations(replace(yard(), stations=(box,)), Version.V21)
    began = {"eventType": "Started", "evse": {"id": 1}, "transactionInfo": {"transactionId": "t"}}
    site.hear("yard", "east", [2, "a", "TransactionEvent", began], NOON)
    site.plan_site("yard", NOON)
    accept(site, site.commands("yard", NOON), NOON)
    pull, late = [2, "p", "PullDynamicScheduleUpdate", {"chargingProfileId": 12}], NOON + minutes(21)

    known, ended = site.hear("yard", "east", pull, NOON), site.hear("yard", "east", pull, late)
    unknown = site.hear("yard", "east", [2, "q", "PullDynamicScheduleUpdate", {"chargingProfileId": 999}], NOON)

    assert known.answer == {"status": "Accepted", "scheduleUpdate": {"limit": 32.0}}
    assert ended.answer == {"status": "Accepted", "scheduleUpdate": {"limit": 16.0}}
    assert unknown.answer is not None
    assert unknown.answer["status"] == "Rejected"


def test_a_site_without_cars_has_defaults_that_keep_its_limit() -> None:
    """22.08 kW for two: 16 A each for whoever comes, before anything is planned for them."""
    site = operations()
    site.plan_site("yard", NOON)

    commands = site.commands("yard", NOON)

    assert {command.evse: limit_a(command) for command in commands} == {"east": 16.0, "west": 16.0}


def test_an_evse_without_a_car_that_refused_its_default_is_asked_again_and_forgiven() -> None:
    site = operations()
    site.plan_site("yard", NOON)
    for command in site.commands("yard", NOON):
        status = "Rejected" if command.station == "east" else "Accepted"
        site.hear("yard", command.station, [3, command.id, {"status": status}], NOON)
    refused = [verdict.evse for verdict in site.verdicts("yard")]

    site.plan_site("yard", NOON + minutes(0.5))
    too_soon = site.commands("yard", NOON + minutes(0.5))
    accept(site, too_soon, NOON + minutes(0.5))
    site.plan_site("yard", NOON + minutes(2))
    again = site.commands("yard", NOON + minutes(2))
    accept(site, again, NOON + minutes(2))

    assert refused == ["east"]
    assert "east" not in {command.evse for command in too_soon}
    assert {command.evse: limit_a(command) for command in again}["east"] == 6.0
    assert site.verdicts("yard") == ()


def test_a_plug_with_a_number_of_its_own_in_1_6_leads_to_its_evse() -> None:
    """One EVSE with plugs 1 and 2: the plan goes to the plug in use."""
    plugs = (Connector(id=1, number_in_16=1), Connector(id=2, number_in_16=2))
    site = yard(count=1)
    live = operations(replace(site, evses=(replace(site.evses[0], connectors=plugs),)))
    told = {"connectorId": 2, "idTag": "card", "meterStart": 0, "timestamp": NOON.isoformat()}
    live.hear("yard", "east", [2, "s", "StartTransaction", told], NOON)
    live.hear("yard", "east", [3, "s", {"transactionId": 5, "idTagInfo": {"status": "Accepted"}}], NOON)
    live.plan_site("yard", NOON)

    (command,) = plans(live.commands("yard", NOON))

    assert command.payload["connectorId"] == 2
    assert command.payload["csChargingProfiles"]["transactionId"] == 5


def test_a_raise_that_waits_is_not_sent_any_more_once_a_station_boots() -> None:
    """East gives way to west and accepts; before west is told the rest, west boots: what it had comes first."""
    site = operations()
    start(site, "east", NOON)
    site.plan_site("yard", NOON)
    accept(site, site.commands("yard", NOON), NOON)
    later = NOON + minutes(5)
    start(site, "west", later, transaction=8)
    site.plan_site("yard", later)
    accept(site, site.commands("yard", later), later)
    waiting = [command.evse for command in site.store.load("yard").outbox]

    site.hear("yard", "west", [2, "b", "BootNotification", {}], later)
    sent = site.commands("yard", later + minutes(2))

    assert waiting == ["east"]
    assert {command.station for command in sent} == {"west"}


def test_a_maximum_that_a_station_refuses_keeps_nobody_waiting() -> None:
    """It is asked again after an hour."""
    boxes = (Station(id="east", supply_current_a=32.0), Station(id="west"))
    site = operations(replace(yard(), stations=boxes))
    maximum = "ChargePointMaxProfile"

    def maxima(at: float) -> int:
        site.plan_site("yard", NOON + minutes(at))
        found = 0
        while commands := site.commands("yard", NOON + minutes(at)):
            for command in commands:
                refused = command.payload["csChargingProfiles"]["chargingProfilePurpose"] == maximum
                found += refused
                answer = {"status": "Rejected" if refused else "Accepted"}
                site.hear("yard", command.station, [3, command.id, answer], NOON + minutes(at))
        return found

    assert [maxima(0), maxima(15), maxima(61)] == [1, 0, 1]
    assert site.verdicts("yard") == ()


def test_our_own_maximum_that_a_station_reports_is_nobody_else_s_and_stays() -> None:
    box = Station(id="east", ocpp_version=Version.V201, supply_current_a=32.0)
    site = operations(replace(yard(count=1), stations=(box,)), Version.V201)
    site.plan_site("yard", NOON)
    accept(site, site.commands("yard", NOON), NOON)
    told = {"stackLevel": 0, "chargingProfilePurpose": "ChargingStationMaxProfile"}
    ours, theirs = {"id": 5} | told, {"id": 900} | told
    report = {"requestId": 1, "evseId": 0, "chargingLimitSource": "CSO", "chargingProfile": [ours, theirs]}

    site.hear("yard", "east", [2, "r", "ReportChargingProfiles", report], NOON)

    assert [one.profile_id for one in site.foreign("yard")] == [900]
    assert [one.profile_id for one in site.adopt("yard", NOON)] == [900]


def test_limits_of_the_grid_are_listed_and_are_no_csms_s_to_clear() -> None:
    site = operations(yard(count=1), Version.V201)
    grid = {"id": 901, "stackLevel": 0, "chargingProfilePurpose": "ChargingStationExternalConstraints"}
    report = {"requestId": 1, "evseId": 0, "chargingLimitSource": "SO", "chargingProfile": [grid]}
    site.hear("yard", "east", [2, "r", "ReportChargingProfiles", report], NOON)

    assert site.adopt("yard", NOON) == ()
    assert [one.profile_id for one in site.foreign("yard")] == [901]
    assert site.commands("yard", NOON) == ()


def test_a_plan_in_a_default_outlives_its_car_until_it_is_taken_away() -> None:
    """32 A were given to a car that left; until the default above the share of 16 A is cleared, the next one has it."""
    site = operations()
    site.store.save(replace(site.store.load("yard"), purpose=PlanPurpose.TX_DEFAULT))
    start(site, "east", NOON)
    site.plan_site("yard", NOON)
    accept(site, site.commands("yard", NOON), NOON)
    left = NOON + minutes(5)
    stop = {"transactionId": 7, "meterStop": 1000, "timestamp": left.isoformat()}

    site.hear("yard", "east", [2, "e", "StopTransaction", stop], left)
    uncleared = expected_kw(site.store.load("yard").state.evses["east"], left)
    site.plan_site("yard", left)
    (clear,) = site.commands("yard", left)
    accept(site, (clear,), left)

    assert clear.payload == {"id": 13}
    assert uncleared == pytest.approx(32.0 * KW_PER_AMPERE)
    assert expected_kw(site.store.load("yard").state.evses["east"], left) == pytest.approx(16.0 * KW_PER_AMPERE)


def test_a_dynamic_plan_is_set_anew_after_a_boot_as_its_station_may_have_nothing_left_to_update() -> None:
    """32 A of the plan become the share of 16 A after twenty minutes."""
    box = Station(id="east", ocpp_version=Version.V21, dynamic_plan=True, features=(Feature.DYNAMIC_PROFILES,))
    site = operations(replace(yard(), stations=(box,)), Version.V21)
    began = {"eventType": "Started", "evse": {"id": 1}, "transactionInfo": {"transactionId": "t"}}
    site.hear("yard", "east", [2, "a", "TransactionEvent", began], NOON)
    site.plan_site("yard", NOON)
    accept(site, site.commands("yard", NOON), NOON)
    late = NOON + minutes(25)
    updates = site.commands("yard", late)
    accept(site, updates, late)

    site.hear("yard", "east", [2, "b", "BootNotification", {}], late)
    again = plans(site.commands("yard", late))

    assert [command.action for command in updates] == ["UpdateDynamicSchedule"]
    assert [command.action for command in again] == ["SetChargingProfile"]


def test_what_clears_is_sent_until_it_is_answered_whatever_becomes_of_the_station() -> None:
    """Nobody else will ask for it again: neither a minute without an answer nor a lost connection takes it back."""
    site = operations(yard(count=1))
    site.plan_site("yard", NOON)
    accept(site, site.commands("yard", NOON), NOON)
    site.store.save(cleared(site.store.load("yard"), NOON))

    (clear,) = site.commands("yard", NOON)
    assert (clear.action, site.commands("yard", NOON + minutes(2))) == ("ClearChargingProfile", ())
    assert [one.id for one in site.commands("yard", NOON + minutes(4))] == [clear.id]
    site.connected("yard", "east", NOON + minutes(4))
    assert clear.id in [one.id for one in site.commands("yard", NOON + minutes(4))]

    accept(site, (clear,), NOON + minutes(5))
    assert site.commands("yard", NOON + minutes(20)) == ()
