"""What energy and power cost: time-of-use windows in local time, dynamic prices, export, demand charges."""

from datetime import date, datetime
from enum import StrEnum

from models.domain.value import Series, Step, value


class DayKind(StrEnum):
    """Kinds of days in a tariff; a holiday is only a holiday."""

    WEEKDAY = "weekday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"
    HOLIDAY = "holiday"


ALL_DAYS = (DayKind.WEEKDAY, DayKind.SATURDAY, DayKind.SUNDAY, DayKind.HOLIDAY)


@value
class Window:
    """Recurring local times: all of ``days``, inside the season, between two times of day.

    The season runs from ``season_start`` to ``season_end``, both ``MM-DD`` and included; it may wrap around the new
    year. ``start`` and ``end`` are ``HH:MM``, half-open; ``24:00`` ends the day and an end before the start wraps
    around midnight (the day is that of the instant itself).
    """

    days: tuple[DayKind, ...] = ALL_DAYS
    season_start: str = "01-01"
    season_end: str = "12-31"
    start: str = "00:00"
    end: str = "24:00"


@value
class Rate:
    """A price inside some windows."""

    price_per_kwh: float
    windows: tuple[Window, ...] = (Window(),)


@value
class TimeOfUse:
    """Prices by local time; the first rate with a matching window counts."""

    rates: tuple[Rate, ...]


@value
class PriceSeries:
    """Prices that change at instants, as published day ahead; ``end`` is where the last one stops being valid."""

    steps: tuple[Step, ...]
    end: datetime | None = None


Price = float | TimeOfUse | PriceSeries


@value
class BillingPeriod:
    """Local days from one reading of the meter to the next."""

    first_day: date
    last_day: date
    """Included."""


@value
class DemandTier:
    """A dearer price for the part of a peak above some power."""

    above_kw: float
    rate_per_kw: float
    """In place of the one below. [currency/kW]"""


@value
class DemandCharge:
    """A price on the highest mean import over any metering interval of a billing period, inside its windows."""

    id: str
    rate_per_kw: float
    """Per billing period. [currency/kW]"""
    tiers: tuple[DemandTier, ...] = ()
    """Rising: each is above the one before, and no cheaper."""
    windows: tuple[Window, ...] = (Window(),)
    demand_interval_min: float = 15.0
    """Clock-aligned metering interval of the contract. [min]"""
    metered_kwh: float = 0.0
    """Already metered in the interval in which the horizon starts. [kWh]"""
    peak_set_kw: float = 0.0
    """The highest demand that this billing period has seen already. [kW]"""
    ratchet_kw: float = 0.0
    """A floor that earlier periods left behind. [kW]"""
    ratchet_share: float = 0.0
    """Share of the highest of ``earlier_peaks_kw`` that is billed at least."""
    earlier_peaks_kw: tuple[float, ...] = ()
    """Of the billing periods that a ratchet looks back on. [kW]"""
    minimum_kw: float = 0.0
    """Billed in any case, as 2.5 kW by the Flemish capacity tariff. [kW]"""
    target_peak_kw: float = 0.0
    """A peak that is expected anyway, learnt from past days. [kW]"""
    billing_period: BillingPeriod | None = None
    """The present one. None: calendar months of the tariff's time zone."""


@value
class ClassLimit:
    """A limit inside some windows: the power that is subscribed for one time class."""

    limit_kw: float
    windows: tuple[Window, ...] = (Window(),)


@value
class TimeClasses:
    """Limits by local time; the first class with a matching window counts. Where none has one, nothing is limited."""

    classes: tuple[ClassLimit, ...]


ContractLimit = Series | TimeClasses


@value
class Contract:
    """A limit that may be exceeded at a price (11): subscribed, contracted or transport capacity.

    It counts expected power, as prices do. What must never be exceeded is a limit of a node. At least one of the two
    prices is given. A period that is shorter than the meter's interval counts by itself, never less than the meter.
    """

    id: str
    node: str | None = None
    """None: the site connection."""
    import_limit_kw: ContractLimit | None = None
    """Measured at grid. [kW]"""
    export_limit_kw: ContractLimit | None = None
    """The same for what is given back, as a positive number. [kW]"""
    price_per_kwh: float | None = None
    """Of energy above the limit. [currency/kWh]"""
    price_per_kw: float | None = None
    """Of the largest excess of a billing period. [currency/kW]"""
    excess_set_kw: float = 0.0
    """The largest excess of this billing period so far; up to here another one costs nothing more per kW. [kW]"""
    billing_period: BillingPeriod | None = None
    """The present one. None: calendar months of the tariff's time zone."""


@value
class CoincidentPeak:
    """A price on import in the hour in which a network or market peaks, which is known as a chance beforehand (9)."""

    id: str
    price_per_kw: float
    """Of the mean import in an interval that counts. [currency/kW]"""
    chance: Series
    """That an interval counts, from 0 to 1."""
    interval_min: float = 60.0
    """Length of an interval that counts. [min]"""


@value
class UtilisationClass:
    """A pair of prices that holds from some hours of use on."""

    id: str
    energy_price_per_kwh: float
    """On top of the import price. [currency/kWh]"""
    rate_per_kw: float
    """Of the demand charge, in place of its own; tiers are not for it. [currency/kW]"""
    from_hours: float = 0.0
    """Energy of the billing period over its highest demand. [h]"""


@value
class Utilisation:
    """Classes by hours of use of a billing period, as German networks have below and from 2,500 h."""

    demand_charge: str
    """Id of the charge whose peak counts, and whose rate the class sets; its billing period is the year."""
    classes: tuple[UtilisationClass, ...]
    energy_kwh: float
    """Import of the billing period apart from this plan: metered so far, and expected after it. [kWh]"""
    chosen: str | None = None
    """Id of the class to plan in. None: by comparing whole plans where there is time, else by what is expected."""


@value
class Tariff:
    """Everything the site pays and earns for energy, measured at grid."""

    currency: str
    import_price: Price
    time_zone: str | None = None
    """IANA name, for windows and billing periods. None: the site's."""
    export_price: Price = 0.0
    demand_charges: tuple[DemandCharge, ...] = ()
    contracts: tuple[Contract, ...] = ()
    coincident_peaks: tuple[CoincidentPeak, ...] = ()
    utilisation: Utilisation | None = None
    holidays: tuple[date, ...] = ()
    holiday_calendar: str | None = None
    """ISO 3166 country, or country-subdivision as in ``US-CA``: public holidays are holidays of the tariff."""
    carbon_price_per_kg: float = 0.0
    carbon_intensity: Price = 0.0
    """[kg/kWh], in the same forms as a price."""
    change_price_per_kwh: float = 0.0
    """What it must gain at least to move a kWh from where the plan before had it; paid to nobody. [currency/kWh]"""
    name: str = ""
    source: str = ""
