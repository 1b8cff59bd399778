"""A plan of what is known of a site now, and the commands that bring it to the stations."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from api.operating.live import LiveSite
from api.operating.ordering import directly, ordered, with_versions
from api.operating.sending import only_sure, reminded
from api.operating.trials import on_trial_profiles
from api.planning import Answer, daily_shares, plan, until_blind_ends
from models.domain.errors import ChargingError, InvalidScenario
from models.ocpp.bundle import bundle
from models.ocpp.manner import Manner
from models.ocpp.profile import NotSent
from optimizer.previous import planned_before
from optimizer.rolling import next_scenario
from optimizer.rolling.trying import on_trial
from optimizer.settings import Settings

NOT_OURS = "excluded by its operator, or not steered by the policy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What came of planning a site; without an answer, what is installed goes on, and ends in the fail-safe."""

    answer: Answer | None
    not_sent: tuple[NotSent, ...] = ()
    error: str | None = None


def solved(live: LiveSite, *, settings: Settings, now: datetime, deadline_s: float) -> Planned:
    """Plan what is known; takes as long as the solver, and never raises what comes of a site's data.

    Without cars as well: whoever comes first is to find a default at its EVSE.
    """
    scenario = next_scenario(live.state, live.site, live.tariff, live.signals, now)
    try:
        return Planned(answer=plan(scenario, settings=settings, now=now, deadline_s=deadline_s))
    except ChargingError as error:
        return Planned(answer=None, error=str(error))


def with_plan(
    live: LiveSite, planned: Planned, now: datetime, *, told: frozenset[str] = frozenset()
) -> tuple[LiveSite, Planned]:
    """The site with the commands of a plan in place of those of the plan before that were not sent yet.

    ``told``: EVSEs that count as somebody else's, and whose plan is offered all the same.

    Nothing is raised: what cannot be sent is told, and what is installed goes on.
    """
    answer, live = planned.answer, reminded(replace(live, planned_at=now, plans=live.plans + 1), now)
    if answer is None:
        return live, planned
    live = replace(live, state=replace(live.state, previous=planned_before(answer.schedule)))
    if not answer.audit.passed:
        return live, replace(planned, error="the plan failed its audit; nothing of it is sent")
    live = only_sure(live)
    try:
        return _sent(live, planned, _as_told(answer, told), now)
    except InvalidScenario as refused:
        return live, replace(planned, error=str(refused))


def _as_told(answer: Answer, told: frozenset[str]) -> Answer:
    """Limits counted these EVSEs at their rating, so whatever they are offered is within it."""
    installed = tuple(one for one in answer.scenario.installed if one.evse not in told)
    return replace(answer, scenario=replace(answer.scenario, installed=installed))


def _sent(live: LiveSite, planned: Planned, answer: Answer, now: datetime) -> tuple[LiveSite, Planned]:
    scenario = with_versions(live, answer.scenario)
    until = now + timedelta(minutes=live.blind_minutes)
    told = Manner(version=live.version, purpose=live.purpose, bundle=True, plan_until=until)
    manner = until_blind_ends(told, answer.schedule)
    share_kw, as_of = answer.fail_safe_kw, answer.as_of
    compiled = bundle(
        scenario, answer.schedule, now=as_of, fail_safe_kw=share_kw, daily=daily_shares(answer.schedule), manner=manner
    )
    settled_until = now + timedelta(minutes=live.plan_every_minutes)
    live = ordered(live, scenario, compiled.profiles, now, settled_until)
    tried = on_trial_profiles(scenario, answer.schedule, on_trial(live.state, now), as_of, manner)
    live = directly(live, scenario.site, tried, now)
    return live, replace(planned, not_sent=tuple(_reason(live, one) for one in compiled.not_sent))


def _reason(live: LiveSite, left_out: NotSent) -> NotSent:
    """Of an EVSE that is there and not controlled, what is wrong with it."""
    record = live.state.evses.get(left_out.evse_id)
    flaws = [verdict.flaw for verdict in record.verdicts if verdict.uncontrolled] if record else []
    if record is not None and record.excluded:
        return replace(left_out, reason=f"EVSE {record.id} is {NOT_OURS}: it counts at its rating")
    if record is None or not flaws or not live.state.stations[record.station].reachable:
        return left_out
    why = f"EVSE {record.id} is not controlled ({', '.join(flaws)}): it counts at its rating, and is tried with little"
    return replace(left_out, reason=why)
