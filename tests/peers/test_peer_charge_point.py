"""The charge point that the product is judged by is judged itself: by vectors and by numbers that fit into a head."""

import asyncio
from typing import Any

import pytest

from tests.peers.csms import Desk
from tests.peers.defects import Defect
from tests.peers.line import CsmsServer, StationLine
from tests.peers.messages import Call
from tests.peers.outlet import Outlet
from tests.peers.shelf import told_s, wire_time
from tests.peers.station import Station
from tests.peers.vehicle import Car

NOON_S = 1_772_452_800.0
"""2026-03-02T12:00:00Z."""
VERSIONS = ("1.6", "2.0.1", "2.1")
MAXIMUM = {"1.6": "ChargePointMaxProfile", "2.0.1": "ChargingStationMaxProfile", "2.1": "ChargingStationMaxProfile"}


def station(version: str = "2.0.1", *defects: Defect, outlets: int = 1, **car: Any) -> Station:
    """With a car at its first EVSE and a transaction 7 in 1.6."""
    made = Station(
        id="box", version=version, outlets=[Outlet(number=n + 1) for n in range(outlets)], defects=frozenset(defects)
    )
    made.now_s = NOON_S
    made.connected = True
    made.plug(1, Car(**({"max_a": 32.0} | car)))
    for call in made.outgoing():
        made.answered(call.id, {"transactionId": 7})
    return made


def set_profile(to: Station, purpose: str, periods: list[tuple[int, float]], **changes: Any) -> str:
    """What is answered: the status, or the error code."""
    old = to.version == "1.6"
    schedule = {
        "startSchedule": wire_time(changes.pop("start_s", to.now_s)),
        "chargingRateUnit": changes.pop("unit", "A"),
        "chargingSchedulePeriod": [{"startPeriod": start, "limit": limit} for start, limit in periods],
    }
    if "duration" in changes:
        schedule["duration"] = changes.pop("duration")
    evse = changes.pop("evse", 0 if "Max" in purpose else 1)
    profile = {
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Absolute",
        ("chargingProfileId" if old else "id"): changes.pop("id", len(to.shelf.held) + 1),
        "chargingSchedule": schedule if old else [schedule | {"id": 1}],
    } | changes
    if purpose == "TxProfile":
        profile.setdefault("transactionId", to.outlet(evse).transaction)
    payload = (
        {"connectorId": evse, "csChargingProfiles": profile} if old else {"evseId": evse, "chargingProfile": profile}
    )
    answer = to.handle("SetChargingProfile", payload)
    return answer.error or answer.payload["status"]


def drawn(by: Station, after_s: float, number: int = 1) -> float:
    by.advance(by.now_s + after_s)
    return by.draw_a(by.outlet(number))


def test_the_golden_composite_schedule_of_the_open_charge_alliance_comes_out() -> None:
    made = station("2.0.1")
    begin_s = told_s("2024-01-17T12:24:36Z")
    set_profile(made, "ChargingStationMaxProfile", [(0, 10.0)], start_s=begin_s, id=1)
    set_profile(made, "TxDefaultProfile", [(0, 6.0), (50, 8.0)], start_s=begin_s, id=2)
    steps = [(0, 8.0), (50, 11.0), (140, 16.0), (200, 6.0), (240, 12.0)]
    set_profile(made, "TxProfile", steps, start_s=begin_s, duration=264, id=3)

    made.now_s = begin_s + 4.0
    answer = made.handle("GetCompositeSchedule", {"evseId": 1, "duration": 400, "chargingRateUnit": "A"})

    periods = answer.payload["schedule"]["chargingSchedulePeriod"]
    assert [(p["startPeriod"], p["limit"]) for p in periods] == [(0, 8), (46, 10), (196, 6), (236, 10), (260, 8)]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_car_draws_what_the_profile_of_its_transaction_says_and_falls_back_to_the_default(version: str) -> None:
    made = station(version)
    assert drawn(made, 10) == 32.0
    assert set_profile(made, "TxDefaultProfile", [(0, 8.0)]) == "Accepted"
    assert drawn(made, 10) == 8.0
    assert set_profile(made, "TxProfile", [(0, 16.0), (60, 0.0)], duration=120) == "Accepted"
    assert [drawn(made, 10), drawn(made, 60), drawn(made, 60)] == [16.0, 0.0, 8.0]


def test_in_one_reading_of_16_a_level_whose_schedule_has_ended_hides_those_below() -> None:
    made = station("1.6")
    made.shelf._hides = True
    set_profile(made, "TxDefaultProfile", [(0, 8.0)], stackLevel=0)
    set_profile(made, "TxDefaultProfile", [(0, 6.0)], stackLevel=1, duration=60)
    assert [drawn(made, 10), drawn(made, 60)] == [6.0, 32.0]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_station_maximum_is_shared_by_its_evses_and_what_is_below_6_a_is_a_pause(version: str) -> None:
    made = station(version, outlets=2)
    made.plug(2, Car(max_a=32.0))
    set_profile(made, MAXIMUM[version], [(0, 20.0)])
    set_profile(made, "TxDefaultProfile", [(0, 16.0)])
    assert [drawn(made, 10), made.draw_a(made.outlet(2))] == [16.0, 0.0]
    set_profile(made, "TxDefaultProfile", [(0, 12.0)], id=2)
    assert [drawn(made, 10), made.draw_a(made.outlet(2))] == [12.0, 8.0]


