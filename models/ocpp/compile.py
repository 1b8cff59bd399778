"""From a plan to the charging profiles of the EVSEs that have a vehicle now."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from models.domain.scenario import Scenario
from models.domain.schedule import Schedule, SessionPlan
from models.domain.session import Session
from models.domain.site import Evse, RateUnit, Site, Station
from models.ocpp.capabilities import max_periods, max_stack_level, number_phases, rate_unit, station_of
from models.ocpp.checks import fail_safe_findings, refuse, schedule_findings
from models.ocpp.limits import as_decimal, fail_safe_power_kw, limit_scale
from models.ocpp.profile import (
    ChargingProfile,
    ChargingSchedule,
    EvseProfile,
    NotSent,
    Period,
    Purpose,
    Version,
    profile_id,
)
from models.ocpp.selection import selected
from models.ocpp.steps import Step
from models.ocpp.timeline import timeline, timeline_start

LEAST_KWH = 1e-3
"""Less to give back is not worth a word. [kWh]"""
_STACK_LEVEL = {Purpose.TX: 1, Purpose.TX_DEFAULT: 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Compilation:
    """Profiles to send, and the sessions that get none."""

    profiles: tuple[EvseProfile, ...]
    not_sent: tuple[NotSent, ...]


def compile_profiles(
    scenario: Scenario, schedule: Schedule, *, now: datetime, fail_safe_kw: Mapping[str, float]
) -> tuple[EvseProfile, ...]:
    """The profiles of :func:`compilation` alone."""
    return compilation(scenario, schedule, now=now, fail_safe_kw=fail_safe_kw).profiles


def compilation(
    scenario: Scenario, schedule: Schedule, *, now: datetime, fail_safe_kw: Mapping[str, float]
) -> Compilation:
    """One profile for each session that is plugged in, in the order of the scenario's sessions.

    ``scenario`` is a completed one, ``fail_safe_kw`` what each EVSE may draw when nobody steers it, counted on all of
    its phases, by EVSE id. [kW at evse]

    Raises InvalidScenario with every finding: a plan of another scenario, a setpoint or share that cannot be sent.
    """
    refuse(schedule_findings(scenario, schedule, now))
    sessions, not_sent = selected(scenario, schedule, now)
    refuse(fail_safe_findings(sessions, fail_safe_kw))
    evses = {evse.id: evse for evse in scenario.site.evses}
    plans = {plan.session_id: plan for plan in schedule.sessions}
    profiles = tuple(
        _evse_profile(scenario.site, evses[s.evse], s, schedule, plans[s.id], now, fail_safe_kw[s.evse])
        for s in sessions
    )
    return Compilation(profiles=profiles, not_sent=not_sent)


def _evse_profile(
    site: Site, evse: Evse, session: Session, schedule: Schedule, plan: SessionPlan, now: datetime, share_kw: float
) -> EvseProfile:
    station = station_of(site, evse)
    unit = rate_unit(station, evse)
    assert unit is not None, "sessions without a unit are not selected"
    scale = limit_scale(site, evse, session.vehicle, unit)
    fail_safe_kw = fail_safe_power_kw(share_kw, site, evse, session.vehicle)
    steps = timeline(
        schedule,
        plan,
        scale,
        fail_safe_kw=fail_safe_kw,
        now=now,
        most=max_periods(station),
        gives_back=station.takes_setpoints,
    )
    return EvseProfile(
        evse_id=evse.id,
        station_id=station.id,
        evse_number=evse.evse_number,
        session_id=session.id,
        transaction_id=session.transaction_id,
        profile=_profile(evse, station, session, unit, timeline_start(now), steps),
    )


def _profile(
    evse: Evse, station: Station, session: Session, unit: RateUnit, start: datetime, steps: tuple[Step, ...]
) -> ChargingProfile:
    """A TxProfile; stations reject one without a transaction, so such a session's plan is its EVSE's default."""
    purpose = Purpose.TX_DEFAULT if session.transaction_id is None else Purpose.TX
    number, phases = profile_id(evse.evse_number, purpose), number_phases(evse, session.vehicle)
    periods = tuple(_period(start_s, tenths, phases) for start_s, tenths in steps)
    return ChargingProfile(
        id=number,
        purpose=purpose,
        stack_level=min(_STACK_LEVEL[purpose], max_stack_level(station)),
        schedule=ChargingSchedule(id=number, unit=unit, start=start, periods=periods),
    )


def _period(start_s: int, tenths: int, number_phases: int | None) -> Period:
    setpoint = as_decimal(tenths) if tenths < 0 else None
    return Period(start_s=start_s, limit=as_decimal(max(0, tenths)), number_phases=number_phases, setpoint=setpoint)


def withheld(version: Version, scenario: Scenario, schedule: Schedule, sent: Iterable[EvseProfile]) -> list[NotSent]:
    """Sessions that give back in the plan and whose station is not told to: there the limit is 0."""
    giving = {plan.session_id: plan for plan in schedule.sessions if plan.given_back_kwh > LEAST_KWH}
    found = []
    for profile in sent:
        told = any(period.setpoint is not None for period in profile.profile.schedule.periods)
        if profile.session_id in giving and not (told and version is Version.V21):
            reason = _why_withheld(version, scenario.site, profile, giving[profile.session_id])
            found.append(NotSent(session_id=profile.session_id, evse_id=profile.evse_id, reason=reason))
    return found


def _why_withheld(version: Version, site: Site, profile: EvseProfile, plan: SessionPlan) -> str:
    planned = f"{plan.given_back_kwh:.1f} kWh to give back are not sent, the limit is 0 then"
    if version is not Version.V21:
        return f"{planned}: OCPP {version} has no setpoints"
    evse = next(evse for evse in site.evses if evse.id == profile.evse_id)
    if not station_of(site, evse).takes_setpoints:
        return f"{planned}: station {profile.station_id} does not say that it takes setpoints"
    return f"{planned}: too small, or more periods than the station takes"
