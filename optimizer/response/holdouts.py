"""Hold-outs: some units are left out of an event by lot, and what the event did is the difference of differences.

A unit is whatever is drawn: an EVSE, a site, a driver. The lot is a hash of seed and unit, so that anybody can draw it
again, and adding a unit changes nobody else's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import sqrt

import numpy as np

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.schedule import Floats

LEAST = 2
"""Units on each side with which a spread can be told."""
NORMAL_95 = 1.959963984540054
"""Quantile of the normal distribution that leaves 5 % outside on both sides together."""


def held_out(units: Sequence[str], share: float, seed: int) -> tuple[str, ...]:
    """Those that an event leaves alone, each with the chance ``share``, in the order given."""
    return tuple(unit for unit in units if _lot(unit, seed) < share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What an event did to a unit on average. [kW]"""

    estimate_kw: float
    """Below 0 where it drew less."""
    standard_error_kw: float
    treated: int
    held_out: int

    @property
    def interval_kw(self) -> tuple[float, float]:
        """95 %, by the normal distribution."""
        reach = NORMAL_95 * self.standard_error_kw
        return self.estimate_kw - reach, self.estimate_kw + reach


def difference_in_differences(
    before_kw: Mapping[str, float], during_kw: Mapping[str, float], held_out: Sequence[str]
) -> Effect:
    """(during - before) of the units that took part, less the same of those that were held out.

    Means by unit, of the same hours of like days and of the event. The error is that of two samples of unequal spread
    (Welch). Raises InvalidScenario with fewer than two units on a side.
    """
    units = [unit for unit in before_kw if unit in during_kw]
    changes = {unit: during_kw[unit] - before_kw[unit] for unit in units}
    apart = set(held_out)
    treated = np.array([change for unit, change in changes.items() if unit not in apart])
    control = np.array([change for unit, change in changes.items() if unit in apart])
    _refuse_too_few(treated, control)
    return Effect(
        estimate_kw=float(treated.mean() - control.mean()),
        standard_error_kw=sqrt(_variance_of_mean(treated) + _variance_of_mean(control)),
        treated=len(treated),
        held_out=len(control),
    )


def _lot(unit: str, seed: int) -> float:
    """From 0 to 1."""
    digest = sha256(f"{seed}|{unit}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2.0**64


def _variance_of_mean(values: Floats) -> float:
    return float(values.var(ddof=1)) / len(values)


def _refuse_too_few(treated: Floats, control: Floats) -> None:
    if min(len(treated), len(control)) < LEAST:
        message = f"{len(treated)} units took part and {len(control)} were held out"
        remedy = f"measure at least {LEAST} on each side, or hold out a larger share"
        raise InvalidScenario([Finding(path="held_out", message=message, remedy=remedy)])
