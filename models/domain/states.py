"""Sessions whose energy is followed over time: what that needs, what they can give back, and what is assumed for it.

A session is followed where it may give back (V2G), where its vehicle's power falls with its charge (taper), or where
the energy inside has a ceiling. Every other one needs no state of charge: kWh at the meter say it all.
"""

from dataclasses import replace

from models.domain.electrical import max_charge_power_kw
from models.domain.findings import Assumption
from models.domain.scenario import Scenario
from models.domain.session import Session, Vehicle
from models.domain.site import Evse, MeasuringPoint
from models.domain.times import seconds

EFFICIENCY = 0.95
"""Of charging and of giving back, of vehicles that told none: together 0.9, as bidirectional chargers are measured."""
RESERVE_SOC = 0.2
"""So that a driver can leave at any time."""

_NOTHING = (None, None, None)
_Answer = tuple[Scenario, list[Assumption]]


def can_discharge(session: Session, evse: Evse) -> bool:
    """Whether all three agree to V2G, and enough is known for it: EVSE, vehicle and driver."""
    return wants_discharge(session, evse) and _energy_known(session)


def wants_discharge(session: Session, evse: Evse) -> bool:
    """The same, whatever is known of its energy."""
    vehicle = session.vehicle
    if not session.allows_discharge or vehicle is None:
        return False
    return bool(evse.max_discharge_kw) and bool(vehicle.max_discharge_kw)


def is_followed(session: Session, evse: Evse) -> bool:
    """Whether a plan follows the energy in its battery."""
    return _needs_following(session, evse) and _energy_known(session)


def max_discharge_power_kw(session: Session, evse: Evse, site_voltage_v: float) -> float:
    """The least of what EVSE, connector and vehicle can give back, at evse; currents bind in both directions. [kW]"""
    if not can_discharge(session, evse) or session.vehicle is None:
        return 0.0
    backwards = replace(session.vehicle, max_charge_kw=session.vehicle.max_discharge_kw)
    carried = max_charge_power_kw(replace(session, vehicle=backwards), evse, site_voltage_v)
    return min(carried, evse.max_discharge_kw or 0.0)


def follow_energies(scenario: Scenario) -> _Answer:
    """Sessions that are followed with efficiencies and reserve; wishes in states of charge as energies."""
    if not any(map(_says_more, scenario.sessions)):
        return scenario, []
    evses = {evse.id: evse for evse in scenario.site.evses}
    sessions = tuple(with_energies(session, evses[session.evse]) for session in scenario.sessions)
    told = [*_of_unknown_energy(scenario, evses), *_of_defaults(scenario, evses)]
    return replace(scenario, sessions=sessions), told


def with_energies(session: Session, evse: Evse) -> Session:
    """One session with what following it needs, and with its wishes as energies."""
    if is_followed(session, evse) and session.vehicle is not None:
        reserve = RESERVE_SOC if session.soc_reserve is None else session.soc_reserve
        session = replace(session, vehicle=_with_efficiencies(session.vehicle), soc_reserve=reserve)
    return _with_wishes(session)


def without_terminal_value(scenario: Scenario) -> list[int]:
    """Sessions that may give back and stay longer than the horizon, without a value of what is left in them."""
    if scenario.horizon is None or not any(s.allows_discharge for s in scenario.sessions):
        return []
    evses, end_s = {evse.id: evse for evse in scenario.site.evses}, seconds(scenario.horizon.end)
    return [
        i
        for i, session in enumerate(scenario.sessions)
        if session.terminal_value_per_kwh is None
        and can_discharge(session, evses[session.evse])
        and (session.departure is None or seconds(session.departure) > end_s)
    ]


def _needs_following(session: Session, evse: Evse) -> bool:
    tapers = session.vehicle is not None and bool(session.vehicle.taper)
    return tapers or session.energy_ceiling_kwh is not None or wants_discharge(session, evse)


def _energy_known(session: Session) -> bool:
    vehicle = session.vehicle
    return session.soc is not None and vehicle is not None and vehicle.battery_capacity_kwh is not None


def _says_more(session: Session) -> bool:
    """Whether it says anything beyond kWh at the meter, which most sessions do not."""
    given = (session.soc_target, session.soc_minimum, session.energy_ceiling_kwh)
    return (
        session.allows_discharge or given != _NOTHING or (session.vehicle is not None and session.vehicle.taper != ())
    )


def _with_efficiencies(vehicle: Vehicle) -> Vehicle:
    charge, discharge = vehicle.charge_efficiency, vehicle.discharge_efficiency
    return replace(
        vehicle,
        charge_efficiency=EFFICIENCY if charge is None else charge,
        discharge_efficiency=EFFICIENCY if discharge is None else discharge,
    )


def _with_wishes(session: Session) -> Session:
    """A target in states of charge as what is still to come, at battery; one below the present state is nothing."""
    vehicle, soc = session.vehicle, session.soc
    if (session.soc_target is None and session.soc_minimum is None) or vehicle is None or soc is None:
        return session
    capacity_kwh = vehicle.battery_capacity_kwh or 0.0
    target_kwh = None if session.soc_target is None else max(0.0, session.soc_target - soc) * capacity_kwh
    minimum_kwh = 0.0 if session.soc_minimum is None else max(0.0, session.soc_minimum - soc) * capacity_kwh
    return replace(
        session,
        energy_target_kwh=target_kwh,
        energy_minimum_kwh=minimum_kwh,
        delivered_kwh=0.0,
        measured_at=MeasuringPoint.BATTERY,
    )


def _of_unknown_energy(scenario: Scenario, evses: dict[str, Evse]) -> list[Assumption]:
    """What cannot be planned without a state of charge."""
    lost = [i for i, s in enumerate(scenario.sessions) if _needs_following(s, evses[s.evse]) and not _energy_known(s)]
    source = "state of charge or battery capacity is unknown"
    value = "neither V2G nor taper nor ceiling is planned"
    return [Assumption(what=f"sessions[{i}].soc", value=value, source=source) for i in lost]


def _of_defaults(scenario: Scenario, evses: dict[str, Evse]) -> list[Assumption]:
    """Efficiencies and reserves, once for all."""
    followed = [session for session in scenario.sessions if is_followed(session, evses[session.evse])]
    told = []
    for name in ("charge_efficiency", "discharge_efficiency"):
        count = sum(getattr(session.vehicle, name) is None for session in followed)
        if count:
            amount, source = f"{EFFICIENCY:g} for {count} vehicles", "together 0.9, as bidirectional chargers do"
            told.append(Assumption(what=f"sessions[*].vehicle.{name}", value=amount, source=source))
    count = sum(s.soc_reserve is None and wants_discharge(s, evses[s.evse]) for s in followed)
    if count:
        amount, source = f"{RESERVE_SOC:g} for {count} sessions", "a driver must be able to leave at any time"
        told.append(Assumption(what="sessions[*].soc_reserve", value=amount, source=source))
    return told
