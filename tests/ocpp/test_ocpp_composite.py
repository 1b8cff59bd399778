"""What a station makes of its profiles, by hand. Times count from an hour that nothing else happens in."""

from typing import Any

import pytest

from models.domain.errors import InvalidScenario
from models.domain.site import RateUnit
from models.ocpp.composite import (
    Composite,
    Conventions,
    InstalledProfile,
    Precedence,
    Question,
    Transaction,
    composite,
    installed_profile,
    worse_reading,
)

NOON = 1_724_241_600.0  # 2024-08-21T12:00:00Z, a Wednesday
HOUR = 3600.0
TX = Transaction(id="t")


def told(purpose: str, *steps: tuple[float, dict[str, Any] | float], evse: int = 1, **more: Any) -> InstalledProfile:
    """A profile of OCPP 2.1 in A from noon on; a step is its start and its limit, or all its fields."""
    periods = [{"startPeriod": s} | ({"limit": what} if isinstance(what, float) else what) for s, what in steps]
    schedule = {"id": 1, "chargingRateUnit": "A", "startSchedule": "2024-08-21T12:00:00Z"}
    schedule |= {name: more.pop(name) for name in ("duration", "chargingRateUnit", "startSchedule") if name in more}
    profile = {"id": 1, "stackLevel": 0, "chargingProfilePurpose": purpose, "chargingProfileKind": "Absolute"}
    return installed_profile(
        profile | more | {"chargingSchedule": [schedule | {"chargingSchedulePeriod": periods}]}, evse
    )


def asked(evse: int = 1, start_s: float = NOON, hours: float = 1.0, **more: Any) -> Question:
    given = {"transactions": ((1, TX),), "unit": RateUnit.A} | more
    return Question(evse=evse, start_s=start_s, end_s=start_s + hours * HOUR, **given)


def steps(found: Composite) -> list[tuple[float, float]]:
    return [(period.start_s, period.limit.value) for period in found.periods]


def test_a_plan_and_its_default_under_the_station_s_maximum_as_in_the_certification_test_of_the_alliance() -> None:
    """OCTT TC_K_41: asked 4 s after the start of all three."""
    profiles = [
        told("ChargingStationMaxProfile", (0, 10.0), evse=0),
        told("TxProfile", (0, 8.0), (50, 11.0), (140, 16.0), (200, 6.0), (240, 12.0), duration=264),
        told("TxDefaultProfile", (0, 6.0), (60, 10.0), (120, 8.0), (180, 15.0), (260, 8.0), duration=304),
    ]

    found = composite(profiles, asked(start_s=NOON + 4, hours=400 / HOUR), Conventions())

    assert steps(found) == [(0, 8), (46, 10), (196, 6), (236, 10), (260, 8), (300, 10)]


def test_the_two_readings_differ_where_a_schedule_ends_before_its_profile_and_a_proof_takes_the_higher() -> None:
    profiles = [
        told("TxProfile", (0, 20.0), duration=600, stackLevel=1),
        told("TxProfile", (0, 8.0), stackLevel=0),
    ]

    covered, valid = (composite(profiles, asked(), Conventions(precedence=reading)) for reading in Precedence)

    assert steps(covered) == [(0, 20), (600, 8)]
    assert steps(valid) == [(0, 20), (600, 57)]
    assert steps(worse_reading(profiles, asked(), Conventions())) == [(0, 20), (600, 57)]


def test_a_profile_that_may_not_be_offline_for_long_gives_way_to_the_default() -> None:
    profiles = [told("TxProfile", (0, 30.0), maxOfflineDuration=300), told("TxDefaultProfile", (0, 6.0))]

    assert steps(composite(profiles, asked(offline_since_s=NOON), Conventions()))[0] == (0, 30)
    assert composite(profiles, asked(offline_since_s=NOON), Conventions()).limit_at(301) == 6
    assert steps(composite(profiles, asked(), Conventions())) == [(0, 30)]


