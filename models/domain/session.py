"""Vehicles, visits that are expected, and sessions: visits that have begun at an EVSE."""

from datetime import datetime

from models.domain.setpoints import OfferHistory
from models.domain.site import MeasuringPoint
from models.domain.value import value


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
    """Energy at battery over energy at evse. None: 1 for one-way sessions."""


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
    """Of the three energies above."""
    tier: str | None = None
    """None: the site's first tier."""
    vehicle: Vehicle | None = None
    retail_price_per_kwh: float | None = None
    """What the driver pays for energy, measured at evse; counts when the objective is margin. [currency/kWh]"""
    transaction_id: str | None = None
    """The station's own; an integer in OCPP 1.6."""
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
    preconditioning_kw: float = 0.0
    preconditioning_minutes: float = 0.0
    evse: str | None = None
    pool: tuple[str, ...] = ()
    """EVSEs of which one will do, if ``evse`` is not fixed."""
    tier: str | None = None
