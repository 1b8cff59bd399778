"""What an operator must know now: no plan, an old one, limits that cannot be kept, stations that do not follow."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from api.sites.forms import NodeLimit, OverrideKind, SiteMode
from api.web.views.lanes import FLAWS, SHORT_KWH, Lane
from api.web.views.seen import Seen
from api.web.views.utilities import Utility
from api.web.words import clock, number, told
from models.domain.schedule import Method

NAMED = 6
"""Of cars in one line."""
UNREACHABLE = "evse_unreachable"
NOT_PLANNED = "not_planned"


class Level(StrEnum):
    """How soon somebody has to look."""

    CRITICAL = "critical"
    WARNING = "warning"
    NOTE = "note"


RAISED = {
    "plan_late": (Level.CRITICAL, "The plan is late"),
    "prices_late": (Level.WARNING, "Prices are late"),
    "meter_frozen": (Level.WARNING, "A meter stands still"),
    "meter_sign_flipped": (Level.WARNING, "A meter counts backwards"),
    "meter_impossible": (Level.WARNING, "A meter tells what cannot be"),
    "meter_stale": (Level.WARNING, "A meter is silent"),
}
"""Titles of what is raised at a site, by code."""


@dataclass(frozen=True, slots=True)
class AlarmShown:
    """One line."""

    level: Level
    title: str
    text: str
    evse: str | None = None


def alarms(seen: Seen, lanes: list[Lane]) -> list[AlarmShown]:
    """The worst first."""
    found = [*_of_site(seen), *_of_plan(seen), *_of_stations(seen), *_of_signals(seen), *_of_cars(lanes)]
    return sorted(found, key=lambda one: list(Level).index(one.level))


def _of_site(seen: Seen) -> Iterator[AlarmShown]:
    """What is raised at the site; that plans fail is told from the first time on."""
    job = seen.job
    if job is not None and job.attempts:
        again = clock(job.due_at, seen.zone, seen.now)
        text = f"{job.failure}; tried {job.attempts} times, again at {again}"
        yield AlarmShown(Level.CRITICAL, "No plan can be made", text)
    if seen.known.policy.mode is SiteMode.HANDED_BACK:
        yield AlarmShown(Level.NOTE, "Handed back", "our profiles are cleared, and nothing is planned")
    for one in (raised for raised in seen.raised if raised.code != NOT_PLANNED):
        level, title = RAISED.get(one.code, (Level.WARNING, told(one.code)))
        yield AlarmShown(level, title, f"{one.message} (since {clock(one.since, seen.zone, seen.now)})")


def _of_plan(seen: Seen) -> Iterator[AlarmShown]:
    if seen.plan is None or not seen.plan_holds:
        return
    document, excluded = seen.plan.document, _excluded(seen)
    if not document.audit.passed:
        yield AlarmShown(
            Level.CRITICAL, "The plan failed its audit", f"{document.audit.verdict}; nothing of it is sent"
        )
    for one in document.alarms:
        about = [evse for evse in excluded if f"EVSE {evse} " in one.message]
        if one.code == UNREACHABLE and about:
            continue  # an operator wanted it so
        level = Level.WARNING if one.code == UNREACHABLE else Level.CRITICAL
        until = f"{clock(one.start, seen.zone, seen.now)} to {clock(one.end, seen.zone, seen.now)}"
        yield AlarmShown(
            level, "A limit cannot be kept" if level is Level.CRITICAL else "Out of reach", f"{one.message} ({until})"
        )
    if document.method != Method.OPTIMAL:
        text = f"{document.method.replace('_', ' ')} stands in for the optimum; limits hold all the same"
        yield AlarmShown(Level.NOTE, "Not the best plan", text)


def _excluded(seen: Seen) -> set[str]:
    """EVSEs that are out of reach because somebody decided so."""
    here = {evse for evse, one in seen.overrides.items() if one.kind is OverrideKind.EXCLUDE}
    return here | seen.steering.left_alone


def _of_stations(seen: Seen) -> Iterator[AlarmShown]:
    for record in seen.live.state.evses.values():
        for verdict in (one for one in record.verdicts if one.uncontrolled):
            text = f"{FLAWS[verdict.flaw]} since {clock(verdict.since, seen.zone, seen.now)}; counted at its rating"
            yield AlarmShown(Level.WARNING, f"{record.id} is not controlled", text, record.id)
    for station in seen.live.state.stations.values():
        if not station.reachable:
            text = f"no contact since {clock(station.lost_at, seen.zone, seen.now)}; counted as it was seen to behave"
            yield AlarmShown(Level.WARNING, f"{station.id} is offline", text)


def _of_signals(seen: Seen) -> Iterator[AlarmShown]:
    """A utility that is lost; a limit whose time ran out without a new one is a source that went quiet."""
    for one in seen.utilities:
        yield from _of_utility(seen, one)
    for node, limit in seen.known.limits.items():
        if limit.end is not None and limit.end <= seen.now:
            ended = clock(limit.end, seen.zone, seen.now)
            text = f"the limit at {node} ended at {ended} and no new one came: {_afterwards(limit)} holds"
            yield AlarmShown(Level.WARNING, "Signal lost", text)


def _afterwards(limit: NodeLimit) -> str:
    if limit.afterwards is None:
        return "what the site allows"
    unit = "kW" if limit.current_limit_a is None else "A"
    return f"{number(limit.afterwards)} {unit}, as told for then,"


def _of_utility(seen: Seen, one: Utility) -> Iterator[AlarmShown]:
    status = one.status
    if one.is_trouble:
        since = clock(status.failing_since or status.last_contact, seen.zone, seen.now)
        title = "Signal lost" if status.state == "lost" else "A utility does not answer"
        level = Level.CRITICAL if status.state == "lost" else Level.WARNING
        yield AlarmShown(level, title, f"{status.connection} since {since}: {status.failure or 'nothing is heard'}")
    for alarm in status.alarms:
        yield AlarmShown(Level.WARNING, status.connection, f"{alarm.message}: {alarm.remedy}")


def _of_cars(lanes: list[Lane]) -> Iterator[AlarmShown]:
    """One line, however many there are."""
    short = [lane for lane in lanes if lane.short_kwh > SHORT_KWH]
    if len(short) == 1:
        lane, why = short[0], short[0].why or "its stay is too short"
        yield AlarmShown(Level.WARNING, f"{lane.session} leaves {number(lane.short_kwh)} kWh short", why, lane.evse)
    elif short:
        total = number(sum(lane.short_kwh for lane in short))
        each = ", ".join(f"{lane.session} {number(lane.short_kwh)}" for lane in short[:NAMED])
        text = each if len(short) <= NAMED else f"{each} and others"
        yield AlarmShown(Level.WARNING, f"{len(short)} cars leave {total} kWh short", text)
