"""The audit passes plans worked out by hand and finds what is wrong with every spoilt one."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf, nan, sqrt

import numpy as np
import pytest

from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.schedule import Alarm, Method, NodePlan, PeakPlan, PvPlan, Schedule, SessionPlan, StoragePlan
from models.domain.session import Session, Vehicle
from models.domain.signal import Cap
from models.domain.site import (
    BaseLoad,
    Battery,
    Connector,
    CurrentType,
    Evse,
    GridNode,
    LimitKind,
    MeasuringPoint,
    Phase,
    PhaseSeries,
    PowerCabinet,
    PvPlant,
    Site,
    Tier,
    Transformer,
    Wiring,
)
from models.domain.tariff import DayKind, DemandCharge, PriceSeries, Rate, Tariff, TimeOfUse, Window
from models.domain.units import kw_from_amperes, line_to_line, seconds_from_hours
from models.domain.value import Series, Step
from optimizer.audit import AuditReport, Break, BreakCode, audit

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def at(hour: int, minute: int = 0) -> datetime:
    return MONDAY + timedelta(hours=hour, minutes=minute)


# --- A yard worked out by hand -----------------------------------------------------------------------------------
#
# Monday 16:00 to 20:00 UTC in four periods of an hour, at 0.20, 0.30, 0.10 and 0.40 EUR/kWh.
#
#   grid (33 kW, contract) - base load 4 kW expected, 6 kW high
#   ├── dc-1   50 kW DC, efficiency 0.93, stand-by 0.2 kW
#   └── panel  (20 kW rating x 0.8 = 16 kW; a cap of 12 kW from 17:00 to 18:00)
#       ├── ac-1   11 kW
#       └── ac-2   11 kW
#
#   hour             16     17     18     19
#   anna   @ ac-1     8      4      8             20 kWh; she wanted 22, 10 of them promised: 2 short
#   ben    @ ac-2     8      5                     9 kWh; he comes at 16:30: 0.5 h x 8 + 1 h x 5
#   carla  @ dc-1   9.30   4.65   9.30   4.65   27.9 kWh; she wanted 30, 2.1 had flowed
#   carla at grid    10      5     10      5
#   panel, full      16      9      8      0
#   grid, full     32.2   20.2   24.2   11.2    with 6.2 kW of high load and stand-by
#   grid, expected 26.2   18.2   22.2    9.2    with 4.2 kW, and ben for half an hour at first; 75.8 kWh


def yard() -> Scenario:
    nodes = (
        GridNode(id="grid", import_limit_kw=33.0, limit_kind=LimitKind.CONTRACT),
        GridNode(id="panel", parent="grid", import_limit_kw=20.0, continuous_factor=0.8),
    )
    evses = (
        Evse(id="ac-1", node="panel", max_power_kw=11.0),
        Evse(id="ac-2", node="panel", max_power_kw=11.0, connectors=(Connector(id=1, max_power_kw=10.0),)),
        Evse(id="dc-1", node="grid", current=CurrentType.DC, max_power_kw=50.0, standby_kw=0.2),
    )
    site = Site(
        id="yard",
        nodes=nodes,
        evses=evses,
        voltage_v=230.0,
        base_loads=(BaseLoad(node="grid", expected_kw=4.0, high_kw=6.0),),
        tiers=(Tier(id="fleet", value_of_target_per_kwh=3.0),),
    )
    return Scenario(
        site=site,
        sessions=(anna(), ben(), carla()),
        tariff=tariff(),
        signals=(Cap(id="dso", start=at(17), end=at(18), import_limit_kw=12.0, node="panel"),),
        horizon=Horizon(start=at(16), stretches=(Stretch(count=4, minutes=60.0),)),
    )


def anna() -> Session:
    return Session(
        id="anna",
        evse="ac-1",
        arrival=at(16),
        departure=at(19),
        energy_target_kwh=22.0,
        energy_minimum_kwh=10.0,
        tier="fleet",
        retail_price_per_kwh=0.5,
    )


def ben() -> Session:
    vehicle = Vehicle(id="bens", max_charge_kw=9.0)
    return Session(
        id="ben",
        evse="ac-2",
        connector=1,
        arrival=at(16, 30),
        departure=at(18),
        energy_target_kwh=9.0,
        tier="fleet",
        vehicle=vehicle,
    )


def carla() -> Session:
    return Session(
        id="carla",
        evse="dc-1",
        arrival=at(15),
        departure=at(20),
        energy_target_kwh=30.0,
        delivered_kwh=2.1,
        tier="fleet",
    )


def tariff() -> Tariff:
    prices = tuple(Step(start=at(16 + k), value=price) for k, price in enumerate((0.2, 0.3, 0.1, 0.4)))
    return Tariff(
        currency="EUR",
        time_zone="UTC",
        import_price=PriceSeries(steps=prices),
        demand_charges=(DemandCharge(id="peak", rate_per_kw=10.0, demand_interval_min=60.0, peak_set_kw=20.0),),
        carbon_price_per_kg=0.05,
        carbon_intensity=0.4,
    )


def yard_plan() -> Schedule:
    # The horizon leaves 29 days and 8 h of March and covers less than a day: w = 1 / (29 1/3), so that
    # 10 EUR/kW x w x (26.2 - 20) kW = 2.113636 EUR.
    peak = PeakPlan(demand_window="peak@2026-03", peak_kw=26.2, floor_kw=20.0, cost=10.0 * 6.2 / (29 + 8 / 24))
    costs = {
        "energy_import": 0.2 * 26.2 + 0.3 * 18.2 + 0.1 * 22.2 + 0.4 * 9.2,  # 16.60
        "energy_export": 0.0,
        "carbon": 0.05 * 0.4 * 75.8,  # 1.516
        "demand_charge": peak.cost,
        "unmet_target": 3.0 * 2.0,
        "revenue": -0.5 * 20.0,
    }
    return Schedule(
        site_id="yard",
        method=Method.OPTIMAL,
        currency="EUR",
        instants_s=np.array([at(hour).timestamp() for hour in range(16, 21)]),
        sessions=(
            session_plan("anna", "ac-1", [8, 4, 8], remaining=22.0, short=2.0, cost=1.6 + 1.2 + 0.8),
            session_plan("ben", "ac-2", [8, 5], hours=[0.5, 1], remaining=9.0, cost=0.2 * 4 + 0.3 * 5),
            session_plan("carla", "dc-1", [9.3, 4.65, 9.3, 4.65], remaining=27.9, cost=2 + 1.5 + 1 + 2),
        ),
        nodes=(
            node_plan("grid", [26.2, 18.2, 22.2, 9.2], [32.2, 20.2, 24.2, 11.2], [33, 33, 33, 33]),
            node_plan("panel", [12, 9, 8, 0], [16, 9, 8, 0], [16, 12, 16, 16]),
        ),
        grid_import_kw=np.array([26.2, 18.2, 22.2, 9.2]),
        grid_export_kw=np.zeros(4),
        peaks=(peak,),
        costs=costs,
        objective=sum(costs.values()) + 10.0,
    )


def session_plan(
    name: str,
    evse: str,
    power: list[float],
    *,
    hours: list[float] | None = None,
    first: int = 0,
    remaining: float | None = None,
    short: float = 0.0,
    cost: float = 0.0,
) -> SessionPlan:
    plugged_in = np.array(hours if hours is not None else [1.0] * len(power), dtype=float)
    energy = float(plugged_in @ np.array(power, dtype=float))
    return SessionPlan(
        session_id=name,
        evse_id=evse,
        first_period=first,
        charge_power_kw=np.array(power, dtype=float),
        plugged_in_h=plugged_in,
        energy_remaining_kwh=energy if remaining is None else remaining,
        energy_kwh=energy,
        target_shortfall_kwh=short,
        energy_cost=cost,
    )


def node_plan(name: str, expected: list[float], guaranteed: list[float], limit: list[float]) -> NodePlan:
    return NodePlan(
        node_id=name,
        expected_kw=np.array(expected, dtype=float),
        guaranteed_kw=np.array(guaranteed, dtype=float),
        import_limit_kw=np.array(limit, dtype=float),
        limit_set_by=(),
        worth_per_kw=np.zeros(len(expected)),
    )


def found(report: AuditReport, code: BreakCode, where: str) -> Break:
    """The first break with this code at this place; fails with all that were found."""
    hits = [b for b in report.breaks if b.code is code and b.where == where]
    assert hits, f"no {code} at {where} among {[str(b) for b in report.breaks]}"
    assert not report.passed
    return hits[0]


def test_a_plan_worked_out_by_hand_passes_and_its_figures_are_those_of_the_hand() -> None:
    report = audit(yard(), yard_plan())
    assert report.breaks == ()
    assert report.passed
    assert report.figures["energy_kwh"] == pytest.approx(56.9)
    assert report.figures["peak_import_kw"] == pytest.approx(26.2)
    assert report.figures["demand_kw:peak@2026-03"] == pytest.approx(26.2)
    assert report.figures["loading:panel"] == pytest.approx(1.0)  # 16 of 16 kW
    assert report.figures["loading:grid"] == pytest.approx(32.2 / 33.0)
    assert report.figures["offered_dc_kw:grid"] == pytest.approx(9.3)
    assert report.figures["cost:energy_import"] == pytest.approx(16.60)
    assert report.figures["cost:demand_charge"] == pytest.approx(2.113636, abs=1e-6)
    assert report.verdict == "passed: 56.9 kWh at a peak of 26.2 kW; fullest: panel at 100% of its limit"


def test_the_objective_may_count_revenue_or_leave_it_out() -> None:
    plan = yard_plan()
    assert audit(yard(), replace(plan, objective=sum(plan.costs.values()))).passed


# --- Spoilt plans ------------------------------------------------------------------------------------------------

Spoil = Callable[[Schedule], Schedule]


def of_session(name: str, change: Callable[[SessionPlan], SessionPlan]) -> Spoil:
    def spoil(plan: Schedule) -> Schedule:
        return replace(plan, sessions=tuple(change(s) if s.session_id == name else s for s in plan.sessions))

    return spoil


def powers(name: str, *power: float) -> Spoil:
    return of_session(name, lambda plan: replace(plan, charge_power_kw=np.array(power, dtype=float)))


def cost_of(name: str, amount: float) -> Spoil:
    return lambda plan: replace(plan, costs={**plan.costs, name: amount})


def with_import(*power: float) -> Spoil:
    return lambda plan: replace(plan, grid_import_kw=np.array(power, dtype=float))


def with_peak(**changes: float) -> Spoil:
    return lambda plan: replace(plan, peaks=(replace(plan.peaks[0], **changes),))


def of_node(name: str, **arrays: list[float]) -> Spoil:
    changes = {field: np.array(values, dtype=float) for field, values in arrays.items()}

    def spoil(plan: Schedule) -> Schedule:
        nodes = (replace(n, **changes) if n.node_id == name else n for n in plan.nodes)
        return replace(plan, nodes=tuple(nodes))

    return spoil


SPOILT: Mapping[str, tuple[Spoil, BreakCode, str]] = {
    "a setpoint is doubled beyond the EVSE": (powers("anna", 16, 4, 8), BreakCode.POWER_TOO_HIGH, "anna"),
    "a setpoint is above what the vehicle takes": (powers("ben", 9.5, 4.25), BreakCode.POWER_TOO_HIGH, "ben"),
    "a setpoint has the wrong sign": (powers("anna", -8, 4, 8), BreakCode.POWER_NEGATIVE, "anna"),
    "a setpoint is raised above the panel's share of its rating": (
        powers("anna", 9, 4, 7),  # 9 + 8 = 17 kW on 16 kW
        BreakCode.IMPORT_LIMIT,
        "panel",
    ),
    "energy is moved into the hour of the cap": (powers("anna", 5, 8, 7), BreakCode.IMPORT_LIMIT, "panel"),
    "a plan is moved one period later": (
        of_session("anna", lambda plan: replace(plan, first_period=1)),
        BreakCode.OUTSIDE_STAY,
        "anna",
    ),
    "the half hour before arrival counts as there": (
        of_session("ben", lambda plan: replace(plan, plugged_in_h=np.array([1.0, 1.0]), energy_kwh=13.0)),
        BreakCode.PLUGGED_IN,
        "ben",
    ),
    "a plan leaves out the last hour of the stay": (
        of_session("anna", lambda plan: replace(plan, charge_power_kw=np.array([8.0, 4.0]), plugged_in_h=np.ones(2))),
        BreakCode.PLUGGED_IN,
        "anna",
    ),
    "a session gets less than is told": (powers("anna", 8, 4, 7), BreakCode.ENERGY_BALANCE, "anna"),
    "the energy told is not that of the setpoints": (
        of_session("ben", lambda plan: replace(plan, energy_kwh=13.0)),
        BreakCode.ENERGY_STATED,
        "ben",
    ),
    "what had flowed already is forgotten": (
        of_session("carla", lambda plan: replace(plan, energy_remaining_kwh=30.0, target_shortfall_kwh=2.1)),
        BreakCode.ENERGY_STATED,
        "carla",
    ),
    "a session gets more than it needs": (powers("ben", 8, 6), BreakCode.ENERGY_ABOVE_NEED, "ben"),
    "a shortfall is below zero": (
        of_session("ben", lambda plan: replace(plan, target_shortfall_kwh=-1.0)),
        BreakCode.SHORTFALL_BOUNDS,
        "ben",
    ),
    "the promised part hides more than was promised": (
        of_session("anna", lambda plan: replace(plan, minimum_shortfall_kwh=10.5)),
        BreakCode.SHORTFALL_BOUNDS,
        "anna",
    ),
    "the target takes over what was promised": (
        # 22 kWh lacking, 10 of them promised: the target can miss 12
        of_session("anna", lambda plan: replace(plan, target_shortfall_kwh=12.5)),
        BreakCode.SHORTFALL_BOUNDS,
        "anna",
    ),
    "energy is left for after a horizon that ends with the stay": (
        of_session("carla", lambda plan: replace(plan, energy_after_horizon_kwh=1.0)),
        BreakCode.AFTER_HORIZON,
        "carla",
    ),
    "a session has no plan": (
        lambda plan: replace(plan, sessions=plan.sessions[:2]),
        BreakCode.SESSION_MISSING,
        "carla",
    ),
    "a session has two plans": (
        lambda plan: replace(plan, sessions=(*plan.sessions, plan.sessions[0])),
        BreakCode.SESSION_TWICE,
        "anna",
    ),
    "a session nobody knows has a plan": (
        lambda plan: replace(plan, sessions=(*plan.sessions, session_plan("dora", "ac-1", [1]))),
        BreakCode.SESSION_UNKNOWN,
        "dora",
    ),
    "a plan names another EVSE": (
        of_session("ben", lambda plan: replace(plan, evse_id="ac-1")),
        BreakCode.EVSE_WRONG,
        "ben",
    ),
    "a setpoint is not a number": (powers("anna", 8, nan, 8), BreakCode.ARRAYS, "anna"),
    "hours and setpoints differ in number": (powers("anna", 8, 4), BreakCode.ARRAYS, "anna"),
    "a plan runs beyond the horizon": (
        of_session("carla", lambda plan: replace(plan, first_period=1)),
        BreakCode.ARRAYS,
        "carla",
    ),
    "the import is one value short": (with_import(26.2, 18.2, 22.2), BreakCode.ARRAYS, "grid_import_kw"),
    "a node's power is infinite": (
        of_node("panel", expected_kw=[12, inf, 8, 0]),
        BreakCode.ARRAYS,
        "panel expected_kw",
    ),
    "instants run backwards": (
        lambda plan: replace(plan, instants_s=plan.instants_s[[0, 2, 1, 3, 4]]),
        BreakCode.INSTANTS,
        "plan",
    ),
    "the plan begins an hour late": (
        lambda plan: replace(plan, instants_s=plan.instants_s + seconds_from_hours(1.0)),
        BreakCode.INSTANTS,
        "plan",
    ),
    # carla at 9.3 + 4.65 + 9.3 + 4.65 instead of 10 + 5 + 10 + 5
    "the losses of a DC charger are forgotten": (
        with_import(25.5, 17.85, 21.5, 8.85),
        BreakCode.SITE_BALANCE,
        "grid",
    ),
    "stand-by is forgotten": (with_import(26.0, 18.0, 22.0, 9.0), BreakCode.SITE_BALANCE, "grid"),
    "the high load is paid for": (with_import(28.2, 20.2, 24.2, 11.2), BreakCode.SITE_BALANCE, "grid"),
    "ben pays for the half hour before he came": (
        with_import(30.2, 18.2, 22.2, 9.2),
        BreakCode.SITE_BALANCE,
        "grid",
    ),
    "import and export at once": (
        lambda plan: replace(
            plan, grid_import_kw=plan.grid_import_kw + np.ones(4), grid_export_kw=plan.grid_export_kw + np.ones(4)
        ),
        BreakCode.IMPORT_AND_EXPORT,
        "grid",
    ),
    "a node is said to carry less than it does": (
        of_node("panel", expected_kw=[12, 9, 7, 0]),
        BreakCode.NODE_PLAN,
        "panel",
    ),
    "what is guaranteed leaves the high load out": (
        of_node("grid", guaranteed_kw=[30.2, 18.2, 22.2, 9.2]),
        BreakCode.NODE_PLAN,
        "grid",
    ),
    "a node's limit ignores the cap": (
        of_node("panel", import_limit_kw=[16, 16, 16, 16]),
        BreakCode.NODE_PLAN,
        "panel",
    ),
    "a node nobody knows": (
        lambda plan: replace(plan, nodes=(*plan.nodes, replace(plan.nodes[0], node_id="attic"))),
        BreakCode.NODE_PLAN,
        "attic",
    ),
    "the peak is told too low": (
        with_peak(peak_kw=22.2, cost=10.0 * 2.2 / (29 + 8 / 24)),
        BreakCode.PEAK_TOO_LOW,
        "peak@2026-03",
    ),
    "the peak that was set already is forgotten": (
        with_peak(floor_kw=0.0, cost=10.0 * 26.2 / (29 + 8 / 24)),
        BreakCode.PEAK_FLOOR,
        "peak@2026-03",
    ),
    "the whole month's price is taken for four hours": (
        with_peak(cost=62.0),
        BreakCode.PEAK_COST,
        "peak@2026-03",
    ),
    "a demand charge has no peak": (
        lambda plan: replace(plan, peaks=()),
        BreakCode.PEAK_MISSING,
        "peak@2026-03",
    ),
    "a peak in a month that the horizon does not touch": (
        lambda plan: replace(plan, peaks=(*plan.peaks, replace(plan.peaks[0], demand_window="peak@2026-04"))),
        BreakCode.PEAK_UNKNOWN,
        "peak@2026-04",
    ),
    # 0.3 x 26.2 + 0.1 x 18.2 + 0.4 x 22.2 + 0.4 x 9.2
    "the prices are those of an hour later": (cost_of("energy_import", 22.24), BreakCode.COST, "energy_import"),
    "carbon costs nothing": (cost_of("carbon", 0.0), BreakCode.COST, "carbon"),
    "what is missed costs nothing": (cost_of("unmet_target", 0.0), BreakCode.COST, "unmet_target"),
    "revenue has the wrong sign": (cost_of("revenue", 10.0), BreakCode.COST, "revenue"),
    "a cost that nobody declared": (cost_of("rounding", 0.01), BreakCode.COST, "rounding"),
    "a session is charged for its energy at evse": (
        of_session("carla", lambda plan: replace(plan, energy_cost=6.5 * 0.93)),
        BreakCode.COST,
        "carla",
    ),
    "the objective does not add up": (
        lambda plan: replace(plan, objective=plan.objective + 0.01),
        BreakCode.OBJECTIVE,
        "objective",
    ),
}


@pytest.mark.parametrize("spoilt", SPOILT)
def test_a_spoilt_plan_is_found_when(spoilt: str) -> None:
    spoil, code, where = SPOILT[spoilt]
    found(audit(yard(), spoil(yard_plan())), code, where)


def test_a_break_tells_when_how_much_and_how_much_was_allowed() -> None:
    report = audit(yard(), powers("anna", 9, 4, 7)(yard_plan()))
    hit = found(report, BreakCode.IMPORT_LIMIT, "panel")
    assert (hit.start, hit.amount, hit.limit) == (at(16), pytest.approx(17.0), pytest.approx(16.0))
    assert report.verdict.startswith("failed: ")
    assert "2026-03-02T16:00:00Z" in str(hit)


def test_every_break_is_told_and_not_only_the_first() -> None:
    report = audit(yard(), powers("anna", -8, -4, 12)(yard_plan()))
    negative = [b.start for b in report.breaks if b.code is BreakCode.POWER_NEGATIVE]
    assert negative == [at(16), at(17)]
    found(report, BreakCode.POWER_TOO_HIGH, "anna")


# --- Limits that change, and load that nobody controls -----------------------------------------------------------


def with_signals(*caps: Cap) -> Scenario:
    return replace(yard(), signals=caps)


def test_a_cap_that_begins_inside_a_period_binds_the_whole_setpoint() -> None:
    # The panel carries 16 kW from 16:00 to 17:00; from 16:45 on only 10 kW are allowed.
    scenario = with_signals(Cap(id="late", start=at(16, 45), end=at(17), import_limit_kw=10.0, node="panel"))
    hit = found(audit(scenario, yard_plan()), BreakCode.IMPORT_LIMIT, "panel")
    assert (hit.start, hit.limit) == (at(16, 45), 10.0)


def test_a_cap_without_a_node_is_for_the_site_connection() -> None:
    scenario = with_signals(Cap(id="site", start=at(16), end=at(17), import_limit_kw=30.0))
    hit = found(audit(scenario, yard_plan()), BreakCode.IMPORT_LIMIT, "grid")
    assert hit.amount == pytest.approx(32.2)


def test_a_cap_never_raises_a_rating() -> None:
    scenario = with_signals(Cap(id="generous", start=at(16), end=at(17), import_limit_kw=99.0, node="panel"))
    found(audit(scenario, powers("anna", 9, 4, 7)(yard_plan())), BreakCode.IMPORT_LIMIT, "panel")


def test_a_limit_series_that_falls_inside_a_period_is_seen() -> None:
    scenario = yard()
    falling = (Step(start=at(0), value=20.0), Step(start=at(18, 59), value=9.0))  # x 0.8 = 7.2 kW in the last minute
    panel = replace(scenario.site.nodes[1], import_limit_kw=falling)
    scenario = replace(scenario, site=replace(scenario.site, nodes=(scenario.site.nodes[0], panel)))
    hit = found(audit(scenario, yard_plan()), BreakCode.IMPORT_LIMIT, "panel")
    assert (hit.start, hit.amount, hit.limit) == (at(18, 59), 8.0, pytest.approx(7.2))


def under_load(high: float) -> tuple[Scenario, Schedule]:
    """A 10 kW site with one car that may not charge because of its neighbours, from 16:00 to 17:00."""
    scenario, plan = one_hour(
        nodes=(GridNode(id="grid", import_limit_kw=10.0, limit_kind=LimitKind.CONTRACT),),
        evses=(Evse(id="bay", node="grid", max_power_kw=11.0),),
        power={"bay": 0.0},
        base_loads=(BaseLoad(node="grid", expected_kw=5.0, high_kw=high),),
    )
    return scenario, replace(plan, grid_import_kw=np.array([5.0]))


ALARM = Alarm(code="limit_exceeded_by_load", node="grid", start=at(16), end=at(17), excess_kw=2.0, message="")


def test_load_that_alone_exceeds_a_limit_needs_an_alarm() -> None:
    scenario, plan = under_load(12.0)
    hit = found(audit(scenario, plan), BreakCode.ALARM_MISSING, "grid")
    assert (hit.amount, hit.limit) == (12.0, 10.0)
    assert audit(scenario, replace(plan, alarms=(ALARM,))).passed


def test_an_alarm_for_another_time_or_place_does_not_count() -> None:
    scenario, plan = under_load(12.0)
    for wrong in (replace(ALARM, end=at(16, 59)), replace(ALARM, node="panel"), replace(ALARM, code="hot")):
        found(audit(scenario, replace(plan, alarms=(wrong,))), BreakCode.ALARM_MISSING, "grid")


def test_nothing_may_add_to_load_that_alone_exceeds_a_limit() -> None:
    scenario, plan = under_load(12.0)
    charging = replace(plan, alarms=(ALARM,), sessions=(session_plan("bay", "bay", [1.0]),))
    hit = found(audit(scenario, charging), BreakCode.ADDS_TO_EXCESS, "grid")
    assert (hit.amount, hit.limit) == (1.0, 0.0)


def test_load_that_just_reaches_a_limit_is_no_alarm() -> None:
    scenario, plan = under_load(10.0)
    assert audit(scenario, plan).passed


def test_generation_above_an_export_limit_needs_an_alarm() -> None:
    scenario, plan = one_hour(
        nodes=(GridNode(id="grid", export_limit_kw=7.0, limit_kind=LimitKind.CONTRACT),),
        evses=(Evse(id="bay", node="grid", max_power_kw=11.0),),
        power={"bay": 0.0},
        base_loads=(BaseLoad(node="grid", expected_kw=-5.0, low_kw=-9.0),),
    )
    plan = replace(plan, grid_export_kw=np.array([5.0]))
    hit = found(audit(scenario, plan), BreakCode.ALARM_MISSING, "grid")
    assert (hit.amount, hit.limit) == (9.0, 7.0)
    assert audit(scenario, replace(plan, alarms=(ALARM,))).passed


def under_the_sun(curtailed_kw: float, *, curtailable: bool = True) -> tuple[Scenario, Schedule]:
    """9 kW of sun and 1 kW of load where 5 kW may leave: 3 kW have to be curtailed."""
    scenario, plan = one_hour(
        nodes=(GridNode(id="grid", export_limit_kw=5.0, limit_kind=LimitKind.CONTRACT),),
        evses=(Evse(id="bay", node="grid", max_power_kw=11.0),),
        power={"bay": 0.0},
        base_loads=(BaseLoad(node="grid", expected_kw=1.0),),
    )
    plants = (PvPlant(id="roof", node="grid", expected_kw=9.0, curtailable=curtailable),)
    scenario = replace(scenario, site=replace(scenario.site, pv_plants=plants))
    roof = PvPlan(pv_id="roof", node_id="grid", expected_kw=np.array([9.0]), curtailed_kw=np.array([curtailed_kw]))
    return scenario, replace(
        plan, pv=(roof,), grid_export_kw=np.array([8.0 - curtailed_kw]), grid_import_kw=np.zeros(1)
    )


def test_sun_that_could_be_curtailed_may_not_exceed_an_export_limit() -> None:
    assert audit(*under_the_sun(3.0)).passed
    hit = found(audit(*under_the_sun(2.9)), BreakCode.EXPORT_LIMIT, "grid")
    assert (hit.amount, hit.limit) == (pytest.approx(5.1), 5.0)


def test_curtailed_sun_is_part_of_the_site_balance() -> None:
    scenario, plan = under_the_sun(3.0)
    hit = found(audit(scenario, replace(plan, grid_export_kw=np.array([8.0]))), BreakCode.SITE_BALANCE, "grid")
    assert hit.amount == pytest.approx(-5.0)


@pytest.mark.parametrize(
    ("curtailed_kw", "curtailable", "most_kw"), [(9.5, True, 9.0), (-1.0, True, 9.0), (3.0, False, 0.0)]
)
def test_a_roof_gives_neither_less_than_nothing_nor_more_than_the_sun(
    curtailed_kw: float, curtailable: bool, most_kw: float
) -> None:
    hit = found(audit(*under_the_sun(curtailed_kw, curtailable=curtailable)), BreakCode.PV_PLAN, "roof")
    assert (hit.amount, hit.limit) == (curtailed_kw, most_kw)


def test_every_roof_has_a_plan_and_every_plan_a_roof() -> None:
    scenario, plan = under_the_sun(3.0)
    found(audit(scenario, replace(plan, pv=())), BreakCode.PV_PLAN, "roof")
    stranger = replace(plan.pv[0], pv_id="barn")
    found(audit(scenario, replace(plan, pv=(*plan.pv, stranger))), BreakCode.PV_PLAN, "barn")


def test_a_roof_is_expected_to_give_what_the_scenario_says() -> None:
    scenario, plan = under_the_sun(3.0)
    brighter = replace(plan, pv=(replace(plan.pv[0], expected_kw=np.array([10.0])),))
    assert found(audit(scenario, brighter), BreakCode.PV_PLAN, "roof").amount == pytest.approx(9.0)


def in_the_cellar(charge_kw: float, discharge_kw: float, energy_kwh: tuple[float, float]) -> tuple[Scenario, Schedule]:
    """One hour of a battery with 3 kWh inside, 1 of it reserve, beside 2 kW of load; 6 kW may come and 1 may leave."""
    scenario, plan = one_hour(
        nodes=(GridNode(id="grid", import_limit_kw=6.0, export_limit_kw=1.0, limit_kind=LimitKind.CONTRACT),),
        evses=(Evse(id="bay", node="grid", max_power_kw=11.0),),
        power={"bay": 0.0},
        base_loads=(BaseLoad(node="grid", expected_kw=2.0),),
    )
    bank = Battery(
        id="bank",
        node="grid",
        capacity_kwh=10.0,
        max_charge_kw=5.0,
        max_discharge_kw=4.0,
        charge_efficiency=0.9,
        discharge_efficiency=0.8,
        energy_at_start_kwh=3.0,
        reserve_kwh=1.0,
        terminal_value_per_kwh=0.0,
    )
    scenario = replace(scenario, site=replace(scenario.site, batteries=(bank,)))
    told = StoragePlan(
        storage_id="bank",
        node_id="grid",
        charge_power_kw=np.array([charge_kw]),
        discharge_power_kw=np.array([discharge_kw]),
        energy_kwh=np.array(energy_kwh),
    )
    site_kw = 2.0 + charge_kw - discharge_kw
    grid = {"grid_import_kw": np.array([max(site_kw, 0.0)]), "grid_export_kw": np.array([max(-site_kw, 0.0)])}
    return scenario, replace(plan, storage=(told,), **grid)


@pytest.mark.parametrize(
    ("charge_kw", "discharge_kw", "after_kwh"), [(0.0, 0.0, 3.0), (4.0, 0.0, 6.6), (0.0, 1.6, 1.0)]
)
def test_a_battery_may_rest_charge_or_give_back_down_to_its_reserve(
    charge_kw: float, discharge_kw: float, after_kwh: float
) -> None:
    """3 + 0.9 · 4 = 6.6 kWh; 3 - 1.6 / 0.8 = 1 kWh."""
    assert audit(*in_the_cellar(charge_kw, discharge_kw, (3.0, after_kwh))).passed


@pytest.mark.parametrize(
    ("charge_kw", "discharge_kw", "energy_kwh"),
    [
        (2.0, 0.0, (3.0, 5.0)),
        (0.0, 0.8, (3.0, 2.2)),
        (0.0, 0.0, (4.0, 4.0)),
        (0.0, 2.0, (3.0, 0.5)),
        (5.5, 0.0, (3.0, 7.95)),
        (-1.0, 0.0, (3.0, 2.1)),
        (1.0, 0.72, (3.0, 3.0)),
    ],
    ids=["no loss in", "no loss out", "another start", "below the reserve", "too fast", "backwards", "both at once"],
)
def test_a_battery_cannot_follow_every_plan(
    charge_kw: float, discharge_kw: float, energy_kwh: tuple[float, float]
) -> None:
    found(audit(*in_the_cellar(charge_kw, discharge_kw, energy_kwh)), BreakCode.STORAGE_PLAN, "bank")


def test_every_battery_has_a_plan_and_every_plan_a_battery() -> None:
    scenario, plan = in_the_cellar(0.0, 0.0, (3.0, 3.0))
    found(audit(scenario, replace(plan, storage=())), BreakCode.STORAGE_PLAN, "bank")
    stranger = replace(plan.storage[0], storage_id="crate")
    found(audit(scenario, replace(plan, storage=(*plan.storage, stranger))), BreakCode.STORAGE_PLAN, "crate")


def test_a_charging_battery_counts_in_an_import_limit() -> None:
    hit = found(audit(*in_the_cellar(4.5, 0.0, (3.0, 7.05))), BreakCode.IMPORT_LIMIT, "grid")
    assert (hit.amount, hit.limit) == (pytest.approx(6.5), 6.0)


def test_a_battery_counts_in_an_export_limit_when_it_gives_back() -> None:
    """2 kW of load and 1 kW that may leave: 3 kW, and it gives 3.2; 7 - 3.2 / 0.8 = 3 kWh."""
    scenario, plan = in_the_cellar(0.0, 3.2, (7.0, 3.0))
    full = replace(scenario.site.batteries[0], energy_at_start_kwh=7.0)
    scenario = replace(scenario, site=replace(scenario.site, batteries=(full,)))
    hit = found(audit(scenario, plan), BreakCode.EXPORT_LIMIT, "grid")
    assert (hit.amount, hit.limit) == (pytest.approx(1.2), 1.0)


def test_wear_and_what_is_left_in_a_battery_are_costs() -> None:
    """4 kWh come in and 3.6 stay: at 0.5 EUR/kWh worth 1.80 EUR more."""
    scenario, plan = in_the_cellar(4.0, 0.0, (3.0, 6.6))
    dear = replace(scenario.site.batteries[0], terminal_value_per_kwh=0.5)
    scenario = replace(scenario, site=replace(scenario.site, batteries=(dear,)))
    found(audit(scenario, plan), BreakCode.COST, "stored_energy")
    assert audit(scenario, replace(plan, costs=plan.costs | {"stored_energy": -1.8}, objective=-1.8)).passed

    scenario, plan = in_the_cellar(0.0, 1.6, (3.0, 1.0))
    wearing = replace(scenario.site.batteries[0], wear_price_per_kwh=0.1)
    scenario = replace(scenario, site=replace(scenario.site, batteries=(wearing,)))
    assert audit(scenario, replace(plan, costs={"storage_wear": 0.2}, objective=0.2)).passed


def test_a_high_load_below_the_expected_one_does_not_make_room() -> None:
    scenario, plan = under_load(3.0)  # expected 5 kW on a limit of 10 kW: room for 5 kW
    charging = replace(plan, sessions=(session_plan("bay", "bay", [5.5]),))
    assert found(audit(scenario, charging), BreakCode.IMPORT_LIMIT, "grid").amount == pytest.approx(10.5)


# --- One hour, one price of zero: for powers and currents --------------------------------------------------------


def one_hour(
    *,
    nodes: tuple[GridNode, ...],
    evses: tuple[Evse, ...],
    power: Mapping[str, float],
    base_loads: tuple[BaseLoad, ...] = (),
    cabinets: tuple[PowerCabinet, ...] = (),
    vehicle: Vehicle | None = None,
) -> tuple[Scenario, Schedule]:
    """Cars that get exactly what they need from 16:00 to 17:00; the import is right while there is no base load."""
    site = Site(id="s", nodes=nodes, evses=evses, voltage_v=230.0, base_loads=base_loads, cabinets=cabinets)
    site = replace(site, tiers=(Tier(id="all", value_of_target_per_kwh=1.0),))
    sessions = tuple(
        Session(
            id=name,
            evse=name,
            arrival=at(16),
            departure=at(17),
            energy_target_kwh=kw,
            tier="all",
            vehicle=vehicle,
            connector=1,
        )
        for name, kw in power.items()
    )
    scenario = Scenario(
        site=site,
        sessions=sessions,
        tariff=Tariff(currency="EUR", time_zone="UTC", import_price=0.0),
        horizon=Horizon(start=at(16), stretches=(Stretch(count=1, minutes=60.0),)),
    )
    losses = {evse.id: 0.93 if evse.current is CurrentType.DC else 1.0 for evse in evses}
    schedule = Schedule(
        site_id="s",
        method=Method.OPTIMAL,
        currency="EUR",
        instants_s=np.array([at(16).timestamp(), at(17).timestamp()]),
        sessions=tuple(session_plan(name, name, [kw]) for name, kw in power.items()),
        nodes=(),
        grid_import_kw=np.array([sum(kw / losses[name] for name, kw in power.items())]),
        grid_export_kw=np.zeros(1),
    )
    return scenario, schedule


def plaza(power_kw: float, cabinet_kw: float = 1000.0, at_point: MeasuringPoint = MeasuringPoint.GRID) -> AuditReport:
    """Four 150 kW DC outlets of one cabinet under 600 kW of AC."""
    names = ("dc-1", "dc-2", "dc-3", "dc-4")
    scenario, plan = one_hour(
        nodes=(GridNode(id="grid", import_limit_kw=600.0, limit_kind=LimitKind.CONTRACT),),
        evses=tuple(Evse(id=name, node="grid", current=CurrentType.DC, max_power_kw=150.0) for name in names),
        power=dict.fromkeys(names, power_kw),
        cabinets=(PowerCabinet(id="hub", node="grid", evses=names, total_kw=cabinet_kw, measured_at=at_point),),
    )
    return audit(scenario, plan)


def test_four_150_kw_dc_outlets_under_600_kw_of_ac_are_offered_at_most_558_kw_together() -> None:
    full = plaza(558.0 / 4)  # 558 / 0.93 = 600
    assert full.passed
    assert full.figures["offered_dc_kw:grid"] == pytest.approx(558.0)
    assert full.figures["offered_dc_kw:cabinet:hub"] == pytest.approx(558.0)
    assert full.figures["loading:grid"] == pytest.approx(1.0)
    hit = found(plaza(150.0), BreakCode.IMPORT_LIMIT, "grid")
    assert hit.amount == pytest.approx(600.0 / 0.93)  # 645.16 kW


def test_a_power_cabinet_binds_where_it_is_measured() -> None:
    # 4 x 120 = 480 kW at evse are 516.13 kW at grid.
    assert plaza(120.0, 500.0, MeasuringPoint.EVSE).passed
    hit = found(plaza(120.0, 500.0), BreakCode.IMPORT_LIMIT, "cabinet:hub")
    assert hit.amount == pytest.approx(480.0 / 0.93)
    found(plaza(130.0, 500.0, MeasuringPoint.EVSE), BreakCode.IMPORT_LIMIT, "cabinet:hub")


def test_power_told_at_grid_is_less_at_the_evse() -> None:
    # 100 kW at grid x 0.93 = 93 kW at evse
    bay = Evse(id="dc", node="grid", current=CurrentType.DC, max_power_kw=100.0, measured_at=MeasuringPoint.GRID)
    node = GridNode(id="grid")
    assert audit(*one_hour(nodes=(node,), evses=(bay,), power={"dc": 93.0})).passed
    hit = found(audit(*one_hour(nodes=(node,), evses=(bay,), power={"dc": 94.0})), BreakCode.POWER_TOO_HIGH, "dc")
    assert hit.limit == pytest.approx(93.0)


@pytest.mark.parametrize(
    ("vehicle_phases", "limit_kw"),
    [(None, 11.04), (3, 11.04), (2, 7.36), (1, 3.68)],  # 16 A x 230 V = 3.68 kW a phase
)
def test_sixteen_amperes_give_power_on_the_phases_that_the_vehicle_uses(
    vehicle_phases: int | None, limit_kw: float
) -> None:
    bay = Evse(id="bay", node="grid", max_current_a=16.0)
    vehicle = Vehicle(id="v", phases=vehicle_phases)
    scene = {"nodes": (GridNode(id="grid"),), "evses": (bay,), "vehicle": vehicle}
    assert audit(*one_hour(power={"bay": limit_kw}, **scene)).passed
    report = audit(*one_hour(power={"bay": limit_kw + 0.1}, **scene))
    assert found(report, BreakCode.POWER_TOO_HIGH, "bay").limit == pytest.approx(limit_kw)


def test_the_least_of_evse_connector_and_vehicle_counts() -> None:
    # EVSE 32 A, connector 20 A, vehicle 13 A: 13 A x 230 V x 3 = 8.97 kW
    bay = Evse(id="bay", node="grid", max_current_a=32.0, connectors=(Connector(id=1, max_current_a=20.0),))
    for vehicle, limit_kw in ((Vehicle(id="v", max_current_a=13.0), 8.97), (Vehicle(id="v"), 13.8)):
        scene = one_hour(nodes=(GridNode(id="grid"),), evses=(bay,), power={"bay": 14.0}, vehicle=vehicle)
        assert found(audit(*scene), BreakCode.POWER_TOO_HIGH, "bay").limit == pytest.approx(limit_kw)


# --- Line currents -----------------------------------------------------------------------------------------------


def single(name: str, *phases: Phase, between: bool = False, node: str = "grid") -> Evse:
    wiring = Wiring.LINE_TO_LINE if between else Wiring.LINE_TO_NEUTRAL
    return Evse(id=name, node=node, phases=phases or None, wiring=wiring, max_power_kw=100.0)


def limited(limit: Series | PhaseSeries, **more: object) -> tuple[GridNode, ...]:
    return (GridNode(id="grid", current_limit_a=limit, **more),)


NEUTRAL_KW = kw_from_amperes(1.0, 230.0)
"""Of one ampere to neutral."""
LINE_KW = kw_from_amperes(1.0, line_to_line(230.0))
"""Of one ampere between two lines: 398.37 V."""


def test_cars_on_one_phase_add_up_and_cars_on_three_phases_do_not() -> None:
    on_l1 = (single("a", Phase.L1), single("b", Phase.L1))
    spread = (single("a", Phase.L1), single("b", Phase.L2))
    power = {"a": 20 * NEUTRAL_KW, "b": 20 * NEUTRAL_KW}
    assert audit(*one_hour(nodes=limited(32.0), evses=spread, power=power)).passed
    hit = found(audit(*one_hour(nodes=limited(32.0), evses=on_l1, power=power)), BreakCode.PHASE_CURRENT, "grid L1")
    assert (hit.amount, hit.limit) == (pytest.approx(40.0), 32.0)


def test_a_current_limit_has_no_tolerance() -> None:
    bay = (single("a", Phase.L1),)
    assert audit(*one_hour(nodes=limited(32.0), evses=bay, power={"a": 32 * NEUTRAL_KW})).passed
    over = one_hour(nodes=limited(32.0), evses=bay, power={"a": 32.001 * NEUTRAL_KW})
    found(audit(*over), BreakCode.PHASE_CURRENT, "grid L1")


def test_a_rotated_single_phase_car_loads_the_first_phase_of_its_evse() -> None:
    rotated = (single("a", Phase.L2, Phase.L3, Phase.L1),)
    vehicle = Vehicle(id="v", phases=1)
    limit = PhaseSeries(L1=10.0, L3=10.0)
    assert audit(*one_hour(nodes=limited(limit), evses=rotated, power={"a": 6.9}, vehicle=vehicle)).passed
    spoilt = one_hour(nodes=limited(PhaseSeries(L2=29.0)), evses=rotated, power={"a": 6.9}, vehicle=vehicle)
    assert found(audit(*spoilt), BreakCode.PHASE_CURRENT, "grid L2").amount == pytest.approx(30.0)


def test_a_dc_charger_loads_three_phases_whatever_the_vehicles_own_charger_does() -> None:
    bay = (Evse(id="dc", node="grid", current=CurrentType.DC, max_power_kw=100.0),)
    scene = one_hour(nodes=limited(49.0), evses=bay, power={"dc": 0.93 * 34.5}, vehicle=Vehicle(id="v", phases=1))
    # 34.5 kW at grid / (3 x 230 V) = 50 A
    for line in ("L1", "L2", "L3"):
        assert found(audit(*scene), BreakCode.PHASE_CURRENT, f"grid {line}").amount == pytest.approx(50.0)


def test_two_cars_on_the_wrong_pair_of_lines_exceed_what_two_pairs_carry() -> None:
    # On their common line 32 A each: 60 degrees apart 2 x 32 x cos 30 = 55.43 A, on one pair 64 A.
    power = {"a": 32 * LINE_KW, "b": 32 * LINE_KW}
    first = single("a", Phase.L1, Phase.L2, between=True)
    apart = (first, single("b", Phase.L2, Phase.L3, between=True))
    together = (first, single("b", Phase.L1, Phase.L2, between=True))
    report = audit(*one_hour(nodes=limited(60.0), evses=apart, power=power))
    assert report.passed
    assert report.figures["current_loading:grid"] == pytest.approx(32 * sqrt(3) / 60)
    wrong = audit(*one_hour(nodes=limited(60.0), evses=together, power=power))
    assert found(wrong, BreakCode.PHASE_CURRENT, "grid L1").amount == pytest.approx(64.0)


def test_a_load_between_two_lines_is_the_same_from_either_end() -> None:
    power = {"a": 32 * LINE_KW, "b": 32 * LINE_KW}
    evses = (single("a", Phase.L1, Phase.L2, between=True), single("b", Phase.L2, Phase.L1, between=True))
    report = audit(*one_hour(nodes=limited(60.0), evses=evses, power=power))
    assert found(report, BreakCode.PHASE_CURRENT, "grid L2").amount == pytest.approx(64.0)


def test_a_load_between_three_lines_takes_its_current_from_each() -> None:
    # 3 x 230 V x 10 A = 6.9 kW
    evses = (single("a", Phase.L1, Phase.L2, Phase.L3, between=True),)
    report = audit(*one_hour(nodes=limited(20.0), evses=evses, power={"a": 6.9}))
    assert report.figures["current_loading:grid"] == pytest.approx(0.5)


def test_an_unknown_phase_counts_in_full_on_every_line() -> None:
    evses = (single("a", Phase.L1), single("b"))
    power = {"a": 5 * NEUTRAL_KW, "b": 16 * NEUTRAL_KW}
    report = audit(*one_hour(nodes=limited(PhaseSeries(L1=20.0, L2=16.0, L3=15.9)), evses=evses, power=power))
    assert found(report, BreakCode.PHASE_CURRENT, "grid L1").amount == pytest.approx(21.0)
    assert found(report, BreakCode.PHASE_CURRENT, "grid L3").amount == pytest.approx(16.0)
    assert not any(b.where == "grid L2" for b in report.breaks)


def test_a_continuous_factor_lowers_the_amperes_of_a_rating() -> None:
    scene = {"evses": (single("a", Phase.L1),), "power": {"a": 30 * NEUTRAL_KW}}
    assert audit(*one_hour(nodes=limited(32.0, continuous_factor=1.0), **scene)).passed
    report = audit(*one_hour(nodes=limited(32.0, continuous_factor=0.8), **scene))
    assert found(report, BreakCode.PHASE_CURRENT, "grid L1").limit == pytest.approx(25.6)


def with_base_current(load: BaseLoad, car_a: float, import_kw: float) -> AuditReport:
    scene = one_hour(
        nodes=limited(32.0), evses=(single("a", Phase.L1),), power={"a": car_a * NEUTRAL_KW}, base_loads=(load,)
    )
    return audit(scene[0], replace(scene[1], grid_import_kw=np.array([import_kw])))


def test_a_base_current_known_only_in_size_is_added_to_the_length() -> None:
    load = BaseLoad(node="grid", expected_kw=0.0, high_current_a=PhaseSeries(L1=10.0))
    assert with_base_current(load, 22.0, 22 * NEUTRAL_KW).passed
    report = with_base_current(load, 23.0, 23 * NEUTRAL_KW)
    assert found(report, BreakCode.PHASE_CURRENT, "grid L1").amount == pytest.approx(33.0)


def test_a_base_load_without_currents_lies_evenly_on_three_phases() -> None:
    # 6.9 kW / (3 x 230 V) = 10 A on each line
    load = BaseLoad(node="grid", expected_kw=0.0, high_kw=6.9)
    assert with_base_current(load, 22.0, 22 * NEUTRAL_KW).passed
    found(with_base_current(load, 23.0, 23 * NEUTRAL_KW), BreakCode.PHASE_CURRENT, "grid L1")


def test_nothing_may_add_to_a_current_that_other_load_alone_makes_too_large() -> None:
    load = BaseLoad(node="grid", expected_kw=0.0, high_current_a=PhaseSeries(L1=40.0))
    report = with_base_current(load, 5.0, 5 * NEUTRAL_KW)
    assert found(report, BreakCode.ADDS_TO_EXCESS, "grid L1").amount == pytest.approx(5.0)
    assert found(report, BreakCode.ALARM_MISSING, "grid L1").amount == pytest.approx(40.0)


def test_a_current_limit_or_a_base_current_that_changes_inside_a_period_is_seen() -> None:
    steps = (Step(start=at(0), value=0.0), Step(start=at(16, 50), value=12.0))
    load = BaseLoad(node="grid", expected_kw=0.0, high_current_a=PhaseSeries(L1=steps))
    hit = found(with_base_current(load, 22.0, 22 * NEUTRAL_KW), BreakCode.PHASE_CURRENT, "grid L1")
    assert (hit.start, hit.amount) == (at(16, 50), pytest.approx(34.0))
    falling = (Step(start=at(0), value=32.0), Step(start=at(16, 20), value=16.0), Step(start=at(16, 40), value=32.0))
    scene = one_hour(nodes=limited(falling), evses=(single("a", Phase.L1),), power={"a": 20 * NEUTRAL_KW})
    hit = found(audit(*scene), BreakCode.PHASE_CURRENT, "grid L1")
    assert (hit.start, hit.limit) == (at(16, 20), 16.0)


def below_transformer(
    limit: PhaseSeries, evses: tuple[Evse, ...], power: Mapping[str, float], *, partial_draw: bool = True
) -> AuditReport:
    """A delta-wye transformer of ratio 2300 V / 230 V = 10, its primary lines limited."""
    transformer = Transformer(
        primary_voltage_v=2300.0, secondary_voltage_v=line_to_line(230.0), primary_current_limit_a=limit
    )
    nodes = (GridNode(id="grid"), GridNode(id="T1", parent="grid", transformer=transformer))
    return audit(*one_hour(nodes=nodes, evses=evses, power=power), partial_draw=partial_draw)


def test_a_load_between_two_lines_counts_twice_on_one_primary_line_of_a_delta_wye_transformer() -> None:
    # 50 A from L3 to L1: a = -c, so primary L1 = (a - c) / 10 carries 2 x 50 / 10 = 10 A, the other lines 5 A.
    bay = (single("a", Phase.L3, Phase.L1, between=True, node="T1"),)
    power = {"a": 50 * LINE_KW}
    assert below_transformer(PhaseSeries(L1=10.0, L2=5.0, L3=5.0), bay, power).passed
    hit = found(below_transformer(PhaseSeries(L1=9.9), bay, power), BreakCode.PHASE_CURRENT, "T1 primary L1")
    assert hit.amount == pytest.approx(10.0)


def test_three_even_phases_are_even_on_the_primary_lines() -> None:
    # 34.5 kW = 50 A a phase = 34.5 kW / (sqrt(3) x 2300 V) = 8.66 A a primary line
    bay = (single("a", Phase.L1, Phase.L2, Phase.L3, node="T1"),)
    report = below_transformer(PhaseSeries(L1=10.0, L2=10.0, L3=10.0), bay, {"a": 34.5})
    assert report.figures["current_loading:T1"] == pytest.approx(5 * sqrt(3) / 10)


def test_a_car_that_stops_can_raise_a_primary_current() -> None:
    # On primary L1, L1-L2 lies at 30 degrees and L2-L3 at -90: 10 A and 5 A make sqrt(100 + 25 - 50) = 8.66 A
    # together, and 10 A once the second car stops.
    evses = (
        single("a", Phase.L1, Phase.L2, between=True, node="T1"),
        single("b", Phase.L2, Phase.L3, between=True, node="T1"),
    )
    power = {"a": 100 * LINE_KW, "b": 50 * LINE_KW}
    evses = tuple(replace(evse, max_power_kw=200.0) for evse in evses)
    limit = PhaseSeries(L1=9.0)
    assert found(below_transformer(limit, evses, power), BreakCode.PHASE_CURRENT, "T1 primary L1").amount == (
        pytest.approx(10.0)
    )
    together = below_transformer(limit, evses, power, partial_draw=False)
    assert together.passed
    assert together.figures["current_loading:T1"] == pytest.approx(sqrt(75.0) / 9.0)


def test_currents_above_a_transformer_are_those_of_its_primary_lines() -> None:
    transformer = Transformer(primary_voltage_v=2300.0, secondary_voltage_v=line_to_line(230.0))
    nodes = (*limited(9.0), GridNode(id="T1", parent="grid", transformer=transformer))
    bay = (single("a", Phase.L3, Phase.L1, between=True, node="T1"),)
    report = audit(*one_hour(nodes=nodes, evses=bay, power={"a": 50 * LINE_KW}))
    assert found(report, BreakCode.PHASE_CURRENT, "grid L1").amount == pytest.approx(10.0)


def test_a_base_load_flows_at_the_voltage_of_the_transformer_that_it_hangs_on() -> None:
    # 69 kW at 230 V to neutral are 100 A; behind a ratio of 10 an even load keeps sqrt(3) of a tenth: 17.32 A.
    transformer = Transformer(
        primary_voltage_v=2300.0, secondary_voltage_v=line_to_line(230.0), primary_current_limit_a=20.0
    )
    nodes = (GridNode(id="grid"), GridNode(id="T1", parent="grid", transformer=transformer, current_limit_a=125.0))
    load = BaseLoad(node="T1", expected_kw=69.0)
    scenario, plan = one_hour(
        nodes=nodes, evses=(single("a", Phase.L1, node="T1"),), power={"a": 0.0}, base_loads=(load,)
    )
    elsewhere = replace(scenario, site=replace(scenario.site, voltage_v=120.0))  # the EVSEs' own, of no matter here
    report = audit(elsewhere, replace(plan, grid_import_kw=np.array([69.0])))
    assert report.passed
    assert report.figures["current_loading:T1"] == pytest.approx(10 * sqrt(3) / 20)


def test_unplaced_base_currents_add_up_in_the_worst_way_behind_a_transformer() -> None:
    # 60 A on secondary L1 and 40 A on L3: primary L1 = (a - c) / 10 can be as much as 10 A, L2 6 A, L3 4 A.
    transformer = Transformer(
        primary_voltage_v=2300.0,
        secondary_voltage_v=line_to_line(230.0),
        primary_current_limit_a=PhaseSeries(L1=9.9, L2=6.0, L3=4.0),
    )
    nodes = (GridNode(id="grid"), GridNode(id="T1", parent="grid", transformer=transformer))
    load = BaseLoad(node="T1", expected_kw=0.0, high_current_a=PhaseSeries(L1=60.0, L3=40.0))
    evses = (single("a", Phase.L1, node="T1"),)
    report = audit(*one_hour(nodes=nodes, evses=evses, power={"a": 0.0}, base_loads=(load,)))
    assert [b.where for b in report.breaks] == ["T1 primary L1"]
    assert found(report, BreakCode.ALARM_MISSING, "T1 primary L1").amount == pytest.approx(10.0)


def test_an_unknown_pair_of_lines_counts_twice_behind_a_transformer() -> None:
    # It may be the pair that meets itself on one primary line: 2 x 50 / 10 = 10 A.
    bay = (single("a", between=True, node="T1"),)
    report = below_transformer(PhaseSeries(L2=9.0), bay, {"a": 50 * LINE_KW})
    assert found(report, BreakCode.PHASE_CURRENT, "T1 primary L2").amount == pytest.approx(10.0)


# --- Demand and prices -------------------------------------------------------------------------------------------


def metered_site() -> tuple[Scenario, Schedule]:
    """A meter eight minutes into its interval, 3 kWh counted: 7 min at 12 kW make (3 + 1.4) / 0.25 = 17.6 kW."""
    site = Site(
        id="s",
        nodes=(GridNode(id="grid"),),
        evses=(),
        voltage_v=230.0,
        base_loads=(BaseLoad(node="grid", expected_kw=12.0),),
        tiers=(Tier(id="all", value_of_target_per_kwh=1.0),),
    )
    charge = DemandCharge(id="d", rate_per_kw=30.0, metered_kwh=3.0)
    scenario = Scenario(
        site=site,
        tariff=Tariff(currency="EUR", time_zone="UTC", import_price=0.0, demand_charges=(charge,)),
        horizon=Horizon(start=at(16, 8), stretches=(Stretch(count=1, minutes=7.0), Stretch(count=2, minutes=15.0))),
    )
    cost = 30.0 * 17.6 / ((31 - 1) - (16 + 8 / 60) / 24)
    instants = [at(16, 8), at(16, 15), at(16, 30), at(16, 45)]
    schedule = Schedule(
        site_id="s",
        method=Method.OPTIMAL,
        currency="EUR",
        instants_s=np.array([instant.timestamp() for instant in instants]),
        sessions=(),
        nodes=(),
        grid_import_kw=np.full(3, 12.0),
        grid_export_kw=np.zeros(3),
        peaks=(PeakPlan(demand_window="d@2026-03", peak_kw=17.6, floor_kw=0.0, cost=cost),),
        costs={"demand_charge": cost},
        objective=cost,
    )
    return scenario, schedule


def test_a_metering_interval_counts_what_was_metered_before_the_plan() -> None:
    scenario, plan = metered_site()
    assert audit(scenario, plan).passed
    ignorant = replace(plan, peaks=(replace(plan.peaks[0], peak_kw=12.0),))
    hit = found(audit(scenario, ignorant), BreakCode.PEAK_TOO_LOW, "d@2026-03")
    assert (hit.start, hit.amount) == (at(16), pytest.approx(17.6))


def test_a_demand_charge_outside_its_windows_has_no_peak() -> None:
    scenario, plan = metered_site()
    assert scenario.tariff is not None
    night = replace(scenario.tariff.demand_charges[0], windows=(Window(start="22:00", end="06:00"),))
    scenario = replace(scenario, tariff=replace(scenario.tariff, demand_charges=(night,)))
    found(audit(scenario, plan), BreakCode.PEAK_UNKNOWN, "d@2026-03")
    assert audit(scenario, replace(plan, peaks=(), costs={}, objective=0.0)).passed


def base_only(start: datetime, hours: int, power_kw: float, tariff: Tariff, **told: object) -> AuditReport:
    """One long period of even base load."""
    site = Site(
        id="s",
        nodes=(GridNode(id="grid"),),
        evses=(),
        voltage_v=230.0,
        base_loads=(BaseLoad(node="grid", expected_kw=power_kw),),
        tiers=(Tier(id="all", value_of_target_per_kwh=1.0),),
    )
    horizon = Horizon(start=start, stretches=(Stretch(count=1, minutes=60.0 * hours),))
    schedule = Schedule(
        site_id="s",
        method=Method.OPTIMAL,
        currency="EUR",
        instants_s=np.array([start.timestamp(), horizon.end.timestamp()]),
        sessions=(),
        nodes=(),
        grid_import_kw=np.array([max(power_kw, 0.0)]),
        grid_export_kw=np.array([max(-power_kw, 0.0)]),
        **told,
    )
    return audit(Scenario(site=site, tariff=tariff, horizon=horizon), schedule)


BERLIN = TimeOfUse(
    rates=(
        Rate(price_per_kwh=0.40, windows=(Window(days=(DayKind.WEEKDAY,), start="17:00", end="20:00"),)),
        Rate(price_per_kwh=0.10),
    )
)


def test_a_time_of_use_price_is_that_of_local_time() -> None:
    # Monday 15:00 to 19:00 UTC is 16:00 to 20:00 in Berlin: one hour at 0.10 and three at 0.40 EUR/kWh, 10 kW.
    tariff = Tariff(currency="EUR", time_zone="Europe/Berlin", import_price=BERLIN)
    right, utc_read = 1.0 + 12.0, 2.0 + 8.0
    assert base_only(at(15), 4, 10.0, tariff, costs={"energy_import": right}, objective=right).passed
    report = base_only(at(15), 4, 10.0, tariff, costs={"energy_import": utc_read}, objective=utc_read)
    assert found(report, BreakCode.COST, "energy_import").amount == pytest.approx(right)


def test_a_window_whose_opening_the_clock_jumps_over_opens_at_the_jump() -> None:
    # 2026-03-29 in Berlin: 02:30 to 04:00 begins at 03:00, which is 01:00 UTC; one hour of four at 0.50 EUR/kWh.
    skipped = TimeOfUse(
        rates=(Rate(price_per_kwh=0.50, windows=(Window(start="02:30", end="04:00"),)), Rate(price_per_kwh=0.10))
    )
    tariff = Tariff(currency="EUR", time_zone="Europe/Berlin", import_price=skipped)
    cost = 10.0 * (0.50 + 3 * 0.10)
    start = datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert base_only(start, 4, 10.0, tariff, costs={"energy_import": cost}, objective=cost).passed


def test_a_window_that_the_clock_repeats_counts_twice() -> None:
    # 2026-10-25 in Berlin: 02:20 to 02:40 comes at 00:20 and at 01:20 UTC; 40 minutes of two hours at 0.70 EUR/kWh.
    repeated = TimeOfUse(
        rates=(Rate(price_per_kwh=0.70, windows=(Window(start="02:20", end="02:40"),)), Rate(price_per_kwh=0.10))
    )
    tariff = Tariff(currency="EUR", time_zone="Europe/Berlin", import_price=repeated)
    cost = 10.0 * (2 / 3 * 0.70 + 4 / 3 * 0.10)
    start = datetime(2026, 10, 25, 0, tzinfo=UTC)
    assert base_only(start, 2, 10.0, tariff, costs={"energy_import": cost}, objective=cost).passed


def test_a_window_opens_at_local_time_on_the_day_on_which_the_clock_jumps() -> None:
    # 2026-03-29 in Berlin has no 02:30; from midnight (23:00 UTC) to 05:00 local are four hours.
    # 00:00 to 01:30 at 0.10; the window from 01:30 to 03:30 lasts one hour of it; then 1.5 h at 0.10.
    jumping = TimeOfUse(
        rates=(Rate(price_per_kwh=0.50, windows=(Window(start="01:30", end="03:30"),)), Rate(price_per_kwh=0.10))
    )
    tariff = Tariff(currency="EUR", time_zone="Europe/Berlin", import_price=jumping)
    cost = 10.0 * (1.5 * 0.10 + 1.0 * 0.50 + 1.5 * 0.10)
    start = datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert base_only(start, 4, 10.0, tariff, costs={"energy_import": cost}, objective=cost).passed


def test_export_earns_its_price_as_a_negative_cost() -> None:
    tariff = Tariff(currency="EUR", time_zone="UTC", import_price=0.3, export_price=0.08)
    assert base_only(at(10), 2, -5.0, tariff, costs={"energy_export": -0.8}, objective=-0.8).passed
    report = base_only(at(10), 2, -5.0, tariff, costs={"energy_export": 0.8}, objective=0.8)
    found(report, BreakCode.COST, "energy_export")


def test_a_horizon_over_the_turn_of_the_month_has_a_peak_in_each_month() -> None:
    # From March 31 00:00 to April 2 00:00: March is seen to its end, so w = 1; of April one day of 30 is seen.
    # The peak set in March says nothing about April.
    charge = DemandCharge(id="d", rate_per_kw=30.0, peak_set_kw=4.0, ratchet_kw=1.0)
    tariff = Tariff(currency="EUR", time_zone="UTC", import_price=0.0, demand_charges=(charge,))
    march = PeakPlan(demand_window="d@2026-03", peak_kw=10.0, floor_kw=4.0, cost=30.0 * 6.0)
    april = PeakPlan(demand_window="d@2026-04", peak_kw=10.0, floor_kw=1.0, cost=30.0 / 30.0 * 9.0)
    start = datetime(2026, 3, 31, tzinfo=UTC)
    told = {"peaks": (march, april), "costs": {"demand_charge": 189.0}, "objective": 189.0}
    assert base_only(start, 48, 10.0, tariff, **told).passed


# --- Energies and their measuring points -------------------------------------------------------------------------


def test_an_energy_at_battery_is_more_at_the_evse_and_the_rest_may_wait_for_after_the_horizon() -> None:
    # 9 kWh in the battery at 0.9 are 10 kWh at evse. The car stays two hours beyond the horizon; at 4 kW it may
    # leave 0.8 x 4 kW x 2 h = 6.4 kWh for then.
    site = Site(
        id="s",
        nodes=(GridNode(id="grid"),),
        evses=(Evse(id="bay", node="grid", max_power_kw=4.0),),
        voltage_v=230.0,
        tiers=(Tier(id="all", value_of_target_per_kwh=1.0),),
    )
    session = Session(
        id="v2",
        evse="bay",
        arrival=at(16),
        departure=at(19),
        energy_target_kwh=9.0,
        measured_at=MeasuringPoint.BATTERY,
        tier="all",
        vehicle=Vehicle(id="v", charge_efficiency=0.9),
    )
    scenario = Scenario(
        site=site,
        sessions=(session,),
        tariff=Tariff(currency="EUR", time_zone="UTC", import_price=0.0),
        horizon=Horizon(start=at(16), stretches=(Stretch(count=1, minutes=60.0),)),
    )

    def report(power_kw: float, after_kwh: float) -> AuditReport:
        plan = replace(session_plan("v2", "bay", [power_kw], remaining=10.0), energy_after_horizon_kwh=after_kwh)
        instants = np.array([at(16).timestamp(), at(17).timestamp()])
        return audit(
            scenario,
            Schedule(
                site_id="s",
                method=Method.OPTIMAL,
                currency="EUR",
                instants_s=instants,
                sessions=(plan,),
                nodes=(),
                grid_import_kw=np.array([power_kw]),
                grid_export_kw=np.zeros(1),
            ),
        )

    assert report(3.6, 6.4).passed
    assert found(report(3.5, 6.5), BreakCode.AFTER_HORIZON, "v2").limit == pytest.approx(6.4)
    assert found(report(2.6, 6.4), BreakCode.ENERGY_BALANCE, "v2").limit == pytest.approx(10.0)


def test_what_has_flowed_already_keeps_its_part_of_the_promise() -> None:
    # 10 kWh promised, 2.1 of them delivered: 7.9 kWh can still be missed.
    promised = replace(carla(), energy_minimum_kwh=10.0)
    scenario = replace(yard(), sessions=(anna(), ben(), promised))
    spoil = of_session("carla", lambda plan: replace(plan, minimum_shortfall_kwh=9.0))
    hit = found(audit(scenario, spoil(yard_plan())), BreakCode.SHORTFALL_BOUNDS, "carla")
    assert hit.limit == pytest.approx(7.9)


def test_an_energy_at_grid_is_less_at_the_evse() -> None:
    # 100 kWh at grid x 0.93 = 93 kWh at evse
    bay = Evse(id="dc", node="grid", current=CurrentType.DC, max_power_kw=100.0)
    scenario, plan = one_hour(nodes=(GridNode(id="grid"),), evses=(bay,), power={"dc": 93.0})
    at_grid = replace(scenario.sessions[0], energy_target_kwh=100.0, measured_at=MeasuringPoint.GRID)
    assert audit(replace(scenario, sessions=(at_grid,)), plan).passed
