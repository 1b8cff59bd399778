"""Every limit as a disc: loads add up to a phasor, and its length stays inside a radius, whichever loads stop.

A limit on power is the same without directions. All of this is exact; nothing is laid out as tangents.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

_ANGLE_DIGITS = 9
_SMALLEST = 1e-300
"""Keeps 0 / 0 away where a load stands square on a full disc: it has no room."""


def reach(load: Complexes, radius: Floats, phasor: Complexes, length: Floats) -> Floats:
    """Largest x >= 0 with |load + x phasor| + x length <= radius, elementwise; inf where nothing is added.

    The load itself is inside. The root of a x² + 2 b x - c = 0 is taken in the form that does not cancel; b² + a c is
    written out for the same reason. Without any direction, as where all limits are on power, most of it is 0.
    """
    if not (phasor.any() or load.any()):
        return straight_reach(radius, length)
    along = (load.conj() * phasor).real
    a = (abs(phasor) - length) * (abs(phasor) + length)
    b = along + radius * length
    c = np.maximum(0.0, (radius - abs(load)) * (radius + abs(load)))
    square = c * abs(phasor) ** 2 + along**2 + 2 * along * radius * length + (abs(load) * length) ** 2
    root = np.sqrt(np.maximum(0.0, square))
    with np.errstate(over="ignore"):  # what is never reached is infinitely far
        ahead = c / np.maximum(b + root, _SMALLEST)
    inward = (b < 0.0) & (a > 0.0)
    back = (root - b) / np.where(inward, a, 1.0)
    adds = (abs(phasor) > 0.0) | (length > 0.0)
    return np.where(adds, np.where(inward, back, ahead), np.inf)


def straight_reach(radius: Floats, length: Floats) -> Floats:
    """The same to the last bit where neither the load nor what is added has a direction; a fifth of the time."""
    with np.errstate(over="ignore"):
        ahead = radius * radius / np.maximum(radius * length, _SMALLEST)
    return np.where(length > 0.0, ahead, np.inf)


def least_straight_reach(radius: Floats, length: Floats) -> float:
    """The least of ``straight_reach`` over all rows, of which only those are looked at that anything is added to."""
    adds = (length > 0.0).nonzero()[0]
    left = radius[adds]
    return float((left * left / np.maximum(left * length[adds], _SMALLEST)).min(initial=np.inf))


def corners(choices: Complexes) -> list[Complexes]:
    """Picks (n,) of which one makes the longest sum, of choices (A, n): each load draws one of A phasors, or nothing.

    The longest sum takes of every load what reaches farthest in its own direction. What that is changes only where a
    direction is square to the difference of two choices, so one direction between each two of these is enough.
    """
    ends = np.concatenate([np.zeros((1, choices.shape[1])), choices])
    picks = {}
    for direction in _between(choices, apart=False):
        along = (np.exp(-1j * direction) * ends).real
        pick = ends[np.argmax(along, axis=0), np.arange(ends.shape[1])]
        picks[pick.tobytes()] = pick
    return list(picks.values())


def sums_of_few(choices: Complexes, most: int) -> Complexes:
    """Every sum (J,) that is the longest in some direction which at most ``most`` of n loads make together; 0 is one.

    Load k draws one of the phasors ``choices[:, k]`` (A, n), or nothing. In each direction the loads that reach
    farthest are taken; who these are changes only where a direction is square to the difference of two of their
    phasors, or to one of them.
    """
    kept = _largest_alike(choices[:, abs(choices).any(axis=0)], most)
    if not kept.size or most <= 0:
        return np.zeros(1, dtype=complex)
    directions = _between(kept, apart=most < kept.shape[1])
    along = (np.exp(-1j * directions)[:, None, None] * kept).real
    best = along.argmax(axis=1)
    reach_a = np.maximum(0.0, np.take_along_axis(along, best[:, None, :], axis=1)[:, 0, :])
    taken = np.argsort(-reach_a, axis=1, kind="stable")[:, :most]
    phasors = kept[best, np.arange(kept.shape[1])] * (reach_a > 0.0)
    sums = np.take_along_axis(phasors, taken, axis=1).sum(axis=1)
    return np.unique(np.round(np.append(sums, 0.0), _ANGLE_DIGITS))


def _between(choices: Complexes, *, apart: bool) -> Floats:
    """A direction inside each arc in which nothing changes; ``apart``: nor does the order of different loads."""
    ends = np.concatenate([np.zeros((1, choices.shape[1])), choices])
    if apart:
        every = np.unique(np.round(ends.ravel(), _ANGLE_DIGITS))
        differences = (every[:, None] - every[None, :]).ravel()
    else:
        differences = (ends[:, None] - ends[None, :]).ravel()
    turned = np.angle(differences[abs(differences) > 0.0]) + np.pi / 2
    square = np.unique(np.round(turned % (2 * np.pi), _ANGLE_DIGITS))
    return np.asarray((square + np.append(square[1:], square[:1] + 2 * np.pi)) / 2)


def _largest_alike(choices: Complexes, most: int) -> Complexes:
    """Of loads in the same directions only as many as can be among the worst, the largest."""
    size = abs(choices).max(axis=0, initial=0.0)
    kinds = np.round(choices / np.maximum(size, _SMALLEST), 6)
    taken: dict[bytes, int] = {}
    kept = []
    for k in np.argsort(-size, kind="stable").tolist():
        kind = (kinds[:, k] + 0.0).tobytes()
        taken[kind] = taken.get(kind, 0) + 1
        if taken[kind] <= most:
            kept.append(k)
    return choices[:, kept]
