"""A plan of what is known of a site now, and the commands that bring it to the stations."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from api.operating.live import Command, CommandKind, LiveSite, Tells
from api.operating.sending import next_id
from api.planning import Answer, plan
from models.domain.errors import ChargingError
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
from optimizer.settings import Settings

ROLES = {Purpose.TX: Role.PLAN, Purpose.TX_DEFAULT: Role.DEFAULT, Purpose.STATION_MAX: Role.MOST}


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What came of planning a site; without an answer, what is installed goes on, and ends in the fail-safe."""

    answer: Answer | None
    not_sent: tuple[NotSent, ...] = ()
    error: str | None = None


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
    answer = planned.answer
    live = replace(live, planned_at=now)
    if answer is None:
        return live, planned
    live = replace(live, state=replace(live.state, previous=planned_before(answer.schedule)))
    if not answer.audit.passed:
        return live, replace(planned, error="the plan failed its audit; nothing of it is sent")
    kept = tuple(
        c for c in live.outbox if c.taken_at is not None or c.kind is not CommandKind.LIMIT or _resent(live, c)
    )
    live = replace(live, outbox=kept)
    commands: list[Command] = []
    for evse, profile, request in _sendings(live, answer):
        live, name = next_id(live)
        commands.append(_command(live, name, evse, profile, request, now))
    live = replace(live, outbox=(*live.outbox, *_in_order(live, commands, now)))
    compiled = compilation(answer.scenario, answer.schedule, now=answer.as_of, fail_safe_kw=answer.fail_safe_kw)
    return live, replace(planned, not_sent=compiled.not_sent)


def _resent(live: LiveSite, command: Command) -> bool:
    """What a station had before it booted comes before anything new, as long as it is not verified."""
    return any(live.state.evses[told.evse].uncontrolled for told in command.tells)


def _sendings(live: LiveSite, answer: Answer) -> Iterator[tuple[Evse, EvseProfile, OcppRequest]]:
    """Profile and message of each session, in the version of its station."""
    given = answer.scenario, answer.schedule
    evses = {evse.id: evse for evse in answer.scenario.site.evses}
    profiles = compilation(*given, now=answer.as_of, fail_safe_kw=answer.fail_safe_kw).profiles
    by_version: dict[Version, tuple[OcppRequest, ...]] = {}
    for k, profile in enumerate(profiles):
        version = live.version_of(profile.station_id)
        if version not in by_version:
            by_version[version] = requests(version, *given, answer.as_of, answer.fail_safe_kw)
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
