"""A plan as the charging profile of a session at a roaming CPO: rounded down, never above the plan."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.domain.completion import complete
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from models.domain.session import Session, Vehicle
from models.domain.site import CurrentType, Evse, GridNode, RateUnit, Site
from models.ocpi.compile import charging_profile, kw_per_unit, power_kw
from models.ocpi.profiles import ChargingProfile
from optimizer.optimize import optimize

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
AC = Evse(id="bay", node="grid", max_current_a=32.0)
DC = Evse(id="bay", node="grid", current=CurrentType.DC, max_power_kw=150.0)


def planned(powers_kw: Sequence[float], evse: Evse = AC, vehicle: Vehicle | None = None) -> tuple[Scenario, Schedule]:
    """A plan with these setpoints in quarters of an hour from 09:00 on."""
    session = Session(
        id="101", evse="bay", arrival=NINE, departure=NINE + timedelta(days=1), energy_target_kwh=20.0, vehicle=vehicle
    )
    site = Site(id="yard", nodes=(GridNode(id="grid", import_limit_kw=500.0),), evses=(evse,))
    horizon = Horizon(start=NINE, stretches=(Stretch(count=len(powers_kw), minutes=15.0),))
    scenario = complete(Scenario(site=site, sessions=(session,), horizon=horizon)).scenario
    plan = optimize(scenario)
    told = replace(plan.sessions[0], charge_power_kw=np.array(powers_kw, dtype=float), offered_power_kw=None)
    return scenario, replace(plan, sessions=(told,))


def profile(plan: tuple[Scenario, Schedule], **given: object) -> ChargingProfile:
    arguments = {"now": NINE, "after_kw": 4.14} | given
    return charging_profile(*plan, "101", **arguments)  # type: ignore[arg-type]


def periods(found: ChargingProfile) -> list[tuple[int, float]]:
    return [(period.start_period, float(period.limit)) for period in found.charging_profile_period]


def test_ac_is_told_in_amperes_per_phase_rounded_down_and_ends_in_what_holds_afterwards() -> None:
    found = profile(planned([11.0, 6.9, 2.0]))

    # 11 kW on three phases are 15.94 A, 6.9 kW 10 A; 2 kW are less than 6 A. The start is a minute before now.
    assert found.charging_rate_unit is RateUnit.A
    assert found.start_date_time == NINE - timedelta(minutes=1)
    assert periods(found) == [(0, 15.9), (960, 10.0), (1860, 0.0), (2760, 6.0)]
    assert float(found.min_charging_rate or 0) == 6.0


def test_a_car_on_one_phase_gets_three_times_the_current_for_the_same_power() -> None:
    found = profile(planned([6.9], vehicle=Vehicle(id="leaf", phases=1)), after_kw=1.38)

    assert periods(found) == [(0, 30.0), (960, 6.0)]


def test_dc_is_told_in_watts() -> None:
    found = profile(planned([123.4567], evse=DC), after_kw=0.0)

    assert found.charging_rate_unit is RateUnit.W
    assert periods(found) == [(0, 123456.7), (960, 0.0)]
    assert found.min_charging_rate is None


def test_watts_can_be_asked_for_on_ac() -> None:
    three = planned([6.9], vehicle=Vehicle(id="zoe", phases=3))

    assert periods(profile(three, unit=RateUnit.W))[0] == (0, 6900.0)


def test_more_periods_than_a_station_takes_are_merged_at_the_lower_limit() -> None:
    found = profile(planned([11.0, 6.9, 11.0, 6.9]), most_periods=2)

    assert periods(found) == [(0, 10.0), (3660, 6.0)]


def test_the_wire_form_has_one_decimal_and_whole_seconds_in_utc() -> None:
    told = profile(planned([6.9])).json_object()

    assert told["start_date_time"] == "2026-03-02T08:59:00Z"
    assert told["charging_profile_period"][0] == {"start_period": 0, "limit": 10.0}
    assert "duration" not in told


@settings(max_examples=40, derandomize=True, deadline=None)
@given(
    st.lists(st.floats(0.0, 22.0), min_size=6, max_size=6),
    st.sampled_from([None, 1, 2, 3]),
    st.sampled_from([RateUnit.A, RateUnit.W]),
    st.integers(1, 6),
)
def test_no_profile_lets_more_flow_than_was_planned(
    powers: list[float], phases: int | None, unit: RateUnit, most: int
) -> None:
    vehicle = None if phases is None else Vehicle(id="car", phases=phases)
    scenario, plan = planned(powers, vehicle=vehicle)
    found = profile((scenario, plan), unit=unit, most_periods=most, after_kw=0.0)
    per_unit = kw_per_unit(scenario, scenario.sessions[0], scenario.site.evses[0], unit)

    assert len(found.charging_profile_period) <= most
    for k, planned_kw in enumerate(powers):
        assert power_kw(found, NINE + (k + 0.5) * QUARTER, per_unit, 99.0) <= planned_kw + 1e-5


def test_outside_of_a_profile_an_evse_does_what_it_can() -> None:
    limited = profile(planned([6.9])).model_copy(update={"duration": 600})
    unlimited = ChargingProfile(charging_rate_unit=RateUnit.A)

    assert power_kw(limited, NINE, 0.69, 22.0) == pytest.approx(6.9)
    assert power_kw(limited, NINE + QUARTER, 0.69, 22.0) == 22.0
    assert power_kw(unlimited, NINE, 0.69, 22.0) == 22.0
