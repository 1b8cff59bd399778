"""EVSEs that are not controlled are sent a small limit all the same: only who is limited can show that it follows.

They count at their rating whatever they are sent (S3), so a trial needs nobody's room and waits for nobody.
"""

from dataclasses import replace
from datetime import datetime

import numpy as np

from api.operating.live import LiveSite
from models.domain.scenario import Scenario
from models.domain.schedule import Schedule, SessionPlan
from optimizer.rolling.allowed import expected_kw
from optimizer.rolling.following import least_kw
from optimizer.rolling.state import EvseRecord
from optimizer.rolling.verdict import Flaw

SAME_KW = 0.05


def on_trial(live: LiveSite, now: datetime) -> tuple[EvseRecord, ...]:
    """With a car, in reach, not left in peace after a refusal, and not limited like that already.

    One that is not verified is sent what it had instead.
    """
    return tuple(record for record in live.state.evses.values() if _needs_trial(live, record, now))


def _needs_trial(live: LiveSite, record: EvseRecord, now: datetime) -> bool:
    session, limit_kw = record.session, expected_kw(record, now)
    if session is None or not record.uncontrolled or any(v.flaw is Flaw.UNVERIFIED for v in record.verdicts):
        return False
    waits = record.retry_at is not None and record.retry_at > now
    there = limit_kw is not None and abs(limit_kw - least_kw(record.plate)) <= SAME_KW
    return live.state.stations[record.station].reachable and not waits and not there


def trial(
    scenario: Scenario, schedule: Schedule, records: tuple[EvseRecord, ...]
) -> tuple[Scenario, Schedule, dict[str, float]]:
    """A scenario in which these EVSEs can be reached, the least that each can offer as its plan, and as its share."""
    least = {record.id: least_kw(record.plate) for record in records}
    sessions = tuple(session for session in scenario.sessions if session.evse in least)
    plans = tuple(_at_least(plan, least[plan.evse_id], records) for plan in schedule.sessions if plan.evse_id in least)
    installed = tuple(one for one in scenario.installed if one.evse not in least)
    reached = replace(scenario, sessions=sessions, installed=installed)
    return reached, replace(schedule, sessions=plans), least


def _at_least(plan: SessionPlan, least: float, records: tuple[EvseRecord, ...]) -> SessionPlan:
    """A vehicle on fewer phases gets the same current on each."""
    record = next(record for record in records if record.id == plan.evse_id)
    phases = record.session.phases if record.session is not None else None
    power_kw = least if phases is None else least * phases / record.plate.phases
    return replace(plan, charge_power_kw=np.full_like(plan.charge_power_kw, power_kw), offered_power_kw=None)
