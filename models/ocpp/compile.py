"""From a plan to the charging profiles of the EVSEs that have a vehicle now."""

from collections.abc import Mapping
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
    profile_id,
)
from models.ocpp.selection import selected
from models.ocpp.steps import Step
from models.ocpp.timeline import timeline, timeline_start

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
    steps = timeline(schedule, plan, scale, fail_safe_kw=fail_safe_kw, now=now, most=max_periods(station))
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
    periods = tuple(Period(start_s=s, limit=as_decimal(tenths), number_phases=phases) for s, tenths in steps)
    return ChargingProfile(
        id=number,
        purpose=purpose,
        stack_level=min(_STACK_LEVEL[purpose], max_stack_level(station)),
        schedule=ChargingSchedule(id=number, unit=unit, start=start, periods=periods),
    )
