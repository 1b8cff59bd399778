"""What stations say, as events: messages as they are sent in the field, with what is odd about them told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.domain.answers import TransactionGoesOn
from models.domain.events import (
    Booted,
    EvseState,
    ExternalLimitCleared,
    ExternalLimitTold,
    LimitStep,
    Measured,
    NeedsTold,
    StateTold,
    TokenShown,
    TransactionBegan,
    TransactionEnded,
)
from models.domain.site import Phase
from models.ocpp.inbound import Inbound, translate
from models.ocpp.inbound.v2x import ACTIONS as ACTIONS_2X
from models.ocpp.inbound.v16 import ACTIONS as ACTIONS_16
from models.ocpp.profile import Version

NOW = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)


def told(action: str, payload: Any, version: Version = Version.V16) -> Inbound:
    return translate(version, action, payload, station_id="box", received_at=NOW, token_key=b"secret")


def sample(value: str, measurand: str, **more: str) -> dict[str, str]:
    return {"value": value, "measurand": measurand} | more


def at_five(samples: list[Any]) -> dict[str, Any]:
    return {"timestamp": NOW.isoformat(), "sampledValue": samples}


def test_a_meter_that_counts_in_kwh_and_loads_one_phase_of_three_is_read_as_it_stands() -> None:
    """As the Entratek Power Dot of evcc#15612 sends it."""
    samples = [
        sample("57.89", "Energy.Active.Import.Register", unit="kWh"),
        sample("3614.93", "Power.Active.Import", unit="W"),
        sample("16.00", "Current.Offered", unit="A"),
        sample("15.23", "Current.Import", unit="A", phase="L1"),
        sample("0.00", "Current.Import", unit="A", phase="L2"),
        sample("0.00", "Current.Import", unit="A", phase="L3"),
    ]
    value = {"timestamp": "2026-03-02T16:59:50.000Z", "sampledValue": samples}

    found = told("MeterValues", {"connectorId": 1, "transactionId": 1, "meterValue": [value]})

    (measured,) = found.events
    assert isinstance(measured, Measured)
    assert (measured.energy_kwh, measured.power_kw, measured.offered_a) == pytest.approx((57.89, 3.61493, 16.0))
    assert measured.current_a == {Phase.L1: 15.23, Phase.L2: 0.0, Phase.L3: 0.0}
    assert (measured.transaction_id, measured.evse_number, found.defects) == ("1", 1, ())


def test_phases_to_neutral_a_decimal_comma_and_power_by_phase_are_understood() -> None:
    samples = [
        sample("230,5", "Voltage", phase="L1-N"),
        sample("1000", "Power.Active.Import", phase="L1"),
        sample("500", "Power.Active.Import", phase="L2"),
        {"value": "1234"},
    ]
    found = told(
        "MeterValues", {"connectorId": 1, "meterValue": [{"timestamp": NOW.isoformat(), "sampledValue": samples}]}
    )

    (measured,) = found.events
    assert isinstance(measured, Measured)
    assert measured.voltage_v == {Phase.L1: 230.5}
    assert (measured.power_kw, measured.energy_kwh) == (1.5, 1.234)


def test_a_car_that_gives_back_shows_as_power_below_zero_and_a_power_of_ten_is_counted() -> None:
    samples = [
        {"value": 7.4, "measurand": "Power.Active.Export", "unitOfMeasure": {"unit": "W", "multiplier": 3}},
        {"value": 61, "measurand": "SoC"},
    ]
    value = {"timestamp": NOW.isoformat(), "sampledValue": samples}

    (measured,) = told("MeterValues", {"evseId": 2, "meterValue": [value]}, Version.V21).events

    assert isinstance(measured, Measured)
    assert (measured.power_kw, measured.soc, measured.evse_number) == (-7.4, 0.61, 2)


def test_values_that_are_no_numbers_count_as_not_told_and_are_named() -> None:
    samples = [sample("NaN", "Power.Active.Import"), sample("5", "Current.Offered")]

    found = told(
        "MeterValues", {"connectorId": 1, "meterValue": [{"timestamp": NOW.isoformat(), "sampledValue": samples}]}
    )

    (measured,) = found.events
    assert isinstance(measured, Measured)
    assert (measured.power_kw, measured.offered_a) == (None, 5.0)
    assert found.defects == ("Power.Active.Import 'NaN' is no number; it counts as not told",)


def test_a_transaction_of_16_begins_without_an_id_and_its_driver_is_a_digest() -> None:
    start = {"connectorId": 1, "idTag": "04AABB", "meterStart": 1500, "timestamp": "2026-03-02T17:00:00Z"}

    (began,) = told("StartTransaction", start).events
    (shown,) = told("Authorize", {"idTag": "04AABB"}).events

    assert isinstance(began, TransactionBegan)
    assert isinstance(shown, TokenShown)
    assert (began.transaction_id, began.meter_kwh) == (None, 1.5)
    assert began.token_digest == shown.token_digest
    assert "04AABB" not in str(began)


def test_transaction_zero_is_one_and_ends() -> None:
    stop = {"transactionId": 0, "meterStop": 2500, "timestamp": "2026-03-02T17:00:00Z", "reason": "EVDisconnected"}

    (ended,) = told("StopTransaction", stop).events

    assert ended == TransactionEnded(
        station_id="box", evse_number=None, at=NOW, transaction_id="0", meter_kwh=2.5, reason="EVDisconnected"
    )


