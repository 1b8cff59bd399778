"""Figures as documents tell them: without the noise of a solver, and nothing that JSON does not know."""

from math import isfinite

from models.domain.schedule import Floats

DIGITS = 6
"""Milliwatts and thousandths of a cent; what is beyond is noise of the solver."""


def rounded(number: float) -> float:
    """A finite number without noise and without a negative zero."""
    return round(float(number), DIGITS) + 0.0


def finite(number: float) -> float | None:
    """The same; None for an infinity, which JSON does not know."""
    return rounded(number) if isfinite(number) else None


def finite_list(numbers: Floats) -> list[float | None]:
    """An array as JSON numbers; None for infinities. Written out: two calls for each number are most of its time."""
    return [round(number, DIGITS) + 0.0 if isfinite(number) else None for number in numbers.tolist()]
