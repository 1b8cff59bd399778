"""The benchmarks themselves: that they would notice, that they run, and that they say why something is left out."""

import numpy as np
import pytest

from models.domain.schedule import Schedule
from models.samples import load
from optimizer.optimize import optimize
from optimizer.settings import Settings
from tests.benchmarks import __main__ as benchmarks
from tests.benchmarks import levels, memory, optimality, speed, unsteered
from tests.benchmarks.independent import least_cost
from tests.benchmarks.reporting import Row, missed, table
from tests.benchmarks.scenarios import one_car, random_site
from tests.benchmarks.variants import flat_prices, phase_limited, scarce

PERIODS = 96


def test_one_car_alone_charges_in_the_cheap_half() -> None:
    """5 kW over 12 h at 0.10 cost 6.00, their peak 2.50."""
    assert least_cost(one_car(feeder_kw=100.0)) == pytest.approx(8.5)


def test_what_its_feeder_leaves_over_is_charged_in_the_dear_half() -> None:
    """4 kW at 0.10 cost 4.80, 1 kW at 0.30 costs 3.60, the peak of 4 kW costs 2.00."""
    assert least_cost(one_car(feeder_kw=4.0)) == pytest.approx(10.4)


def test_a_plan_costs_what_other_hands_find_to_a_millionth() -> None:
    """As drawn, under flat prices, and where feeders are too small."""
    assert [row.held for row in optimality.rows((20,), PERIODS)] == 3 * [True]


def missing_share(plan: Schedule) -> float:
    missing = sum(session.target_shortfall_kwh for session in plan.sessions)
    return missing / sum(session.energy_remaining_kwh for session in plan.sessions)


def test_scarce_feeders_leave_a_tenth_of_the_energy_or_more_undelivered() -> None:
    assert missing_share(optimize(scarce(random_site(50, PERIODS)))) > 0.10


def test_flat_prices_leave_only_the_peak_to_save_on() -> None:
    plan = optimize(flat_prices(random_site(20, PERIODS)))
    energy_kwh = float(plan.grid_import_kw @ plan.period_h)
    assert plan.costs["energy_import"] == pytest.approx(0.12 * energy_kwh)


def test_phase_currents_bind_behind_the_transformer() -> None:
    plan = optimize(phase_limited(random_site(20, PERIODS)), Settings(preferences=False))
    tangents = [block for name, block in plan.duals.items() if name.startswith("node_phase_current")]
    assert sum(int((abs(block.values) > 1e-6).sum()) for block in tangents) > 20
    assert plan.statistics.cut_rounds > 0


def test_a_promise_that_is_missed_is_told_and_counted() -> None:
    rows = [Row(("a", "1.0"), True), Row(("b", "2.0"), False), Row(("c", "3.0"))]
    assert missed(rows) == 1
    assert table("T", ("name", "figure"), rows).splitlines()[3:] == [
        "name  figure  verdict",
        "a     1.0     held",
        "b     2.0     MISSED",
        "c     3.0",
    ]


def test_a_run_is_timed_from_the_door_and_holds_its_solves() -> None:
    run = speed.timed(random_site(10, PERIODS), speed.MANNERS, 3)
    assert run.seconds > run.plan.statistics.solver_s >= run.plan.statistics.first_solver_s > 0.0
    assert run.over_first >= run.over_all > 1.0


def test_the_smoke_run_proves_its_costs_and_tells_the_machine(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(benchmarks, "SMOKE_COUNTS", (10,))
    assert benchmarks.main(["--smoke"]) == 0
    told = capsys.readouterr().out
    assert "HiGHS" in told.splitlines()[0]
    assert "B4: cost beside an independent formulation" in told
    assert "money, manners" in told


def test_a_cost_that_is_missed_ends_the_run_with_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmarks, "SMOKE_COUNTS", (10,))
    monkeypatch.setattr(optimality, "least_cost", lambda draws: least_cost(draws) * (1 + 2e-6))
    assert benchmarks.main(["--smoke"]) == 1


def test_published_figures_are_left_out_with_the_reason_when_their_data_is_absent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(benchmarks.DATA, raising=False)
    assert benchmarks.main(["--only", "b1"]) == 0
    assert "B1 is skipped: CHARGEWRIGHT_DATA names no folder" in capsys.readouterr().out


def test_a_process_with_nothing_but_the_solver_takes_less_memory_than_one_that_plans() -> None:
    row = next(memory.rows((10,)))
    ours_mib, alone_mib = int(row.cells[1]), int(row.cells[3])
    assert 10 < alone_mib < ours_mib


def test_a_day_of_the_garage_is_offered_its_pilot_levels_with_and_without_rules_of_time() -> None:
    """The shipped day stands for the month, whose sessions are not ours to ship."""
    garage = load("caltech-garage")
    anything, stepped, calm = (levels.planned(garage, rules) for rules in (None, levels.LEVELS, levels.WITH_S5))

    assert levels.met_percent(calm) <= levels.met_percent(anything) + 1e-6
    assert levels.met_percent(stepped) >= 0.99 * levels.met_percent(anything)
    assert max(levels.starts(session.limit_kw) for session in calm.sessions) <= 3
    amperes = {evse.id: evse.pilot_levels_a or () for evse in garage.site.evses}
    for session in stepped.sessions:
        offered = np.unique(np.round(1000.0 * session.limit_kw / 208.0, 6))
        assert set(offered) <= {0.0, *amperes[session.evse_id]}


def test_ten_cars_of_the_garage_keep_most_of_their_power_with_a_fail_safe_that_is_proven() -> None:
    """One draw at 30 kW stands for twenty at four limits: 12 EVSEs of one pair of phases have a share."""
    found = unsteered.capacity(unsteered.garage(30.0), seed=0)

    assert found.proof.proven
    assert found.served == 12
    assert 0.75 * found.free_kw <= found.safe_kw < found.free_kw


def test_starts_and_changes_are_counted_from_a_rest() -> None:
    offers = np.array([4.0, 4.0, 0.0, 6.0, 5.0, 0.0])

    assert (levels.starts(offers), levels.changes(offers)) == (2, 5)
