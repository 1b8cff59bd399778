"""Vehicles, visits that are expected, and sessions: visits that have begun at an EVSE."""

from datetime import datetime
from enum import StrEnum

from models.domain.sending import StartToken
from models.domain.setpoints import OfferHistory
from models.domain.site import MeasuringPoint
from models.domain.value import Series, Step, value


@value
class TaperPoint:
    """What a battery takes at one state of charge; straight lines lie between the points of a curve."""

    soc: float
    """From 0 to 1."""
    power_kw: float
    """Measured at evse. [kW]"""


@value
class Vehicle:
    """What a vehicle can do."""

    id: str
    max_charge_kw: float | None = None
    """Measured at evse. [kW]"""
    max_current_a: float | None = None
    """Per conductor. [A]"""
    phases: int | None = None
    """How many phases its on-board charger uses. None: unknown until measured, counted as all of the EVSE's."""
    battery_capacity_kwh: float | None = None
    charge_efficiency: float | None = None
    """Energy at battery over energy at evse. None: 1 for one-way sessions, 0.95 where its energy is followed."""
    max_discharge_kw: float | None = None
    """What it can give back, measured at evse. None: it cannot. [kW]"""
    discharge_efficiency: float | None = None
    """Energy given back at evse over energy taken out of the battery. None: 0.95."""
    wear_price_per_kwh: float = 0.0
    """Of energy taken out of the battery. [currency/kWh]"""
    taper: tuple[TaperPoint, ...] = ()
    """The charging curve, states of charge ascending; before the first point and after the last its power holds on."""


@value
class WantedPart:
    """Energy that a driver may still want, from where the part before it ends."""

    up_to_kwh: float
    """In all, with what has flowed already. [kWh]"""
    chance: float
    """That the driver wants it, 0 to 1."""


class ChargingPreference(StrEnum):
    """What a driver asked of smart charging."""

    FAST = "fast"
    """Never put off: slowed by hard limits alone."""
    CHEAP = "cheap"
    """At least cost by departure, whatever the site guarantees of speed."""
    GREEN = "green"
    """Carbon of its energy has the site's ``green_price_per_kg`` beside the tariff's."""
    REGULAR = "regular"
    """As the site charges everybody."""


@value
class Session:
    """One vehicle at one EVSE, from plugging in to leaving."""

    id: str
    evse: str
    arrival: datetime
    connector: int | None = None
    departure: datetime | None = None
    """None: unknown, completed from the site's defaults and told back."""
    energy_target_kwh: float | None = None
    """What the driver wants in all. None: unknown, completed from the site's defaults and told back. [kWh]"""
    energy_minimum_kwh: float = 0.0
    """The part of the target that is promised. [kWh]"""
    delivered_kwh: float = 0.0
    """Of the target, what has flowed already. [kWh]"""
    measured_at: MeasuringPoint = MeasuringPoint.EVSE
    """Of all energies of this session."""
    still_there: tuple[Step, ...] | None = None
    """Chance that it is still plugged in, from each time on, never rising; ``departure`` is then the latest one.
    None: it stays until its departure, or that is completed from the site's habits."""
    still_wants: tuple[WantedPart, ...] | None = None
    """At most four parts of what it may want, of falling chance; the last one ends at the target. None: the target."""
    tier: str | None = None
    """None: the site's first tier."""
    vehicle: Vehicle | None = None
    retail_price_per_kwh: float | None = None
    """What the driver pays for energy, measured at evse; counts when the objective is margin. [currency/kWh]"""
    time_price_per_h: Series | None = None
    """What its driver pays for time, charging or parked; whoever pays is slowed by hard limits alone, unless the site's
    ``protect_time_priced_sessions`` is off. None: time costs nothing. [currency/h]"""
    charging_preference: ChargingPreference | None = None
    """None: regular."""
    driver: str | None = None
    """Whom the ledger of what was missed knows; a vehicle or a customer will do. None: the session's own id."""
    accepts_less: bool = False
    """Its driver consents to less than the power that its port guarantees."""
    driver_group: str | None = None
    """Drivers whose habits are counted together, as in ``Habit.group``."""
    transaction_id: str | None = None
    """The station's own; an integer in OCPP 1.6, where 0 is one."""
    start_token: StartToken | None = None
    """With it a transaction can be started from here, where the plan goes with the request that starts it."""
    soc: float | None = None
    """State of charge, 0 to 1: now, or on arrival if that is still to come. None: unknown, so no V2G and no taper."""
    soc_target: float | None = None
    """State of charge at departure, in place of ``energy_target_kwh``. 0 to 1."""
    soc_minimum: float | None = None
    """The part of it that is promised, in place of ``energy_minimum_kwh``. 0 to 1."""
    allows_discharge: bool = False
    """Consent to V2G; it needs an EVSE and a vehicle that can."""
    soc_reserve: float | None = None
    """Kept at every instant by V2G; where less is inside, nothing is given back. None: 0.2."""
    energy_floor_kwh: Series | None = None
    """As ``soc_reserve``, over time, in the battery: the lower end of a V2X cycling band. [kWh]"""
    energy_ceiling_kwh: Series | None = None
    """Not charged above it, in the battery, over time. None: the capacity. [kWh]"""
    discharge_price_per_kwh: float | None = None
    """What the driver is paid for energy given back, measured at evse. None: what the driver paid for the energy that
    was taken out, where revenue counts. [currency/kWh]"""
    terminal_value_per_kwh: float | None = None
    """Of energy in the battery at the end of the horizon, where a V2G session stays longer. None: the mean import price
    times the discharge efficiency. [currency/kWh]"""
    offer_history: OfferHistory | None = None
    """None: it was offered nothing yet."""


@value
class Visit:
    """A vehicle that is expected: which, when, what it needs, and where it may stand."""

    id: str
    vehicle: Vehicle
    arrival: datetime
    departure: datetime
    energy_needed_kwh: float | None = None
    """Measured at ``measured_at``. [kWh]"""
    energy_minimum_kwh: float = 0.0
    soc_needed: float | None = None
    """State of charge at departure, 0 to 1; with ``soc_at_arrival`` and the vehicle's capacity."""
    soc_at_arrival: float | None = None
    measured_at: MeasuringPoint = MeasuringPoint.EVSE
    block: str | None = None
    """The tour or vehicle block that it serves next."""
    allows_discharge: bool = False
    """Consent to V2G; it needs ``soc_at_arrival``."""
    soc_reserve: float | None = None
    """As of a session."""
    preconditioning_kw: float = 0.0
    preconditioning_minutes: float = 0.0
    evse: str | None = None
    pool: tuple[str, ...] = ()
    """EVSEs of which one will do, if ``evse`` is not fixed."""
    tier: str | None = None
