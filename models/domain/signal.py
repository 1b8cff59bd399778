"""What a utility asks of a site: caps, demand-response events, dispatch setpoints, prices for a time.

Each has a ``kind``, by which documents tell them apart, a window, and a place where it is measured.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from models.domain.value import Series, Tagged, value


class CapRule(StrEnum):
    """Where a cap takes its number from."""

    ENWG_14A = "enwg_14a"
    """Germany, § 14a EnWG: what a number of devices may always draw; see models.domain.dimming."""


@value
class Cap:
    """A limit over a window, for the site, a node or some EVSEs; equation (13), never a price.

    It can lower what may be drawn or fed in, never raise it. Of several the least holds.
    """

    kind: Literal["cap"] = "cap"
    id: str
    start: datetime
    end: datetime
    import_limit_kw: float | None = None
    """Measured at grid. [kW]"""
    export_limit_kw: float | None = None
    """Measured at grid, as a positive number. [kW]"""
    node: str | None = None
    """None: the site connection, unless ``evses`` are named."""
    evses: tuple[str, ...] = ()
    """Devices that are capped together: they alone count, less what the site's own PV and batteries give."""
    rule: CapRule | None = None
    """In place of ``import_limit_kw``: the least that the rule leaves to so many EVSEs."""
    stagger_minutes: float = 0.0
    """After it EVSEs come back at offsets of their own, spread over so long. [min]"""
    source: str = ""
    """Who sent it."""


class Direction(StrEnum):
    REDUCE = "reduce"
    """Less import, or more export, than the baseline."""
    TURN_UP = "turn_up"
    """More import, or less export."""

    @property
    def sign(self) -> float:
        """σ of equation (12)."""
        return -1.0 if self is Direction.REDUCE else 1.0


@value
class Rebound:
    """How much may be drawn right after an event, so that what was shed does not come back at once."""

    hours: float = 1.0
    """After the end of the event. [h]"""
    limit_kw: float | None = None
    """Expected load at the measurement point of the event. [kW]"""
    above_reference_kw: float | None = None
    """In place of ``limit_kw``: so much above the load of the plan without the event. [kW]"""
    price_per_kwh: float | None = None
    """Of what is drawn above it. None: it may not be. [currency/kWh]"""


@value
class Freeze:
    """Hours in which the settlement adjusts its baseline: the load stays what it would be without the event."""

    start: datetime
    end: datetime
    price_per_kwh: float
    """Of every kWh more or less than that. [currency/kWh]"""


@value
class Event:
    """A demand-response event: load below or above a baseline is paid for, interval by interval; equation (12)."""

    kind: Literal["event"] = "event"
    id: str
    start: datetime
    end: datetime
    direction: Direction
    baseline_kw: Series
    """The settlement method's own number, fixed before any plan, at the measurement point. [kW]"""
    committed_kw: float = 0.0
    """What was promised, in every settlement interval. [kW]"""
    accepted_kw: float | None = None
    """The most that counts. None: as committed. [kW]"""
    payment_per_kwh: float = 0.0
    """Of what is delivered. [currency/kWh]"""
    penalty_per_kwh: float = 0.0
    """Of what is committed and not delivered. [currency/kWh]"""
    pays_from_share: float = 0.0
    """Share of the commitment below which an interval counts as nothing delivered."""
    settlement_min: float = 15.0
    """Length of a settlement interval, counted from the start of the event. [min]"""
    metered_kwh: float | None = None
    """Already metered in the interval in which the plan starts. None: as in the baseline. [kWh]"""
    node: str | None = None
    """None: the meter of the site connection, unless ``evses`` are named."""
    evses: tuple[str, ...] = ()
    """EVSEs with meters of their own, which count together; measured at evse."""
    rebound: Rebound | None = None
    stagger_minutes: float = 0.0
    """As in a cap. [min]"""
    freeze: Freeze | None = None
    reference_kw: Series | None = None
    """Load without the event, for ``rebound`` and ``freeze``. None: the same day is planned without it first. [kW]"""
    source: str = ""
    """Who sent it."""


@value
class Dispatch:
    """A power to follow over a window, with a price on every deviation; equation (14)."""

    kind: Literal["dispatch"] = "dispatch"
    id: str
    start: datetime
    end: datetime
    setpoint_kw: Series
    """Negative where it is to be fed in. [kW]"""
    price_above_per_kwh: float
    """Of what is drawn beyond the setpoint. [currency/kWh]"""
    price_below_per_kwh: float
    """Of what is lacking. [currency/kWh]"""
    node: str | None = None
    """None: the site connection, unless ``evses`` are named."""
    evses: tuple[str, ...] = ()
    """As in an event."""
    stagger_minutes: float = 0.0
    """As in a cap. [min]"""
    source: str = ""
    """Who sent it."""


class PriceMode(StrEnum):
    REPLACE = "replace"
    ADD = "add"


@value
class PriceEvent:
    """Other prices for a time, in place of those of the tariff or on top of them; equation (9)."""

    kind: Literal["price"] = "price"
    id: str
    start: datetime
    end: datetime
    mode: PriceMode = PriceMode.REPLACE
    import_price: Series | None = None
    """None: as in the tariff. [currency/kWh]"""
    export_price: Series | None = None
    """None: as in the tariff. [currency/kWh]"""
    source: str = ""
    """Who sent it."""


Metered = Event | Dispatch
"""Signals about a measured load."""
Signal = Annotated[Cap | Event | Dispatch | PriceEvent, Tagged("kind")]
