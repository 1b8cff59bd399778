"""Departures, targets and tiers that a driver did not tell, and visits at a fixed EVSE as sessions."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf
from zoneinfo import ZoneInfo

from models.domain.default_horizon import default_stay_h
from models.domain.electrical import NOMINAL_VOLTAGE_V, conversion_efficiency, max_charge_power_kw
from models.domain.findings import Assumption
from models.domain.scenario import Scenario
from models.domain.session import Session, Vehicle, Visit
from models.domain.site import Evse, MeasuringPoint, SessionDefaults, Site
from models.domain.states import is_followed, with_energies
from models.domain.times import later, seconds
from models.domain.units import hours_from_seconds
from models.learning.chances import GONE
from models.learning.curves import curves_of
from models.learning.of_session import Habitual

TARGET_KWH = 20.0
"""Of a driver and a site of which nothing is known: about 100 km; less where the stay is too short for it. [kWh]"""
OVERSTAY_H = 1.0
"""A car that is still there when its assumed stay is over is expected to stay so much longer. [h]"""
MORE_KWH = 1e-6
"""Above its target a session has had enough; less is rounding. [kWh]"""

LIKELY_GONE = 0.5
"""With no more than this chance a session has left, where no chances can be planned with."""

_Answer = tuple[Scenario, list[Assumption]]


def complete_sessions(scenario: Scenario) -> _Answer:
    """Every session with a departure, a target and a tier, in the given order; the site has its tiers."""
    if all(map(_is_complete, scenario.sessions)) and not any(map(is_uncertain, scenario.sessions)):
        return scenario, []
    gaps = _Gaps.of(scenario)
    sessions, told = [], []
    for i, given in enumerate(scenario.sessions):
        session, assumed = gaps.fill(given, f"sessions[{i}]", "energy_target_kwh")
        sessions.append(session)
        told += assumed
    told += gaps.told_of_tiers(scenario.sessions)
    return replace(scenario, sessions=tuple(sessions)), told


def more_than_wanted(scenario: Scenario) -> _Answer:
    """Sessions whose meter has counted more than their target: nothing is wrong with them, and nothing is planned."""
    told = []
    for i, session in enumerate(scenario.sessions):
        over_kwh = session.delivered_kwh - (session.energy_target_kwh or 0.0)
        if over_kwh > MORE_KWH:
            value = f"{over_kwh:g} kWh above the target: no more is wanted"
            told.append(Assumption(what=f"sessions[{i}].delivered_kwh", value=value, source="what was measured"))
    return scenario, told


def sessions_of_visits(scenario: Scenario) -> _Answer:
    """Visits with a fixed EVSE that is free then become sessions with the visit's id; the others stay visits."""
    if not scenario.visits:
        return scenario, []
    gaps, booked = _Gaps.of(scenario), _Bookings(scenario.sessions)
    sessions, waiting, told = list(scenario.sessions), [], []
    for i, visit in enumerate(scenario.visits):
        obstacle = booked.obstacle(visit)
        if obstacle is not None:
            waiting.append(visit)
            told.append(Assumption(what=f"visits[{i}]", value=f"not planned: {obstacle[0]}", source=obstacle[1]))
            continue
        session, assumed = gaps.fill(gaps.session_of(visit), f"visits[{i}]", "energy_needed_kwh")
        booked.book(session)
        sessions.append(session)
        told += [*assumed, *_preconditioning(i, visit)]
    return replace(scenario, sessions=tuple(sessions), visits=tuple(waiting)), told


def energy_at(
    wanted: MeasuringPoint, energy_kwh: float, given: MeasuringPoint, evse: Evse, vehicle: Vehicle | None
) -> float:
    """An energy that was measured at one point as it is measured at another. [kWh]"""
    charge_efficiency = 1.0 if vehicle is None or vehicle.charge_efficiency is None else vehicle.charge_efficiency
    of_one_at_evse = {
        MeasuringPoint.GRID: 1.0 / conversion_efficiency(evse),
        MeasuringPoint.EVSE: 1.0,
        MeasuringPoint.BATTERY: charge_efficiency,
    }
    return energy_kwh * of_one_at_evse[wanted] / of_one_at_evse[given]


def is_uncertain(session: Session) -> bool:
    """Whether anything of it is told as a chance."""
    return bool(session.still_there or session.still_wants)


def _is_complete(session: Session) -> bool:
    return session.departure is not None and session.energy_target_kwh is not None and session.tier is not None


