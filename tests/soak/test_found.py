"""Sites that the soak found once, and what was wrong with them."""

import pytest

from tests.soak.judging import judge_hostile, judge_usual

USUAL = {
    22459: "a car whose energy is followed has the only outlet, and another could not go on",
    64696: "the same, in a cabinet that gives whole modules",
    208065: "a later rounding left no room on a line for what a car has to give back",
}
HOSTILE = {
    2417: "the last digit of a sum of energy, times a value of a billion, was told as a cost",
    6272: "a car that takes 0 A was to go on",
    15997: "a car that takes 11 microwatts was to go on",
}


@pytest.mark.parametrize("seed", USUAL)
def test_a_usual_site_that_failed_once_passes(seed: int) -> None:
    assert judge_usual(seed).fault == ""


@pytest.mark.parametrize("seed", HOSTILE)
def test_an_odd_site_that_failed_once_passes(seed: int) -> None:
    assert judge_hostile(seed).fault == ""
