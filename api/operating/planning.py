"""A plan of what is known of a site now, and the commands that bring it to the stations."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from api.operating.live import Command, CommandKind, LiveSite, Tells
from api.operating.sending import next_id, reminded
from api.operating.trials import on_trial, trial
from api.planning import Answer, plan
from models.domain.errors import ChargingError
from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from models.domain.series import value_at
from models.domain.site import CurrentType, Evse, RateUnit
from models.domain.times import instant, seconds
from models.domain.units import kw_from_watts
from models.domain.value import Step
from models.ocpp.compile import compilation
from models.ocpp.profile import EvseProfile, NotSent, Purpose, Version
from models.ocpp.requests import OcppRequest, requests
from optimizer.previous import planned_before
from optimizer.rolling import next_scenario
from optimizer.rolling.allowed import starts
from optimizer.rolling.installed import followed_kw
from optimizer.rolling.state import Role
from optimizer.rolling.verdict import Flaw
from optimizer.settings import Settings

ROLES = {Purpose.TX: Role.PLAN, Purpose.TX_DEFAULT: Role.DEFAULT, Purpose.STATION_MAX: Role.MOST}


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What came of planning a site; without an answer, what is installed goes on, and ends in the fail-safe."""

    answer: Answer | None
    not_sent: tuple[NotSent, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What is made into messages."""

    scenario: Scenario
    schedule: Schedule
    as_of: datetime
    fail_safe_kw: Mapping[str, float]


def solved(live: LiveSite, *, settings: Settings, now: datetime, deadline_s: float) -> Planned:
    """Plan what is known; takes as long as the solver, and never raises what comes of a site's data."""
    scenario = next_scenario(live.state, live.site, live.tariff, live.signals, now)
    if not scenario.sessions:
        return Planned(answer=None)
    try:
        return Planned(answer=plan(scenario, settings=settings, now=now, deadline_s=deadline_s))
    except ChargingError as error:
        return Planned(answer=None, error=str(error))


def with_plan(live: LiveSite, planned: Planned, now: datetime) -> tuple[LiveSite, Planned]:
    """The site with the commands of a plan in place of those of the plan before that were not sent yet."""
    answer, live = planned.answer, reminded(replace(live, planned_at=now), now)
    if answer is None:
        return live, planned
    live = replace(live, state=replace(live.state, previous=planned_before(answer.schedule)))
    if not answer.audit.passed:
        return live, replace(planned, error="the plan failed its audit; nothing of it is sent")
    live = replace(live, outbox=tuple(c for c in live.outbox if _stays(live, c)))
    own = Sent(scenario=answer.scenario, schedule=answer.schedule, as_of=answer.as_of, fail_safe_kw=answer.fail_safe_kw)
    live, commands = _commands(live, own, now)
    live = replace(live, outbox=(*live.outbox, *_in_order(live, commands, now)))
    compiled = compilation(own.scenario, own.schedule, now=own.as_of, fail_safe_kw=own.fail_safe_kw)
    return _with_trials(live, answer, now), replace(planned, not_sent=compiled.not_sent)


def _with_trials(live: LiveSite, answer: Answer, now: datetime) -> LiveSite:
    planned = {plan.evse_id for plan in answer.schedule.sessions}
    records = tuple(record for record in on_trial(live, now) if record.id in planned)
    scenario, schedule, least = trial(answer.scenario, answer.schedule, records)
    sent = Sent(scenario=scenario, schedule=schedule, as_of=answer.as_of, fail_safe_kw=least)
    live, commands = _commands(live, sent, now)
    return replace(live, outbox=(*live.outbox, *commands))


def _commands(live: LiveSite, sent: Sent, now: datetime) -> tuple[LiveSite, list[Command]]:
    commands: list[Command] = []
    for evse, profile, request in _sendings(live, sent):
        live, name = next_id(live)
        commands.append(_command(live, name, evse, profile, request, now))
    return live, commands


def _stays(live: LiveSite, command: Command) -> bool:
    """What is on its way, what is no limit, and what a station had before it booted: that comes before anything new."""
    if command.taken_at is not None or command.kind is not CommandKind.LIMIT:
        return True
    records = [live.state.evses[told.evse] for told in command.tells]
    return any(verdict.flaw is Flaw.UNVERIFIED for record in records for verdict in record.verdicts)


def _sendings(live: LiveSite, sent: Sent) -> Iterator[tuple[Evse, EvseProfile, OcppRequest]]:
    """Profile and message of each session, in the version of its station."""
    given = sent.scenario, sent.schedule
    evses = {evse.id: evse for evse in sent.scenario.site.evses}
    profiles = compilation(*given, now=sent.as_of, fail_safe_kw=sent.fail_safe_kw).profiles
    by_version: dict[Version, tuple[OcppRequest, ...]] = {}
    for k, profile in enumerate(profiles):
        version = live.version_of(profile.station_id)
        if version not in by_version:
            by_version[version] = requests(version, *given, sent.as_of, sent.fail_safe_kw)
        yield evses[profile.evse_id], profile, by_version[version][k]


def _command(
    live: LiveSite, name: str, evse: Evse, profile: EvseProfile, request: OcppRequest, now: datetime
) -> Command:
    return Command(
        id=name,
        station=request.station_id,
        kind=CommandKind.LIMIT,
        version=live.version_of(request.station_id),
        action=request.action,
        payload=dict(request.payload),
        created_at=now,
        tells=(_tells(live, evse, profile),),
        session=request.session_id,
        evse=request.evse_id,
    )


def _tells(live: LiveSite, evse: Evse, profile: EvseProfile) -> Tells:
    """Its limits as powers with all phases of the EVSE in use, as what is installed counts."""
    schedule = profile.profile.schedule
    start_s = seconds(schedule.start)
    steps = tuple(
        Step(
            start=instant(start_s + p.start_s),
            value=_power_kw(live, evse, schedule.unit, float(p.limit), p.number_phases),
        )
        for p in schedule.periods
    )
    return Tells(evse=evse.id, role=ROLES[profile.profile.purpose], profile_id=profile.profile.id, power_kw=steps)


def _power_kw(live: LiveSite, evse: Evse, unit: RateUnit, limit: float, phases: int | None) -> float:
    """A limit in W is for the phases that it names; a car on more of them would have the same current on each."""
    plate = live.state.evses[evse.id].plate
    if unit is RateUnit.A:
        return limit * plate.kw_per_ampere
    share = 1.0 if phases is None or evse.current is CurrentType.DC else plate.phases / min(phases, plate.phases)
    return kw_from_watts(limit) * share


def _in_order(live: LiveSite, commands: list[Command], now: datetime) -> list[Command]:
    """What raises anything waits until all that lowers something is accepted (S2)."""
    lowering = tuple(command.id for command in commands if _lowers(live, command, now))
    first = [command for command in commands if command.id in lowering]
    then = [replace(command, after=lowering) for command in commands if command.id not in lowering]
    return [*first, *then]


def _lowers(live: LiveSite, command: Command, now: datetime) -> bool:
    """Below what is followed now, at any time to come; where nothing is known, anything is lower than the rating."""
    for told in command.tells:
        before = followed_kw(live.state.evses[told.evse], now)
        if before is None:
            return True
        times = {now, *starts(told.power_kw), *starts(before)}
        if any(value_at(told.power_kw, t) < value_at(before, t) for t in times if t >= now):
            return True
    return False