@dataclass(frozen=True, slots=True)
class _Gaps:
    """What a site puts into the gaps of its sessions."""

    site: Site
    evses: dict[str, Evse]
    defaults: SessionDefaults
    begun: datetime | None
    """Start of the horizon, if one was given: whoever is unplugged by then is no session any more."""
    arrivals: dict[str, list[datetime]]
    """At each EVSE, in order: whoever is there has left when the next one comes."""
    habitual: Habitual | None
    """None: the site's habits are not known."""

    @staticmethod
    def of(scenario: Scenario) -> "_Gaps":
        site = scenario.site
        begun = scenario.horizon.start if scenario.horizon else None
        evses = {evse.id: evse for evse in site.evses}
        where = ZoneInfo(site.time_zone)
        habitual = None if site.habits is None else Habitual(curves_of(site.habits), where, begun)
        defaults = site.session_defaults or SessionDefaults()
        return _Gaps(site, evses, defaults, begun, _arrivals(scenario), habitual)

    def fill(self, session: Session, path: str, target_field: str) -> tuple[Session, list[Assumption]]:
        """The session with departure, tier and target, and what was assumed."""
        told: list[Assumption] = []
        if self.habitual is not None:
            evse, point = self.evses[session.evse], session.measured_at
            at_point = energy_at(point, 1.0, MeasuringPoint.EVSE, evse, session.vehicle)
            session, told = self.habitual.fill(session, path, target_field, of_one_at_evse=at_point)
        if is_uncertain(session):
            session, more = self._with_chances(session, path)
            told += more
        if session.departure is None:
            departure, source = self._departure(session)
            session = replace(session, departure=departure)
            told.append(Assumption(what=f"{path}.departure", value=departure.isoformat(), source=source))
        if session.tier is None:
            session = replace(session, tier=self.site.tiers[0].id)
        if session.energy_target_kwh is None:
            target_kwh, source = self._target(session)
            session = replace(session, energy_target_kwh=target_kwh)
            amount = f"{target_kwh:g} kWh at {session.measured_at}"
            told.append(Assumption(what=f"{path}.{target_field}", value=amount, source=source))
        return session, told

    def _with_chances(self, session: Session, path: str) -> tuple[Session, list[Assumption]]:
        """With the latest departure and the most it may want; (19) is for sessions whose energy is not followed."""
        followed = is_followed(session, self.evses[session.evse])
        if session.departure is None and session.still_there:
            session = replace(session, departure=self._latest(session, LIKELY_GONE if followed else GONE))
        if session.energy_target_kwh is None and session.still_wants:
            session = replace(session, energy_target_kwh=session.still_wants[-1].up_to_kwh)
        if not followed:
            return session, []
        value = "planned as if it stayed until its departure and wanted its target"
        source = "chances count for sessions whose energy in the battery is not followed"
        certain = replace(session, still_there=None, still_wants=None)
        return certain, [Assumption(what=f"{path}.still_there", value=value, source=source)]

    def _latest(self, session: Session, gone_at: float) -> datetime:
        """When its chance to be there falls so low, else a usual stay after the last step."""
        steps = session.still_there or ()
        gone = next((step.start for step in steps if step.value <= gone_at), None)
        last = later(steps[-1].start, default_stay_h(self.site)) if gone is None else gone
        following = next((a for a in self.arrivals.get(session.evse, []) if a > session.arrival), last)
        return min(last, following)

    def _departure(self, session: Session) -> tuple[datetime, str]:
        stay_h = default_stay_h(self.site)
        known = self.defaults.stay_h is not None
        departure = later(session.arrival, stay_h)
        source = f"{self.defaults.source if known else 'nothing is known of this site'}: a stay of {stay_h:g} h"
        following = next((a for a in self.arrivals.get(session.evse, []) if a > session.arrival), departure)
        if following < departure:
            return following, f"{source}, cut short by the next arrival at {session.evse}"
        if self.begun is not None and seconds(departure) <= seconds(self.begun):
            return later(self.begun, OVERSTAY_H), f"{source} is over, so {OVERSTAY_H:g} h from the start of the plan"
        return departure, source

    def _target(self, session: Session) -> tuple[float, str]:
        """At the session's measuring point, and not below what is promised. [kWh]"""
        evse = self.evses[session.evse]
        target_kwh, source = self.defaults.energy_target_kwh, self.defaults.source
        if target_kwh is None:
            target_kwh = min(TARGET_KWH, self._reachable_kwh(session, evse))
            source = f"what the whole stay allows, at most {TARGET_KWH:g} kWh"
        there_kwh = energy_at(session.measured_at, target_kwh, MeasuringPoint.EVSE, evse, session.vehicle)
        there_kwh = min(there_kwh, session.delivered_kwh + _room_kwh(session, evse))
        return max(there_kwh, session.energy_minimum_kwh), source

    def _reachable_kwh(self, session: Session, evse: Evse) -> float:
        """At full power from arrival to departure, measured at evse. [kWh]"""
        if session.departure is None:
            return 0.0
        stay_h = hours_from_seconds(seconds(session.departure) - seconds(session.arrival))
        return stay_h * max_charge_power_kw(session, evse, self.site.voltage_v or NOMINAL_VOLTAGE_V)

    def told_of_tiers(self, sessions: tuple[Session, ...]) -> list[Assumption]:
        """Once for all, and only where there was a choice."""
        count = sum(session.tier is None for session in sessions)
        if not count or len(self.site.tiers) == 1:
            return []
        taken = f"{self.site.tiers[0].id} for {count} sessions"
        return [Assumption(what="sessions[*].tier", value=taken, source="the site's first tier")]

    def session_of(self, visit: Visit) -> Session:
        """The session as which a visit at a fixed EVSE is planned."""
        evse = self.evses[visit.evse or ""]
        target_kwh, minimum_kwh, measured_at = _need(visit, evse)
        session = Session(
            id=visit.id,
            evse=evse.id,
            arrival=visit.arrival,
            departure=visit.departure,
            energy_target_kwh=target_kwh,
            energy_minimum_kwh=minimum_kwh,
            measured_at=measured_at,
            tier=visit.tier,
            vehicle=visit.vehicle,
            soc=visit.soc_at_arrival,
            allows_discharge=visit.allows_discharge,
            soc_reserve=visit.soc_reserve,
        )
        return with_energies(session, evse)


