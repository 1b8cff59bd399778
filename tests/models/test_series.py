"""Steps over periods: means, least and largest values, and where they change."""

import pickle
import sys
from copy import deepcopy
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from models.domain import series as reading
from models.domain.errors import InvalidScenario
from models.domain.made_once import each_made_once
from models.domain.series import How, changes, value_at, values
from models.domain.value import Series, Step

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOON_S = NOON.timestamp()


def steps(*pairs: tuple[float, float]) -> tuple[Step, ...]:
    """Steps at minutes after noon."""
    return tuple(Step(start=NOON + timedelta(minutes=minutes), value=value) for minutes, value in pairs)


def minutes_after_noon(*minutes: float) -> np.ndarray:
    return NOON_S + 60.0 * np.array(minutes)


@pytest.mark.parametrize("how", How)
def test_a_plain_number_holds_in_every_period(how: How) -> None:
    assert values(22.0, minutes_after_noon(0, 5, 20), how).tolist() == [22.0, 22.0]
    assert changes(22.0, NOON_S, NOON_S + 60).tolist() == []
    assert value_at(22.0, NOON) == 22.0


@pytest.mark.parametrize(
    ("how", "expected"),
    # 12:00-12:10 holds 10 for all of it; 12:10-12:30 holds 10 for 5 min, 40 for 10 min and 20 for 5 min.
    [(How.MEAN, [10.0, 27.5]), (How.LEAST, [10.0, 10.0]), (How.LARGEST, [10.0, 40.0])],
)
def test_a_period_with_several_steps_takes_their_mean_least_or_largest(how: How, expected: list[float]) -> None:
    series = steps((0, 10.0), (15, 40.0), (25, 20.0))
    assert values(series, minutes_after_noon(0, 10, 30), how).tolist() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("how", How)
def test_a_step_at_the_end_of_a_period_belongs_to_the_next_one(how: How) -> None:
    series = steps((0, 10.0), (15, 40.0))
    assert values(series, minutes_after_noon(0, 15, 30), how).tolist() == [10.0, 40.0]


@pytest.mark.parametrize("how", How)
def test_the_first_value_holds_before_and_the_last_one_after_the_steps(how: How) -> None:
    series = steps((0, 10.0), (15, 40.0))
    assert values(series, minutes_after_noon(-120, -60, 15, 600, 1200), how)[[0, 2, 3]].tolist() == [10.0, 40.0, 40.0]
    assert value_at(series, NOON - timedelta(days=1)) == 10.0
    assert value_at(series, NOON + timedelta(days=1)) == 40.0


def test_a_horizon_wholly_before_the_first_step_has_its_value() -> None:
    assert values(steps((60, 7.0), (90, 8.0)), minutes_after_noon(0, 15, 30)).tolist() == [7.0, 7.0]


def test_an_instant_belongs_to_the_step_that_begins_there() -> None:
    series = steps((0, 10.0), (15, 40.0))
    assert value_at(series, NOON + timedelta(minutes=15)) == 40.0
    assert value_at(series, NOON + timedelta(minutes=15, microseconds=-1)) == 10.0


def test_only_steps_to_another_value_strictly_inside_are_changes() -> None:
    series = steps((0, 10.0), (15, 40.0), (20, 40.0), (25, 20.0), (30, 5.0))
    assert changes(series, NOON_S, NOON_S + 30 * 60).tolist() == minutes_after_noon(15, 25).tolist()
    assert changes(series, NOON_S + 15 * 60, NOON_S + 25 * 60).tolist() == []


def test_the_first_step_is_no_change_because_its_value_held_before() -> None:
    assert changes(steps((10, 1.0), (20, 2.0)), NOON_S, NOON_S + 3600).tolist() == minutes_after_noon(20).tolist()


def test_equal_prices_have_equal_means_to_the_last_bit() -> None:
    series = steps(*((float(k), 0.0925) for k in range(0, 600, 7)))
    assert set(values(series, minutes_after_noon(*range(0, 601, 5))).tolist()) == {0.0925}


def test_a_series_without_steps_is_refused_with_the_way_out() -> None:
    with pytest.raises(InvalidScenario, match="no steps - give at least one step"):
        values((), minutes_after_noon(0, 5))
    with pytest.raises(InvalidScenario, match="no steps"):
        value_at((), NOON)


@st.composite
def stepped_series(draw: st.DrawFn) -> Series:
    minutes = draw(st.lists(st.integers(-300, 300), min_size=1, max_size=12, unique=True).map(sorted))
    return steps(*((m, draw(st.integers(-50, 50))) for m in minutes))


@settings(derandomize=True, deadline=None, max_examples=100)
@given(stepped_series(), st.lists(st.integers(-200, 200), min_size=2, max_size=8, unique=True).map(sorted))
def test_periods_say_the_same_as_looking_at_every_minute(series: Series, ends: list[int]) -> None:
    instants_s = minutes_after_noon(*ends)
    looks = [[value_at(series, NOON + timedelta(minutes=m)) for m in range(a, b)] for a, b in pairwise(ends)]
    assert values(series, instants_s, How.MEAN) == pytest.approx([np.mean(x) for x in looks], rel=1e-9, abs=1e-9)
    assert values(series, instants_s, How.LEAST).tolist() == [min(x) for x in looks]
    assert values(series, instants_s, How.LARGEST).tolist() == [max(x) for x in looks]
    every = [value_at(series, NOON + timedelta(minutes=m)) for m in range(ends[0], ends[-1])]
    changed = [ends[0] + k for k in range(1, len(every)) if every[k] != every[k - 1]]
    assert changes(series, instants_s[0], instants_s[-1]).tolist() == minutes_after_noon(*changed).tolist()


def test_a_series_is_read_once_where_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[tuple[Step, ...]] = []
    read = reading._read
    monkeypatch.setattr(reading, "_read", lambda one, *span: looked.append(one) or read(one, *span))
    prices, span = steps((0, 0.1), (5, 0.2)), minutes_after_noon(0, 10, 20)
    with each_made_once():
        first = values(prices, span)
        with each_made_once():
            assert values(prices, span).tolist() == first.tolist() == pytest.approx([0.15, 0.2])
        assert changes(prices, span[0], span[-1]).tolist() == minutes_after_noon(5).tolist()
        values(prices, span[:2])
    assert looked == [prices, prices]
    values(prices, span)
    assert len(looked) == 3


def test_nothing_of_a_series_is_kept_after_its_plan() -> None:
    prices = steps((0, 0.1), (5, 0.2))
    held_by = sys.getrefcount(prices)
    with each_made_once():
        values(prices, minutes_after_noon(0, 10))
        assert sys.getrefcount(prices) > held_by
    assert sys.getrefcount(prices) == held_by


def test_a_step_knows_its_start_as_a_number_and_neither_copies_nor_documents_change() -> None:
    (step,) = steps((5, 1.0))
    for one in (step, deepcopy(step), pickle.loads(pickle.dumps(step)), replace(step, value=2.0)):
        assert (one.start, one.start_s) == (step.start, NOON_S + 300.0)
    assert deepcopy(step) == step
    assert asdict(step) == {"start": step.start, "value": 1.0}
    assert set(TypeAdapter(Step).json_schema()["properties"]) == {"start", "value"}
    read = TypeAdapter(Step).validate_json(TypeAdapter(Step).dump_json(step))
    assert (read, read.start_s) == (step, step.start_s)
    assert isnan(Step(start=NOON.replace(tzinfo=None), value=1.0).start_s)
