"""Batteries of a site and of vehicles that give back, as what a utility may be told of them together."""

from collections.abc import Sequence

from models.domain.electrical import NOMINAL_VOLTAGE_V, evse_max_power_kw
from models.domain.session import Session
from models.domain.site import Battery, Site
from models.domain.states import RESERVE_SOC
from models.domain.value import value
from models.settlement.reported import StorageState


@value
class Store:
    """One battery, without what is kept in reserve."""

    usable_kwh: float
    """When full. [kWh]"""
    inside_kwh: float | None
    """None: not known. [kWh]"""
    max_charge_kw: float
    max_discharge_kw: float


def battery_store(battery: Battery, inside_kwh: float | None) -> Store:
    """A stationary battery with so much in it."""
    return Store(
        usable_kwh=battery.capacity_kwh - battery.reserve_kwh,
        inside_kwh=None if inside_kwh is None else max(0.0, inside_kwh - battery.reserve_kwh),
        max_charge_kw=battery.max_charge_kw,
        max_discharge_kw=battery.max_discharge_kw,
    )


def gives_back(session: Session) -> bool:
    """Whether its vehicle is known to."""
    vehicle = session.vehicle
    return bool(vehicle is not None and vehicle.max_discharge_kw and vehicle.battery_capacity_kwh)


def vehicle_store(site: Site, session: Session, inside_kwh: float) -> Store:
    """A vehicle that gives back, with so much in it; what is kept in it is its driver's, else the usual reserve."""
    vehicle = session.vehicle
    assert vehicle is not None, "it gives back"
    capacity_kwh, reserve = vehicle.battery_capacity_kwh or 0.0, session.soc_reserve
    kept_kwh = (RESERVE_SOC if reserve is None else reserve) * capacity_kwh
    evse = next(one for one in site.evses if one.id == session.evse)
    evse_kw = evse_max_power_kw(evse, vehicle, site.voltage_v or NOMINAL_VOLTAGE_V)
    return Store(
        usable_kwh=capacity_kwh - kept_kwh,
        inside_kwh=max(0.0, inside_kwh - kept_kwh),
        max_charge_kw=min(evse_kw, vehicle.max_charge_kw or evse_kw),
        max_discharge_kw=vehicle.max_discharge_kw or 0.0,
    )


def inside_together(stores: Sequence[Store]) -> float | None:
    """None where it is not known of each. [kWh]"""
    told = [one.inside_kwh for one in stores if one.inside_kwh is not None]
    return sum(told, 0.0) if len(told) == len(stores) else None


def together(stores: Sequence[Store]) -> StorageState | None:
    """As if they were one; None without any, and where it is not known what is in them."""
    inside_kwh = inside_together(stores)
    if not stores or inside_kwh is None:
        return None
    usable_kwh = sum(one.usable_kwh for one in stores)
    return StorageState(
        usable_kwh=usable_kwh,
        charge_level=inside_kwh / usable_kwh if usable_kwh > 0.0 else 0.0,
        max_charge_kw=sum(one.max_charge_kw for one in stores),
        max_discharge_kw=sum(one.max_discharge_kw for one in stores),
    )
