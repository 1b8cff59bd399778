"""Quantities that change at instants, taken over the periods of a plan.

Instants are seconds since 1970 in UTC, as float64 arrays; T periods lie between T + 1 strictly ascending instants,
each half-open. Before the first step of a series its first value holds; validation reports such gaps.
"""

from bisect import bisect_left, bisect_right
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from operator import attrgetter

import numpy as np

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.made_once import made_once
from models.domain.schedule import Floats
from models.domain.times import instant
from models.domain.value import Series, Step

UNLIMITED = 1e9
"""In a series that has to have a number where nothing is limited. [kW or A]"""


class How(StrEnum):
    """What one period takes of a quantity that changes inside it."""

    MEAN = "mean"
    """Weighted by time: prices, expected load."""
    LEAST = "least"
    """Limits, and what is generated for certain."""
    LARGEST = "largest"
    """High load."""


_START_S = attrgetter("start_s")
_Reading = tuple[Floats, Floats]
"""Starts of steps, and their values. [s]"""
_EXTENT = (How.LEAST, How.MEAN, How.LARGEST)


def values(series: Series, instants_s: Floats, how: How = How.MEAN) -> Floats:
    """One value for each period (T,), of instants (T + 1,); raises InvalidScenario for a series without steps."""
    if not isinstance(series, tuple):
        return _always(float(series), len(instants_s) - 1)
    starts_s, step_values = _steps_within(series, float(instants_s[0]), float(instants_s[-1]))
    return over_periods(starts_s, step_values, instants_s, how)


def extent(series: Series, instants_s: Floats) -> tuple[Floats, Floats, Floats]:
    """The least, the mean and the largest of each period, as ``values`` gives them; (T,) each, perhaps one array."""
    if not isinstance(series, tuple):
        always = values(series, instants_s)
        return always, always, always
    starts_s, step_values = _steps_within(series, float(instants_s[0]), float(instants_s[-1]))
    if _a_step_a_period(starts_s, instants_s):
        return step_values, step_values, step_values
    least, mean, largest = (over_periods(starts_s, step_values, instants_s, how) for how in _EXTENT)
    return least, mean, largest


@lru_cache(maxsize=256)
def _always(number: float, count: int) -> Floats:
    """Made once for each number and size, for most quantities never change; nobody may change it."""
    everywhere = np.full(count, number)
    everywhere.flags.writeable = False
    return everywhere


def has_a_step_a_period(steps: tuple[Step, ...], instants_s: Floats) -> bool:
    """As most prices and forecasts are told: nothing changes inside a period, and nothing is to be weighted."""
    return _a_step_a_period(_steps_within(steps, float(instants_s[0]), float(instants_s[-1]))[0], instants_s)


def steps_of(instants_s: Floats, numbers: Floats) -> tuple[Step, ...]:
    """A series of one value for each period (T,), of instants (T + 1,)."""
    return tuple(
        Step(start=instant(start), value=number)
        for start, number in zip(instants_s.tolist(), numbers.tolist(), strict=False)
    )


def changes(series: Series, start_s: float, end_s: float) -> Floats:
    """Instants strictly between start and end at which the value becomes another one, ascending."""
    if not isinstance(series, tuple):
        return np.empty(0)
    starts_s, step_values = _steps_within(series, start_s, end_s)
    return changed_at(starts_s, step_values)


def value_at(series: Series, instant: datetime) -> float:
    """The value at one instant."""
    if not isinstance(series, tuple):
        return float(series)
    _refuse_no_steps(series)
    begun = bisect_right(series, instant, key=lambda step: step.start)
    return series[max(begun - 1, 0)].value


def highest(series: Series) -> float:
    """The highest value that it ever has."""
    return max(step.value for step in series) if isinstance(series, tuple) else float(series)


def changed_at(starts_s: Floats, step_values: Floats) -> Floats:
    """Starts of the steps, but for the first one, that bring another value."""
    return np.asarray(starts_s[1:][step_values[1:] != step_values[:-1]])


def over_periods(starts_s: Floats, step_values: Floats, instants_s: Floats, how: How) -> Floats:
    """The same for steps as arrays: step k holds from ``starts_s[k]`` to ``starts_s[k + 1]``, the last one on."""
    if _a_step_a_period(starts_s, instants_s):
        return step_values.copy()
    first = np.maximum(np.searchsorted(starts_s, instants_s[:-1], side="right") - 1, 0)
    last = np.maximum(np.searchsorted(starts_s, instants_s[1:], side="left") - 1, first)
    # reduceat takes [from, to) at every other place; one more value lets the last run end at the end.
    runs, padded = np.column_stack((first, last + 1)).ravel(), np.append(step_values, step_values[-1])
    if how is How.LEAST:
        return np.minimum.reduceat(padded, runs)[::2]
    largest: Floats = np.maximum.reduceat(padded, runs)[::2]
    if how is How.LARGEST:
        return largest
    # Clipped, so that periods of one price have one price to the last bit: rounding must not rank them.
    least = np.minimum.reduceat(padded, runs)[::2]
    return np.clip(_mean(starts_s, step_values, instants_s), least, largest)


def _a_step_a_period(starts_s: Floats, instants_s: Floats) -> bool:
    return same(starts_s, instants_s[:-1])


def same(some: Floats, others: Floats) -> bool:
    """Whether these are as many and the same numbers; as np.array_equal in a tenth of its time, if they are few."""
    return len(some) == len(others) and some.tobytes() == others.tobytes()


def _mean(starts_s: Floats, step_values: Floats, instants_s: Floats) -> Floats:
    """Difference of the integral between neighbouring instants, over their distance."""
    integral_at_start = np.append(0.0, np.cumsum(step_values[:-1] * np.diff(starts_s)))
    step = np.maximum(np.searchsorted(starts_s, instants_s, side="right") - 1, 0)
    integral = integral_at_start[step] + (instants_s - starts_s[step]) * step_values[step]
    return np.diff(integral) / np.diff(instants_s)


def _steps_within(steps: tuple[Step, ...], start_s: float, end_s: float) -> _Reading:
    """The step that holds at start and those that begin before end: a year of prices costs only the plan's share."""
    return made_once(_read, steps, start_s, end_s)


def _read(steps: tuple[Step, ...], start_s: float, end_s: float) -> _Reading:
    _refuse_no_steps(steps)
    within = steps
    if steps[0].start_s < start_s or steps[-1].start_s >= end_s:
        first = max(bisect_right(steps, start_s, key=_START_S) - 1, 0)
        within = steps[first : max(bisect_left(steps, end_s, key=_START_S), first + 1)]
    starts_s = np.array([step.start_s for step in within])
    step_values = np.array([step.value for step in within], dtype=np.float64)
    starts_s.flags.writeable = step_values.flags.writeable = False
    return starts_s, step_values


def _refuse_no_steps(steps: tuple[Step, ...]) -> None:
    if not steps:
        remedy = "give at least one step with start and value, or one number for always"
        raise InvalidScenario([Finding(path="", message="a series has no steps", remedy=remedy)])
