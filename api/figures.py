"""Figures as documents tell them: without the noise of a solver, and nothing that JSON does not know."""

from math import isfinite

import numpy as np

from models.domain.schedule import Floats

DIGITS = 6
"""Milliwatts and thousandths of a cent; what is beyond is noise of the solver."""
_SCALE = 10.0**DIGITS
_HALFWAY = 1e-5
"""In last digits: a hundred times what a product up to ``_LARGE`` is rounded by."""
_LARGE = 1e3 * _SCALE
"""Products up to here are rounded by no more than 6e-8 of a last digit."""


def rounded(number: float) -> float:
    """A finite number without noise and without a negative zero."""
    return round(float(number), DIGITS) + 0.0


def finite(number: float) -> float | None:
    """The same; None for an infinity, which JSON does not know."""
    return rounded(number) if isfinite(number) else None


def finite_list(numbers: Floats) -> list[float | None]:
    """An array as JSON numbers; None for infinities."""
    known = np.isfinite(numbers)
    if known.all():
        return [*rounded_list(numbers)]
    told = rounded_list(np.where(known, numbers, 0.0))
    return [number if told_at else None for number, told_at in zip(told, known.tolist(), strict=True)]


def rounded_list(numbers: Floats) -> list[float]:
    """Finite numbers as ``rounded`` tells each, to the last bit, in a quarter of the time.

    A whole number over a million is the float nearest to those digits. Which whole number it is, is sure but for what
    lies as good as halfway between two, and for large ones: these are rounded one by one.
    """
    scaled = numbers * _SCALE
    whole = np.rint(scaled)
    told: list[float] = (whole / _SCALE + 0.0).tolist()
    halfway = np.abs(np.abs(scaled - whole) - 0.5) < _HALFWAY
    for k in np.flatnonzero(halfway | (np.abs(scaled) > _LARGE)).tolist():
        told[k] = rounded(numbers[k])
    return told
