"""Amounts in cents whose parts add up to their sum."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

from models.domain.schedule import Floats

CENT = Decimal("0.01")
DIGITS = 9
"""Of a currency: what is behind them is rounding of binary numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """A sum, rounded once, half up, and its parts, which add up to it."""

    total: Decimal
    parts: tuple[Decimal, ...]


def amounts(exact: Floats | Sequence[float]) -> Amounts:
    """Rounded to cents: the sum of what is exact is rounded, and the cents that parts lack go to the largest rests."""
    values = [Decimal(repr(round(float(one), DIGITS))) for one in exact]
    total = sum(values, Decimal(0)).quantize(CENT, ROUND_HALF_UP)
    parts = [one.quantize(CENT, ROUND_FLOOR) for one in values]
    lacking = int((total - sum(parts, Decimal(0))) / CENT)
    by_rest = sorted(range(len(parts)), key=lambda k: (-(values[k] - parts[k]), k))
    for k in by_rest[:lacking]:
        parts[k] += CENT
    return Amounts(total=total, parts=tuple(parts))
