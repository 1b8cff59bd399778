"""Fifty planted faults, each a single wrong number: the comparison by name finds every one of them."""

from functools import cache

import numpy as np
import pytest

from models.domain.completion import complete
from optimizer.optimize import Formulated, formulate
from optimizer.settings import Settings
from tests.faults.catalogue import FAULTS
from tests.faults.planted import Fault, Planted
from tests.oracle.compare import differences
from tests.oracle.paper_model import paper_model
from tests.oracle.tables import Tables, tables_of, tables_of_program, tangents_of
from tests.strategies import random_scenario

SEEDS = range(100)


@cache
def formulated(seed: int) -> Formulated:
    return formulate(complete(random_scenario(seed)).scenario, Settings())


@cache
def paper(seed: int) -> Tables:
    right = formulated(seed)
    instants = [float(s) for s in right.instance.periods.instants_s]
    completed = complete(random_scenario(seed)).scenario
    return tables_of(paper_model(completed, instants, tangents_of(right.program)))


def planted(fault: Fault) -> tuple[int, Planted]:
    """The first random site that has a place for the fault, with the fault in it."""
    for seed in SEEDS:
        found = fault.plant(formulated(seed).program, np.random.default_rng(seed))
        if found is not None:
            return seed, found
    raise AssertionError(f"no site has a place for the fault: {fault.name}")


def test_there_are_fifty_faults_of_different_names() -> None:
    assert len({fault.name for fault in FAULTS}) == 50


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_comparison_finds_the_fault_at_its_place_and_nowhere_else(fault: Fault) -> None:
    seed, wrong = planted(fault)

    before = differences(paper(seed), tables_of_program(formulated(seed).program))
    found = differences(paper(seed), tables_of_program(wrong.program))

    assert not before
    assert wrong.place in {difference.name for difference in found}
    assert {difference.name[0] for difference in found} == {wrong.place[0]}
