"""EVSEs that are not controlled are sent a small limit all the same: only who is limited can show that it follows.

Without a car the limit is their default: who refused it, or was silent, is asked again. They count at their rating
whatever they are sent (S3), so a trial needs nobody's room and waits for nobody.
"""

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from api.operating.live import LiveSite
from models.domain.scenario import Scenario
from models.domain.schedule import Schedule, SessionPlan
from models.ocpp.bundle import bundle
from models.ocpp.manner import Manner
from models.ocpp.profile import EvseProfile
from optimizer.rolling.allowed import expected_kw
from optimizer.rolling.following import least_kw
from optimizer.rolling.state import EvseRecord
from optimizer.rolling.verdict import Flaw

Shares = dict[str, float]
"""By EVSE. [kW at evse]"""
SAME_KW = 0.05
SECOND = 1.5
"""Times the least: two limits tell a station that scales from one that follows nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What an EVSE is sent."""

    record: EvseRecord
    limit_kw: float
    """At evse, all phases in use. [kW]"""


def on_trial(live: LiveSite, now: datetime) -> tuple[Trial, ...]:
    """EVSEs in reach, not left in peace after a refusal, and not limited like that already.

    One that is not verified is sent what it had instead.
    """
    found = ((record, _limit_kw(live, record, now)) for record in live.state.evses.values())
    return tuple(Trial(record=record, limit_kw=limit_kw) for record, limit_kw in found if limit_kw is not None)


def _limit_kw(live: LiveSite, record: EvseRecord, now: datetime) -> float | None:
    """Of one that ignores its limit the two in turn, until they show what it does; None where nothing is sent."""
    flaws = {verdict.flaw for verdict in record.verdicts}
    if not record.uncontrolled or Flaw.UNVERIFIED in flaws:
        return None
    if record.session is None and not flaws & {Flaw.REFUSES, Flaw.SILENT}:
        return None
    waits = record.retry_at is not None and record.retry_at > now
    if waits or not live.state.stations[record.station].reachable:
        return None
    limit_kw, least = expected_kw(record, now), least_kw(record.plate)
    if limit_kw is None or abs(limit_kw - least) > SAME_KW:
        return least
    return min(SECOND * least, record.plate.rating_kw) if Flaw.IGNORES_LIMIT in flaws else None


def on_trial_profiles(
    scenario: Scenario, schedule: Schedule, trials: tuple[Trial, ...], now: datetime, manner: Manner
) -> tuple[EvseProfile, ...]:
    """A plan for each that has a car which the schedule knows, a default for the others."""
    reached, plans, limits_kw = _reached(scenario, schedule, trials)
    idle = limits_kw.keys() - {plan.evse_id for plan in plans.sessions}
    everybody = dict.fromkeys((evse.id for evse in scenario.site.evses), 0.0) | limits_kw
    found = bundle(reached, plans, now=now, fail_safe_kw=everybody, manner=manner).profiles
    return tuple(one for one in found if one.evse_id in (idle if one.session_id is None else limits_kw))


def _reached(scenario: Scenario, schedule: Schedule, trials: tuple[Trial, ...]) -> tuple[Scenario, Schedule, Shares]:
    """A scenario in which these EVSEs can be reached, their limits as plans, and as shares."""
    by_evse = {one.record.id: one for one in trials}
    sessions = tuple(session for session in scenario.sessions if session.evse in by_evse)
    plans = tuple(_limited(plan, by_evse[plan.evse_id]) for plan in schedule.sessions if plan.evse_id in by_evse)
    installed = tuple(one for one in scenario.installed if one.evse not in by_evse)
    reached = replace(scenario, sessions=sessions, installed=installed)
    limits_kw = {evse: one.limit_kw for evse, one in by_evse.items()}
    return reached, replace(schedule, sessions=plans), limits_kw


def _limited(plan: SessionPlan, one: Trial) -> SessionPlan:
    """A vehicle on fewer phases gets the same current on each."""
    session, plate = one.record.session, one.record.plate
    phases = session.phases if session is not None else None
    power_kw = one.limit_kw if phases is None else one.limit_kw * phases / plate.phases
    return replace(plan, charge_power_kw=np.full_like(plan.charge_power_kw, power_kw), offered_power_kw=None)
