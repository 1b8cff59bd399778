"""From a plan to the charging profile of a session at a roaming CPO: never above what was planned."""

from datetime import datetime

from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from models.domain.session import Session
from models.domain.site import CurrentType, Evse, RateUnit
from models.ocpi.profiles import ChargingProfile, ProfilePeriod
from models.ocpp.limits import as_decimal, limit_scale
from models.ocpp.profile import EvseProfile
from models.ocpp.timeline import timeline, timeline_start

MOST_PERIODS = 24
"""OCPI has no limit, stations behind the CPO do; 24 is the smallest seen in the field."""


def charging_profile(
    scenario: Scenario,
    schedule: Schedule,
    session_id: str,
    *,
    now: datetime,
    after_kw: float,
    unit: RateUnit | None = None,
    most_periods: int = MOST_PERIODS,
) -> ChargingProfile:
    """Of a completed scenario, from a minute before ``now`` on; ``after_kw`` holds when the plan has ended.

    None as unit: A on AC, W on DC. OCPI tells no phases, so an A is counted on all that the vehicle may use, and what
    is given back is a limit of 0. Raises KeyError for a session without a plan.
    """
    session = {each.id: each for each in scenario.sessions}[session_id]
    plan = {each.session_id: each for each in schedule.sessions}[session_id]
    evse = next(evse for evse in scenario.site.evses if evse.id == session.evse)
    scale = limit_scale(scenario.site, evse, session.vehicle, unit or _unit(evse))
    shares = ((0, scale.tenths(after_kw)),)
    steps = timeline(schedule, plan, scale, shares=shares, now=now, most=most_periods)
    return ChargingProfile(
        start_date_time=timeline_start(now),
        charging_rate_unit=scale.unit,
        min_charging_rate=as_decimal(scale.smallest_tenths) if scale.smallest_tenths else None,
        charging_profile_period=tuple(
            ProfilePeriod(start_period=start_s, limit=as_decimal(tenths)) for start_s, tenths in steps
        ),
    )


def from_ocpp(told: EvseProfile) -> ChargingProfile:
    """What an OCPP profile of a session says, in the words of OCPI: the same limits from the same start on, no end.

    OCPI tells no phases: a limit in A is per phase, whichever the vehicle uses.
    """
    schedule = told.profile.schedule
    return ChargingProfile(
        start_date_time=schedule.start,
        charging_rate_unit=schedule.unit,
        charging_profile_period=tuple(
            ProfilePeriod(start_period=period.start_s, limit=period.limit) for period in schedule.periods
        ),
    )


def power_kw(profile: ChargingProfile, at: datetime, kw_per_unit: float, otherwise_kw: float) -> float:
    """What a profile lets flow; outside of it, and before its first period, what the EVSE can do. [kW at evse]"""
    start = profile.start_date_time
    seconds = 0.0 if start is None else (at - start).total_seconds()
    begun = [period for period in profile.charging_profile_period if period.start_period <= seconds]
    over = profile.duration is not None and seconds >= profile.duration
    return otherwise_kw if over or not begun else float(begun[-1].limit) * kw_per_unit


def kw_per_unit(scenario: Scenario, session: Session, evse: Evse, unit: RateUnit) -> float:
    """Power at evse of a limit of 1. [kW/A] or [kW/W]"""
    return limit_scale(scenario.site, evse, session.vehicle, unit).kw_per_unit


def _unit(evse: Evse) -> RateUnit:
    return RateUnit.W if evse.current is CurrentType.DC else RateUnit.A
