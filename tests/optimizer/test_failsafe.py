"""Fail-safe shares: what all EVSEs may draw at once, for ever, with nobody in contact."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from models.domain.completion import complete
from models.domain.electrical import kw_per_ampere, min_current_a
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.schedule import Method
from models.domain.session import Session, Vehicle
from models.domain.signal import Cap, Event, Signal
from models.domain.site import BaseLoad, Battery, CurrentType, Evse, GridNode, LimitKind, Phase, Site, Wiring
from models.domain.value import Step
from models.samples import load
from optimizer.audit import AuditReport, audit
from optimizer.failsafe import fail_safe_shares
from optimizer.heuristics import heuristic
from tests.strategies import scenarios

EXAMPLES = int(os.environ.get("CHARGEWRIGHT_EXAMPLES", "60"))
FOUR = datetime(2026, 3, 2, 16, tzinfo=UTC)
HORIZON = Horizon(start=FOUR, stretches=(Stretch(count=4, minutes=60.0),))
ONE_PHASE_KW_PER_A = 0.23
LEVELS = tuple(float(a) for a in range(6, 33))


def site_of(node: GridNode, *evses: Evse, base_load: BaseLoad | None = None) -> Scenario:
    loads = () if base_load is None else (base_load,)
    return Scenario(site=Site(id="yard", nodes=(node,), evses=evses, base_loads=loads), horizon=HORIZON)


def street(count: int, limit_a: float, levels: tuple[float, ...] | None = None) -> Scenario:
    """So many EVSEs of 32 A, all on L1 of one feeder."""
    node = GridNode(id="feeder", current_limit_a=limit_a, continuous_factor=1.0)
    evses = [
        Evse(id=f"bay-{k}", node="feeder", phases=(Phase.L1,), max_current_a=32.0, pilot_levels_a=levels)
        for k in range(count)
    ]
    return site_of(node, *evses)


def carport(limit_kw: float, *powers_kw: float, **changes: object) -> Scenario:
    """Three-phase EVSEs of some powers below one connection. 6 A on three phases are 4.14 kW."""
    node = GridNode(id="grid", import_limit_kw=limit_kw, continuous_factor=1.0)
    evses = (Evse(id=f"bay-{k}", node="grid", max_power_kw=power) for k, power in enumerate(powers_kw))
    return site_of(node, *(replace(evse, **changes) for evse in evses))  # type: ignore[arg-type]  # fields of Evse


def shares(scenario: Scenario) -> list[float]:
    return list(fail_safe_shares(scenario).values())


def amperes(scenario: Scenario) -> list[float]:
    return [share / ONE_PHASE_KW_PER_A for share in shares(scenario)]


def test_eight_evses_on_sixty_four_amperes_have_eight_each() -> None:
    assert amperes(street(8, 64.0)) == pytest.approx([8.0] * 8)


def test_where_four_amperes_each_are_too_few_the_first_five_share_the_feeder() -> None:
    """32 A / 8 is 4 A, below 6 A. Five times 6 A fit, and the 2 A left over are 0.4 A for each of the five."""
    assert amperes(street(8, 32.0)) == pytest.approx([6.4] * 5 + [0.0] * 3)


def test_pilot_levels_of_whole_amperes_give_what_is_left_over_to_the_first_two() -> None:
    assert amperes(street(8, 32.0, LEVELS)) == pytest.approx([7, 7, 6, 6, 6, 0, 0, 0])


def test_a_level_is_never_a_current_below_the_minimum() -> None:
    """A level of 4 A would fit eight times, but no car takes it."""
    assert amperes(street(8, 32.0, (0.0, 4.0, 8.0, 16.0))) == pytest.approx([8, 8, 8, 8, 0, 0, 0, 0])


def test_what_coarse_levels_leave_over_goes_to_those_without_levels() -> None:
    """40 A for two: 20 A each, of which levels allow 16; the other one has 24."""
    scenario = street(2, 40.0)
    first, second = scenario.site.evses
    evses = (replace(first, pilot_levels_a=(8.0, 16.0, 32.0)), second)

    assert amperes(replace(scenario, site=replace(scenario.site, evses=evses))) == pytest.approx([16, 24])


def test_six_amperes_that_fit_exactly_are_not_lost_to_rounding() -> None:
    assert amperes(street(7, 42.0)) == pytest.approx([6.0] * 7, abs=1e-6)


def test_what_a_small_evse_cannot_use_goes_to_the_large_ones() -> None:
    """25 kW: 5 for the small one, 10 each for the others."""
    assert shares(carport(25.0, 5.0, 22.0, 22.0)) == pytest.approx([5.0, 10.0, 10.0])


def test_base_load_counts_at_the_highest_it_can_be() -> None:
    """40 kW less 12 kW for four."""
    steps = (Step(start=FOUR, value=3.0), Step(start=FOUR + timedelta(hours=2), value=12.0))
    base_load = BaseLoad(node="grid", expected_kw=2.0, high_kw=steps)
    scenario = carport(40.0, 11.0, 11.0, 11.0, 11.0)

    assert shares(replace(scenario, site=replace(scenario.site, base_loads=(base_load,)))) == pytest.approx([7.0] * 4)


def test_a_cap_that_is_still_to_come_holds_without_contact() -> None:
    """Next week somebody wants 12 kW; yesterday's 9 kW are over."""
    past = Cap(id="past", start=FOUR - timedelta(days=1), end=FOUR - timedelta(hours=20), import_limit_kw=9.0)
    to_come = Cap(id="to-come", start=FOUR + timedelta(days=7), end=FOUR + timedelta(days=8), import_limit_kw=12.0)

    assert shares(replace(carport(20.0, 11.0, 11.0), signals=(past,))) == pytest.approx([10.0, 10.0])
    assert shares(replace(carport(20.0, 11.0, 11.0), signals=(past, to_come))) == pytest.approx([6.0, 6.0])


