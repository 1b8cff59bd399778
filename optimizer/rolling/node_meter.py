"""The meter of a grid node: what it says of load that nobody here controls, and when it is not believed any more.

A meter that shows what cannot be is quarantined, and let out again once it has shown sense for a while. What is not
believed is not known, and unknown load is its configured maximum.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from models.domain.value import value

STALE = timedelta(minutes=10)
"""A reading that is older says nothing of the load now."""
FROZEN = timedelta(minutes=30)
"""A live meter does not show the same number, to the last digit, for so long ..."""
FROZEN_READINGS = 10
"""... and so often."""
MOVED_KW = 1.0
"""What the cars below draw has changed by so much, and the meter above them has not moved: it is frozen. [kW]"""
MOVED_READINGS = 3
SLACK_KW = 0.5
"""Meters are read a few seconds apart, and are off by a per cent or two. [kW]"""
SLACK_SHARE = 0.05
BEYOND_RATING = 1.5
"""A fuse that is loaded so far has blown: whoever shows more is in another unit."""
SANE_AGAIN = 3
"""Readings in a row after which a quarantine ends."""
MOST_READINGS = 90


class MeterFlaw(StrEnum):
    """Why a meter is not believed."""

    FROZEN = "frozen"
    SIGN_FLIPPED = "sign_flipped"
    """It shows as fed in what is drawn."""
    IMPOSSIBLE = "impossible"
    """More than the node can carry, or less than the cars below it draw."""


@value
class NodeReading:
    """What the meter showed, and what was known then of the cars below."""

    at: datetime
    total_kw: float
    """Of all that hangs below; negative where it is fed in. [kW]"""
    cars_kw: float | None = None
    """Of that, what cars drew at grid; None: not all of them were measured. [kW]"""
    generation_kw: float = 0.0
    """What PV below was expected to feed in. [kW]"""
    other_kw: float = 0.0
    """What loads at nodes below were expected to draw. [kW]"""

    @property
    def base_kw(self) -> float | None:
        """Load of the node itself that nobody here controls; None where cars cannot be told from it. [kW]"""
        if self.cars_kw is None:
            return None
        return self.total_kw - self.cars_kw - self.other_kw + self.generation_kw


@value
class Bounds:
    """What a meter can show."""

    most_kw: float | None = None
    """What the node is rated for; None: unknown. [kW]"""
    generation_kw: float = 0.0
    """The most that PV and cars below can feed in. [kW]"""


@value
class NodeMeter:
    """What is known of one meter."""

    readings: tuple[NodeReading, ...] = ()
    """The last ones, oldest first."""
    flaw: MeterFlaw | None = None
    since: datetime | None = None
    sane: int = 0
    """Readings in a row without a flaw, while it is in quarantine."""
    highest_kw: float = 0.0
    """Base load that it has shown so far at most. [kW]"""

    @property
    def last(self) -> NodeReading | None:
        return self.readings[-1] if self.readings else None


def read(meter: NodeMeter, seen: NodeReading, bounds: Bounds) -> NodeMeter:
    """The meter after a reading; one that is not newer than the last changes nothing."""
    if meter.last is not None and seen.at <= meter.last.at:
        return meter
    meter = replace(meter, readings=(*meter.readings, seen)[-MOST_READINGS:])
    flaw = _flaw(meter.readings, bounds)
    if flaw is not None:
        since = meter.since if meter.flaw is flaw else seen.at
        return replace(meter, flaw=flaw, since=since, sane=0)
    if meter.flaw is not None and meter.sane + 1 < SANE_AGAIN:
        return replace(meter, sane=meter.sane + 1)
    base_kw = seen.base_kw
    highest_kw = meter.highest_kw if base_kw is None else max(meter.highest_kw, base_kw)
    return replace(meter, flaw=None, since=None, sane=0, highest_kw=highest_kw)


def base_now(meter: NodeMeter, now: datetime) -> float | None:
    """The load that nobody controls, by a fresh reading that is believed; None where it is not known. [kW]"""
    if meter.flaw is not None or meter.last is None or is_stale(meter, now):
        return None
    return meter.last.base_kw


def is_stale(meter: NodeMeter, now: datetime) -> bool:
    return meter.last is None or now - meter.last.at > STALE


def _flaw(readings: tuple[NodeReading, ...], bounds: Bounds) -> MeterFlaw | None:
    seen = readings[-1]
    if bounds.most_kw is not None and abs(seen.total_kw) > BEYOND_RATING * bounds.most_kw:
        return MeterFlaw.IMPOSSIBLE
    slack_kw = SLACK_KW + SLACK_SHARE * abs(seen.cars_kw or 0.0)
    drawn_kw = seen.total_kw - (seen.cars_kw or 0.0) + bounds.generation_kw
    if drawn_kw < -slack_kw:
        return MeterFlaw.SIGN_FLIPPED if seen.total_kw < 0.0 else MeterFlaw.IMPOSSIBLE
    return MeterFlaw.FROZEN if _is_frozen(readings) else None


def _is_frozen(readings: tuple[NodeReading, ...]) -> bool:
    """The same number for long, or while the cars below changed what they draw."""
    last = readings[-1]
    same = []
    for one in reversed(readings):
        if one.total_kw != last.total_kw:
            break
        same.append(one)
    cars = [one.cars_kw for one in same if one.cars_kw is not None]
    if len(same) >= MOVED_READINGS and cars and max(cars) - min(cars) > MOVED_KW:
        return True
    return len(same) >= FROZEN_READINGS and last.at - same[-1].at >= FROZEN
