"""What else is read of a site: profiles of an EVSE, flexibility, the stream of events, the audit trail."""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from time import monotonic
from typing import Annotated, Any

import anyio
from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Header, Path, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict

from api.flexibility import FlexibilityDocument, flexibility_document
from api.planning import check, moment
from api.previous import schedule_of
from api.problems import UnsupportedVersion, documented
from api.routes.analysis import Asked, Minutes, Start
from api.routes.bodies import ACCESS_ERRORS
from api.routes.desks import NAME, Limit, SiteId, looking, writing
from api.security.access import Admin, Caller, Reader, Writer
from api.service import Service, service_of
from api.sites.alarms import Alarms, alarms
from api.sites.assembling import contents
from api.sites.commanding import live_site
from api.sites.judging import LONGEST_ID
from api.sites.living import scenario_of
from api.sites.metering import Meters, forget_meter, meters
from api.sites.plans import current_plan
from api.store.records import Entry, Kind
from models.domain.errors import InvalidScenario, NotFound
from models.ocpp.profile import Version
from models.ocpp.requests import requests
from optimizer.flexibility import Direction, flexibility

router = APIRouter(prefix="/v1/sites/{site}", tags=["sites"])

Served = Annotated[Service, Depends(service_of)]
GONE = documented(*ACCESS_ERRORS, NotFound)
LOOKS_EVERY_S = 0.5
LONGEST_STREAM_S = 3600.0
ALIVE_EVERY_LOOKS = 30
STREAMED = (Kind.EVENT, Kind.COMMAND, Kind.ACKNOWLEDGEMENT, Kind.ALARM, Kind.CONFIRMATION)
Sequence = Annotated[int, Query(ge=0, lt=2**63, description="Sequence of the last line that you have.")]


class Profiles(BaseModel):
    """OCPP requests that bring the current plan to one EVSE."""

    ocpp: str
    requests: list[dict[str, Any]]


