"""From a plan to the charging profiles of the EVSEs that have a vehicle now."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.domain.failsafe import DailyStep
from models.domain.scenario import Scenario
from models.domain.schedule import Schedule, SessionPlan
from models.domain.sending import Version
from models.domain.session import Session
from models.domain.site import Evse, RateUnit, Site
from models.domain.staggering import concerns, return_offset_s
from models.domain.times import seconds
from models.domain.units import seconds_from_minutes
from models.ocpp.additions import dynamic, limit_at_soc, randomized_delay_s
from models.ocpp.capabilities import max_periods, max_stack_level, number_phases, rate_unit, station_of
from models.ocpp.checks import fail_safe_findings, refuse, schedule_findings
from models.ocpp.known_events import coming_back, held_spans
from models.ocpp.limits import as_decimal, fail_safe_power_kw, limit_scale, told_vehicle
from models.ocpp.manner import Carrier, Manner, carrier, numbers_at, version_at
from models.ocpp.profile import (
    ChargingProfile,
    ChargingSchedule,
    EvseProfile,
    NotSent,
    Period,
    Purpose,
    Slot,
    profile_id,
)
from models.ocpp.selection import selected
from models.ocpp.share import day_of_shares
from models.ocpp.steps import Step, capped, later_raise, lowest_ahead
from models.ocpp.timeline import timeline, timeline_start

LEAVES_SOON = timedelta(hours=1)
"""After an event: whoever leaves before is not kept waiting."""
LEAST_KWH = 1e-3
"""Less to give back is not worth a word. [kWh]"""
PURPOSE = {
    Slot.FAIL_SAFE: Purpose.TX_DEFAULT,
    Slot.PLAN_DEFAULT: Purpose.TX_DEFAULT,
    Slot.PLAN: Purpose.TX,
    Slot.STATION_MAX: Purpose.STATION_MAX,
    Slot.PRIORITY: Purpose.PRIORITY,
}
Daily = Mapping[str, tuple[DailyStep, ...]]
"""By EVSE id: steps of its share, every day from midnight UTC on."""
_STACK_LEVEL = {Slot.PLAN: 1, Slot.PLAN_DEFAULT: 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Compilation:
    """Profiles to send, and the sessions that get none."""

    profiles: tuple[EvseProfile, ...]
    not_sent: tuple[NotSent, ...]


def compile_profiles(
    scenario: Scenario, schedule: Schedule, *, now: datetime, fail_safe_kw: Mapping[str, float]
) -> tuple[EvseProfile, ...]:
    """The profiles of :func:`compilation` alone, as OCPP 2.0.1 has them."""
    return compilation(scenario, schedule, now=now, fail_safe_kw=fail_safe_kw).profiles


def compilation(
    scenario: Scenario,
    schedule: Schedule,
    *,
    now: datetime,
    fail_safe_kw: Mapping[str, float],
    daily: Daily | None = None,
    manner: Manner | None = None,
) -> Compilation:
    """The plan of each session that is plugged in, in the order of the scenario's sessions.

    ``scenario`` is a completed one, ``fail_safe_kw`` what each EVSE may draw when nobody steers it, counted on all of
    its phases, by EVSE id [kW at evse]; ``daily`` is the same by the time of day for those that take turns.

    Raises InvalidScenario with every finding: a plan of another scenario, a setpoint or share that cannot be sent.
    """
    refuse(schedule_findings(scenario, schedule, now))
    sessions, not_sent = selected(scenario, schedule, now)
    refuse(fail_safe_findings((session.evse for session in sessions), fail_safe_kw))
    work = _Work(scenario, schedule, now, fail_safe_kw, daily or {}, manner or Manner())
    evses = {evse.id: evse for evse in scenario.site.evses}
    profiles, hindered = [], []
    for session in sessions:
        found = _carried(work, evses[session.evse], session)
        if isinstance(found, str):
            hindered.append(NotSent(session_id=session.id, evse_id=session.evse, reason=found))
        else:
            profiles += found
    return Compilation(profiles=tuple(profiles), not_sent=(*not_sent, *hindered))


@dataclass(frozen=True, slots=True)
class _Work:
    scenario: Scenario
    schedule: Schedule
    now: datetime
    fail_safe_kw: Mapping[str, float]
    daily: Daily
    manner: Manner

    @property
    def site(self) -> Site:
        return self.scenario.site


def guard_s(site: Site) -> float:
    """How far clocks of stations may differ, as a site with a fail-safe says. [s]"""
    return 0.0 if site.fail_safe is None else seconds_from_minutes(site.fail_safe.guard_minutes)


def _carried(work: _Work, evse: Evse, session: Session) -> list[EvseProfile] | str:
    """The plan under each number that it goes to; or why it cannot go."""
    found = carrier(work.site, evse, session, work.manner)
    if isinstance(found, str):
        return found
    version = version_at(station_of(work.site, evse), work.manner)
    numbers = (0,) if found.slot is Slot.STATION_MAX else numbers_at(evse, session, version)
    if found.slot is Slot.PLAN and len(numbers) > 1:
        return f"EVSE {evse.id} has plugs of its own numbers in OCPP 1.6; tell the session's connector"
    delay_s = _delay_s(work, evse, found)
    steps, unit = _steps(work, evse, session, delay_s)
    return [_evse_profile(work, evse, session, found, number, steps, unit) for number in numbers]


def _delay_s(work: _Work, evse: Evse, found: Carrier) -> int | None:
    """Rule S9; the maximum of a station begins at once."""
    if found.slot is Slot.STATION_MAX:
        return None
    return randomized_delay_s(work.scenario, station_of(work.site, evse), work.manner, work.now)


def _steps(work: _Work, evse: Evse, session: Session, delay_s: int | None) -> tuple[tuple[Step, ...], RateUnit]:
    station = station_of(work.site, evse)
    unit = rate_unit(station, evse)
    assert unit is not None, "sessions without a unit are not selected"
    plan = next(plan for plan in work.schedule.sessions if plan.session_id == session.id)
    scale = limit_scale(work.site, evse, session.vehicle, unit)
    part = fail_safe_power_kw(1.0, work.site, evse, session.vehicle)
    steps = timeline(
        work.schedule,
        plan,
        scale,
        shares=day_of_shares(scale, work.fail_safe_kw[evse.id], work.daily.get(evse.id, ()), part),
        now=work.now,
        most=max_periods(station),
        gives_back=station.takes_setpoints and version_at(station, work.manner) is Version.V21,
        until=work.manner.plan_until,
        guard_s=guard_s(work.site),
        held=held_spans(work.scenario),
    )
    steps = _staggered(work, evse, session, steps, max_periods(station))
    return (lowest_ahead(steps, delay_s, max_periods(station)) if delay_s else steps), unit


def _staggered(work: _Work, evse: Evse, session: Session, steps: tuple[Step, ...], most: int) -> tuple[Step, ...]:
    """Raises after what a utility asked begin at an offset of the EVSE's own, unless its car leaves soon."""
    origin_s = seconds(timeline_start(work.now))
    for signal in coming_back(work.scenario):
        leaves_soon = session.departure is not None and session.departure < signal.end + LEAVES_SOON
        if concerns(signal, evse.id) and not leaves_soon:
            edge_s = int(seconds(signal.end) - origin_s)
            steps = later_raise(steps, edge_s, return_offset_s(signal, evse.id))
    return capped(steps, most)