def test_a_weekly_default_holds_on_its_day_and_the_daily_one_on_the_others() -> None:
    """Wednesday is the day; asked from Tuesday noon for two days."""
    weekly = told(
        "TxDefaultProfile", (0, 20.0), duration=int(HOUR), stackLevel=2,
        chargingProfileKind="Recurring", recurrencyKind="Weekly",
    )  # fmt: skip
    daily = told("TxDefaultProfile", (0, 10.0), chargingProfileKind="Recurring", recurrencyKind="Daily")

    found = composite([weekly, daily], asked(start_s=NOON - 24 * HOUR, hours=48), Conventions())

    assert steps(found) == [(0, 10), (24 * HOUR, 20), (25 * HOUR, 10)]


def test_a_relative_default_begins_with_the_transaction_and_says_nothing_without_one() -> None:
    default = told("TxDefaultProfile", (0, 6.0), (600, 16.0), chargingProfileKind="Relative", startSchedule=None)
    begun = Transaction(id="t", start_s=NOON - 300)

    assert steps(composite([default], asked(transactions=((1, begun),)), Conventions())) == [(0, 6), (300, 16)]
    assert steps(composite([default], asked(transactions=()), Conventions())) == [(0, 57)]


def test_a_plan_for_another_transaction_does_not_count() -> None:
    profiles = [told("TxProfile", (0, 30.0), transactionId="other"), told("TxDefaultProfile", (0, 6.0))]

    assert steps(composite(profiles, asked(), Conventions())) == [(0, 6)]


def test_the_connection_carries_the_sum_and_an_evse_without_a_limit_counts_as_unlimited() -> None:
    profiles = [told("TxProfile", (0, 10.0))]

    found = composite(profiles, asked(evse=0, evses=2), Conventions(unlimited_a=48.0))

    assert steps(found) == [(0, 58)]


def test_watts_of_three_phases_become_amperes_of_one() -> None:
    """4,140 W over three phases of 230 V are 6 A; a maximum on one phase makes it 18 A."""
    plan = told("TxProfile", (0, 4140.0), chargingRateUnit="W")
    one_phase = told("ChargingStationMaxProfile", (0, {"limit": 32.0, "numberPhases": 1}), evse=0)

    assert steps(composite([plan], asked(), Conventions())) == [(0, 6)]
    assert steps(composite([plan, one_phase], asked(), Conventions())) == [(0, 18)]


def test_phases_with_limits_of_their_own_are_compared_one_by_one() -> None:
    plan = told("TxProfile", (0, {"limit": 10.0, "limit_L2": 20.0, "limit_L3": 30.0}))
    most = told("ChargingStationMaxProfile", (0, 16.0), evse=0)

    (found,) = composite([plan, most], asked(), Conventions()).periods

    assert found.limit == (10, 16, 16)


def test_a_setpoint_stays_inside_the_limits_of_both_directions() -> None:
    plan = told("TxProfile", (0, {"setpoint": -20.0, "dischargeLimit": -16.0, "limit": 32.0}))
    external = told("ChargingStationExternalConstraints", (0, {"limit": 32.0, "dischargeLimit": -10.0}), evse=0)

    (found,) = composite([plan, external], asked(), Conventions()).periods

    assert found.setpoint == (-10, None, None)
    assert found.discharge_limit == (-10, None, None)


def test_priority_charging_replaces_the_plan_while_it_is_switched_on() -> None:
    profiles = [told("TxProfile", (0, 8.0)), told("PriorityCharging", (0, 32.0))]

    assert steps(composite(profiles, asked(priority=frozenset({1})), Conventions())) == [(0, 32)]
    assert steps(composite(profiles, asked(), Conventions())) == [(0, 8)]


def test_local_generation_is_added_to_what_the_other_profiles_allow() -> None:
    profiles = [told("TxProfile", (0, 8.0)), told("LocalGeneration", (0, 5.0), evse=0)]

    assert steps(composite(profiles, asked(), Conventions())) == [(0, 13)]


def test_a_profile_that_cannot_be_read_is_refused_with_its_place() -> None:
    with pytest.raises(InvalidScenario) as refused:
        installed_profile({"id": 1, "chargingProfileKind": "Sometimes", "chargingSchedule": [{}]}, 1)

    assert refused.value.findings[0].path == "chargingProfile"
