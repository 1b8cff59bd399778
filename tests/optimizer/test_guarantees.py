"""Guarantees of speed (20): limits come first, whoever falls behind is told, and contradictions are found."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from models.domain.completion import complete
from models.domain.guarantees import Guarantees, PowerRule
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.site import CurrentType, Evse, GridNode, LimitKind, Site, Tier
from models.domain.tariff import PriceSeries, Tariff
from models.domain.validation import validate
from models.domain.value import Step
from optimizer.audit import BreakCode, audit
from optimizer.optimize import formulate, optimize

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NEVI = Guarantees(power_rule=PowerRule.NEVI)


def car(name: str, evse: str, need_kwh: float, **given: object) -> Session:
    fields = {"id": name, "evse": evse, "arrival": NOON, "departure": NOON + timedelta(hours=4)} | given
    return Session(energy_target_kwh=need_kwh, **fields)  # type: ignore[arg-type]


def station(*sessions: Session, rules: Guarantees | None = NEVI, limit_kw: float = 400.0, **evse: float) -> Scenario:
    """Two DC ports of 150 kW; energy is dear for the first quarter of an hour, then cheap."""
    ports = tuple(
        Evse(id=name, node="grid", current=CurrentType.DC, max_power_kw=150.0, conversion_efficiency=1.0, **evse)  # type: ignore[arg-type]
        for name in ("a", "b")
    )
    site = Site(
        id="station",
        nodes=(GridNode(id="grid", import_limit_kw=limit_kw, limit_kind=LimitKind.CONTRACT),),
        evses=ports,
        tiers=(Tier(id="all", value_of_target_per_kwh=2.0),),
        guarantees=rules,
    )
    steps = (Step(start=NOON, value=1.0), Step(start=NOON + timedelta(minutes=15), value=0.1))
    horizon = Horizon(start=NOON, stretches=(Stretch(count=16, minutes=15.0),))
    tariff = Tariff(currency="USD", import_price=PriceSeries(steps=steps))
    return Scenario(site=site, sessions=sessions, tariff=tariff, horizon=horizon)


def test_every_fast_port_gives_150_kw_at_once() -> None:
    """75 kWh in two quarters of an hour, although the first one is ten times as dear."""
    plan = optimize(station(car("one", "a", 75.0), car("two", "b", 75.0)))

    assert [session.charge_power_kw[:3].round(6).tolist() for session in plan.sessions] == [[150.0, 150.0, 0.0]] * 2
    assert not plan.alarms


def test_a_port_with_a_floor_of_its_own_gives_it_at_once_without_any_rule_of_the_site() -> None:
    """10 kW from the first quarter of an hour on, although it is ten times as dear."""
    plan = optimize(station(car("one", "a", 40.0), rules=None, power_floor_kw=10.0))

    assert plan.sessions[0].charge_power_kw[0] == pytest.approx(10.0)


def test_without_guarantees_everybody_waits_for_the_cheap_hours_and_nothing_is_added() -> None:
    scenario = station(car("one", "a", 75.0), rules=None)

    program = formulate(scenario).program

    assert "behind" not in program.columns
    assert optimize(scenario).sessions[0].charge_power_kw[0] == pytest.approx(0.0)


def test_a_limit_comes_first_and_who_falls_behind_is_told() -> None:
    """200 kW give 50 kWh a quarter: of 2 x 75 kWh that are due after two of them 50 are missing, at 2.00 each."""
    scenario = station(car("one", "a", 75.0), car("two", "b", 75.0), limit_kw=200.0)

    plan = optimize(scenario)

    assert plan.nodes[0].guaranteed_kw.max() == pytest.approx(200.0)
    assert plan.costs["behind"] == pytest.approx(100.0, abs=1e-6)
    assert {alarm.code for alarm in plan.alarms} == {"guarantee_missed"}
    assert audit(scenario, plan).passed
    told = [one.value for one in plan.assumptions if one.what == "site.guarantees"]
    assert told == ["node grid carries 200 of the 300 kW that its ports guarantee at once"]


def test_a_port_that_is_too_small_for_the_rule_is_named() -> None:
    scenario = station(car("one", "a", 10.0))
    small = tuple(replace(evse, max_power_kw=50.0) for evse in scenario.site.evses)

    told = complete(replace(scenario, site=replace(scenario.site, evses=small))).assumptions

    assert any("a, b give at most their own power" in one.value for one in told)


def test_what_a_session_had_at_first_counts_towards_the_first_kwh() -> None:
    """3 kWh first, 2 of them flowed: 1 kWh in the dear quarter, the rest later."""
    plan = optimize(station(car("one", "a", 20.0, delivered_kwh=2.0), rules=Guarantees(first_kwh=3.0)))

    assert plan.sessions[0].charge_power_kw[:2].round(6).tolist() == [4.0, 68.0]


def test_a_floor_above_the_power_of_its_port_is_refused() -> None:
    (first, second) = validate(station(car("one", "a", 10.0), power_floor_kw=151.0))

    assert (first.path, second.path) == ("site.evses[0].power_floor_kw", "site.evses[1].power_floor_kw")
    assert "150" in first.remedy


@pytest.mark.parametrize("field", ["first_kwh", "defer_gain_per_kwh", "defer_room_minutes", "price_per_kwh"])
def test_a_guarantee_below_zero_is_refused(field: str) -> None:
    rules = replace(Guarantees(), **{field: -1.0})

    assert [finding.path for finding in validate(station(car("one", "a", 1.0), rules=rules))] == [
        f"site.guarantees.{field}"
    ]


def test_the_audit_finds_who_is_behind_and_not_told() -> None:
    scenario = station(car("one", "a", 75.0), car("two", "b", 75.0), limit_kw=200.0)
    plan = optimize(scenario)

    silent = audit(scenario, replace(plan, alarms=()))
    cheap = audit(scenario, replace(plan, costs={**plan.costs, "behind": 0.0}, objective=plan.objective - 100.0))

    assert BreakCode.ALARM_MISSING in {one.code for one in silent.breaks}
    assert BreakCode.COST in {one.code for one in cheap.breaks}
