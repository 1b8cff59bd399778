"""A demand-response programme as data: when it may call, how often, what it pays, and by which baseline it settles.

Terms of a utility are facts with a source; what no primary text was seen for is named in ``unverified``, so that nobody
takes it for more than that.
"""

from datetime import date

from models.domain.signal import Direction
from models.domain.tariff import Window
from models.domain.value import value


@value
class CallLimits:
    """How often and how long a programme may call; None: as often as it likes."""

    calls_per_day: int | None = None
    hours_per_day: float | None = None
    calls_per_month: int | None = None
    hours_per_month: float | None = None
    calls_per_season: int | None = None
    hours_per_season: float | None = None
    """A season runs from one ``season_start`` of the programme to the next; it may wrap around the new year."""


@value
class DeadBand:
    """How performance, delivered over nominated, becomes payment: 0 at the bottom, whole at the top."""

    pays_from_share: float = 0.0
    """Below it an event pays nothing. 0 to 1."""
    whole_from_share: float = 1.0
    """From it on capacity is paid as if all were delivered, and nothing is lacking. 0 to 1."""


@value
class OptOutRules:
    """Who may stay out of an event, and what that costs."""

    sites_may: bool = True
    notice_minutes: float = 0.0
    """Before the start of the event. [min]"""
    most_per_season: int | None = None
    """Events of a season that one site may stay out of. None: all."""
    counts_as_shortfall: bool = True
    """Whether what was nominated counts as not delivered; else the event is as if it had not been called."""


@value
class Source:
    """Where terms are from."""

    where: str
    """An address, or the title of a document."""
    about: str = ""
    """Which terms; empty: the programme as such."""


@value
class Programme:
    """What a utility offers to whoever takes part."""

    id: str
    title: str
    utility: str = ""
    currency: str
    time_zone: str
    """Of its windows and days."""
    direction: Direction = Direction.REDUCE
    windows: tuple[Window, ...] = (Window(),)
    """When events may be, in local time."""
    season_start: str = "01-01"
    """``MM-DD`` from which calls are counted anew."""
    holidays: tuple[date, ...] = ()
    holiday_calendar: str | None = None
    """ISO 3166 country or subdivision whose public holidays are holidays of its windows, as in ``US-NY``."""
    notice_minutes: float = 0.0
    """At least so long before the start an event is told. [min]"""
    event_hours: float | None = None
    """The longest event. None: as long as its window is open. [h]"""
    limits: CallLimits = CallLimits()
    calls_expected_per_month: float = 1.0
    """What nominations reckon with."""
    minimum_kw: float = 0.0
    """Less cannot be nominated. [kW]"""
    step_kw: float = 1.0
    """Nominations are multiples of it. [kW]"""
    baseline: str = "session_counterfactual"
    """Name of the method by which delivery is counted, as ``models.settlement.methods`` lists them."""
    measured_at_evses: bool = False
    """By the meters of the enrolled EVSEs; else by the meter of the site."""
    settlement_minutes: float = 60.0
    """Length of a settlement interval, counted from the start of an event. [min]"""
    capacity_per_kw_month: float = 0.0
    """Of what is nominated, times performance. [currency/kW and month]"""
    energy_per_kwh: float = 0.0
    """Of what is delivered, up to ``accepted_share``. [currency/kWh]"""
    accepted_share: float = 1.0
    """Of what is nominated: more than that is not paid."""
    penalty_per_kwh: float = 0.0
    """Of what is nominated and not delivered. [currency/kWh]"""
    dead_band: DeadBand = DeadBand()
    opt_out: OptOutRules = OptOutRules()
    exclusive: bool = True
    """An EVSE that is enrolled here is not to be in another programme at the same time; of two that do not mind nothing
    is told."""
    sources: tuple[Source, ...] = ()
    unverified: tuple[str, ...] = ()
    """Names of fields that no primary text was seen for."""