def test_dc_outlets_have_no_minimum_and_pay_their_losses() -> None:
    """30 kW at grid for three are 10 kW each, 9.3 kW at the outlet; 1 kW each would be as good."""
    assert shares(carport(30.0, 50.0, 50.0, 50.0, current=CurrentType.DC)) == pytest.approx([9.3] * 3)
    assert shares(carport(3.0, 50.0, 50.0, 50.0, current=CurrentType.DC)) == pytest.approx([0.93] * 3)


def test_an_evse_out_of_service_takes_nothing_and_changes_nothing() -> None:
    assert shares(carport(18.0, 0.0, 11.0, 11.0)) == pytest.approx([0.0, 9.0, 9.0])


def test_no_room_at_all_is_no_share_for_anybody() -> None:
    assert shares(carport(4.0, 11.0, 11.0)) == [0.0, 0.0]


def test_nothing_limited_is_everybody_at_full_power() -> None:
    assert shares(carport(1000.0, 11.0, 22.0)) == pytest.approx([11.0, 22.0])


def test_a_car_on_two_of_three_lines_is_counted_on_at_its_own_angle() -> None:
    """On L1 it lines up with a neighbour between L1 and L2: p / 0.3603 + p / 0.208 = 32 A at 208 V, so 4.22 kW."""
    node = GridNode(id="feeder", current_limit_a=32.0, continuous_factor=1.0)
    delta = Evse(id="delta", node="feeder", wiring=Wiring.LINE_TO_LINE, voltage_v=208.0, max_current_a=32.0)
    pair = replace(delta, id="pair", phases=(Phase.L1, Phase.L2))

    expected = 32.0 / (1 / (0.208 * np.sqrt(3)) + 1 / 0.208)
    assert shares(site_of(node, delta, pair)) == pytest.approx([expected] * 2)


def test_the_two_pods_of_a_garage_are_used_up_to_their_eighty_amperes() -> None:
    """Eight EVSEs a pod: 10 A each. The pod with levels of 8 A steps has 8 A six times and 16 A twice."""
    garage = load("caltech-garage")
    given_kw = fail_safe_shares(garage)
    by_pod = {
        pod: sorted(given_kw[evse.id] / 0.208 for evse in garage.site.evses if evse.node == pod)
        for pod in ("cc-pod", "av-pod")
    }

    assert by_pod["av-pod"] == pytest.approx([10.0] * 8)
    assert by_pod["cc-pod"] == pytest.approx([8.0] * 6 + [16.0] * 2)


