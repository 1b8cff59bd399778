"""Goal (3): the same again for the same, close to the plan before, and what is missing shared, by the ledger."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.sparse import csr_array

from models import samples
from models.domain.before import MissedBefore
from models.domain.completion import complete
from models.domain.horizon import Stretch
from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from models.domain.wire import read_scenario, scenario_json
from optimizer.audit import audit
from optimizer.instance import instance_of
from optimizer.optimize import formulate, optimize, replan
from optimizer.previous import planned_before, with_previous
from optimizer.program import Floats, LinearProgram
from optimizer.settings import Settings
from tests.benchmarks.manners import MOST_MOVED, churn, moved_share, noisy, with_price_of_change
from tests.benchmarks.scenarios import random_site
from tests.benchmarks.variants import flat_prices, scarce
from tests.strategies import random_scenario

PERIODS = 96
SAME_KW = 1e-6
STEADY = Settings(steady=True)
LATER = timedelta(minutes=15)


def far_apart_kw(one: Schedule, other: Schedule) -> float:
    """The largest difference of setpoints of the same session and period, as far as both plans have it. [kW]"""
    others = {plan.session_id: plan for plan in other.sessions}
    largest = 0.0
    for plan in one.sessions:
        twin = others.get(plan.session_id)
        if twin is None:
            continue
        end_s, twin_end_s = (
            schedule.instants_s[p.first_period : p.first_period + len(p.charge_power_kw)]
            for schedule, p in ((one, plan), (other, twin))
        )
        both = np.intersect1d(end_s, twin_end_s)
        mine, theirs = (p.charge_power_kw[np.isin(s, both)] for p, s in ((plan, end_s), (twin, twin_end_s)))
        largest = max(largest, float(abs(mine - theirs).max(initial=0.0)))
    return largest


def setpoint_bytes(plan: Schedule) -> bytes:
    return b"".join(session.charge_power_kw.tobytes() for session in plan.sessions)


SITES = {
    "van-depot": lambda: samples.load("van-depot"),
    "apartment-block": lambda: samples.load("apartment-block"),
    "random": lambda: random_site(40, PERIODS),
    "flat": lambda: flat_prices(random_site(30, PERIODS)),
    "scarce": lambda: scarce(random_site(30, PERIODS)),
    "large": lambda: scarce(random_site(160, PERIODS)),
}


@pytest.mark.parametrize("site", SITES)
def test_the_same_scenario_twice_gives_the_same_plan_byte_for_byte(site: str) -> None:
    scenario = SITES[site]()
    assert setpoint_bytes(optimize(scenario)) == setpoint_bytes(optimize(scenario))


@pytest.mark.parametrize("site", SITES)
def test_a_new_plan_with_nothing_new_changes_nothing(site: str) -> None:
    scenario = SITES[site]()
    before = optimize(scenario)
    assert far_apart_kw(before, optimize(scenario, previous=before)) < SAME_KW


@pytest.mark.parametrize("seed", range(12))
def test_a_new_plan_with_nothing_new_changes_nothing_at_any_site(seed: int) -> None:
    scenario = replace(random_scenario(seed), previous=())
    before = optimize(scenario)
    again = optimize(scenario, previous=before)
    assert again.objective == pytest.approx(before.objective, rel=1e-6, abs=1e-6)
    assert audit(with_previous(scenario, before), again).passed


def one_period_later(scenario: Scenario, plan: Schedule) -> Scenario:
    """A quarter of an hour on, everything as it was planned."""
    assert scenario.horizon is not None
    assert scenario.tariff is not None
    start = scenario.horizon.start + LATER
    (stretch,) = scenario.horizon.stretches
    given = {
        s.session_id: float(s.charge_power_kw[0] * s.plugged_in_h[0]) for s in plan.sessions if s.first_period == 0
    }
    (charge,) = scenario.tariff.demand_charges
    seen = replace(charge, peak_set_kw=max(charge.peak_set_kw, float(plan.grid_import_kw[0])))
    return replace(
        scenario,
        horizon=replace(scenario.horizon, start=start, stretches=(Stretch(count=stretch.count - 1, minutes=15.0),)),
        tariff=replace(scenario.tariff, demand_charges=(seen,)),
        sessions=tuple(
            replace(s, delivered_kwh=s.delivered_kwh + given.get(s.id, 0.0) * (s.arrival < start))
            for s in scenario.sessions
            if s.departure is not None and s.departure > start
        ),
    )


@pytest.mark.parametrize("site", ["random", "flat"])
def test_a_plan_one_period_later_is_the_rest_of_the_plan_before(site: str) -> None:
    scenario = SITES[site]()
    plan, kept = optimize(scenario), 0
    for _ in range(4):
        scenario = one_period_later(scenario, plan)
        later = replan(scenario, previous=plan).schedule
        kept += far_apart_kw(plan, later) < SAME_KW
        plan = later
    assert kept == 4


@pytest.mark.parametrize("site", ["van-depot", "apartment-block", "random", "flat"])
def test_noise_of_one_percent_moves_less_than_five_percent_of_the_near_setpoints(site: str) -> None:
    scenario = SITES[site]()
    before = optimize(scenario)
    forecasts = [noisy(scenario, np.random.default_rng(seed)) for seed in range(4)]
    close = [moved_share(before, optimize(one, previous=before)) for one in forecasts]
    assert np.mean(close) < MOST_MOVED


def test_noise_moves_less_with_the_plan_before_than_without() -> None:
    scenario = SITES["flat"]()
    before = optimize(scenario)
    other = noisy(scenario, np.random.default_rng(1))
    fresh, close = optimize(other), optimize(other, previous=before)
    assert close.objective == pytest.approx(fresh.objective, rel=1e-9)
    assert moved_share(before, close, by_kw=0.1) < moved_share(before, fresh, by_kw=0.1)


def test_a_price_of_change_keeps_what_noise_would_move() -> None:
    scenario = with_price_of_change(random_site(100, PERIODS), 0.02)
    before = optimize(scenario)
    other = noisy(scenario, np.random.default_rng(3))
    assert moved_share(before, optimize(other)) > moved_share(before, optimize(other, previous=before)) == 0.0


def test_a_plan_before_in_the_document_counts_as_one_that_is_handed_over() -> None:
    scenario = flat_prices(random_site(10, PERIODS))
    before = optimize(random_site(10, PERIODS))
    told = read_scenario(scenario_json(with_previous(scenario, before)))
    assert setpoint_bytes(optimize(told)) == setpoint_bytes(optimize(scenario, previous=before))


def test_setpoints_are_told_on_in_as_many_steps_as_they_have() -> None:
    before = optimize(random_site(10, PERIODS))
    for plan, told in zip(before.sessions, planned_before(before), strict=True):
        assert len(told.charge_power_kw) == 1 + np.count_nonzero(np.diff(plan.charge_power_kw))


def test_what_nobody_uses_adds_no_solve() -> None:
    """A large program has two: money and manners; a small one a guess before them; without manners there is one."""
    small, large = random_site(50, PERIODS), random_site(160, PERIODS)
    assert optimize(small).statistics.solves == 3
    assert optimize(large).statistics.solves == 2
    assert optimize(small, Settings(preferences=False)).statistics.solves == 1


def test_cars_start_and_change_less_often_with_manners() -> None:
    scenario = SITES["van-depot"]()
    polite, money = churn(optimize(scenario)), churn(optimize(scenario, Settings(preferences=False)))
    assert polite.starts.mean() < 0.6 * money.starts.mean()
    assert polite.changes.mean() < 0.7 * money.changes.mean()


@pytest.mark.parametrize("site", ["van-depot", "apartment-block", "random", "flat", "scarce"])
def test_steady_setpoints_change_less_often_at_the_same_cost(site: str) -> None:
    scenario = SITES[site]()
    restless, steady = optimize(scenario), optimize(scenario, STEADY)
    assert steady.objective == pytest.approx(restless.objective, rel=1e-9)
    assert churn(steady).changes.mean() < 0.95 * churn(restless).changes.mean()
    assert churn(steady).starts.mean() <= churn(restless).starts.mean()
    assert audit(scenario, steady).passed


def test_a_car_does_not_pause_to_let_another_have_a_turn() -> None:
    """3 kWh each within two hours, 3 kW on the connection: one after the other, each with one start."""
    plan = optimize(read_scenario(TURNS), STEADY)
    assert churn(plan).starts.tolist() == [1, 1]
    assert churn(plan).changes.tolist() == [2, 2]


@pytest.mark.parametrize("site", ["van-depot", "flat", "scarce"])
def test_a_steady_plan_stays_when_nothing_changes(site: str) -> None:
    scenario = SITES[site]()
    before = optimize(scenario, STEADY)
    assert far_apart_kw(before, optimize(scenario, STEADY, previous=before)) < SAME_KW


def short_at_the_connection(scenario: Scenario) -> Scenario:
    """Feeders as they are, but all of them behind a connection that is too small."""
    nodes = tuple(
        node if node.parent else replace(node, import_limit_kw=0.45 * node.import_limit_kw)
        for node in scenario.site.nodes
    )
    return replace(scenario, site=replace(scenario.site, nodes=nodes))


@pytest.mark.parametrize("short", [scarce, short_at_the_connection])
@pytest.mark.parametrize("seed", range(5))
def test_nobody_can_miss_less_unless_somebody_as_badly_off_misses_more(
    seed: int, short: Callable[[Scenario], Scenario]
) -> None:
    """Max-min, by its definition, at the least cost; each session is tried by a solve of its own."""
    scenario = short(random_site(12, PERIODS, seed))
    plan = optimize(scenario)
    formulated = formulate(scenario)
    who = formulated.instance.sessions
    missing = np.array([s.target_shortfall_kwh for s in plan.sessions])
    share = missing / who.remaining_kwh
    assert share.max() > 0.0
    for s in np.flatnonzero(share > 0.01):
        worse = np.flatnonzero(share >= share[s] - 1e-3)
        most = np.full(who.count, np.inf)
        most[worse] = missing[worse] + 1e-4
        assert least_missing(formulated.program, plan.objective, most, int(s)) > missing[s] - 0.02


def least_missing(program: LinearProgram, cost: float, most: Floats, session: int) -> float:
    """What a session has to miss at this cost while others miss no more than ``most``. [kWh]"""
    block = program.columns["target_shortfall"]
    upper = program.col_upper.copy()
    upper[block.slice] = np.minimum(upper[block.slice], most)
    wanted = np.zeros(len(program.cost))
    wanted[block.start + session] = 1.0
    a = csr_array((program.matrix.data, program.matrix.indices, program.matrix.indptr), shape=program.matrix.shape)
    equal = program.row_lower == program.row_upper
    high, low = ~equal & np.isfinite(program.row_upper), ~equal & np.isfinite(program.row_lower)
    solved = linprog(
        wanted,
        A_ub=np.vstack([a[high].toarray(), -a[low].toarray(), program.cost[None, :]]),
        b_ub=np.concatenate([program.row_upper[high], -program.row_lower[low], [cost - program.cost_offset + 1e-6]]),
        A_eq=a[equal],
        b_eq=program.row_lower[equal],
        bounds=np.column_stack([program.col_lower, upper]),
        method="highs",
    )
    assert solved.status == 0, solved.message
    return float(solved.fun)


@pytest.mark.parametrize("missed_kwh", [0.0, 2.0, 6.0, 100.0])
def test_who_missed_more_before_misses_less_now(missed_kwh: float) -> None:
    """(a + before) / 10 = b / 10 and a + b = 10: a misses 5 - before / 2, but never less than nothing."""
    scenario = read_scenario(CASE_LEDGER)
    told = replace(scenario, ledger=(MissedBefore(driver="anna", missed_kwh=missed_kwh),))
    plan = optimize(told)
    missing = [s.target_shortfall_kwh for s in plan.sessions]
    assert missing == pytest.approx([max(0.0, 5.0 - missed_kwh / 2), min(10.0, 5.0 + missed_kwh / 2)], abs=1e-3)
    ledger = {line.driver: line.missed_kwh for line in plan.ledger}
    assert ledger["anna"] == pytest.approx(missed_kwh + missing[0], abs=1e-3)
    assert audit(told, plan).passed


TURNS = """{
  "site": {
    "id": "yard", "time_zone": "UTC", "voltage_v": 230,
    "nodes": [{"id": "grid", "kind": "connection", "import_limit_kw": 3, "limit_kind": "contract"}],
    "evses": [{"id": "one", "node": "grid", "max_power_kw": 11}, {"id": "two", "node": "grid", "max_power_kw": 11}],
    "tiers": [{"id": "all", "value_of_target_per_kwh": 2}]
  },
  "sessions": [
    {"id": "a", "evse": "one", "arrival": "2026-03-02T12:00:00Z", "departure": "2026-03-02T14:00:00Z",
     "energy_target_kwh": 3},
    {"id": "b", "evse": "two", "arrival": "2026-03-02T12:00:00Z", "departure": "2026-03-02T14:00:00Z",
     "energy_target_kwh": 3}
  ],
  "tariff": {"currency": "EUR", "import_price": 0.1},
  "horizon": {"start": "2026-03-02T12:00:00Z", "stretches": [{"count": 8, "minutes": 15}]}
}"""
CASE_LEDGER = """{
  "site": {
    "id": "yard", "time_zone": "UTC", "voltage_v": 230,
    "nodes": [{"id": "grid", "kind": "connection", "import_limit_kw": 10, "limit_kind": "contract"}],
    "evses": [{"id": "one", "node": "grid", "max_power_kw": 11}, {"id": "two", "node": "grid", "max_power_kw": 11}],
    "tiers": [{"id": "all", "value_of_target_per_kwh": 2}]
  },
  "sessions": [
    {"id": "a", "evse": "one", "arrival": "2026-03-02T12:00:00Z", "departure": "2026-03-02T13:00:00Z",
     "energy_target_kwh": 10, "driver": "anna"},
    {"id": "b", "evse": "two", "arrival": "2026-03-02T12:00:00Z", "departure": "2026-03-02T13:00:00Z",
     "energy_target_kwh": 10}
  ],
  "tariff": {"currency": "EUR", "import_price": 0.1},
  "horizon": {"start": "2026-03-02T12:00:00Z", "stretches": [{"count": 1, "minutes": 60}]}
}"""


def test_a_plan_before_for_part_of_a_period_says_nothing_of_it() -> None:
    """It ends at a quarter past; the quarter hours after it are unknown, and one that it covers in part as well."""
    scenario = random_site(5, PERIODS)
    before = optimize(scenario)
    told = planned_before(before)
    cut = replace(told[0], end=told[0].charge_power_kw[0].start + timedelta(minutes=20))
    known = instance_of(complete(replace(scenario, previous=(cut,))).scenario).before
    assert known is not None
    assert known.known.sum() == 1
