"""Amounts to the cent whose sums are right to the cent as well."""

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal

CENT = Decimal("0.01")


def to_cents(amounts: Iterable[float]) -> list[Decimal]:
    """Each is within a cent of its amount, and all of them together are the rounded sum.

    What rounding left over is carried to the next one: each is the difference of two rounded running sums.
    """
    told, running, before = [], 0.0, Decimal(0)
    for amount in amounts:
        running += amount
        until = cents(running)
        told.append(until - before)
        before = until
    return told


def cents(amount: float) -> Decimal:
    """One amount to the cent; never a negative zero."""
    return Decimal(repr(round(amount, 8))).quantize(CENT, ROUND_HALF_EVEN) + Decimal(0)
