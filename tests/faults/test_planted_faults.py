"""Planted faults, each a single wrong number: the comparison by name finds every one of them."""

from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Literal

import numpy as np
import pytest

from models.domain.completion import complete
from models.domain.errors import NoFeasibleSchedule, SolverFault
from optimizer import goals
from optimizer.audit import audit
from optimizer.optimize import Formulated, formulate, optimize
from optimizer.settings import Settings
from tests.faults.catalogue import FAULTS
from tests.faults.planted import Fault, Planted
from tests.oracle.compare import differences
from tests.oracle.paper_model import paper_model
from tests.oracle.tables import Tables, tables_of, tables_of_program, tangents_of
from tests.strategies import random_scenario

SEEDS = range(100)
SITES_A_FAULT = 10
AUDIT_FINDS_AT_LEAST = 10

Verdict = Literal["passes", "audit", "solver"]


@cache
def formulated(seed: int) -> Formulated:
    return formulate(complete(random_scenario(seed)).scenario, Settings())


@cache
def paper(seed: int) -> Tables:
    right = formulated(seed)
    instants = [float(s) for s in right.instance.periods.instants_s]
    completed = complete(random_scenario(seed)).scenario
    return tables_of(paper_model(completed, instants, tangents_of(right.program)))


def places(fault: Fault) -> Iterator[tuple[int, Planted]]:
    """The random sites that have a place for the fault, each with the fault in it."""
    for seed in SEEDS:
        found = fault.plant(formulated(seed).program, np.random.default_rng(seed))
        if found is not None:
            yield seed, found


def test_there_are_fifty_faults_and_more_of_different_names() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert len(FAULTS) >= 50


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_comparison_finds_the_fault_at_its_place_and_nowhere_else(fault: Fault) -> None:
    seed, wrong = next(places(fault))

    before = differences(paper(seed), tables_of_program(formulated(seed).program))
    found = differences(paper(seed), tables_of_program(wrong.program))

    assert not before
    assert wrong.place in {difference.name for difference in found}
    assert {difference.name[0] for difference in found} == {wrong.place[0]}


def verdict(seed: int, wrong: Planted) -> Verdict:
    """Who notices when a plan is made from the wrong program: the audit, the solver that finds no plan, or nobody."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(goals, "formulate", lambda *_: wrong.program)
        try:
            schedule = optimize(random_scenario(seed), Settings())
        except (SolverFault, NoFeasibleSchedule):
            return "solver"
    return "passes" if audit(random_scenario(seed), schedule).passed else "audit"


def test_the_audit_of_plans_alone_misses_faults_that_the_comparison_finds() -> None:
    """A wrong price, or a limit that binds nobody, makes a dearer plan and not a wrong one: so both are needed.

    Each fault is planted at several sites; it is found when one of the plans made from them is refused.
    """
    verdicts = {f.name: {verdict(*place) for place in islice(places(f), SITES_A_FAULT)} for f in FAULTS}

    found = [name for name, who in verdicts.items() if "audit" in who]
    refused = [name for name, who in verdicts.items() if "solver" in who and name not in found]
    missed = [name for name, who in verdicts.items() if who == {"passes"}]
    print(
        f"of {len(FAULTS)} faults the audit alone finds {len(found)}, the solver {len(refused)}, nobody {len(missed)}"
    )
    print("nobody but the comparison:", *missed, sep="\n  ")
    assert "a price comes one period late" in missed
    assert len(found) >= AUDIT_FINDS_AT_LEAST
