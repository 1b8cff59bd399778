"""A live site by its use cases: cars come, plans go out lower first, answers come back, state survives as JSON."""

from api.operating.live import CommandKind, Result, live_json, read_live
from models.domain.answers import Outcome
from optimizer.rolling import Flaw
from tests.operating.live_site import NOON, accept, limit_a, meter, minutes, operations, plans, start, yard


def test_a_car_that_starts_is_planned_and_gets_a_profile_of_its_transaction() -> None:
    site = operations()
    start(site, "east", NOON, transaction=0)

    planned = site.plan_site("yard", NOON)
    (command,) = plans(site.commands("yard", NOON))

    assert planned.error is None
    assert command.payload["csChargingProfiles"]["transactionId"] == 0
    assert command.action == "SetChargingProfile"
    assert site.commands("yard", NOON) == ()


def test_a_refused_profile_makes_an_evse_uncontrolled_and_is_tried_again_after_a_minute() -> None:
    site = operations()
    start(site, "east", NOON)
    site.plan_site("yard", NOON)
    (command,) = plans(site.commands("yard", NOON))

    site.hear("yard", "east", [4, command.id, "InternalError", "stack level", {}], NOON)

    (verdict,) = site.verdicts("yard")
    record = site.store.load("yard").state.evses["east"]
    assert (verdict.flaw, verdict.uncontrolled) == (Flaw.REFUSES, True)
    assert verdict.evidence[-1].what == "call_error InternalError stack level"
    assert record.retry_at == NOON + minutes(1)


def test_a_station_that_boots_is_sent_again_what_it_had_and_asked_what_it_follows() -> None:
    site = operations()
    start(site, "east", NOON)
    site.plan_site("yard", NOON)
    sent = site.commands("yard", NOON)
    accept(site, sent, NOON)
    had = [command.payload for command in sent if command.station == "east"]

    boot = {"chargePointVendor": "v", "chargePointModel": "m"}
    site.hear("yard", "east", [2, "b", "BootNotification", boot], NOON + minutes(5))
    again = site.commands("yard", NOON + minutes(5))
    accept(site, again, NOON + minutes(5))
    (ask,) = site.commands("yard", NOON + minutes(5))

    assert [command.payload for command in again] == had
    assert len(had) == 2
    assert (ask.kind, ask.action) == (CommandKind.VERIFY, "GetCompositeSchedule")
    assert [v.flaw for v in site.verdicts("yard")] == [Flaw.UNVERIFIED]


