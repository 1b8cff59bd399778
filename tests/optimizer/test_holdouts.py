"""Hold-outs: a lot that anybody can draw again, and what an event did by the difference of differences."""

import pytest

from models.domain.errors import InvalidScenario
from optimizer.response.holdouts import difference_in_differences, held_out

UNITS = [f"evse-{k}" for k in range(1000)]


def test_the_lot_is_the_same_for_everybody_and_another_one_for_another_seed() -> None:
    drawn = held_out(UNITS, 0.2, seed=7)

    assert drawn == held_out(UNITS, 0.2, seed=7)
    assert drawn != held_out(UNITS, 0.2, seed=8)
    assert 150 < len(drawn) < 250


def test_who_is_held_out_stays_so_when_units_come_and_go() -> None:
    assert set(held_out(UNITS[:500], 0.2, seed=7)) == set(held_out(UNITS, 0.2, seed=7)) & set(UNITS[:500])


def test_a_larger_share_holds_out_more_and_lets_nobody_in() -> None:
    assert set(held_out(UNITS, 0.1, seed=7)) < set(held_out(UNITS, 0.3, seed=7))


def test_the_effect_is_the_change_of_those_asked_less_the_change_of_those_left_alone() -> None:
    """Asked: 10 to 4 and 8 to 4, so -5 on average; left alone: 10 to 11 and 6 to 7, so +1. Variances 2 and 0."""
    before = {"a": 10.0, "b": 8.0, "c": 10.0, "d": 6.0}
    during = {"a": 4.0, "b": 4.0, "c": 11.0, "d": 7.0}

    effect = difference_in_differences(before, during, ["c", "d"])

    assert effect.estimate_kw == pytest.approx(-6.0)
    assert effect.standard_error_kw == pytest.approx(1.0)
    assert effect.interval_kw == pytest.approx((-7.96, -4.04), abs=0.001)
    assert (effect.treated, effect.held_out) == (2, 2)


def test_a_change_that_all_share_is_no_effect() -> None:
    before = {unit: float(k % 7) for k, unit in enumerate(UNITS)}
    during = {unit: kw + 3.0 for unit, kw in before.items()}

    assert difference_in_differences(before, during, held_out(UNITS, 0.2, seed=7)).estimate_kw == pytest.approx(0.0)


def test_too_few_units_are_refused_with_the_way_out() -> None:
    with pytest.raises(InvalidScenario, match="hold out a larger share"):
        difference_in_differences({"a": 1.0, "b": 1.0}, {"a": 1.0, "b": 1.0}, ["a"])
