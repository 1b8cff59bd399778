"""Telemetry for a VTN of OpenADR 2.0b: what each site uses and how it stands, offered, and sent when it is due."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from api.connections.forms import OpenAdr2b
from api.connections.keeping import Line
from api.connections.state import ReportRequest, State
from api.edges.openadr2 import STATUS, ReportAsked, Ven20b
from api.edges.openadr2_status import Status
from api.sites.assembling import contents
from api.sites.commanding import live_site
from api.sites.consumption import power_kw, register_kwh
from api.sites.forms import SiteMode
from api.sites.keeping import Desk
from api.sites.steering import steering_of
from api.store.records import Kind


def offer(ven: Ven20b, told: OpenAdr2b) -> None:
    """Usage and status of each site; what is told is looked up before, so what the library would ask for is not."""
    for served in told.sites if told.reports else ():
        ven.measures(served.site, lambda: 0.0, lambda: 0.0)
        ven.tells_status(served.site, lambda: True, lambda: False)


def values(line: Line, told: OpenAdr2b, state: State, now: datetime) -> Iterator[tuple[str, float | Status]]:
    """By report id, what is known of them now."""
    for served in told.sites:
        desk = Desk(line.unit, line.tenant, served.site, line.who)
        for name, value in (("REAL_POWER", power_kw(desk, now)), ("REAL_ENERGY", register_kwh(desk, now))):
            if value is not None:
                yield f"{served.site} {name}", value
        if desk.find(Kind.SITE) is not None:
            yield f"{served.site} {STATUS}", status(desk, told, state, now)


def status(desk: Desk, told: OpenAdr2b, state: State, now: datetime) -> Status:
    """A site is online while one of its stations is. It is overridden while nothing of it is in our hands, and while an
    event runs that its operator takes no part in.
    """
    known, stations = contents(desk), live_site(desk, now).state.stations.values()
    is_ours = SiteMode.CONTROL in steering_of(known.policy, known.site).modes.values()
    return Status(
        online=any(station.reachable for station in stations),
        overridden=not is_ours or not told.opts_in or _is_opted_out(state, now),
    )


def _is_opted_out(state: State, now: datetime) -> bool:
    out = (signal for signal in state.signals if (signal.event or signal.id) in state.opted_out)
    return any(interval.start <= now < interval.end for signal in out for interval in signal.intervals)


def requests(
    known: tuple[ReportRequest, ...], asked: tuple[ReportAsked, ...], offered: tuple[str, ...]
) -> tuple[ReportRequest, ...]:
    """What is subscribed to: a new request is in place of those before for the same report, and none outlives it."""
    fresh = {
        one.id: ReportRequest(id=one.id, specifier=one.specifier, r_ids=one.r_ids, every_s=one.every.total_seconds())
        for one in asked
    }
    again = {one.specifier for one in asked}
    kept = {one.id: one for one in known if one.specifier not in again and one.specifier in offered}
    return tuple((kept | fresh).values())


async def reported(
    ven: Ven20b, asked: tuple[ReportRequest, ...], told: Mapping[str, float | Status], now: datetime
) -> tuple[ReportRequest, ...]:
    """Requests with when they were answered last; raises EdgeError."""
    done = []
    for one in asked:
        every = timedelta(seconds=one.every_s)
        if one.sent_at is None or now - one.sent_at >= every:
            await ven.report(ReportAsked(id=one.id, specifier=one.specifier, r_ids=one.r_ids, every=every), told, now)
            one = replace(one, sent_at=now)
        done.append(one)
    return tuple(done)