def _evse_profile(
    work: _Work,
    evse: Evse,
    session: Session,
    found: Carrier,
    number: int,
    steps: tuple[Step, ...],
    unit: RateUnit,
) -> EvseProfile:
    station = station_of(work.site, evse)
    schedule = _schedule(work, evse, session, found, number, steps, unit)
    profile = EvseProfile(
        evse_id=evse.id,
        station_id=station.id,
        evse_number=number,
        session_id=session.id,
        transaction_id=session.transaction_id if found.slot is Slot.PLAN else None,
        slot=found.slot,
        version=version_at(station, work.manner),
        start_token=session.start_token if found.starts else None,
        profile=ChargingProfile(
            id=schedule.id,
            purpose=PURPOSE[found.slot],
            stack_level=min(_STACK_LEVEL.get(found.slot, 0), max_stack_level(station)),
            schedule=schedule,
        ),
    )
    return dynamic(profile, station, work.manner, work.now)


def _schedule(
    work: _Work,
    evse: Evse,
    session: Session,
    found: Carrier,
    number: int,
    steps: tuple[Step, ...],
    unit: RateUnit,
) -> ChargingSchedule:
    station = station_of(work.site, evse)
    phases = number_phases(evse, told_vehicle(evse, session.vehicle, unit))
    of_a_car = found.slot is not Slot.STATION_MAX
    return ChargingSchedule(
        id=profile_id(number, found.slot, station.reserved_ids_up_to),
        unit=unit,
        start=timeline_start(work.now),
        periods=tuple(period_of(start_s, tenths, phases) for start_s, tenths in steps),
        limit_at_soc=limit_at_soc(session, station, work.manner) if of_a_car else None,
        randomized_delay_s=_delay_s(work, evse, found),
    )


def period_of(start_s: int, tenths: int, number_phases: int | None) -> Period:
    """A step as a period: a setpoint where it is below 0."""
    setpoint = as_decimal(tenths) if tenths < 0 else None
    return Period(start_s=start_s, limit=as_decimal(max(0, tenths)), number_phases=number_phases, setpoint=setpoint)


def withheld(scenario: Scenario, schedule: Schedule, sent: Iterable[EvseProfile]) -> list[NotSent]:
    """Sessions that give back in the plan and whose station is not told to: there the limit is 0."""
    giving = {plan.session_id: plan for plan in schedule.sessions if plan.given_back_kwh > LEAST_KWH}
    found = []
    for profile in sent:
        plan = giving.get(profile.session_id or "")
        periods = (*profile.profile.schedule.periods, *profile.updates)
        if plan is not None and not any(period.setpoint is not None for period in periods):
            reason = _why_withheld(scenario.site, profile, plan)
            found.append(NotSent(session_id=plan.session_id, evse_id=plan.evse_id, reason=reason))
    return found


def _why_withheld(site: Site, profile: EvseProfile, plan: SessionPlan) -> str:
    planned = f"{plan.given_back_kwh:.1f} kWh to give back are not sent, the limit is 0 then"
    if profile.version is not Version.V21:
        return f"{planned}: OCPP {profile.version} has no setpoints"
    evse = next(evse for evse in site.evses if evse.id == profile.evse_id)
    if not station_of(site, evse).takes_setpoints:
        return f"{planned}: station {profile.station_id} does not say that it takes setpoints"
    return f"{planned}: too small, or more periods than the station takes"
