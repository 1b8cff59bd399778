"""One reason, and how its times and energies are worded."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from enum import StrEnum
from functools import lru_cache

NOTICEABLE_KWH = 0.05
"""Less is not worth a sentence. [kWh]"""


class ReasonCode(StrEnum):
    STAY_TOO_SHORT = "stay_too_short"
    """Even full power from arrival to departure is not enough."""
    LIMIT = "limit"
    """A node, a line or a power cabinet is full while the session charges below its maximum."""
    NOT_WORTH_IT = "not_worth_it"
    """Energy costs more than the target is worth to the owner of the site."""
    NOT_OPTIMAL = "not_optimal"
    """There was room at a fair price, and a plan that is no optimum left it unused."""
    SIGNAL = "signal"
    """Without the signal, the session would get more while it lasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why one session gets less, or gets it later."""

    session_id: str
    code: ReasonCode
    cause: str
    """Id of what stands in the way: a node, a signal, a tier; ``stay``, or the method of a plan that is no optimum."""
    start: datetime
    end: datetime
    kwh: float
    """What it gets less: for ``signal`` while that lasts, else at departure; at evse. [kWh]"""
    message: str
    """Times are local to the site."""


def from_to(start: datetime, end: datetime, zone: tzinfo) -> str:
    """``from 17:00 to 19:00``; the date where it is another day."""
    day, begins, _ = _local(start, zone)
    return f"from {begins} to {_clock(end, day, zone)}"


def clock(instant: datetime, day_of: datetime, zone: tzinfo) -> str:
    """``17:00``; on another local day than ``day_of``, ``2026-03-03 07:00``."""
    return _clock(instant, _local(day_of, zone)[0], zone)


def _clock(instant: datetime, day: date, zone: tzinfo) -> str:
    own, time, with_date = _local(instant, zone)
    return time if own == day else with_date


def _local(instant: datetime, zone: tzinfo) -> tuple[date, str, str]:
    """The local day, the time, and the time with its date."""
    # In UTC, for a zone's two half past two of one night are equal, and have one hash.
    return _told(instant.astimezone(UTC), zone)


@lru_cache(maxsize=1024)
def _told(instant: datetime, zone: tzinfo) -> tuple[date, str, str]:
    """The same few instants are told again and again."""
    local = instant.astimezone(zone)
    return local.date(), f"{local:%H:%M}", f"{local:%Y-%m-%d %H:%M}"


def kwh_text(energy_kwh: float) -> str:
    """``6.2 kWh``; two digits where one would say nothing."""
    return f"{energy_kwh:.1f} kWh" if energy_kwh >= 0.95 else f"{energy_kwh:.2f} kWh"
