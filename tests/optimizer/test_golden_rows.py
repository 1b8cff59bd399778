"""Rows and columns as sentences, worked out by hand in the README of each folder under tests/golden."""

from pathlib import Path

import numpy as np
import pytest

from models.domain.wire import read_scenario
from optimizer.cuts import violated, watches, with_cuts
from optimizer.describe import describe
from optimizer.goals import GoalSolver
from optimizer.instance import Instance
from optimizer.manners import preference, with_preferences
from optimizer.manners.sharing import groups_of, tied, wishes_of, with_shares
from optimizer.manners.steady import with_rises
from optimizer.optimize import formulate, optimize
from optimizer.program import LinearProgram, with_cost
from optimizer.settings import Settings

GOLDEN = Path(__file__).parents[1] / "golden"
AS_FORMULATED = (
    "mixed-site",
    "eight-minutes-metered",
    "delta-wye",
    "roof",
    "cellar",
    "kerb",
    "kerb-current",
    "group-cap",
    "event",
    "transport",
    "installed",
    "tiers",
    "apparent",
    "silent-drivers",
    "guarantees",
    "plan-before",
    "arrivals",
    "green",
)


def formulated(case: str) -> tuple[Instance, LinearProgram]:
    found = formulate(read_scenario((GOLDEN / case / "scenario.json").read_bytes()))
    return found.instance, found.program


def expected(case: str) -> list[str]:
    return (GOLDEN / case / "expected.txt").read_text().splitlines()


def blocks(case: str) -> list[str]:
    return list(dict.fromkeys(line.partition("[")[0].partition(":")[0] for line in expected(case)))


def described(program: LinearProgram, case: str) -> list[str]:
    return [line for block in blocks(case) for line in describe(program, block).splitlines()]


@pytest.mark.parametrize("case", AS_FORMULATED)
def test_a_formulated_program_reads_as_worked_out_by_hand(case: str) -> None:
    _, program = formulated(case)
    assert described(program, case) == expected(case)


def test_a_promise_that_cannot_be_kept_is_held_at_the_least_that_must_be_missed() -> None:
    instance, _ = formulated("promises")
    program = GoalSolver(instance, Settings()).solve().money_program
    assert described(program, "promises") == expected("promises")


def test_what_is_missing_is_shared_by_rows_of_equal_shares() -> None:
    instance, program = formulated("equal-share")
    shares = with_shares(program, wishes_of(instance), np.array([0, 1]))
    assert described(shares, "equal-share") == expected("equal-share")


def test_feeders_that_can_give_each_other_something_have_one_share() -> None:
    instance, program = formulated("one-share")
    wishes, both = wishes_of(instance), np.array([0, 1])
    shares = tied(with_shares(program, wishes, both), wishes.tier, groups_of(wishes, both))
    assert described(shares, "one-share") == expected("one-share")


def test_import_is_kept_level_by_rows_of_metering_intervals() -> None:
    instance, _ = formulated("level-import")
    program = GoalSolver(instance, Settings()).solve().program
    assert described(program, "level-import") == expected("level-import")


def test_setpoints_of_the_plan_before_split_columns_in_two() -> None:
    instance, program = formulated("closeness")
    split = with_preferences(program, instance)
    assert described(with_cost(split, preference(split, instance)), "closeness") == expected("closeness")


def test_rises_of_setpoints_have_rows_of_their_own() -> None:
    instance, program = formulated("steady")
    assert described(with_rises(program, instance), "steady") == expected("steady")


@pytest.mark.parametrize("case", ["equal-share", "one-share"])
def test_equal_shares_of_what_is_missing_are_planned(case: str) -> None:
    plan = optimize(read_scenario((GOLDEN / case / "scenario.json").read_bytes()))
    assert [s.energy_kwh for s in plan.sessions] == pytest.approx([20 / 3, 10 / 3], abs=1e-3)


def test_an_answer_outside_its_cone_is_cut_off_at_its_own_angle() -> None:
    instance, program = formulated("cut")
    values = np.zeros(len(program.cost))
    values[program.columns["leg_current"].slice] = [30.0, 10.0]
    settings = Settings()
    seen, share = watches(program, instance, settings), 1 - settings.current_tolerance
    cuts = violated(program, seen, values, settings, allowed=1.0, share=share)
    assert cuts is not None
    grown, _ = with_cuts(program, cuts, 1)
    assert described(grown, "cut") == expected("cut")


def test_an_answer_inside_its_cone_is_not_cut() -> None:
    instance, program = formulated("cut")
    values = np.zeros(len(program.cost))
    values[program.columns["leg_current"].slice] = [29.9, 10.0]
    assert violated(program, watches(program, instance, Settings()), values, Settings(), allowed=1.0, share=1.0) is None


def test_energy_metered_before_the_plan_counts_in_the_peak() -> None:
    """The optimum of the folder eight-minutes-metered: 6/7, 6/7 and 72/7 kW under a peak of 3.6 kW."""
    plan = optimize(read_scenario((GOLDEN / "eight-minutes-metered" / "scenario.json").read_bytes()))
    assert plan.sessions[0].charge_power_kw == pytest.approx([6 / 7, 6 / 7, 72 / 7], abs=1e-6)
    assert plan.peaks[0].peak_kw == pytest.approx(3.6, abs=1e-9)


def test_every_block_of_a_program_has_a_golden_row() -> None:
    covered = {block for folder in GOLDEN.iterdir() for block in blocks(folder.name)}
    made = {name for case in AS_FORMULATED for name in (*formulated(case)[1].rows, *formulated(case)[1].columns)}
    assert made <= covered


def test_every_golden_folder_states_its_computation() -> None:
    for folder in GOLDEN.iterdir():
        assert "=" in (folder / "README.md").read_text(), folder.name