class AuditLine(BaseModel):
    """Something that somebody did."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    sequence: int
    at: datetime
    who: str
    """Id of a key."""
    what: str
    more: dict[str, Any]


class AuditPage(BaseModel):
    """A part of the audit trail, the oldest first."""

    items: list[AuditLine]
    next: int | None = None


@router.get(
    "/evses/{evse}/profiles",
    operation_id="get_profiles",
    responses=GONE | documented(InvalidScenario, UnsupportedVersion),
)
def get_profiles(
    caller: Reader,
    service: Served,
    site: SiteId,
    evse: Annotated[str, Path(min_length=1, max_length=LONGEST_ID, pattern=NAME)],
    ocpp: Annotated[Version, Query(description="Of the station.")] = Version.V201,
) -> Profiles:
    """The current plan as requests to the station of one EVSE; none where nobody is plugged in."""
    with looking(service, caller, site) as desk:
        if evse not in {one.id for one in desk.get(Kind.SITE).value.evses}:
            raise NotFound("the site has no EVSE of this id")
        kept = current_plan(desk)
    schedule = schedule_of(kept.document)
    made = requests(ocpp, kept.scenario, schedule, moment(schedule, service.clock()), kept.document.fail_safe_kw)
    told = [{"action": one.action, "payload": one.payload} for one in made if one.evse_id == evse]
    return Profiles(ocpp=ocpp, requests=json.loads(json.dumps(told, default=float)))


@router.get("/meters", operation_id="list_meters", responses=GONE)
def list_meters(caller: Reader, service: Served, site: SiteId) -> Meters:
    """What meters of nodes show, and which of them are not believed."""
    with looking(service, caller, site) as desk:
        return meters(desk, service.clock())


@router.delete("/meters/{node}", operation_id="forget_meter", status_code=204, responses=GONE)
def delete_meter(
    caller: Writer,
    service: Served,
    site: SiteId,
    node: Annotated[str, Path(min_length=1, max_length=LONGEST_ID, pattern=NAME)],
) -> None:
    """Forget a meter that was taken away: until it is measured again, the forecast of its node counts."""
    with writing(service, caller, site) as desk:
        forget_meter(desk, node, service.clock())


@router.get("/alarms", operation_id="get_alarms", responses=GONE)
def get_alarms(caller: Reader, service: Served, site: SiteId) -> Alarms:
    """What has to be looked after now: late prices, meters that are not believed, plans that are not made."""
    with looking(service, caller, site) as desk:
        return Alarms(alarms=alarms(desk, service.clock()))


@router.get("/flexibility", operation_id="get_site_flexibility", responses=GONE | documented(InvalidScenario))
async def get_site_flexibility(
    caller: Reader,
    service: Served,
    site: SiteId,
    start: Start,
    minutes: Minutes,
    direction: Asked = Direction.REDUCE,
) -> FlexibilityDocument:
    """How many kW the site could shed or take up in a window, at what cost, and who would feel it."""

    def curve() -> FlexibilityDocument:
        now = service.clock()
        with looking(service, caller, site) as desk:
            scenario = scenario_of(live_site(desk, now), contents(desk), now)
        check(scenario)
        window = timedelta(minutes=minutes)
        return flexibility_document(flexibility(scenario, direction, start, window, service.analysis_settings))

    return await run_sync(curve, limiter=service.solves)


@router.get("/audit", operation_id="get_audit_trail", responses=GONE)
def get_audit_trail(caller: Admin, service: Served, site: SiteId, after: Sequence = 0, limit: Limit = 100) -> AuditPage:
    """Who did what, the oldest first. It outlives the site, and nothing of it is ever changed."""
    with looking(service, caller, site, is_there=False) as desk:
        found = desk.unit.entries(caller.tenant, site, [Kind.AUDIT], after=after, limit=limit + 1)
    if not found and after == 0:
        raise NotFound("there is no site of this id")
    lines = [_audit_line(entry) for entry in found[:limit]]
    return AuditPage(items=lines, next=lines[-1].sequence if len(found) > limit else None)


@router.get("/events", operation_id="stream_events", response_class=StreamingResponse, responses=GONE)
async def stream_events(
    caller: Reader,
    service: Served,
    site: SiteId,
    after: Annotated[int | None, Query(ge=0, lt=2**63, description="Sequence to go on from; absent: from now.")] = None,
    seconds: Annotated[float, Query(ge=0, le=LONGEST_STREAM_S, description="How long to listen.")] = LONGEST_STREAM_S,
    last_event_id: Annotated[str | None, Header(pattern=r"^\d{1,18}$")] = None,
) -> StreamingResponse:
    """Server-sent events: plans, commands, and what became of them. Whoever connects again goes on where it was."""
    known = int(last_event_id) if last_event_id else after
    begin = await run_sync(_newest, service, caller, site) if known is None else known
    await run_sync(_newest, service, caller, site)  # a site that is not there is told before the stream begins
    return StreamingResponse(_stream(service, caller, site, begin, seconds), media_type="text/event-stream")


async def _stream(service: Service, caller: Caller, site: str, after: int, seconds: float) -> AsyncIterator[str]:
    end, looks = monotonic() + seconds, 0
    while True:
        for entry in await run_sync(_since, service, caller, site, after):
            after = entry.sequence
            yield f"id: {entry.sequence}\nevent: {entry.kind}\ndata: {entry.body}\n\n"
        if monotonic() >= end:
            return
        looks += 1
        if looks % ALIVE_EVERY_LOOKS == 0:
            yield ": alive\n\n"
        await anyio.sleep(LOOKS_EVERY_S)


def _since(service: Service, caller: Caller, site: str, after: int) -> list[Entry]:
    with looking(service, caller, site, is_there=False) as desk:
        return list(desk.unit.entries(caller.tenant, site, STREAMED, after=after, limit=500))


def _newest(service: Service, caller: Caller, site: str) -> int:
    with looking(service, caller, site) as desk:
        newest = (desk.unit.latest(caller.tenant, site, kind) for kind in STREAMED)
        return max((found[0].sequence for found in newest if found), default=0)


def _audit_line(entry: Entry) -> AuditLine:
    told = json.loads(entry.body)
    who, what = told.pop("who"), told.pop("what")
    return AuditLine(sequence=entry.sequence, at=entry.recorded_at, who=who, what=what, more=told)