def test_a_composite_at_the_limit_verifies_and_one_above_it_does_not() -> None:
    site = operations(yard(import_limit_kw=11.04))
    start(site, "east", NOON)
    site.plan_site("yard", NOON)
    accept(site, site.commands("yard", NOON), NOON)
    later = NOON + minutes(5)
    site.hear("yard", "east", [2, "b", "BootNotification", {}], later)
    again = site.commands("yard", later)
    accept(site, again, later)
    (ask,) = site.commands("yard", later)

    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 32.0}]}
    answer = {"status": "Accepted", "connectorId": 1, "scheduleStart": later.isoformat(), "chargingSchedule": schedule}
    too_much = {**schedule, "chargingSchedulePeriod": [{"startPeriod": 0, "limit": -1}]}
    before = site.store.load("yard")
    site.hear("yard", "east", [3, ask.id, {**answer, "chargingSchedule": too_much}], later)
    unverified = [v.flaw for v in site.verdicts("yard")]
    site.store.save(before)
    low = {**schedule, "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 0.0}]}
    site.hear("yard", "east", [3, ask.id, {**answer, "chargingSchedule": low}], later)

    assert [limit_a(command) for command in plans(again)] == [16.0]
    assert unverified == [Flaw.UNVERIFIED]
    assert site.verdicts("yard") == ()


def test_a_command_without_an_answer_is_given_up_after_a_minute() -> None:
    site = operations()
    start(site, "east", NOON)
    site.plan_site("yard", NOON)
    site.commands("yard", NOON)

    site.commands("yard", NOON + minutes(2))

    assert [v.flaw for v in site.verdicts("yard")] == [Flaw.SILENT, Flaw.SILENT]


def test_the_record_of_a_site_is_the_same_after_it_was_written_and_read() -> None:
    site = operations(yard(count=4))
    start(site, "east", NOON)
    meter(site, "east", NOON + minutes(1), 10.0)
    site.plan_site("yard", NOON + minutes(1))
    site.commands("yard", NOON + minutes(1))
    live = site.store.load("yard")

    assert read_live(live_json(live)) == live


def test_an_answer_to_nothing_and_a_station_that_is_not_listed_change_nothing() -> None:
    site = operations()
    before = site.store.load("yard")

    site.acknowledge("yard", "unknown", Result(outcome=Outcome.ACCEPTED), NOON)
    heard = site.hear("yard", "nobody", [2, "h", "Heartbeat", {}], NOON)

    assert site.store.load("yard") == before
    assert heard.defects == ("station 'nobody' is not one of site yard",)


def test_the_same_plan_is_not_sent_twice() -> None:
    """Flash memories wear out: what is accepted and still meant stays as it is."""
    site = operations()
    start(site, "east", NOON)
    site.plan_site("yard", NOON)
    accept(site, site.commands("yard", NOON), NOON)

    site.plan_site("yard", NOON)

    assert site.commands("yard", NOON) == ()


def test_what_raises_anything_waits_until_all_that_lowers_is_accepted() -> None:
    """East gives 4.14 of 22.08 kW to west at once; that its plan lasts longer than the one before waits for both."""
    site = operations()
    start(site, "east", NOON)
    site.plan_site("yard", NOON)
    accept(site, site.commands("yard", NOON), NOON)
    later = NOON + minutes(5)
    start(site, "west", later, transaction=8)
    site.plan_site("yard", later)

    first = site.commands("yard", later)
    waiting = site.commands("yard", later + minutes(0.9))
    accept(site, first, later)
    second = site.commands("yard", later + minutes(2))

    assert {command.evse: limit_a(command) for command in first} == {"east": 26.0, "west": 6.0}
    assert waiting == ()
    assert [command.evse for command in second] == ["east"]


def test_a_car_that_left_takes_its_plan_with_it() -> None:
    """A TxProfile ends with its transaction: nothing is there to be cleared."""
    site = operations()
    start(site, "east", NOON)
    site.plan_site("yard", NOON)
    accept(site, site.commands("yard", NOON), NOON)

    stop = {"transactionId": 7, "meterStop": 1000, "timestamp": (NOON + minutes(9)).isoformat()}
    site.hear("yard", "east", [2, "e", "StopTransaction", stop], NOON + minutes(9))
    site.plan_site("yard", NOON + minutes(9))

    assert site.commands("yard", NOON + minutes(9)) == ()


def test_before_the_first_car_every_evse_has_its_default() -> None:
    site = operations()

    site.plan_site("yard", NOON)
    commands = site.commands("yard", NOON)

    assert [(command.station, command.tells[0].role.value) for command in commands] == [
        ("east", "default"),
        ("west", "default"),
    ]


def test_a_default_that_was_not_answered_is_sent_again_although_nobody_charges() -> None:
    site = operations()
    site.plan_site("yard", NOON)
    lost, arrived = site.commands("yard", NOON)
    accept(site, (arrived,), NOON)

    assert site.commands("yard", NOON + minutes(1)) == ()  # it may still be answered
    assert site.commands("yard", NOON + minutes(1.5)) == ()  # given up, and left in peace for a minute
    (again,) = site.commands("yard", NOON + minutes(2.5))
    accept(site, (again,), NOON + minutes(2.5))

    assert (again.station, again.payload) == (lost.station, lost.payload)
    assert site.verdicts("yard") == ()
    assert site.commands("yard", NOON + minutes(10)) == ()
