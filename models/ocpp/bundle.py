"""All that stations are to have installed: their maxima, a default for each EVSE, and the plans of the cars there.

Every profile says something at every instant and has no end, so there is never a gap with nothing under it.
"""

from collections.abc import Mapping
from datetime import datetime

from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from models.ocpp.checks import fail_safe_findings, refuse
from models.ocpp.compile import Compilation, Daily, compilation
from models.ocpp.held_back import held_back
from models.ocpp.manner import Manner
from models.ocpp.standing import standing_profiles


def bundle(
    scenario: Scenario,
    schedule: Schedule,
    *,
    now: datetime,
    fail_safe_kw: Mapping[str, float],
    daily: Daily | None = None,
    manner: Manner | None = None,
) -> Compilation:
    """Station maxima, then defaults in the site's order, then plans; nothing for EVSEs out of reach.

    A plan that shares one profile with the fail-safe of its EVSE, or with the maximum of its station, takes its place.
    Arguments and errors are those of :func:`compile.compilation`; every EVSE needs its share.
    """
    manner = manner or Manner()
    refuse(fail_safe_findings((evse.id for evse in scenario.site.evses), fail_safe_kw))
    plans = compilation(scenario, schedule, now=now, fail_safe_kw=fail_safe_kw, daily=daily, manner=manner)
    lower = held_back(scenario, schedule, now, manner.plan_until, fail_safe_kw)
    standing = standing_profiles(scenario, schedule, now, fail_safe_kw, daily or {}, manner, lower)
    taken = {profile.key for profile in plans.profiles}
    below = tuple(profile for profile in standing if profile.key not in taken)
    return Compilation(profiles=(*below, *plans.profiles), not_sent=plans.not_sent)
