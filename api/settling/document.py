"""The JSON document of a settlement. Times are in UTC; amounts are decimal texts in cents that add up."""

from datetime import date, datetime
from decimal import Decimal

from api.document import Part


class SettledInterval(Part):
    """One settlement interval."""

    start: datetime
    end: datetime
    raw_baseline_kw: float
    """Before the same day adjusted it."""
    baseline_kw: float
    load_kw: float | None
    """Null where nothing was metered: then nothing was delivered."""
    quality: str
    """OK, ESTIMATED, MISSING or BAD."""
    delivered_kwh: float
    """What this programme counts."""
    shared_kwh: float
    """What another programme pays of it."""
    paid_kwh: float
    """Up to what is accepted."""
    shortfall_kwh: float
    payment: Decimal
    penalty: Decimal


class DayLookedAt(Part):
    """A day before the event, and whether its load counts."""

    day: date
    use: str
    mean_kw: float | None


class BaselineDocument(Part):
    """By which method, from which days."""

    method: str
    title: str
    adjusted_by: float | None
    """A ratio, or kW, inside its bounds; null where the same day adjusted nothing."""
    unbounded: float | None
    days: list[DayLookedAt]
    told: list[str]
    """Too few days, nothing to adjust by."""
    unverified: list[str]
    """Constants of the method that were not checked against a primary text."""


class ErosionDocument(Part):
    """What everyday optimisation had moved already the way that the event asked."""

    uncontrolled_kw: list[float]
    """Interval by interval, each session charged from its arrival."""
    everyday_kw: list[float]
    everyday_from: str
    """The plan of the day without the event, or the baseline."""
    eroded_kwh: float
    worth: float
    """What a baseline without everyday optimisation would pay more."""


class EventStatement(Part):
    """What one event is paid."""

    id: str
    programme: str
    currency: str
    direction: str
    start: datetime
    end: datetime
    committed_kw: float
    performance: float
    """What was kept of the commitment, 0 to 1."""
    delivered_kwh: float
    paid_kwh: float
    shortfall_kwh: float
    snap_back_kwh: float
    payment: Decimal
    penalty: Decimal
    snap_back: Decimal
    total: Decimal
    """Without capacity."""
    baseline: BaselineDocument
    intervals: list[SettledInterval]
    erosion: ErosionDocument | None = None
    """Null where no sessions were given."""


class CapacityStatement(Part):
    """What one month of a programme is paid for being ready."""

    programme: str
    month: str
    currency: str
    committed_kw: float
    performance: float
    amount: Decimal


class SettlementDocument(Part):
    """Events and months that are settled together."""

    events: list[EventStatement]
    capacity: list[CapacityStatement]
    opted_out: list[str]
    totals: dict[str, Decimal]
    """By currency: all events, and capacity."""
