"""Why a session's setpoint is what it is over a stretch of time, and how that is worded."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

CENT = 0.005
"""Worth less is told as nothing. [currency]"""


class HeldBy(StrEnum):
    """What keeps a setpoint from being higher."""

    LIMIT = "limit"
    """A node, a line, a cabinet or a signal: no room, and the session would use it."""
    MINIMUM_CURRENT = "minimum_current"
    """There is room, but less than the next current that the EVSE can offer."""
    MAXIMUM = "maximum"
    """The most that EVSE, connector and vehicle can do."""
    UNREACHABLE = "unreachable"
    """Its EVSE cannot be reached: what it was seen to do is all that can be planned, whatever there is room for."""
    TAPER = "taper"
    """The charging curve of the vehicle: its battery takes no more at this state of charge."""
    PEAK = "peak"
    """More would raise a peak that is charged for."""
    EVENT = "event"
    """More would cost what a signal pays or fines."""
    CONTRACT = "contract"
    """More would exceed a contract, which has a price."""
    PRICE = "price"
    """Its energy is cheaper at other times."""
    VALUE = "value"
    """Energy costs more than the target of its tier is worth."""
    DONE = "done"
    """All that it wants comes at other times as cheaply, or has come."""
    RULE = "rule"
    """A plan that is no optimum gives no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One stretch of time with one reason."""

    session_id: str
    start: datetime
    end: datetime
    low_kw: float
    high_kw: float
    """Least and highest setpoint within. [kW at evse]"""
    by: HeldBy
    causes: tuple[str, ...]
    """Ids: nodes, ``node/line``, cabinets, signals (caps, events after which load is limited, what pays or fines),
    demand windows, sides of contracts (``transport:import``); ``evse``, ``vehicle`` or ``connector``; a tier."""
    worth: float
    """What one more kW of the causes, all of them and throughout, would save at most. [currency]"""
    message: str
    """Times are local to the site."""


def worth_text(worth: float, currency: str, *, nothing: str) -> str:
    """``one more kW there is worth up to 0.42 EUR``"""
    if worth < CENT:
        return nothing
    return f"one more kW there is worth up to {worth:.2f} {currency}"