def test_watts_are_divided_by_the_phases_told_and_a_day_recurs() -> None:
    made = station("1.6")
    daily = {"chargingProfileKind": "Recurring", "recurrencyKind": "Daily", "duration": 3600}
    set_profile(made, "TxDefaultProfile", [(0, 11_040.0)], unit="W", start_s=NOON_S - 86_400.0, **daily)
    assert [drawn(made, 10), drawn(made, 3600)] == [16.0, 32.0]


@pytest.mark.parametrize(
    ("purpose", "periods", "changes"),
    [
        ("TxProfile", [(0, 8.0)], {"transactionId": "other"}),
        ("TxDefaultProfile", [(10, 8.0)], {}),
        ("TxDefaultProfile", [(0, 8.0), (60, 6.0), (60, 7.0)], {}),
        ("TxDefaultProfile", [(0, 8.0)], {"stackLevel": 9}),
        ("TxDefaultProfile", [(0, 8.0)], {"evse": 3}),
        ("TxDefaultProfile", [(0, -8.0)], {}),
        ("ChargingStationMaxProfile", [(0, 8.0)], {"evse": 1}),
        ("TxDefaultProfile", [(60 * k, 8.0) for k in range(25)], {}),
    ],
)
def test_profiles_that_make_no_sense_are_rejected(
    purpose: str, periods: list[tuple[int, float]], changes: dict[str, Any]
) -> None:
    made = station("2.0.1")
    assert set_profile(made, purpose, periods, **changes) == "Rejected"
    assert drawn(made, 10) == 32.0


def test_a_car_tapers_fills_up_and_the_register_agrees() -> None:
    made = station("2.1", soc=0.85, battery_kwh=10.0, max_a=16.0)
    made.advance(NOON_S + 3 * 3600)
    assert made.outlet(1).car.soc == pytest.approx(1.0)
    assert made.draw_a(made.outlet(1)) == 0.0
    assert made.outlet(1).register_wh == pytest.approx(1500.0, abs=35.0)  # 0.15 of 10 kWh, and one step of 10 s


def test_a_transaction_that_ended_before_it_had_a_number_is_told_with_its_number() -> None:
    made = Station(id="box", version="1.6", now_s=NOON_S, connected=True)
    made.plug(1, Car())
    (began,) = [call for call in made.outgoing() if call.action == "StartTransaction"]
    made.unplug(1)
    made.plug(1, Car())
    made.answered(began.id, {"transactionId": 0})
    (ended,) = [call for call in made.outgoing() if call.action == "StopTransaction"]
    assert ended.payload["transactionId"] == 0
    assert made.outlet(1).transaction is None


def test_what_happens_without_a_connection_is_told_after_it() -> None:
    made = station("2.0.1")
    made.disconnect()
    made.advance(NOON_S + 130)
    assert made.outgoing() == []
    made.connect()
    told = [call.action for call in made.outgoing()]
    assert told.count("TransactionEvent") == 2
    assert "Heartbeat" not in told


def test_a_reboot_ends_transactions_and_keeps_the_default() -> None:
    made = station("1.6")
    set_profile(made, "TxDefaultProfile", [(0, 8.0)])
    set_profile(made, "TxProfile", [(0, 16.0)])
    made.reboot()
    assert drawn(made, 10) == 0.0
    assert drawn(made, 30) == 8.0


def with_a_default_of_8(*defects: Defect, version: str = "1.6") -> Station:
    made = station(version, *defects)
    assert set_profile(made, "TxDefaultProfile", [(0, 8.0)]) == "Accepted"
    return made


def test_each_defect_of_profiles_is_one() -> None:
    assert drawn(with_a_default_of_8(Defect.IGNORES), 10) == 32.0
    assert drawn(with_a_default_of_8(Defect.DEFAULT_IGNORED_IN_SESSION), 10) == 32.0
    assert drawn(with_a_default_of_8(Defect.SLOW_CLOCK), 10) == 32.0
    assert set_profile(station("1.6", Defect.WATTS_ONLY), "TxDefaultProfile", [(0, 8.0)]) == "Rejected"
    assert set_profile(station("1.6", Defect.AMPERES_ONLY), "TxDefaultProfile", [(0, 8e3)], unit="W") == "Rejected"
    few = [(60 * k, 8.0) for k in range(5)]
    assert set_profile(station("1.6", Defect.FEW_PERIODS), "TxDefaultProfile", few) == "Rejected"
    proud = station("1.6", Defect.REJECTS_TOP_LEVEL)
    assert set_profile(proud, "TxDefaultProfile", [(0, 8.0)], stackLevel=8) == "Rejected"
    bad_level = set_profile(station("1.6", Defect.CALL_ERROR), "TxDefaultProfile", [(0, 8.0)], stackLevel=9)
    assert bad_level == "PropertyConstraintViolation"


