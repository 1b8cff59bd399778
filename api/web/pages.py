"""The addresses of pages that are looked at, and the stream that keeps them live."""

import json
from collections.abc import AsyncIterator
from time import monotonic
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import anyio
from anyio.to_thread import run_sync
from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from api.jobs import Jobs
from api.routes.desks import After, SiteId, looking
from api.routes.overrides import EvseId
from api.service import Service
from api.store.records import Entry, Kind
from api.web.answers import HEADERS, PageRoute, page
from api.web.views.alarms import alarms
from api.web.views.axis import axis_of
from api.web.views.chart import chart
from api.web.views.figures import figures
from api.web.views.lanes import lanes
from api.web.views.overview import asked_of, latest_plans, part, site_rows
from api.web.views.seen import Seen, seen
from api.web.views.utilities import utilities
from api.web.visitors import Reader, Served, Visitor, still_there
from api.webhooks.delivering import progress_of
from models.domain.errors import NotFound

router = APIRouter(include_in_schema=False, route_class=PageRoute)
LIVE = (Kind.EVENT, Kind.ACKNOWLEDGEMENT, Kind.MEASUREMENT, Kind.ALARM, Kind.AUDIT)
"""What changes a page."""
LOOKS_EVERY_S = 0.5
CHECKED_EVERY_LOOKS = 20
LONGEST_STREAM_S = 3600.0
AUDIT_SHOWN = 12
UTC_ZONE = ZoneInfo("UTC")
"""Of what belongs to no site."""


@router.get("/")
def sites(found: Reader, service: Served, request: Request, after: After = "") -> Response:
    """All sites."""
    now = service.clock()
    with looking(service, found.caller, "", is_there=False) as desk:
        here = part(desk, after)
        rows = site_rows(here.desks, now)
    return page(found, "sites.html", request, rows=rows, next=here.next, now=now)


@router.get("/sites/{site}")
def site_page(found: Reader, service: Served, site: SiteId, request: Request) -> Response:
    """A site, live."""
    now = service.clock()
    with looking(service, found.caller, site) as desk:
        at = seen(desk, now)
        today = request.app.state.savings.today(desk, at.zone, now)
    return page(found, "site.html", request, **shown(at), today=today)


@router.get("/sites/{site}/evses/{evse}")
def evse_page(found: Reader, service: Served, site: SiteId, evse: EvseId, request: Request) -> Response:
    """One EVSE: why it does what it does, and what an operator can decide."""
    at = _seen(service, found, site)
    told = shown(at)
    lane = next((one for one in told["lanes"] if one.evse == evse), None)
    if lane is None:
        raise NotFound("the site has no EVSE of this id")
    planned = (
        next((one for one in at.plan.document.sessions if one.session_id == lane.session), None) if at.plan else None
    )
    with looking(service, found.caller, site) as desk:
        trail = _trail(list(desk.unit.latest(desk.tenant, site, Kind.AUDIT, limit=500)), evse, lane.session)
    return page(found, "evse.html", request, **told | {"lane": lane, "planned": planned, "trail": trail})


@router.get("/signals")
def signals(found: Reader, service: Served, request: Request, after: After = "") -> Response:
    """What is asked of all sites."""
    now = service.clock()
    with looking(service, found.caller, "", is_there=False) as desk:
        here = part(desk, after)
        asked, told = asked_of(here.desks, now), utilities(desk.unit, desk.tenant, now)
    return page(found, "signals.html", request, asked=asked, utilities=told, next=here.next, utc=UTC_ZONE, now=now)


