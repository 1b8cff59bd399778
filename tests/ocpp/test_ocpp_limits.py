"""Power to limit: the roundings, by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ocpp_plans import AC, ONE_PHASE_CAR, THREE_PHASE_CAR, dc, scenario_of

from models.domain.session import Vehicle
from models.domain.site import Evse, Phase, RateUnit, Wiring
from models.domain.units import kw_from_amperes
from models.ocpp.limits import as_decimal, fail_safe_power_kw, limit_scale


def limit(
    power_kw: float,
    evse: Evse = AC,
    vehicle: Vehicle | None = THREE_PHASE_CAR,
    unit: RateUnit = RateUnit.A,
    voltage_v: float = 230.0,
) -> str:
    site = scenario_of([evse], [], voltage_v=voltage_v).site
    return str(as_decimal(limit_scale(site, evse, vehicle, unit).tenths(power_kw)))


@pytest.mark.parametrize(
    ("power_kw", "vehicle", "current"),
    [
        (11.0, THREE_PHASE_CAR, "15.9"),  # 11 / 0.69 = 15.942
        (10.971, THREE_PHASE_CAR, "15.9"),  # exactly
        (22.08, THREE_PHASE_CAR, "32.0"),
        (4.14, THREE_PHASE_CAR, "6.0"),
        (5.9999999 * 0.69, THREE_PHASE_CAR, "6.0"),
        (5.9999 * 0.69, THREE_PHASE_CAR, "0.0"),
        (4.07, THREE_PHASE_CAR, "0.0"),  # 5.899 A
        (1.38, ONE_PHASE_CAR, "6.0"),
        (7.36, ONE_PHASE_CAR, "32.0"),
        (1.38, THREE_PHASE_CAR, "0.0"),  # 2 A on each of three phases
        (11.0, None, "15.9"),  # unknown phases count as all
        (0.0, THREE_PHASE_CAR, "0.0"),
        (-1e-9, THREE_PHASE_CAR, "0.0"),
    ],
)
def test_power_becomes_amperes_per_phase_rounded_down(power_kw: float, vehicle: Vehicle | None, current: str) -> None:
    assert limit(power_kw, vehicle=vehicle) == current


@pytest.mark.parametrize(
    ("power_kw", "watts"),
    [
        (4.14, "4140.0"),
        (4.14 - 1e-7, "4140.0"),  # a solver's 4.14
        (4.1399, "0.0"),
        (11.00009, "11000.0"),
        (11.0001, "11000.1"),
    ],
)
def test_power_becomes_watts_over_all_phases_rounded_down(power_kw: float, watts: str) -> None:
    assert limit(power_kw, unit=RateUnit.W) == watts


def test_a_dc_evse_takes_any_power_in_watts() -> None:
    assert limit(0.5, dc(min_current_a=6.0), None, RateUnit.W) == "500.0"
    assert limit(149.99999, dc(), None, RateUnit.W) == "149999.9"


@pytest.mark.parametrize(("power_kw", "current"), [(1.7, "8.0"), (3.327, "8.0"), (3.328, "16.0"), (1.663, "0.0")])
def test_pilot_levels_of_a_load_between_two_lines_are_honoured(power_kw: float, current: str) -> None:
    evse = Evse(
        id="acn",
        node="grid",
        wiring=Wiring.LINE_TO_LINE,
        phases=(Phase.L1, Phase.L2),
        voltage_v=208.0,
        pilot_levels_a=(0.0, 8.0, 16.0, 24.0, 32.0),
    )
    assert limit(power_kw, evse, None) == current  # 8 A * 208 V = 1.664 kW


def test_a_smallest_current_between_two_tenths_is_never_undercut() -> None:
    evse = Evse(id="odd", node="grid", min_current_a=6.25)
    assert limit(6.25 * 0.69, evse) == "0.0"
    assert limit(6.3 * 0.69, evse) == "6.3"


@given(
    power_kw=st.floats(0.0, 400.0),
    vehicle=st.sampled_from([None, ONE_PHASE_CAR, Vehicle(id="two", phases=2), THREE_PHASE_CAR]),
    unit=st.sampled_from(list(RateUnit)),
    voltage_v=st.floats(100.0, 280.0),
    levels=st.none() | st.lists(st.floats(0.0, 80.0), min_size=1, max_size=6).map(tuple),
)
def test_a_limit_never_lets_more_flow_than_planned_and_is_zero_or_at_least_the_minimum(
    power_kw: float, vehicle: Vehicle | None, unit: RateUnit, voltage_v: float, levels: tuple[float, ...] | None
) -> None:
    evse = Evse(id="any", node="grid", pilot_levels_a=levels)
    scale = limit_scale(scenario_of([evse], [], voltage_v=voltage_v).site, evse, vehicle, unit)
    allowed_kw = scale.power_kw(scale.tenths(power_kw))
    phases = 3 if vehicle is None or vehicle.phases is None else vehicle.phases
    assert allowed_kw <= power_kw + 1.01e-6
    assert allowed_kw == 0.0 or allowed_kw >= kw_from_amperes(6.0, voltage_v, phases) - 1.01e-6


def test_a_one_phase_car_gets_the_current_of_the_fail_safe_share_and_not_its_power() -> None:
    site = scenario_of([AC], []).site
    assert fail_safe_power_kw(4.14, site, AC, ONE_PHASE_CAR) == pytest.approx(1.38)
    assert fail_safe_power_kw(4.14, site, AC, THREE_PHASE_CAR) == pytest.approx(4.14)
    assert fail_safe_power_kw(20.0, site, dc(), ONE_PHASE_CAR) == 20.0