def test_a_transaction_event_of_2x_tells_state_and_measurement_at_once() -> None:
    event = {
        "eventType": "Updated",
        "timestamp": "2026-03-02T17:00:00Z",
        "transactionInfo": {"transactionId": "t", "chargingState": "SuspendedEV"},
        "evse": {"id": 3},
        "meterValue": [
            {"timestamp": NOW.isoformat(), "sampledValue": [{"value": 0, "measurand": "Power.Active.Import"}]}
        ],
    }

    goes_on, state, measured = told("TransactionEvent", event, Version.V201).events

    assert isinstance(goes_on, TransactionGoesOn)
    assert isinstance(state, StateTold)
    assert isinstance(measured, Measured)
    assert (state.state, state.evse_number) == (EvseState.SUSPENDED_BY_VEHICLE, 3)
    assert (measured.power_kw, measured.transaction_id) == (0.0, "t")


def test_needs_of_a_car_that_gives_back_become_energies_and_a_band() -> None:
    needs = {
        "evseId": 1,
        "maxScheduleTuples": 12,
        "chargingNeeds": {
            "requestedEnergyTransfer": "DC_BPT",
            "departureTime": "2026-03-03T07:00:00Z",
            "dcChargingParameters": {
                "evMaxCurrent": 100, "evMaxVoltage": 500, "stateOfCharge": 40, "evEnergyCapacity": 60000,
            },
            "v2xChargingParameters": {
                "maxChargePower": 11000, "maxDischargePower": 10000, "evTargetEnergyRequest": 24000,
                "evMinEnergyRequest": -6000, "evMinV2XEnergyRequest": -3000, "evMaxV2XEnergyRequest": 18000,
            },
        },
    }  # fmt: skip

    (found,) = told("NotifyEVChargingNeeds", needs, Version.V21).events

    assert isinstance(found, NeedsTold)
    assert found.gives_back
    assert (found.energy_kwh, found.energy_least_kwh, found.capacity_kwh, found.soc) == (24.0, -6.0, 60.0, 0.4)
    assert (found.cycling_from_kwh, found.cycling_to_kwh) == (-3.0, 18.0)
    assert (found.max_charge_kw, found.max_discharge_kw, found.max_periods) == (11.0, 10.0, 12)
    assert found.departure == NOW + timedelta(hours=14)


def test_a_dc_car_that_tells_current_and_voltage_tells_its_power() -> None:
    dc = {"evMaxCurrent": 125, "evMaxVoltage": 400, "energyAmount": 30000}
    needs = {"evseId": 1, "chargingNeeds": {"requestedEnergyTransfer": "DC", "dcChargingParameters": dc}}

    (found,) = told("NotifyEVChargingNeeds", needs, Version.V201).events

    assert isinstance(found, NeedsTold)
    assert (found.max_charge_kw, found.energy_kwh) == (50.0, 30.0)


def test_a_limit_of_somebody_else_binds_in_steps_until_it_is_cleared() -> None:
    periods = [{"startPeriod": 0, "limit": 11000}, {"startPeriod": 900, "limit": 5000}]
    schedule = {"id": 1, "chargingRateUnit": "W", "startSchedule": NOW.isoformat(), "chargingSchedulePeriod": periods}
    limit = {"chargingLimit": {"chargingLimitSource": "SO", "isGridCritical": True}, "chargingSchedule": [schedule]}

    (told_,) = told("NotifyChargingLimit", limit, Version.V201).events
    (cleared,) = told("ClearedChargingLimit", {"chargingLimitSource": "SO"}, Version.V201).events

    assert isinstance(told_, ExternalLimitTold)
    assert told_.grid_critical
    assert told_.steps == (
        LimitStep(start=NOW, limit_kw=11.0),
        LimitStep(start=NOW + timedelta(minutes=15), limit_kw=5.0),
    )
    assert cleared == ExternalLimitCleared(station_id="box", evse_number=None, at=NOW, source="SO")


def test_a_time_without_a_zone_and_a_slow_clock_are_defects_and_count_as_told() -> None:
    status = {"connectorId": 1, "status": "Charging", "errorCode": "NoError", "timestamp": "2026-03-02T16:50:00"}

    found = told("StatusNotification", status)

    assert found.events[0].at == NOW - timedelta(minutes=10)
    assert found.defects == (
        "the timestamp of a status has no time zone; taken as UTC",
        "the timestamp of a status is -10 min from the time of arrival",
    )


def test_a_boot_tells_the_make_that_quirks_are_known_by() -> None:
    boot = {"chargePointVendor": "Orbis", "chargePointModel": "VIARIS COMBIPLUS", "firmwareVersion": "7.3.39"}

    (found,) = told("BootNotification", boot).events

    assert isinstance(found, Booted)
    assert (found.vendor, found.model, found.firmware) == ("Orbis", "VIARIS COMBIPLUS", "7.3.39")


def test_a_message_that_says_nothing_of_charging_is_no_event() -> None:
    assert told("DataTransfer", {"vendorId": "x"}) == Inbound(
        events=(), defects=("'DataTransfer' says nothing that is planned with",)
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.just("2026-03-02T17:00:00Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["connectorId", "evseId", "evse", "id", "meterValue", "sampledValue", "value", "measurand", "timestamp", "status",
     "chargingNeeds", "v2xChargingParameters", "evTargetEnergyRequest", "chargingSchedule", "chargingSchedulePeriod",
     "startPeriod", "limit", "unitOfMeasure", "multiplier", "transactionInfo", "eventType", "idTag", "meterStop"]
)  # fmt: skip
PAYLOADS = st.recursive(
    JSON, lambda inner: st.dictionaries(NAMES, inner, max_size=6) | st.lists(inner, max_size=2), max_leaves=20
)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.sampled_from([*ACTIONS_16, *ACTIONS_2X]), st.sampled_from(Version), PAYLOADS)
def test_whatever_a_station_sends_nothing_is_raised(action: str, version: Version, payload: Any) -> None:
    assert isinstance(told(action, payload, version), Inbound)