def test_each_defect_of_memory_is_one() -> None:
    dropped = with_a_default_of_8(Defect.DROPS_AT_DISCONNECT)
    dropped.disconnect()
    assert drawn(dropped, 10) == 32.0
    forgotten = with_a_default_of_8(Defect.FACTORY_LIMITS_AFTER_REBOOT)
    forgotten.reboot()
    assert drawn(forgotten, 60) == 32.0
    last = with_a_default_of_8(Defect.LAST_PROFILE_ONLY)
    set_profile(last, "TxProfile", [(0, 16.0)], duration=60)
    assert [drawn(last, 10), drawn(last, 60)] == [16.0, 32.0]


def test_each_other_defect_is_one() -> None:
    asleep = with_a_default_of_8(Defect.SLEEPS_AT_ZERO)
    set_profile(asleep, "TxProfile", [(0, 0.0), (60, 16.0)])
    assert [drawn(asleep, 50), drawn(asleep, 60)] == [0.0, 0.0]
    each = station("1.6", Defect.MAXIMUM_PER_CONNECTOR, outlets=2)
    each.plug(2, Car(max_a=32.0))
    set_profile(each, "ChargePointMaxProfile", [(0, 20.0)])
    assert [drawn(each, 10), each.draw_a(each.outlet(2))] == [20.0, 20.0]
    late = Station(
        id="box", version="1.6", now_s=NOON_S, connected=True, defects=frozenset({Defect.ABORTS_WHEN_ANSWERED_LATE})
    )
    late.plug(1, Car())
    (began,) = [call for call in late.outgoing() if call.action == "StartTransaction"]
    late.advance(NOON_S + 15)
    late.answered(began.id, {"transactionId": 3})
    assert drawn(late, 10) == 0.0


@pytest.mark.parametrize(
    ("defects", "told"),
    [
        ((), {"Energy.Active.Import.Register", "Power.Active.Import", "Current.Import", "Voltage"}),
        ((Defect.ENERGY_ONLY,), {"Energy.Active.Import.Register"}),
    ],
)
def test_a_meter_tells_what_it_can(defects: tuple[Defect, ...], told: set[str]) -> None:
    made = station("1.6", *defects)
    made.advance(NOON_S + 60)
    (call,) = [call for call in made.outgoing() if call.action == "MeterValues"]
    assert {sample["measurand"] for sample in call.payload["meterValue"][0]["sampledValue"]} == told


@pytest.mark.parametrize("version", VERSIONS)
def test_over_a_websocket_every_frame_fits_the_schemas_and_a_cut_is_survived(version: str) -> None:
    made, desk = Station(id="box", version=version, now_s=NOON_S), Desk()

    async def story() -> tuple[list[str], Any]:
        async with CsmsServer(lambda s, v, action, payload: desk.answer(s, v, action, payload, made.now_s)) as csms:
            line = StationLine(made, csms.url)
            await line.open()
            made.plug(1, Car())
            await line.talk()
            made.advance(NOON_S + 120)
            await line.talk()
            await line.cut()
            made.advance(NOON_S + 240)
            await line.keep()
            await line.talk()
            keys = {
                "1.6": ("GetConfiguration", {}),
                "2.0.1": ("GetChargingProfiles", {"requestId": 1, "chargingProfile": {}}),
            }
            action, payload = keys.get(version, keys["2.0.1"])
            answer = await csms.call("box", Call(id="c1", action=action, payload=payload, at_s=made.now_s))
            made.unplug(1)
            await line.talk()
            await line.cut()
            return [*csms.faults, *line.faults], answer

    faults, answer = asyncio.run(story())
    assert faults == []
    assert answer is not None
    assert answer.error is None


def test_a_float_start_of_a_period_breaks_the_schema_and_nothing_else() -> None:
    made, desk = station("2.0.1", Defect.FLOAT_PERIODS), Desk()
    made.connected = False
    set_profile(made, "TxDefaultProfile", [(0, 8.0), (600, 10.0)])

    async def story() -> tuple[list[str], Any]:
        async with CsmsServer(lambda s, v, action, payload: desk.answer(s, v, action, payload, made.now_s)) as csms:
            line = StationLine(made, csms.url)
            await line.open()
            await line.talk()
            ask = Call(id="c1", action="GetCompositeSchedule", payload={"evseId": 1, "duration": 900}, at_s=made.now_s)
            answer = await csms.call("box", ask)
            await line.cut()
            return csms.faults, answer

    faults, answer = asyncio.run(story())
    assert len(faults) == 1
    assert answer.payload["schedule"]["chargingSchedulePeriod"][1]["startPeriod"] == 600.564
