"""One session: what the scenario says of it, which is the same for every plan, and what one plan makes of it."""

from dataclasses import dataclass

from models.domain.schedule import Floats, SessionPlan
from models.domain.session import Session
from models.domain.site import Evse, MeasuringPoint, Tier
from models.domain.units import hours_from_seconds
from optimizer.audit.ground import Ground
from optimizer.audit.inside import Inside, inside_of
from optimizer.audit.wiring import efficiency, highest_power_kw


@dataclass(frozen=True, slots=True)
class Visit:
    """One session of the scenario before anybody plans it, everything measured at evse."""

    session: Session
    evse: Evse
    tier: Tier | None
    arrival_s: float
    departure_s: float
    there_h: Floats
    """Hours of each period of the plan inside the stay (T,). [h]"""
    all_h: float
    """Their sum. [h]"""
    remaining_kwh: float
    promised_kwh: float
    max_power_kw: float
    after_h: float
    """Hours of the stay after the end of the horizon. [h]"""
    inside: Inside | None
    """What is known of its battery; None where its energy is not followed."""


@dataclass(frozen=True, slots=True)
class Stay:
    """One session of the scenario with the plan it got, everything measured at evse."""

    visit: Visit
    session: Session
    evse: Evse
    tier: Tier | None
    plan: SessionPlan
    periods: slice
    """The periods that the plan covers."""
    overlap_h: Floats
    """Hours of each of them inside the stay, recomputed. [h]"""
    remaining_kwh: float
    promised_kwh: float
    max_power_kw: float
    after_h: float
    """Hours of the stay after the end of the horizon. [h]"""
    power_kw: Floats
    offered_kw: Floats
    """What its EVSE may draw, which limits count. [kW]"""
    given_kw: Floats
    energy_kwh: float
    inside: Inside | None
    """What is known of its battery; None where its energy is not followed, or nothing is planned."""

    @property
    def stated_h(self) -> Floats:
        """Hours of each period inside the stay, as the plan tells them. [h]"""
        return self.plan.plugged_in_h

    @property
    def lacking_kwh(self) -> float:
        """What of the target is not there when the plan ends, at evse. [kWh]"""
        if self.inside is None:
            return self.remaining_kwh - self.energy_kwh
        energy = self.inside.energy_kwh(self.overlap_h, self.power_kw, self.given_kw)
        return (self.inside.target_kwh - float(energy[-1])) / self.inside.into


def at_evse(session: Session, evse: Evse, energy_kwh: float) -> float:
    """Energy of a session, given at its own measuring point, as energy at evse. [kWh]"""
    if session.measured_at is MeasuringPoint.GRID:
        return energy_kwh * efficiency(evse)
    if session.measured_at is MeasuringPoint.BATTERY and session.vehicle is not None:
        return energy_kwh / (session.vehicle.charge_efficiency or 1.0)
    return energy_kwh


def instants_of(session: Session) -> tuple[float, float]:
    """Arrival and departure. [s]"""
    if session.departure is None:
        raise ValueError(f"session {session.id}: departure is unknown; complete the scenario before its audit")
    return session.arrival.timestamp(), session.departure.timestamp()


def visits_of(ground: Ground) -> dict[str, Visit]:
    """Of every session, by its id."""
    tiers = {tier.id: tier for tier in ground.scenario.site.tiers}
    return {session.id: _visit(ground, session, tiers) for session in ground.scenario.sessions}


def _visit(ground: Ground, session: Session, tiers: dict[str, Tier]) -> Visit:
    evse, voltage_v = ground.evses[session.evse], ground.scenario.site.voltage_v
    arrival_s, departure_s = instants_of(session)
    lacking = at_evse(session, evse, (session.energy_target_kwh or 0.0) - session.delivered_kwh)
    promised = at_evse(session, evse, session.energy_minimum_kwh - session.delivered_kwh)
    there_h = ground.time.overlap_h(arrival_s, departure_s, slice(None))
    return Visit(
        session=session,
        evse=evse,
        tier=tiers.get(session.tier or ""),
        arrival_s=arrival_s,
        departure_s=departure_s,
        there_h=there_h,
        all_h=float(there_h.sum()),
        remaining_kwh=max(0.0, lacking),
        promised_kwh=min(max(0.0, lacking), max(0.0, promised)),
        max_power_kw=highest_power_kw(session, evse, voltage_v),
        after_h=_after_h(session, max(arrival_s, float(ground.time.instants_s[-1])), departure_s),
        inside=inside_of(session, evse, lacking, voltage_v),
    )


def stay_of(visit: Visit, plan: SessionPlan) -> Stay:
    power_kw, length = plan.charge_power_kw, len(plan.charge_power_kw)
    periods = slice(plan.first_period, plan.first_period + length)
    overlap_h = visit.there_h[periods]
    return Stay(
        visit=visit,
        session=visit.session,
        evse=visit.evse,
        tier=visit.tier,
        plan=plan,
        periods=periods,
        overlap_h=overlap_h,
        remaining_kwh=visit.remaining_kwh,
        promised_kwh=visit.promised_kwh,
        max_power_kw=visit.max_power_kw,
        after_h=visit.after_h,
        power_kw=power_kw,
        offered_kw=power_kw if plan.offered_power_kw is None else plan.offered_power_kw,
        given_kw=plan.given_back_kw,
        energy_kwh=float(overlap_h @ power_kw),
        inside=visit.inside if length else None,
    )


def _after_h(session: Session, since_s: float, departure_s: float) -> float:
    """Nobody counts on hours after the horizon of a car that may have left by then. [h]"""
    return 0.0 if session.still_there else max(0.0, hours_from_seconds(departure_s - since_s))
