"""Readings at any instants become means of regular intervals, and say how far they can be believed."""

import numpy as np
import pytest

from models.settlement.load import Quality
from models.settlement.readings import Grid, Readings, series_of

QUARTERS = Grid(start_s=0.0, step_s=900.0, count=4)
OK, ESTIMATED, MISSING = Quality.OK, Quality.ESTIMATED, Quality.MISSING


def read(*told: tuple[float, float | None, float | None]) -> Readings:
    columns = (np.array([np.nan if one is None else one for one in column]) for column in zip(*told, strict=True))
    at_s, power_kw, register_kwh = columns
    return Readings(at_s=at_s, power_kw=power_kw, register_kwh=register_kwh)


def test_a_power_holds_until_the_next_reading() -> None:
    load = series_of("m", read((0, 4.0, None), (450, 8.0, None), (900, 2.0, None), (1800, 0.0, None)), QUARTERS)

    assert load.power_kw[:2].tolist() == [6.0, 2.0]
    assert np.isnan(load.power_kw[2:]).all()
    assert load.quality == (OK, OK, MISSING, MISSING)


def test_a_register_tells_the_mean_whatever_the_power_was_just_then() -> None:
    load = series_of("m", read((0, 99.0, 100.0), (900, 99.0, 101.0), (1800, 0.0, 101.5)), QUARTERS)

    assert load.power_kw[:2].tolist() == [4.0, 2.0]


def test_a_register_that_falls_is_a_new_one_and_the_power_counts() -> None:
    assert series_of("m", read((0, 5.0, 100.0), (900, 3.0, 2.0)), QUARTERS).power_kw[0] == 5.0
    assert np.isnan(series_of("m", read((0, None, 100.0), (900, None, 2.0)), QUARTERS).power_kw[0])


def test_between_readings_half_an_hour_apart_there_is_an_estimate_and_over_an_hour_nothing() -> None:
    load = series_of("m", read((0, 4.0, None), (1800, 4.0, None)), QUARTERS)
    assert load.quality == (ESTIMATED, ESTIMATED, MISSING, MISSING)

    far = Grid(start_s=0.0, step_s=900.0, count=6)
    assert set(series_of("m", read((0, 4.0, 0.0), (5000, 4.0, 9.0)), far).quality) == {MISSING}


def test_spans_without_a_car_need_no_readings() -> None:
    load = series_of("m", read((1800, 6.0, None), (2700, 0.0, None)), QUARTERS, idle=[(0.0, 1800.0), (2700.0, 3600.0)])

    assert load.power_kw.tolist() == [0.0, 0.0, 6.0, 0.0]
    assert load.quality == (OK,) * 4


def test_a_car_that_was_read_only_after_it_came_drew_as_much_before_as_an_estimate() -> None:
    """It came at 600 s and was read at 750 s; what an EVSE without a car reads does not count."""
    told = read((300, 77.0, None), (750, 6.0, None), (1800, 6.0, None))
    load = series_of("m", told, QUARTERS, idle=[(0.0, 600.0), (1800.0, 3600.0)])

    assert load.power_kw.tolist() == pytest.approx([2.0, 6.0, 0.0, 0.0])
    assert load.quality == (ESTIMATED, ESTIMATED, OK, OK)


def test_without_readings_nothing_is_known() -> None:
    nothing = np.zeros(0)
    load = series_of("m", Readings(at_s=nothing, power_kw=nothing, register_kwh=nothing), QUARTERS)

    assert load.quality == (MISSING,) * 4


def test_readings_in_any_order_and_outside_of_the_grid_tell_the_same() -> None:
    in_order = ((-450, 2.0, None), (450, 4.0, None), (1350, 6.0, None))
    load = series_of("m", read(*in_order[::-1]), Grid(start_s=0.0, step_s=900.0, count=1))

    assert load.power_kw.tolist() == pytest.approx([3.0])
