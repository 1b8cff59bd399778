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
    written out for the same reason.
    """
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


def corners(choices: Complexes) -> list[Complexes]:
    """Picks (n,) of which one makes the longest sum, of choices (A, n): each load draws one of A phasors, or nothing.

    The longest sum takes of every load what reaches farthest in its own direction. What that is changes only where a
    direction is square to the difference of two choices, so one direction between each two of these is enough.
    """
    ends = np.concatenate([np.zeros((1, choices.shape[1])), choices])
    differences = (ends[:, None] - ends[None, :]).ravel()
    turned = np.angle(differences[abs(differences) > 0.0]) + np.pi / 2
    square = np.unique(np.round(turned % (2 * np.pi), _ANGLE_DIGITS))
    between = (square + np.append(square[1:], square[:1] + 2 * np.pi)) / 2
    picks = {}
    for direction in between:
        along = (np.exp(-1j * direction) * ends).real
        pick = ends[np.argmax(along, axis=0), np.arange(ends.shape[1])]
        picks[pick.tobytes()] = pick
    return list(picks.values())
