"""One angle for each load, so that what it puts on any line is a real number: networks of acnportal have no other."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

_HAIR = 1e-6
"""Directions that differ by less are the same. [rad]"""


def with_angles(phasors: Complexes) -> tuple[Floats, Floats]:
    """Coefficients (R, N) and angles (N,) with ``|coefficients @ (e^j angle * amperes)|`` as with phasors (R, N). [rad]

    Lines may turn as a whole, which changes no length. Where no angles do that, the coefficients are sizes and all
    angles 0: then no row allows more than it should, and some allow less.
    """
    angles = _angles(phasors)
    if angles is None:
        return np.asarray(abs(phasors)), np.zeros(phasors.shape[1])
    loads, lines = angles
    return np.asarray((phasors * np.exp(-1j * (loads[None, :] + lines[:, None]))).real), loads


def _angles(phasors: Complexes) -> tuple[Floats, Floats] | None:
    """Of loads (N,) and lines (R,), so that every phasor has the sum of its two, or lies opposite. [rad]"""
    lines, loads = np.full(phasors.shape[0], np.nan), np.full(phasors.shape[1], np.nan)
    for first in range(len(lines)):
        if np.isnan(lines[first]):
            lines[first] = 0.0
            _spread(phasors, lines, loads, first)
    loads = np.nan_to_num(loads)
    off = np.sin(np.angle(phasors) - loads[None, :] - lines[:, None])
    return (loads, lines) if (abs(off[phasors != 0.0]) < _HAIR).all() else None


def _spread(phasors: Complexes, lines: Floats, loads: Floats, first: int) -> None:
    """Angles of all that hangs together with a line, from line to load and back."""
    waiting = deque([first])
    while waiting:
        line = waiting.popleft()
        for load in np.flatnonzero((phasors[line] != 0.0) & np.isnan(loads)):
            loads[load] = np.angle(phasors[line, load]) - lines[line]
            for other in np.flatnonzero((phasors[:, load] != 0.0) & np.isnan(lines)):
                lines[other] = np.angle(phasors[other, load]) - loads[load]
                waiting.append(int(other))
