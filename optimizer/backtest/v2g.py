"""Sessions of drivers who consent to V2G: what their CSMS hears of them, as a plan wants it."""

from dataclasses import replace

from models.domain.session import Session, Vehicle
from models.domain.states import EFFICIENCY
from optimizer.backtest.messages import Consent


def with_consent(session: Session, consent: Consent, got_kwh: float, charge_kw: float) -> Session:
    """A session that asks for energy, as one whose battery is followed and may give back.

    It asks for the state of charge on arrival and its energy on top, is charged no further than that, as the car itself
    would not be, and is promised what it came with and its minimum on top. ``got_kwh`` is ``gained_kwh``.
    [kWh, kW at evse]
    """
    target = None if session.energy_target_kwh is None else _on_top(consent, session.energy_target_kwh)
    vehicle = Vehicle(
        id=session.id,
        max_charge_kw=charge_kw,
        battery_capacity_kwh=consent.capacity_kwh,
        charge_efficiency=EFFICIENCY,
        max_discharge_kw=consent.discharge_kw,
        discharge_efficiency=EFFICIENCY,
    )
    return replace(
        session,
        energy_target_kwh=None,
        energy_minimum_kwh=0.0,
        delivered_kwh=0.0,
        vehicle=vehicle,
        soc=_on_top(consent, got_kwh),
        soc_target=target,
        soc_minimum=_on_top(consent, session.energy_minimum_kwh),
        energy_ceiling_kwh=None if target is None else target * consent.capacity_kwh,
        allows_discharge=True,
        soc_reserve=consent.reserve_soc,
        discharge_price_per_kwh=consent.price_per_kwh,
    )


def gained_kwh(consent: Consent, soc: float) -> float:
    """What it has got since arrival: energy at evse that brings what is inside more, or less than 0. [kWh at evse]"""
    return (soc - consent.soc) * consent.capacity_kwh / EFFICIENCY


def _on_top(consent: Consent, energy_kwh: float) -> float:
    """The state of charge with some energy at evse on top of that on arrival, or below it. 0 to 1"""
    return min(1.0, max(0.0, consent.soc + EFFICIENCY * energy_kwh / consent.capacity_kwh))
