"""Drivers who told no departure or no need, (19): what is planned, what is refused, and what the audit finds."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from models.domain.completion import complete
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.schedule import Method, Schedule
from models.domain.session import Session, WantedPart
from models.domain.site import Evse, GridNode, LimitKind, PvPlant, Site, Tier
from models.domain.tariff import PriceSeries, Tariff
from models.domain.validation import validate
from models.domain.value import Step
from models.domain.wire import read_scenario, scenario_json
from optimizer.audit import BreakCode, audit
from optimizer.heuristics import heuristic
from optimizer.optimize import formulate, optimize
from optimizer.settings import Objective, Settings

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
GOLDEN = Path(__file__).parents[1] / "golden" / "silent-drivers" / "scenario.json"


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def steps(*pairs: tuple[float, float]) -> tuple[Step, ...]:
    return tuple(Step(start=at(hours), value=chance) for hours, chance in pairs)


def wants(*pairs: tuple[float, float]) -> tuple[WantedPart, ...]:
    return tuple(WantedPart(up_to_kwh=kwh, chance=chance) for kwh, chance in pairs)


HALF_GONE_AT_ONE = steps((0, 1.0), (1, 0.5))
CAR = Session(id="car", evse="bay", arrival=NOON, departure=at(2), energy_target_kwh=5.0, still_there=HALF_GONE_AT_ONE)


def yard(*sessions: Session, prices: tuple[float, float] = (0.2, 0.1), limit_kw: float = 50.0) -> Scenario:
    """Two hours at one price each; a kWh that is missing is worth 1.00."""
    site = Site(
        id="yard",
        nodes=(GridNode(id="grid", import_limit_kw=limit_kw, limit_kind=LimitKind.CONTRACT),),
        evses=(Evse(id="bay", node="grid", max_power_kw=10.0), Evse(id="other", node="grid", max_power_kw=10.0)),
        tiers=(Tier(id="all", value_of_target_per_kwh=1.0),),
    )
    price = PriceSeries(steps=tuple(Step(start=at(k), value=value) for k, value in enumerate(prices)), end=at(2))
    tariff = Tariff(currency="EUR", import_price=price)
    horizon = Horizon(start=NOON, stretches=(Stretch(count=2, minutes=60.0),))
    return Scenario(site=site, sessions=sessions or (CAR,), tariff=tariff, horizon=horizon)


def power(plan: Schedule, place: int = 0) -> list[float]:
    return plan.sessions[place].charge_power_kw.round(6).tolist()


def test_who_may_have_left_is_charged_in_the_dear_hour() -> None:
    """Now 1 x (1.0 - 0.2) = 0.8 a kWh, later 0.5 x (1.0 - 0.1) = 0.45; a car that surely stays waits for 0.1."""
    stays = replace(CAR, still_there=None)

    assert power(optimize(yard())) == [5.0, 0.0]
    assert power(optimize(yard(stays))) == [0.0, 5.0]


def test_limits_count_a_car_in_full_that_is_there_by_chance() -> None:
    """4 kW for two cars: neither 4 + 0.5 x 4 nor anything but 4 in all, although one of two may have left."""
    other = replace(CAR, id="other", evse="other")

    plan = optimize(yard(CAR, other, limit_kw=4.0))

    assert np.sum([power(plan, 0), power(plan, 1)], axis=0) == pytest.approx([4.0, 4.0])
    assert plan.nodes[0].guaranteed_kw == pytest.approx([4.0, 4.0])


def test_likelier_energy_is_planned_before_less_likely_energy() -> None:
    """What is wanted for certain in the hour that is certain; what is wanted with 0.6 later, at 0.5 x (0.6 - 0.1)."""
    likely = replace(CAR, energy_target_kwh=None, still_wants=wants((10, 1.0), (15, 0.6)))

    plan = optimize(yard(likely))

    assert power(plan) == [10.0, 5.0]
    assert plan.sessions[0].energy_expected_kwh == pytest.approx(10.0 + 0.5 * 0.6 * 5.0)


def test_the_objective_is_what_is_expected_to_be_paid_and_missed() -> None:
    """10 kWh bought at 0.2, 5 at 0.1 half of the time; 10 + 3 kWh are wanted on average, 11.5 of them come."""
    likely = replace(CAR, energy_target_kwh=None, still_wants=wants((10, 1.0), (15, 0.6)))

    plan = optimize(yard(likely))

    assert plan.objective == pytest.approx(10 * 0.2 + 0.5 * 5 * 0.1 + 1.0 * (13.0 - 11.5))


def test_drivers_pay_for_what_they_take_only() -> None:
    """Half of 5 kWh at 0.40: the dear hour costs 3 and is not worth it."""
    paying = replace(CAR, retail_price_per_kwh=0.4)

    plan = optimize(yard(paying, prices=(3.0, 0.1)), Settings(objective=Objective.MARGIN))

    assert power(plan) == [0.0, 5.0]
    assert plan.costs["revenue"] == pytest.approx(-0.5 * 5.0 * 0.4)
    assert plan.objective == pytest.approx(0.5 * 5 * 0.1 + 1.0 * 2.5 - 1.0)


def test_a_kwh_of_sun_that_is_not_taken_saves_what_it_is_sold_for() -> None:
    """20 kW of sun: a kWh that nobody takes is sold at 0, so nothing is saved; 1.0 x (1 - 0.5) a kWh is missed."""
    scenario = yard()
    sunny = replace(
        scenario, site=replace(scenario.site, pv_plants=(PvPlant(id="roof", node="grid", expected_kw=20.0),))
    )

    program = formulate(sunny).program

    assert program.cost[program.columns["charge_power"].slice] == pytest.approx([0.0, 0.5])


def test_nothing_is_left_for_the_time_after_the_horizon() -> None:
    assert formulate(yard(replace(CAR, departure=at(9)))).program.columns["energy_after_horizon"].size == 0
    assert (
        formulate(yard(replace(CAR, departure=at(9), still_there=None))).program.columns["energy_after_horizon"].size
        == 1
    )


def test_without_chances_no_column_and_no_row_is_added() -> None:
    program = formulate(yard(replace(CAR, still_there=None))).program

    assert not {"part_power", "power_in_parts", "part_energy"} & (program.columns.keys() | program.rows.keys())


def test_a_rule_without_solver_tells_what_is_expected_as_well() -> None:
    plan = heuristic(yard(replace(CAR, arrival=at(0.5))), Method.UNCONTROLLED)

    assert power(plan) == [10.0, 0.0]
    assert plan.sessions[0].energy_expected_kwh == pytest.approx(5.0)
    assert audit(yard(replace(CAR, arrival=at(0.5))), plan).passed


def test_the_latest_departure_is_when_the_chance_is_gone_or_the_next_one_comes() -> None:
    silent = replace(CAR, departure=None, still_there=steps((0, 1.0), (1.5, 0.01)))
    following = Session(id="next", evse="bay", arrival=at(1.25), departure=at(2), energy_target_kwh=1.0)

    assert complete(yard(silent)).scenario.sessions[0].departure == at(1.5)
    assert complete(yard(silent, following)).scenario.sessions[0].departure == at(1.25)


def test_chances_survive_the_way_to_json_and_back() -> None:
    scenario = yard(replace(CAR, energy_target_kwh=None, still_wants=wants((5, 0.9), (9, 0.2))))

    assert read_scenario(scenario_json(scenario)) == scenario


@pytest.mark.parametrize(
    ("session", "path"),
    [
        (replace(CAR, still_there=steps((0, 0.5), (1, 0.6))), "sessions[0].still_there[1].value"),
        (replace(CAR, still_there=steps((1, 0.5), (0, 0.4))), "sessions[0].still_there[1].start"),
        (replace(CAR, still_there=steps((0, 1.5))), "sessions[0].still_there[0]"),
        (replace(CAR, still_there=()), "sessions[0].still_there"),
        (replace(CAR, energy_target_kwh=None, still_wants=()), "sessions[0].still_wants"),
        (
            replace(CAR, energy_target_kwh=None, still_wants=wants(*((k + 1, 0.5) for k in range(5)))),
            "sessions[0].still_wants",
        ),
        (replace(CAR, energy_target_kwh=None, still_wants=wants((5, 0.5), (6, 0.6))), "sessions[0].still_wants[1]"),
        (replace(CAR, energy_target_kwh=None, still_wants=wants((5, 0.5), (5, 0.4))), "sessions[0].still_wants[1]"),
        (replace(CAR, energy_target_kwh=None, still_wants=wants((5, -0.1))), "sessions[0].still_wants[0].chance"),
        (replace(CAR, still_wants=wants((6, 0.5))), "sessions[0].still_wants[0].up_to_kwh"),
        (
            replace(CAR, energy_target_kwh=None, energy_minimum_kwh=6.0, still_wants=wants((5, 0.5))),
            "sessions[0].still_wants[0].up_to_kwh",
        ),
    ],
)
def test_chances_that_cannot_be_are_refused_at_their_place(session: Session, path: str) -> None:
    found = [finding.path for finding in validate(yard(session))]

    assert path in [place.removesuffix(".value") if place.endswith("[0].value") else place for place in found]


def golden() -> tuple[Scenario, Schedule]:
    scenario = read_scenario(GOLDEN.read_bytes())
    return scenario, optimize(scenario)


def with_cost(name: str, change: float) -> Callable[[Schedule], Schedule]:
    def spoil(plan: Schedule) -> Schedule:
        return replace(plan, costs={**plan.costs, name: plan.costs[name] + change}, objective=plan.objective + change)

    return spoil


def with_expected(place: int, energy_kwh: float | None) -> Callable[[Schedule], Schedule]:
    def spoil(plan: Schedule) -> Schedule:
        sessions = list(plan.sessions)
        sessions[place] = replace(sessions[place], energy_expected_kwh=energy_kwh)
        return replace(plan, sessions=tuple(sessions))

    return spoil


def later(plan: Schedule) -> Schedule:
    """The same energy of B an hour later, told as if nothing had changed."""
    first, second = plan.sessions
    return replace(plan, sessions=(first, replace(second, charge_power_kw=second.charge_power_kw[::-1])))


def test_the_audit_passes_the_plan_of_the_golden_rows() -> None:
    scenario, plan = golden()

    assert audit(scenario, plan).passed


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (with_cost("not_taken", 0.5), BreakCode.COST),
        (with_cost("unmet_target", 0.5), BreakCode.COST),
        (with_expected(0, 8.0), BreakCode.EXPECTED),
        (with_expected(0, None), BreakCode.EXPECTED),
        (later, BreakCode.EXPECTED),
    ],
    ids=["chances cost more", "misses cost more", "all of it is expected", "nothing is expected", "an hour later"],
)
def test_the_audit_finds_what_is_wrong_with_chances(spoil: Callable[[Schedule], Schedule], code: BreakCode) -> None:
    scenario, plan = golden()

    assert code in {broken.code for broken in audit(scenario, spoil(plan)).breaks}
