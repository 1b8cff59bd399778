"""What habits say of one session: when it may leave, given how long it has stayed, and what it may want."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from models.domain.habits import Floats
from models.domain.session import WantedPart
from models.domain.times import instant, seconds
from models.domain.units import hours_from_seconds, seconds_from_hours, seconds_from_minutes
from models.domain.value import Step
from models.learning.curves import Curve, Curves
from models.learning.learn import day_and_hour

STEP_MIN = 15.0
"""Between the times of which a chance is told: full quarters, as most periods of plans. [min]"""
AHEAD_H = 24.0
"""Beyond that nobody waits for a driver who told nothing. [h]"""
GONE = 0.01
"""With less chance than this a session is taken to have left."""
OVERSTAY_H = 1.0
"""Who has stayed longer than anybody before is expected to stay so much longer. [h]"""
LEVELS = (1.0, 0.75, 0.5, 0.25, 0.1)
"""Chances between which the parts of what a driver may want lie; beyond the last one nothing is planned."""
NOBODY = 1e-9
"""A share of sessions that is none, and an energy that is none. [1, kWh]"""


def curves_for(curves: Curves, arrival: datetime, zone: ZoneInfo, group: str | None) -> tuple[Curve, Curve]:
    """Of stays and of energies, for a session that began at a time."""
    return curves.of(*day_and_hour(arrival, zone), group)


def still_there(curve: Curve, arrival: datetime, since: datetime) -> tuple[Step, ...]:
    """Chance to be plugged in from ``since`` on, where it is; a mean over each quarter of an hour, until it is gone."""
    since_s = max(seconds(since), seconds(arrival))
    edges_s, stayed_h = quarters_s(since_s), hours_from_seconds(since_s - seconds(arrival))
    if float(curve.at(stayed_h)) < NOBODY:
        return Step(start=instant(since_s), value=1.0), Step(
            start=instant(since_s + seconds_from_hours(OVERSTAY_H)), value=0.0
        )
    chances = step_chances(curve, hours_from_seconds(1.0) * (edges_s - seconds(arrival)))
    last = int(np.argmax(chances <= GONE)) if (chances <= GONE).any() else len(chances)
    steps = [Step(start=instant(s), value=float(c)) for s, c in zip(edges_s[:last], chances[:last], strict=True)]
    return (*steps, Step(start=instant(float(edges_s[last])), value=0.0))


def quarters_s(since_s: float) -> Floats:
    """An instant and the full quarters of hours after it, for a day. [s]"""
    step_s = seconds_from_minutes(STEP_MIN)
    first_s = (np.floor(since_s / step_s) + 1) * step_s
    return np.concatenate([[since_s], first_s + np.arange(0.0, seconds_from_hours(AHEAD_H), step_s)])


def step_chances(curve: Curve, stayed_h: Floats) -> Floats:
    """Mean chance to be there between neighbouring stays, of who is there after the first of them."""
    share = curve.at(stayed_h)
    given = share / max(float(share[0]), NOBODY)
    return np.asarray((given[:-1] + given[1:]) / 2.0)


def still_wants(curve: Curve, delivered_kwh: float) -> tuple[tuple[float, float], ...]:
    """(up to, chance) of parts of what a driver may want in all, who has had so much already. [kWh]"""
    left = max(float(curve.at(delivered_kwh)), NOBODY)
    ends = np.maximum(delivered_kwh, curve.amount(left * np.array(LEVELS[1:])))
    chances = (np.array(LEVELS[:-1]) + np.array(LEVELS[1:])) / 2.0
    return tuple(zip(ends.tolist(), chances.tolist(), strict=True))


def parts(ends: Sequence[tuple[float, float]], least_kwh: float) -> tuple[WantedPart, ...]:
    """The same as parts of a session, none without width, the last one at least to what is promised."""
    found: list[WantedPart] = []
    for up_to_kwh, chance in ends:
        if up_to_kwh > (found[-1].up_to_kwh if found else 0.0):
            found.append(WantedPart(up_to_kwh=up_to_kwh, chance=chance))
    if not found or found[-1].up_to_kwh < least_kwh:
        chance = found.pop().chance if found else LEVELS[-1]
        found.append(WantedPart(up_to_kwh=max(least_kwh, NOBODY), chance=chance))
    return tuple(found)


def likely_end(steps: Sequence[Step]) -> datetime:
    """When as many have left as are still there."""
    return next((step.start for step in steps if step.value <= 0.5), steps[-1].start)