@router.get("/jobs")
def jobs(found: Reader, service: Served, request: Request, after: After = "") -> Response:
    """What is done by itself: plans that are due, plans that were made, webhooks that were told."""
    now, running = service.clock(), request.app.state.jobs
    with looking(service, found.caller, "", is_there=False) as desk:
        here = part(desk, after)
        rows, plans = site_rows(here.desks, now), latest_plans(here.desks)
        hooks = [one.place.id for one in desk.unit.page(desk.tenant, Kind.WEBHOOK, "", limit=100)]
    told = [(hook, site, at) for hook in hooks for site, at in progress_of(service, found.caller.tenant, hook)]
    context: dict[str, Any] = {
        "rows": rows,
        "plans": plans,
        "hooks": told,
        "next": here.next,
        "clock_state": _clock(running),
    }
    return page(found, "jobs.html", request, **context, now=now)


@router.get("/sites/{site}/live")
async def live(
    found: Reader,
    service: Served,
    site: SiteId,
    after: Annotated[int | None, Query(ge=0, lt=2**63)] = None,
    last_event_id: Annotated[str | None, Header(pattern=r"^\d{1,18}$")] = None,
    seconds: Annotated[float, Query(ge=0, le=LONGEST_STREAM_S)] = LONGEST_STREAM_S,
) -> Response:
    """Server-sent events: that something changed, never what. They come out of the journal, from any replica."""
    newest = await run_sync(_newest, service, found, site)
    begin = int(last_event_id) if last_event_id else newest if after is None else after
    stream = _stream(service, found, site, begin, seconds)
    return StreamingResponse(stream, headers=HEADERS, media_type="text/event-stream")


def shown(at: Seen) -> dict[str, Any]:
    """What the pages of a site have in common."""
    axis = axis_of(at.plan.document if at.plan and at.plan_holds else None, at.zone, at.now)
    found = lanes(at, axis)
    drawn = chart(at, axis)
    return {
        "seen": at,
        "axis": axis,
        "lanes": found,
        "alarms": alarms(at, found),
        "figures": figures(at, found),
        "chart": None if drawn is None else json.dumps(drawn, separators=(",", ":")).replace("<", "\\u003c"),
        "pictures": [] if drawn is None else drawn["pictures"],
        "now": at.now,
    }


def _seen(service: Service, found: Visitor, site: str) -> Seen:
    with looking(service, found.caller, site) as desk:
        return seen(desk, service.clock())


def _trail(entries: list[Entry], evse: str, session: str | None) -> list[dict[str, Any]]:
    """What was done at an EVSE and to its session, the newest first."""
    told = [(entry, json.loads(entry.body)) for entry in entries]
    mine = [(entry, line) for entry, line in told if line.get("id") in {evse, session} - {None}]
    return [{"at": entry.recorded_at, **line} for entry, line in mine[:AUDIT_SHOWN]]


def _clock(running: Jobs | None) -> str:
    if running is None:
        return "this replica only answers"
    return "ticks" if running.runs() else "has stopped"


async def _stream(service: Service, found: Visitor, site: str, after: int, seconds: float) -> AsyncIterator[str]:
    end, looks = monotonic() + seconds, 0
    yield "retry: 2000\n\n"
    while True:
        for entry in await run_sync(_since, service, found, site, after):
            after = entry.sequence
            yield f"id: {entry.sequence}\nevent: changed\ndata: {entry.kind}\n\n"
        if monotonic() >= end:
            return
        looks += 1
        if looks % CHECKED_EVERY_LOOKS == 0:
            if not await run_sync(still_there, service, found):
                yield "event: signed-out\ndata: \n\n"
                return
            yield ": alive\n\n"
        await anyio.sleep(LOOKS_EVERY_S)


def _since(service: Service, found: Visitor, site: str, after: int) -> list[Entry]:
    with looking(service, found.caller, site, is_there=False) as desk:
        return list(desk.unit.entries(desk.tenant, site, LIVE, after=after, limit=500))


def _newest(service: Service, found: Visitor, site: str) -> int:
    with looking(service, found.caller, site) as desk:
        newest = (desk.unit.latest(desk.tenant, site, kind) for kind in LIVE)
        return max((entries[0].sequence for entries in newest if entries), default=0)