def _room_kwh(session: Session, evse: Evse) -> float:
    """What still fits into the battery, where that is known, at the session's measuring point. [kWh]"""
    vehicle = session.vehicle
    if session.soc is None or vehicle is None or vehicle.battery_capacity_kwh is None:
        return inf
    room_kwh = (1.0 - session.soc) * vehicle.battery_capacity_kwh
    return energy_at(session.measured_at, room_kwh, MeasuringPoint.BATTERY, evse, vehicle)


def _arrivals(scenario: Scenario) -> dict[str, list[datetime]]:
    """Of sessions and of visits with a fixed EVSE; nothing where every departure is known."""
    if all(session.departure is not None for session in scenario.sessions):
        return {}
    arrivals: dict[str, list[datetime]] = {}
    for evse, arrival in [
        *((session.evse, session.arrival) for session in scenario.sessions),
        *((visit.evse, visit.arrival) for visit in scenario.visits if visit.evse is not None),
    ]:
        arrivals.setdefault(evse, []).append(arrival)
    return {evse: sorted(found) for evse, found in arrivals.items()}


def _need(visit: Visit, evse: Evse) -> tuple[float | None, float, MeasuringPoint]:
    """Target and promise of a visit, and where they are measured; a need in states of charge is one at battery."""
    soc_needed, capacity_kwh = visit.soc_needed, visit.vehicle.battery_capacity_kwh
    if soc_needed is None or visit.soc_at_arrival is None or capacity_kwh is None:
        return visit.energy_needed_kwh, visit.energy_minimum_kwh, visit.measured_at
    battery = MeasuringPoint.BATTERY
    target_kwh = max(0.0, soc_needed - visit.soc_at_arrival) * capacity_kwh
    minimum_kwh = energy_at(battery, visit.energy_minimum_kwh, visit.measured_at, evse, visit.vehicle)
    return target_kwh, minimum_kwh, battery


def _preconditioning(i: int, visit: Visit) -> list[Assumption]:
    if not visit.preconditioning_kw * visit.preconditioning_minutes:
        return []
    source = "a plan has setpoints for charging only"
    return [Assumption(what=f"visits[{i}].preconditioning_kw", value="not planned", source=source)]


class _Bookings:
    """When each EVSE is taken by complete sessions, which do not overlap."""

    def __init__(self, sessions: tuple[Session, ...]) -> None:
        self._ids = {session.id for session in sessions}
        self._at_evse: dict[str, list[tuple[float, float, str]]] = defaultdict(list)
        for session in sessions:
            self._at_evse[session.evse].append(_times(session))
        for taken in self._at_evse.values():
            taken.sort()

    def obstacle(self, visit: Visit) -> tuple[str, str] | None:
        """Why a visit cannot become a session, in short and in full; None when it can."""
        if visit.id in self._ids:
            return "has begun", "a session has its id"
        if visit.evse is None:
            return "no EVSE", "the visit names no EVSE, and none was assigned"
        taken, start_s, end_s = self._at_evse[visit.evse], seconds(visit.arrival), seconds(visit.departure)
        # The last one that begins before the visit ends is the only one that can reach into it.
        before = bisect_left(taken, end_s, key=lambda booking: booking[0]) - 1
        if before >= 0 and taken[before][1] > start_s:
            return "EVSE taken", f"session {taken[before][2]} is at EVSE {visit.evse} then"
        return None

    def book(self, session: Session) -> None:
        self._ids.add(session.id)
        taken = self._at_evse[session.evse]
        booking = _times(session)
        taken.insert(bisect_right(taken, booking), booking)


def _times(session: Session) -> tuple[float, float, str]:
    assert session.departure is not None  # sessions are completed before visits
    return seconds(session.arrival), seconds(session.departure), session.id
