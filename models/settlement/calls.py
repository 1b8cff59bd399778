"""Events as they were called, and the terms by which a programme pays for them."""

from datetime import date, datetime

from models.domain.signal import Direction
from models.domain.value import Series, value


@value
class SettlementRule:
    """Terms of payment of a programme: what counts, what is paid and what is taken."""

    programme: str
    baseline: str
    """Name of a method, as ``chargewright settle methods`` lists them."""
    currency: str
    settlement_min: float = 60.0
    """Length of a settlement interval, counted from the start of an event. [min]"""
    payment_per_kwh: float = 0.0
    """Of what is delivered, up to what is accepted. [currency/kWh]"""
    penalty_per_kwh: float = 0.0
    """Of what was committed and not delivered. [currency/kWh]"""
    capacity_per_kw_month: float = 0.0
    """For the highest commitment of a month, times the mean performance of its events. [currency/kW]"""
    accepted_share: float = 1.0
    """Of the commitment: the most that is paid, where an event does not say it in kW."""
    pays_from_share: float = 0.0
    """Performance below which an event pays nothing, and counts as 0 for capacity. 0 to 1."""
    whole_from_share: float = 1.0
    """Performance from which an event counts as whole: for capacity, and without penalty. 0 to 1."""
    interval_pays_from_share: float = 0.0
    """Share of the commitment below which an interval counts as nothing delivered. 0 to 1."""
    nets: bool = False
    """Whether load on the wrong side of the baseline is taken off what other intervals delivered."""
    opt_out_is_shortfall: bool = False
    """Whether an event that nobody took part in counts as not delivered; else as if it had not been called."""
    snap_back_h: float = 0.0
    """How long after an event what comes back is counted. [h]"""
    snap_back_per_kwh: float = 0.0
    """Taken for what comes back. [currency/kWh]"""
    source: str = ""
    """Where the terms are from."""


@value
class CalledEvent:
    """One event of a programme, whatever protocol carried it."""

    id: str
    programme: str
    start: datetime
    end: datetime
    direction: Direction = Direction.REDUCE
    committed_kw: float = 0.0
    accepted_kw: float | None = None
    """The most that is paid. None: ``accepted_share`` of the commitment; without one, all that is delivered. [kW]"""
    evses: tuple[str, ...] = ()
    """EVSEs whose meters count. Empty: the meter of the site."""
    baseline_kw: Series | None = None
    """For the method ``as_told``. [kW]"""
    opted_out: bool = False
    """Nobody took part: nothing was delivered, and its day counts as any other."""


@value
class Settling:
    """What is settled together: programmes in the order in which they are paid, and their events."""

    time_zone: str
    programmes: tuple[SettlementRule, ...] = ()
    """Terms; those of known programmes need not be written."""
    events: tuple[CalledEvent, ...]
    holidays: tuple[date, ...] = ()
    holiday_calendar: str | None = None
    """ISO 3166 country or subdivision whose public holidays count too."""
    other_event_days: tuple[date, ...] = ()
    """Days of events that are not settled here, whose load is not that of an everyday day."""
