"""Steps of limits: whole seconds, equal neighbours, and the fewest periods of a station."""

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.ocpp.steps import Step, capped, merged, whole_second_steps

some_steps = st.lists(st.tuples(st.integers(1, 3600), st.integers(0, 320)), min_size=1, max_size=8).map(
    lambda pieces: merged([(sum(length for length, _ in pieces[:i]), tenths) for i, (_, tenths) in enumerate(pieces)])
)


def at(steps: tuple[Step, ...], second: float) -> int:
    return [tenths for start, tenths in steps if start <= second][-1]


def loss(fine: tuple[Step, ...], coarse: tuple[Step, ...]) -> int:
    """Tenths of the unit times seconds, until the last step, which has no end."""
    return sum((tenths - at(coarse, start)) * (end - start) for (start, tenths), (end, _) in pairwise(fine))


def least_loss(steps: tuple[Step, ...], most: int) -> int:
    """By trying every way to cut the steps into groups; the last step keeps its limit."""
    losses = []
    for cuts in combinations(range(1, len(steps)), most - 1):
        groups = [steps[i:j] for i, j in pairwise([0, *cuts, len(steps)])]
        coarse = tuple((group[0][0], min(tenths for _, tenths in group)) for group in groups)
        if coarse[-1][1] == steps[-1][1]:
            losses.append(loss(steps, coarse))
    return min(losses)


def test_the_neighbours_whose_merging_costs_least_are_merged_at_the_lower_limit() -> None:
    steps = ((0, 160), (900, 100), (1800, 90), (2700, 320), (3600, 60))
    assert capped(steps, 4) == ((0, 160), (900, 90), (2700, 320), (3600, 60))


def test_of_equal_losses_the_far_one_is_taken() -> None:
    steps = ((0, 100), (900, 110), (1800, 100), (2700, 110), (3600, 60))
    assert capped(steps, 4) == ((0, 100), (900, 110), (1800, 100), (3600, 60))


def test_the_last_step_has_no_end_and_keeps_its_limit() -> None:
    assert capped(((0, 60), (1, 0), (2, 320)), 2) == ((0, 0), (2, 320))


def test_a_station_that_takes_one_period_gets_the_lowest_limit() -> None:
    assert capped(((0, 160), (900, 80), (1800, 100)), 1) == ((0, 80),)


def test_a_week_of_unequal_quarters_fits_into_24_periods() -> None:
    steps = tuple((900 * t, 60 + (37 * t) % 261) for t in range(672))
    coarse = capped(steps, 24)
    assert len(coarse) == 24
    assert all(at(coarse, start) <= tenths for start, tenths in steps)


@given(steps=some_steps, most=st.integers(2, 8))
def test_capping_loses_the_least_energy_and_never_raises_a_limit(steps: tuple[Step, ...], most: int) -> None:
    coarse = capped(steps, most)
    assert len(coarse) <= most
    assert coarse[0][0] == 0
    assert coarse[-1][1] == steps[-1][1]
    assert all(at(coarse, start) <= tenths for start, tenths in steps)
    assert loss(steps, coarse) == (least_loss(steps, most) if most < len(steps) else 0)


@given(
    starts=st.lists(st.floats(0.0, 20.0), max_size=8).map(lambda more: [0.0, *sorted(more)]),
    data=st.data(),
)
def test_each_whole_second_gets_the_lowest_limit_it_touches(starts: list[float], data: st.DataObject) -> None:
    tenths = data.draw(st.lists(st.integers(0, 320), min_size=len(starts), max_size=len(starts)))
    steps = whole_second_steps(starts, tenths)
    ends = [*starts[1:], 99.0]
    for second in range(25):
        touched = [x for start, end, x in zip(starts, ends, tenths, strict=True) if start < second + 1 and end > second]
        within = [x for start, end, x in zip(starts, ends, tenths, strict=True) if start < end]
        assert at(steps, second) <= min(touched)
        assert at(steps, second) in within or second < 20


def test_a_limit_rises_at_the_next_second_and_falls_at_the_last() -> None:
    assert whole_second_steps([0.0, 10.5, 20.5], [60, 160, 80]) == ((0, 60), (11, 160), (20, 80))


@pytest.mark.parametrize("steps", [[(0, 60), (5, 60), (9, 80)], [(0, 60), (9, 80), (10, 80)]])
def test_equal_neighbours_become_one(steps: list[Step]) -> None:
    assert merged(steps) == ((0, 60), (9, 80))
