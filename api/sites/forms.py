"""What callers tell of a site, under the strict rules of the domain: the bodies of requests."""

from datetime import datetime
from enum import StrEnum

from models.domain.session import ChargingPreference, Vehicle
from models.domain.tariff import Price, PriceSeries
from models.domain.value import Series, value
from models.ocpp.profile import Version


@value
class SessionTold:
    """A vehicle that is plugged in. Three fields are enough; what else is not told is assumed, and told back."""

    session: str
    """Your id of it, one of its own among all your sites."""
    evse: str
    plugged_in_at: datetime
    connector: int | None = None
    departure: datetime | None = None
    energy_target_kwh: float | None = None
    """What the driver wants in all, measured at evse. [kWh]"""
    energy_minimum_kwh: float = 0.0
    """The part of it that is promised. [kWh]"""
    soc: float | None = None
    """State of charge, 0 to 1, when this was told."""
    soc_target: float | None = None
    """In place of ``energy_target_kwh``; needs ``soc`` and the capacity of the vehicle."""
    soc_minimum: float | None = None
    tier: str | None = None
    driver: str | None = None
    """Who misses less where energy is short again; no name, but what stands for one."""
    driver_group: str | None = None
    vehicle: Vehicle | None = None
    transaction_id: str | None = None
    """The station's own; an integer in OCPP 1.6."""
    allows_discharge: bool = False
    accepts_less: bool = False
    charging_preference: ChargingPreference | None = None
    """``fast`` is slowed by hard limits alone, ``green`` prices carbon. None: by cost."""
    retail_price_per_kwh: float | None = None
    """What the driver pays. [currency/kWh]"""
    time_price_per_h: Series | None = None
    """What the driver pays for time, charging or parked; whoever does is slowed by hard limits alone. [currency/h]"""
    register_kwh: float | None = None
    """What the meter of the EVSE showed when it was plugged in. [kWh]"""
    revision: int | None = None
    """The one that you read last: a later one is not overwritten. None: whatever is there is replaced."""


@value
class NeedsTold:
    """What a driver wants now; what is not told stays as it was."""

    departure: datetime | None = None
    energy_target_kwh: float | None = None
    energy_minimum_kwh: float | None = None
    soc: float | None = None
    soc_target: float | None = None
    soc_minimum: float | None = None
    allows_discharge: bool | None = None
    accepts_less: bool | None = None
    charging_preference: ChargingPreference | None = None
    transaction_id: str | None = None
    revision: int | None = None


@value
class Unplugged:
    """A vehicle has left."""

    unplugged_at: datetime | None = None
    """None: now."""
    register_kwh: float | None = None


@value
class Measurement:
    """What a meter showed: of a session, an EVSE or a grid node; name one of them."""

    at: datetime
    session: str | None = None
    evse: str | None = None
    node: str | None = None
    power_kw: float | None = None
    """Drawn; below 0 where it was given back. [kW]"""
    register_kwh: float | None = None
    """Energy meter: it only rises. [kWh]"""
    current_a: float | None = None
    """The highest of the phases. [A]"""
    soc: float | None = None


@value
class MeasurementBatch:
    """Measurements of one site, at most a thousand, in any order."""

    measurements: tuple[Measurement, ...]


@value
class NodeLimit:
    """A limit that a building or an energy system sets at a grid node: it lowers what the site allows."""

    import_limit_kw: float | None = None
    """[kW at grid]"""
    current_limit_a: float | None = None
    """In place of it, per line conductor. [A]"""
    start: datetime | None = None
    """None: now."""
    end: datetime | None = None
    """None: until another one is told."""
    afterwards: float | None = None
    """The limit from ``end`` on, in the same unit. None: what the site allows."""


@value
class BaseLoadForecast:
    """Load at a node that nobody here controls; measured at grid. [kW]"""

    expected_kw: Series
    high_kw: Series | None = None
    low_kw: Series | None = None


@value
class PvForecast:
    """What a PV plant would feed in. [kW]"""

    expected_kw: Series


@value
class PriceForecast:
    """Prices in place of those of the tariff, as published day ahead. [currency/kWh]"""

    import_price: PriceSeries
    export_price: Price | None = None


class SiteMode(StrEnum):
    """What becomes of a site's plans."""

    OBSERVE = "observe"
    """They are made and kept; nothing is sent."""
    ADVISE = "advise"
    """Commands are offered to whoever asks for them, and never pushed."""
    CONTROL = "control"
    """Commands are pushed."""
    HANDED_BACK = "handed_back"
    """Our profiles are cleared and nothing is planned."""


@value
class EvseSet:
    """EVSEs of a site that are treated otherwise than the rest."""

    id: str
    evses: tuple[str, ...]
    mode: SiteMode


@value
class Canary:
    """A share of the EVSEs is steered first; the rest count at what they are rated for."""

    share: float
    """From 0 to 1, of EVSEs; stations stay together. A larger one has all EVSEs of a smaller one."""
    rest: SiteMode = SiteMode.ADVISE
    """Of all others: ``advise`` or ``observe``."""


@value
class Boost:
    """A driver wants energy sooner."""

    ready_by: datetime | None = None
    """None: as soon as EVSE and car can."""
    energy_kwh: float | None = None
    """More than has flowed already. None: what is still wanted. [kWh]"""


class OverrideKind(StrEnum):
    """What an operator decides for one EVSE."""

    BOOST = "boost"
    """Its car charges as soon as it can, as far as limits allow, until it leaves."""
    PAUSE = "pause"
    """Nothing flows."""
    LIMIT = "limit"
    """At most so much."""
    EXCLUDE = "exclude"
    """It is not ours to steer: our profiles are cleared, and it counts at its rating."""


@value
class Override:
    """What an operator decides for one EVSE, for a time; it never raises a limit."""

    kind: OverrideKind
    until: datetime
    """Then plans decide again; within a week."""
    limit_kw: float | None = None
    """Of the kind ``limit``; measured at grid. [kW]"""
    reason: str = ""
    by: str = ""
    """Whose key it was; filled in by the service."""
    set_at: datetime | None = None
    """Filled in by the service."""
    session: str | None = None
    """Of the car that is there; filled in by the service."""


@value
class ConnectionTold:
    """Whether a station has a connection to its CSMS."""

    connected: bool
    """True as well where it had one and has a new one: nobody knows what it did in between."""


class Outcome(StrEnum):
    """What became of a command."""

    SENT = "sent"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    NOT_SUPPORTED = "not_supported"
    CALL_ERROR = "call_error"
    TIMED_OUT = "timed_out"
    MEASURED = "measured"
    """The meter shows that it is followed."""


@value
class Acknowledgement:
    """What became of one command."""

    command: str
    outcome: Outcome
    reason: str = ""
    at: datetime | None = None
    """None: now."""


@value
class Acknowledgements:
    acknowledgements: tuple[Acknowledgement, ...]


@value
class SitePolicy:
    """How the service treats a site; what is not said has its default."""

    mode: SiteMode = SiteMode.ADVISE
    sets: tuple[EvseSet, ...] = ()
    """EVSEs with a mode of their own, each in one set."""
    canary: Canary | None = None
    """In the mode ``control`` alone. None: all EVSEs that no set names are steered."""
    ocpp: Version = Version.V201
    """Of the commands."""
    replan_minutes: float = 5.0
    """The longest time between two plans. [min]"""
    prices_by: str = "15:00"
    """Local time, ``HH:MM``, by which the prices of the next day have to be told; later there is an alarm."""
