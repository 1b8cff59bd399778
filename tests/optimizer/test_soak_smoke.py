"""A handful of the soak's scenarios; ``make soak`` runs a hundred thousand."""

from time import perf_counter

import pytest

from tests.soak.__main__ import tell
from tests.soak.judging import Judgement, judge_hostile, judge_usual

FEW = 40


def test_the_optima_of_random_sites_pass_their_audit() -> None:
    assert [found for found in map(judge_usual, range(FEW)) if found.fault] == []


def test_whatever_the_numbers_the_plan_that_would_be_sent_passes_its_audit() -> None:
    judged = [judge_hostile(seed) for seed in range(FEW)]

    assert [found for found in judged if found.fault] == []
    assert sum(found.planned for found in judged) >= FEW / 4


def test_a_fault_is_told_with_its_seed_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    judged = [Judgement(6, True, "optimal"), Judgement(7, True, "optimal", "audit: node_import grid")]

    assert tell("usual", judged, perf_counter()) == 1
    assert "usual seed 7: audit: node_import grid" in capsys.readouterr().out
