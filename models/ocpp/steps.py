"""Limits over time as steps: on whole seconds, without equal neighbours, and no more of them than a station takes.

Whatever happens to steps here, at no instant does the limit rise above the one that was planned, or more be given back.
"""

from itertools import groupby, pairwise
from math import ceil, floor, inf

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Step = tuple[int, int]
"""Start [s] and limit [tenths of the unit], below 0 a setpoint to give back; it holds until the next step, the last one
for ever."""

_FORBIDDEN = np.iinfo(np.int64).max // 4
"""Loss of what must not be merged; far above any loss, and two of them still fit into an int64."""


def whole_second_steps(starts_s: list[float], tenths: list[int]) -> tuple[Step, ...]:
    """Steps on whole seconds from starts that never decrease; each second gets the lowest limit it touches.

    Of several steps that start together the last one counts.
    """
    starts = np.asarray(starts_s)
    seconds = sorted({floor(s) for s in starts_s} | {ceil(s) for s in starts_s})
    steps = []
    for second, end in pairwise([*seconds, inf]):
        first = int(np.searchsorted(starts, second, side="right")) - 1
        last = int(np.searchsorted(starts, end, side="left"))
        steps.append((int(second), nearest_zero(tenths[first:last])))
    return merged(steps)


def nearest_zero(tenths: list[int]) -> int:
    """The lowest limit, or what gives back least; 0 of both."""
    low, high = min(tenths), max(tenths)
    return low if low >= 0 else min(0, high)


def merged(steps: list[Step]) -> tuple[Step, ...]:
    """Equal neighbours as one step."""
    return tuple(next(equal) for _, equal in groupby(steps, key=lambda step: step[1]))


def lowest_ahead(steps: tuple[Step, ...], delay_s: int, most: int) -> tuple[Step, ...]:
    """At each instant the lowest limit of the time from it to ``delay_s`` later: whoever follows it late by no more
    than that is never above ``steps``."""
    starts = sorted({max(steps[0][0], start - ahead_s) for start, _ in steps for ahead_s in (0, delay_s)})
    ends = [*(start for start, _ in steps[1:]), inf]
    spans = [(begin, end, tenths) for (begin, tenths), end in zip(steps, ends, strict=True)]
    lowest = [
        (at, nearest_zero([tenths for begin, end, tenths in spans if begin <= at + delay_s and end > at]))
        for at in starts
    ]
    return capped(merged(lowest), most)


def later_raise(steps: tuple[Step, ...], edge_s: int, offset_s: int) -> tuple[Step, ...]:
    """Up to ``offset_s`` after an edge no step above the one that held just before it; nothing else changes."""
    before = [tenths for start, tenths in steps if start < edge_s]
    if not before or offset_s <= 0:
        return steps
    held, end_s = before[-1], edge_s + offset_s
    starts = sorted({*(start for start, _ in steps), edge_s, end_s})
    found = []
    for start in starts:
        tenths = [value for begin, value in steps if begin <= start][-1]
        found.append((start, min(tenths, max(0, held)) if edge_s <= start < end_s else tenths))
    return merged(found)


def capped(steps: tuple[Step, ...], most: int) -> tuple[Step, ...]:
    """At most ``most`` steps: neighbours merged at the lower limit, so that the least energy is lost.

    Where that is needed nothing is given back: setpoints below 0 become limits of 0 first. Of equal losses the far
    ones are taken, because the next plan comes before them. The last step has no end and keeps its limit, unless one
    step is all there may be.
    """
    if len(steps) > most:
        steps = merged([(start_s, max(0, tenths)) for start_s, tenths in steps])
    if len(steps) <= most:
        return steps
    if most <= 1:
        return ((steps[0][0], min(tenths for _, tenths in steps)),)
    bounds = _least_loss_groups(_merge_losses(steps), most)
    return merged([(steps[i][0], min(tenths for _, tenths in steps[i:j])) for i, j in pairwise(bounds)])


def _merge_losses(steps: tuple[Step, ...]) -> Integers:
    """Loss of merging steps i to j (both included), in tenths of the unit times seconds; forbidden for j < i."""
    starts, tenths = np.array(steps, dtype=np.int64).T
    lengths = np.append(np.diff(starts), 0)
    ends_s, sums = np.cumsum(lengths), np.cumsum(lengths * tenths)
    losses = np.full((len(steps), len(steps)), _FORBIDDEN, dtype=np.int64)
    for i in range(len(steps)):
        lowest = np.minimum.accumulate(tenths[i:])
        before_s, before = ends_s[i] - lengths[i], sums[i] - lengths[i] * tenths[i]
        losses[i, i:] = sums[i:] - before - lowest * (ends_s[i:] - before_s)
        if lowest[-1] < tenths[-1]:
            losses[i, -1] = _FORBIDDEN
    return losses


def _least_loss_groups(losses: Integers, groups: int) -> list[int]:
    """Bounds of the consecutive groups of least total loss, by dynamic programming from the end.

    The first minimum is taken, so near groups are as short as a least loss allows.
    """
    count = len(losses)
    rest = np.append(np.full(count, _FORBIDDEN, dtype=np.int64), 0)
    choices = []
    for _ in range(groups):
        totals = np.minimum(losses + rest[1:], _FORBIDDEN)
        choices.append(np.argmin(totals, axis=1))
        rest = np.append(np.min(totals, axis=1), _FORBIDDEN)
    bounds = [0]
    for choice in reversed(choices):
        bounds.append(int(choice[bounds[-1]]) + 1)
    return bounds
