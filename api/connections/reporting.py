"""Reports that a VTN of OpenADR 3 asks for with its events: sent when they are due, and again until they are taken."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from api.connections.alarms import settled
from api.connections.foreseen import FORESEEN, WEIGHED, Foreseen
from api.connections.forms import OpenAdr3, SiteServed
from api.connections.hearing import finish, opted
from api.connections.keeping import Line, writing_line
from api.connections.openadr3 import CLIENT_NAME, resource_name
from api.connections.state import EventTold, ReportState, State
from api.edges.openadr3.ven import VenClient
from api.service import Service
from api.sites.consumption import drawn, metered_until
from api.sites.keeping import Desk
from models.domain.errors import EdgeError, InvalidScenario, NotFound
from models.domain.findings import Finding
from models.domain.limit_curve import limit_curve
from models.domain.timeline import fold
from models.domain.units import hours_from_seconds
from models.domain.utility_signal import Flow
from models.openadr.v3.measured import PAYLOADS
from models.openadr.v3.reporting import ReportDue, reports_due
from models.openadr.v3.timing import Occurrence, occurrences
from models.openadr.v3.wire import Event, ReportDescriptor, read
from models.openadr.v3.written import AGGREGATED, Described, Told, report
from models.settlement.load import Quality, worst

LATEST = timedelta(days=1)
"""What is due for longer is not sent any more."""
FOR_METERS = timedelta(minutes=5)
"""So long a report waits for what meters show at its end."""
WAITS_S = (10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)
"""After the first failure, the second, and so on; the last one from then on. [s]"""
MOST_KEPT = 2000


@dataclass(frozen=True, slots=True)
class Asked:
    """One report that is to be sent now."""

    key: str
    event: Event
    descriptor: ReportDescriptor
    due: ReportDue
    placed: tuple[Occurrence, ...]


@dataclass(frozen=True, slots=True)
class Reporter:
    """What values are made of."""

    desk: Desk
    state: State
    asked: Asked
    now: datetime

    def usage(self, interval: Occurrence) -> tuple[float | str, str]:
        found = drawn(self.desk, interval.start, interval.end)
        return round(max(0.0, found.energy_kwh), 3), found.quality

    def demand(self, interval: Occurrence) -> tuple[float | str, str]:
        found = drawn(self.desk, interval.start, interval.end)
        hours = hours_from_seconds((interval.end - interval.start).total_seconds())
        return round(max(0.0, found.energy_kwh) / hours, 3) if hours else 0.0, found.quality

    def operating_state(self, interval: Occurrence) -> tuple[float | str, str]:
        if self.asked.event.id in self.state.opted_out:
            return "RUNNING_OPTED_OUT", "OK"
        at = min(interval.start, self.now)
        timeline = fold((*opted(self.state), *self.state.without), at, at + timedelta(seconds=1))
        limited = any(limit_curve(timeline, Flow.IMPORT, [lane.target]) for lane, _ in timeline.lanes)
        return "RUNNING_CURTAILED" if limited else "RUNNING_NORMAL", "OK"


Value = Callable[[Reporter, Occurrence], tuple[float | str, str]]


def _foreseen(value: Foreseen) -> Value:
    return lambda reporter, interval: value(reporter.desk, interval.start, interval.end)


VALUES: Mapping[str, tuple[Value, Described]] = {
    "USAGE": (Reporter.usage, Described(payload_type="USAGE", units="KWH")),
    "DEMAND": (Reporter.demand, Described(payload_type="DEMAND", units="KW", reading_type="MEAN")),
    "OPERATING_STATE": (Reporter.operating_state, Described(payload_type="OPERATING_STATE")),
    **{kind: (_foreseen(value), PAYLOADS[kind][0]) for kind, value in FORESEEN.items()},
}
"""Payload types of reports that we can tell."""


def send_reports(service: Service, tenant: str, id: str, told: OpenAdr3, client: VenClient) -> None:
    """All that are due; one that is refused or fails is told, and tried again later."""
    now = service.clock()
    with service.store.view() as unit:
        line = Line(unit, tenant, id, id)
        state = line.state(now)
        unknown = dict(_unknown(state))
        asked_for = [one for one in due_reports(state, now) if told.reports and not _waits(line, told, one, now)]
        due = [(asked, _body(line, told, state, asked, now)) for asked in asked_for]
    done = {asked.key: _sent(client, body, state.reports.get(asked.key, ReportState()), now) for asked, body in due}
    if not done and {a.key for a in state.alarms if a.key.startswith("report/")} == set(unknown):
        return
    with writing_line(service.store, now, tenant, id, id) as line:
        before = line.state(now)
        reports = dict(list((before.reports | done).items())[-MOST_KEPT:])
        for asked, body in due:
            line.audit("report", event=asked.event.id, message=body, answer=_answer(done[asked.key]))
        failing = unknown | dict(_failing(reports))
        finish(line, told, before, settled(replace(before, reports=reports), ("report",), failing, now), now)


def due_reports(state: State, now: datetime) -> Iterator[Asked]:
    """Those whose time has come, that were not taken yet, and whose next attempt is due."""
    for event_id, told in state.events.items():
        event, placed = _placed(state, event_id, told)
        if event is None:
            continue
        for i, descriptor in enumerate(event.report_descriptors):
            if descriptor.payload_type in VALUES:
                yield from _of_descriptor(state, event, descriptor, i, placed, now)


def _of_descriptor(
    state: State, event: Event, descriptor: ReportDescriptor, i: int, placed: tuple[Occurrence, ...], now: datetime
) -> Iterator[Asked]:
    for k, due in enumerate(reports_due(descriptor, placed)):
        if due.at > now:
            return
        key = f"{event.id}/{descriptor.payload_type}/{i}/{k}"
        before = state.reports.get(key, ReportState())
        is_open = not before.report_id and (before.due_at is None or before.due_at <= now)
        if is_open and due.intervals and now - due.at <= LATEST:
            yield Asked(key, event, descriptor, due, placed)


def _placed(state: State, event_id: str, told: EventTold) -> tuple[Event | None, tuple[Occurrence, ...]]:
    """An event that asks for reports, with its intervals in time."""
    if told.tree is None or not told.opts_in:
        return None, ()
    known = next((one for one in state.openadr3.known if one.event_id == event_id), None)
    if known is None:
        return None, ()
    try:
        event = read(Event, told.tree)
        return event, tuple(occurrence for occurrence, _ in occurrences(event, known.first_heard))
    except (InvalidScenario, ValueError, OverflowError):
        return None, ()


def _waits(line: Line, told: OpenAdr3, asked: Asked, now: datetime) -> bool:
    """For meters that have not told of its last minutes yet."""
    if not asked.descriptor.historical or now - asked.due.at >= FOR_METERS:
        return False
    desks = (Desk(line.unit, line.tenant, served.site, line.who) for served in told.sites)
    known = [metered_until(desk) for desk in desks]
    return any(until is None or until < asked.due.at for until in known)


def _body(line: Line, told: OpenAdr3, state: State, asked: Asked, now: datetime) -> dict[str, object]:
    value, described = VALUES[asked.descriptor.payload_type]
    by_site = {
        resource_name(served.site, served.rules.names): list(_values(line, served, state, asked, value, now))
        for served in told.sites
    }
    if asked.descriptor.aggregate and len(by_site) > 1:
        by_site = {AGGREGATED: _together(line, told, asked, list(by_site.values()))}
    return report(
        event_id=asked.event.id,
        program_id=asked.event.program_id,
        client_name=CLIENT_NAME,
        name=asked.key,
        described=[described],
        told=by_site,
        version=told.version,
    )


def _values(line: Line, served: SiteServed, state: State, asked: Asked, value: Value, now: datetime) -> Iterator[Told]:
    reporter = Reporter(Desk(line.unit, line.tenant, served.site, line.who), state, asked, now)
    for place in asked.due.intervals:
        interval = asked.placed[place]
        try:
            told, quality = value(reporter, interval)
        except NotFound:
            told, quality = 0.0, "MISSING"
        yield Told(
            interval_id=interval.interval_id,
            payload_type=asked.descriptor.payload_type,
            value=told,
            start=interval.start,
            length_s=(interval.end - interval.start).total_seconds(),
            quality=quality,
        )


def _together(line: Line, told: OpenAdr3, asked: Asked, sites: list[list[Told]]) -> list[Told]:
    weigh = WEIGHED.get(asked.descriptor.payload_type)
    if weigh is None:
        return _summed(sites)
    desks = [Desk(line.unit, line.tenant, served.site, line.who) for served in told.sites]
    spans = [(asked.placed[place].start, asked.placed[place].end) for place in asked.due.intervals]
    return _weighed(sites, [[_weight(weigh, desk, *span) for span in spans] for desk in desks])


def _weight(weigh: Foreseen, desk: Desk, start: datetime, end: datetime) -> float:
    """0 for a site that is not there any more."""
    try:
        return weigh(desk, start, end)[0]
    except NotFound:
        return 0.0


def _weighed(sites: list[list[Told]], weights: list[list[float]]) -> list[Told]:
    """The mean of all sites with a weight, with the worst of their qualities; MISSING where none has one."""
    together = []
    for each, weight in zip(zip(*sites, strict=True), zip(*weights, strict=True), strict=True):
        counted = [(one, w) for one, w in zip(each, weight, strict=True) if w > 0.0 and isinstance(one.value, float)]
        total = sum(w for _, w in counted)
        mean = sum(w * float(one.value) for one, w in counted) / total if total else 0.0
        quality = _worst([one for one, _ in counted]) if counted else Quality.MISSING.value
        together.append(replace(each[0], value=round(mean, 6), quality=quality))
    return together


def _worst(told: Sequence[Told]) -> str:
    return worst(Quality(one.quality) for one in told).value


def _summed(sites: list[list[Told]]) -> list[Told]:
    """Of all sites together, with the worst of their qualities; words are those of the first."""
    together = []
    for each in zip(*sites, strict=True):
        numbers = [one.value for one in each if isinstance(one.value, float)]
        value = sum(numbers) if len(numbers) == len(each) else each[0].value
        together.append(replace(each[0], value=value, quality=_worst(each)))
    return together


def _sent(client: VenClient, body: dict[str, object], before: ReportState, now: datetime) -> ReportState:
    try:
        return replace(before, report_id=client.report(body), failure="", due_at=None)
    except EdgeError as failure:
        wait_s = WAITS_S[min(before.attempts, len(WAITS_S) - 1)]
        due_at = now + timedelta(seconds=wait_s)
        return replace(before, attempts=before.attempts + 1, due_at=due_at, failure=str(failure)[:300])


def _answer(sent: ReportState) -> str:
    return f"accepted as {sent.report_id}" if sent.report_id else sent.failure


def _failing(reports: Mapping[str, ReportState]) -> Iterator[tuple[str, Finding]]:
    for key, one in reports.items():
        if one.failure and not one.report_id:
            message = f"report {key} was not taken {one.attempts} times: {one.failure}"
            remedy = "it is sent again; ask the utility for the scope write_reports, or what is wrong with it"
            yield f"report/{key}", Finding(path="reports", message=message, remedy=remedy)


def _unknown(state: State) -> Iterator[tuple[str, Finding]]:
    """What is asked for and cannot be told."""
    for event_id, told in state.events.items():
        event, _ = _placed(state, event_id, told)
        for descriptor in event.report_descriptors if event else ():
            if descriptor.payload_type not in VALUES:
                message = f"event {event_id} asks for a report of {descriptor.payload_type[:60]}, which is not told"
                remedy = f"ask the utility for one of {', '.join(VALUES)}"
                yield (
                    f"report/{event_id}/{descriptor.payload_type[:60]}",
                    Finding(path="reports", message=message, remedy=remedy),
                )
