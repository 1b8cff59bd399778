"""A session as it is kept: what was told of it, what was measured, what its driver asked for since. Pure."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from api.sites.forms import Boost, Measurement, NeedsTold, SessionTold, Unplugged
from models.domain.session import Session
from models.domain.value import value
from optimizer.rolling.state import EvseRecord


@value
class Stay:
    """One vehicle, from plugging in to leaving."""

    told: SessionTold
    unplugged_at: datetime | None = None
    register_at_start_kwh: float | None = None
    delivered_kwh: float = 0.0
    """By the meter, since it was plugged in. [kWh]"""
    power_kw: float | None = None
    """Drawn when it was measured last. [kW]"""
    power_at: datetime | None = None
    """When that was."""
    soc: float | None = None
    measured_at: datetime | None = None
    boost: Boost | None = None
    opted_out: bool = False
    """Its driver wants no plan: as fast as limits allow."""

    @property
    def is_there(self) -> bool:
        return self.unplugged_at is None


def plugged_in(told: SessionTold, before: Stay | None) -> Stay:
    """What is told again replaces what was told; what was measured since, and asked for, stays."""
    told = replace(told, revision=None)
    if before is None:
        return Stay(told=told, register_at_start_kwh=told.register_kwh, soc=told.soc)
    start_kwh = before.register_at_start_kwh if told.register_kwh is None else told.register_kwh
    soc = before.soc if told.soc is None else told.soc
    return replace(before, told=told, register_at_start_kwh=start_kwh, soc=soc)


def needing(stay: Stay, needs: NeedsTold) -> Stay:
    """With what its driver wants now."""
    names = (name for name in needs.__dataclass_fields__ if name != "revision")
    changed: dict[str, Any] = {name: getattr(needs, name) for name in names if getattr(needs, name) is not None}
    if "energy_target_kwh" in changed:
        changed.setdefault("soc_target", None)
    elif "soc_target" in changed:
        changed["energy_target_kwh"] = None
    soc = needs.soc if needs.soc is not None else stay.soc
    return replace(stay, told=replace(stay.told, **changed), soc=soc)


def measured(stay: Stay, seen: Measurement) -> Stay:
    """With a measurement; one that is older than the newest changes nothing, a register only rises."""
    if stay.measured_at is not None and seen.at <= stay.measured_at:
        return stay
    start_kwh, delivered_kwh = stay.register_at_start_kwh, stay.delivered_kwh
    if seen.register_kwh is not None:
        start_kwh = seen.register_kwh - delivered_kwh if start_kwh is None else start_kwh
        delivered_kwh = max(delivered_kwh, seen.register_kwh - start_kwh)
    return replace(
        stay,
        measured_at=seen.at,
        power_kw=seen.power_kw if seen.power_kw is not None else stay.power_kw,
        power_at=seen.at if seen.power_kw is not None else stay.power_at,
        soc=seen.soc if seen.soc is not None else stay.soc,
        register_at_start_kwh=start_kwh,
        delivered_kwh=delivered_kwh,
    )


def metered(stay: Stay, before: EvseRecord, after: EvseRecord) -> Stay:
    """With what its station said of it since: ``before`` and ``after`` are what was known of its EVSE.

    A transaction may end while the vehicle stays, as where a station boots; what has flowed has flowed.
    """
    if before.session is None or before.session.id != stay.told.session or after == before:
        return stay
    session = after.session if after.session is not None and after.session.id == stay.told.session else before.session
    delivered_kwh, start_kwh = session.delivered_kwh, session.register_at_start_kwh
    if start_kwh is not None and after.register_kwh is not None:
        delivered_kwh = max(delivered_kwh, after.register_kwh - start_kwh)
    newer = after.measured_at is not None and after.measured_at != before.measured_at
    return replace(
        stay,
        delivered_kwh=max(stay.delivered_kwh, delivered_kwh),
        power_kw=after.readings[-1].drawn_kw if newer and after.readings else stay.power_kw,
        soc=session.soc if session.soc is not None else stay.soc,
        measured_at=after.measured_at if newer else stay.measured_at,
    )


def left(stay: Stay, told: Unplugged, now: datetime) -> Stay:
    """One that has left stays gone."""
    if not stay.is_there:
        return stay
    at = told.unplugged_at or now
    if told.register_kwh is not None:
        last = Measurement(at=max(at, stay.measured_at or at), register_kwh=told.register_kwh)
        stay = measured(replace(stay, measured_at=None), last)
    return replace(stay, unplugged_at=at)


def session_of(stay: Stay) -> Session:
    """As the optimizer takes it, without what its driver asked for since."""
    told = stay.told
    return Session(
        id=told.session,
        evse=told.evse,
        arrival=told.plugged_in_at,
        connector=told.connector,
        departure=told.departure,
        energy_target_kwh=told.energy_target_kwh,
        energy_minimum_kwh=told.energy_minimum_kwh,
        delivered_kwh=stay.delivered_kwh,
        tier=told.tier,
        vehicle=told.vehicle,
        retail_price_per_kwh=told.retail_price_per_kwh,
        time_price_per_h=told.time_price_per_h,
        driver=told.driver,
        accepts_less=told.accepts_less,
        driver_group=told.driver_group,
        transaction_id=told.transaction_id,
        soc=stay.soc,
        soc_target=told.soc_target,
        soc_minimum=told.soc_minimum,
        allows_discharge=told.allows_discharge,
        charging_preference=told.charging_preference,
    )
