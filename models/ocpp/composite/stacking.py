"""Of several profiles of one purpose, the one that counts at an instant: the valid one of the highest stack level."""

from collections.abc import Iterable
from typing import NamedTuple

from models.domain.site import RateUnit
from models.ocpp.composite.coverage import period_at, valid
from models.ocpp.composite.neutral import InstalledPeriod, InstalledProfile, Precedence, Question


class Holding(NamedTuple):
    """A period that holds, and the unit of its numbers."""

    period: InstalledPeriod
    unit: RateUnit


def highest(
    profiles: Iterable[InstalledProfile],
    at_s: float,
    question: Question,
    charging_since_s: float | None,
    precedence: Precedence,
) -> Holding | None:
    """What these profiles, all of one purpose, say at an instant; None where they say nothing.

    When validity decides, a schedule that has ended hides the levels below it.
    """
    for profile in sorted(profiles, key=lambda one: -one.stack_level):
        if valid(profile, at_s, question):
            period = period_at(profile, at_s, charging_since_s)
            if period is not None:
                return Holding(period, profile.unit)
            if precedence is Precedence.VALIDITY:
                return None
    return None
