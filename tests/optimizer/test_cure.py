"""What conflicts when not every wish can be met, and the least change that ends it: days known by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from models.domain.session import Session
from models.domain.signal import Cap
from models.domain.site import (
    BaseLoad,
    CurrentType,
    Evse,
    GridNode,
    MeasuringPoint,
    NodeKind,
    Phase,
    PowerCabinet,
    Site,
    Tier,
)
from models.domain.tariff import Tariff
from optimizer.cure import Change, cure
from optimizer.optimize import optimize
from optimizer.settings import Settings
from tests.strategies import random_scenario

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def car(name: str, energy_kwh: float, *, stay_h: int = 2) -> Session:
    return Session(
        id=name, evse=f"bay-{name}", arrival=NOON, departure=NOON + stay_h * HOUR, energy_target_kwh=energy_kwh
    )


def yard(limit_kw: float | None, *cars: Session) -> Scenario:
    """Two hours from noon; every car at a 10 kW outlet of its own below feeder F, which has a limit."""
    site = Site(
        id="yard",
        nodes=(
            GridNode(id="grid", kind=NodeKind.CONNECTION, import_limit_kw=100.0, continuous_factor=1.0),
            GridNode(id="F", parent="grid", import_limit_kw=limit_kw, continuous_factor=1.0),
        ),
        evses=tuple(Evse(id=session.evse, node="F", max_power_kw=10.0) for session in cars),
        tiers=(Tier(id="all", value_of_target_per_kwh=2.0),),
    )
    horizon = Horizon(start=NOON, stretches=(Stretch(count=2, minutes=60.0),))
    return Scenario(site=site, sessions=cars, tariff=Tariff(currency="EUR", import_price=0.2), horizon=horizon)


def told(changes: tuple[Change, ...]) -> list[tuple[str, float, float | None]]:
    return [(one.id, pytest.approx(one.by, abs=1e-3), one.to and pytest.approx(one.to, abs=1e-3)) for one in changes]


def missing(plan: Schedule) -> float:
    return sum(session.target_shortfall_kwh + session.minimum_shortfall_kwh for session in plan.sessions)


def test_a_small_feeder_and_two_targets_conflict() -> None:
    """20 kWh in two hours through 8 kW are 4 too many: 2 kW more, or 4 kWh less."""
    found = cure(yard(8.0, car("a", 10.0), car("b", 10.0)))

    assert found.conflict == ("F", "a", "b")
    assert told(found.raises) == [("F", 2.0, 10.0)]
    assert sum(one.by for one in found.drops) == pytest.approx(4.0, abs=1e-3)
    assert (found.raises[0].start, found.raises[0].end) == (NOON, NOON + 2 * HOUR)
    assert found.message.startswith(
        "feeder F and the targets of a and b conflict: raise feeder F by 2.0 to 10.0 kW from 12:00 to 14:00, or drop"
    )


def test_only_what_is_needed_for_the_conflict_is_named() -> None:
    """a alone is too much for an hour of 6 kW; b has the second hour for itself."""
    late = replace(car("b", 2.0), arrival=NOON + HOUR)
    assert cure(yard(6.0, car("a", 8.0, stay_h=1), late)).conflict == ("F", "a")


def test_the_least_change_is_the_cheaper_of_both() -> None:
    """2 kW count less than 4 kWh."""
    assert told(cure(yard(8.0, car("a", 10.0), car("b", 10.0))).least) == [("F", 2.0, 10.0)]


def test_what_the_stay_alone_rules_out_is_no_conflict() -> None:
    """25 kWh in two hours at 10 kW: 5 are missing whatever the limits are."""
    found = cure(yard(None, car("a", 25.0)))
    assert (found.conflict, found.raises) == ((), ())
    assert found.message == "every target that the stays allow can be met within the limits"


def test_a_cap_is_raised_by_its_own_name_and_not_above_the_rating() -> None:
    """A cap of 4 kW in the first hour below a rating of 8 kW, for 10 kWh that leave then: 6 more and 2 more."""
    cap = Cap(id="cap-17", start=NOON, end=NOON + HOUR, import_limit_kw=4.0, node="F", source="utility")
    found = cure(replace(yard(8.0, car("a", 10.0, stay_h=1)), signals=(cap,)))

    assert told(found.raises) == [("cap-17", 6.0, 10.0), ("F", 2.0, 10.0)]
    assert found.conflict in (("cap-17", "a"), ("F", "a"))


def test_load_that_nobody_controls_counts_in_what_a_limit_becomes() -> None:
    scenario = yard(8.0, car("a", 10.0, stay_h=1))
    loaded = replace(scenario.site, base_loads=(BaseLoad(node="F", expected_kw=3.0),))
    assert told(cure(replace(scenario, site=loaded)).raises) == [("F", 5.0, 13.0)]


def test_a_line_is_raised_in_amperes_and_a_cabinet_by_its_name() -> None:
    """3.68 kW at 230 V are 16 A, and 10 A are there; 20 kW at evse, and the cabinet has 12."""
    one_phase = yard(None, car("a", 3.68, stay_h=1))
    grid, node = one_phase.site.nodes
    evses = tuple(replace(evse, phases=(Phase.L1,), max_current_a=16.0) for evse in one_phase.site.evses)
    lines = replace(one_phase.site, nodes=(grid, replace(node, current_limit_a=10.0)), evses=evses)
    assert told(cure(replace(one_phase, site=lines)).raises) == [("F/L1", pytest.approx(6.0, abs=0.01), 16.0)]

    two = yard(None, car("a", 10.0, stay_h=1), car("b", 10.0, stay_h=1))
    fast = tuple(replace(evse, current=CurrentType.DC) for evse in two.site.evses)
    cabinet = PowerCabinet(id="c", node="F", evses=("bay-a", "bay-b"), total_kw=12.0, measured_at=MeasuringPoint.EVSE)
    found = cure(replace(two, site=replace(two.site, evses=fast, cabinets=(cabinet,))))
    assert told(found.raises) == [("cabinet:c", 8.0, 20.0)]


@pytest.mark.parametrize("seed", range(30))
def test_a_raised_site_meets_every_target_that_the_stays_allow(seed: int) -> None:
    """Energy is made free, so that nothing is left out for its price; and each part of a conflict is needed for it."""
    scenario = replace(random_scenario(seed), tariff=None, signals=(), visits=())
    scenario = replace(scenario, site=replace(scenario.site, pv_plants=(), batteries=()))
    found = cure(scenario)

    before, after, free = (
        optimize(day, Settings(setpoints=False))
        for day in (scenario, raised(scenario, found.raises), unlimited(scenario))
    )

    assert missing(after) <= missing(free) + 0.02
    assert bool(found.conflict) == (missing(before) > missing(free) + 1e-3)


def raised(scenario: Scenario, changes: tuple[Change, ...]) -> Scenario:
    """Every limit that is named raised throughout; a hair more, for tangents."""
    by = {one.id: 1.001 * one.by + 1e-3 for one in changes}
    site = scenario.site
    nodes = tuple(with_more(node, by) for node in site.nodes)
    cabinets = tuple(replace(c, total_kw=c.total_kw + by.get(f"cabinet:{c.id}", 0.0)) for c in site.cabinets)
    return replace(scenario, site=replace(site, nodes=nodes, cabinets=cabinets))


def with_more(node: GridNode, by: dict[str, float]) -> GridNode:
    """As ratings of one, so that factors are out of the way; lines of a phase limit each their own."""
    most = max([by.get(node.id, 0.0), 0.0])
    amperes = max([x for name, x in by.items() if name.startswith(f"{node.id}/")] or [0.0])
    factor = node.continuous_factor or 1.0
    return replace(
        node,
        import_limit_kw=more(node.import_limit_kw, most / factor),
        import_limit_kva=more(node.import_limit_kva, most / factor),
        current_limit_a=more_amperes(node.current_limit_a, amperes / factor),
        transformer=node.transformer
        and replace(
            node.transformer,
            primary_current_limit_a=more_amperes(node.transformer.primary_current_limit_a, amperes / factor),
        ),
    )


def more(series: object, amount: float) -> object:
    if isinstance(series, tuple):
        return tuple(replace(step, value=step.value + amount) for step in series)
    return None if series is None else float(series) + amount  # type: ignore[arg-type]


def more_amperes(limit: object, amount: float) -> object:
    if limit is None or isinstance(limit, float | int | tuple):
        return more(limit, amount)
    lines = {line: more(getattr(limit, line), amount) for line in ("L1", "L2", "L3")}
    return replace(limit, **lines)  # type: ignore[type-var]


def unlimited(scenario: Scenario) -> Scenario:
    nodes = tuple(
        replace(n, import_limit_kw=None, import_limit_kva=None, current_limit_a=None, transformer=None)
        for n in scenario.site.nodes
    )
    cabinets = tuple(replace(c, total_kw=1e4) for c in scenario.site.cabinets)
    return replace(scenario, site=replace(scenario.site, nodes=nodes, cabinets=cabinets))


def test_a_conflict_is_irreducible() -> None:
    """Three cars and two limits of which one is too small: without any one that is named the rest can hold."""
    scenario = yard(8.0, car("a", 9.0), car("b", 9.0), car("c", 1.0))
    found = cure(scenario)
    assert "F" in found.conflict
    sessions = [name for name in found.conflict if name != "F"]
    wanted = {session.id: session for session in scenario.sessions}
    assert sum(wanted[name].energy_target_kwh or 0.0 for name in sessions) > 16.0
    for left_out in sessions:
        rest = sum(wanted[name].energy_target_kwh or 0.0 for name in sessions if name != left_out)
        assert rest <= 16.0
    assert np.isfinite(found.raises[0].by)