def audit_of_everybody(scenario: Scenario, phases: tuple[int | None, ...]) -> AuditReport:
    """All EVSEs with a car that draws its whole share from the start to the end, as seen by the audit.

    The car at EVSE k uses ``phases[k]`` phases, at the share's current on each of them.
    """
    completed = complete(scenario).scenario
    given_kw, volts = fail_safe_shares(scenario), completed.site.voltage_v
    assert volts is not None
    cars = []
    for k, evse in enumerate(completed.site.evses):
        vehicle = Vehicle(id=evse.id, phases=phases[k % len(phases)])
        current = kw_per_ampere(evse, vehicle, volts) / kw_per_ampere(evse, None, volts)
        cars.append(staying(completed, evse, replace(vehicle, max_charge_kw=given_kw[evse.id] * current)))
    # Rules of offers, and how load returns after an event, are those of plans; a share is followed without them.
    full = replace(
        completed,
        sessions=tuple(cars),
        site=replace(completed.site, setpoints=None),
        signals=tuple(map(without_rebound, completed.signals)),
    )
    return audit(full, heuristic(full, Method.UNCONTROLLED), tolerance_kw=1e-6)


def without_rebound(signal: Signal) -> Signal:
    return replace(signal, rebound=None) if isinstance(signal, Event) else signal


def staying(scenario: Scenario, evse: Evse, vehicle: Vehicle) -> Session:
    assert scenario.horizon is not None
    return Session(
        id=evse.id,
        evse=evse.id,
        arrival=scenario.horizon.start,
        departure=scenario.horizon.end,
        energy_target_kwh=1e5,
        tier=scenario.site.tiers[0].id,
        vehicle=vehicle,
    )


@settings(max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios())
def test_all_shares_together_keep_every_limit_whichever_cars_are_there(scenario: Scenario) -> None:
    for phases in ((None,), (1, 2, 3), (2,), (1,)):
        report = audit_of_everybody(scenario, phases)
        assert report.passed, (phases, report.breaks)


@settings(max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios())
def test_every_share_is_nothing_or_at_least_the_minimum_and_at_most_the_maximum(scenario: Scenario) -> None:
    volts = complete(scenario).scenario.site.voltage_v
    assert volts is not None

    for evse in scenario.site.evses:
        share_kw = fail_safe_shares(scenario)[evse.id]
        least_kw = 0.0 if evse.current is CurrentType.DC else min_current_a(evse) * kw_per_ampere(evse, None, volts)
        assert share_kw == 0.0 or share_kw >= least_kw - 1e-7
        assert evse.max_power_kw is None or share_kw <= evse.max_power_kw + 1e-9


def test_a_shipped_garage_passes_the_audit_with_every_car_at_its_share() -> None:
    assert audit_of_everybody(load("caltech-garage"), (None,)).passed


def test_a_site_without_evses_has_no_shares() -> None:
    empty = Site(id="empty", nodes=(GridNode(id="grid"),), evses=())
    hour = Horizon(start=datetime(2026, 3, 2, tzinfo=UTC), stretches=(Stretch(count=4, minutes=15.0),))
    assert fail_safe_shares(Scenario(site=empty, horizon=hour)) == {}


def test_a_battery_counts_as_charging_in_full_when_all_is_silent() -> None:
    """20 kW less the battery's 6 kW are 7 kW for each of two bays."""
    bank = Battery(
        id="bank",
        node="grid",
        capacity_kwh=10.0,
        max_charge_kw=6.0,
        max_discharge_kw=6.0,
        charge_efficiency=0.9,
        discharge_efficiency=0.9,
        energy_at_start_kwh=5.0,
    )
    grid = GridNode(id="grid", import_limit_kw=20.0, limit_kind=LimitKind.CONTRACT)
    bays = tuple(Evse(id=name, node="grid", max_power_kw=11.0) for name in ("a", "b"))
    scenario = site_of(grid, *bays)

    shares = fail_safe_shares(replace(scenario, site=replace(scenario.site, batteries=(bank,))))

    assert shares == pytest.approx({"a": 7.0, "b": 7.0}, abs=1e-3)
