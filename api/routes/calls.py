"""Calls of programmes: what sites offer, what they commit to, what is confirmed, who stays out."""

from functools import partial
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Path, Response

from api.problems import documented
from api.programmes.calls import answer_call, cancel_call, keep_call, offer, split_target
from api.programmes.documents import CommitmentDocument, OfferDocument, SplitDocument
from api.programmes.forms import CallTold, CommitmentAsked, OfferAsked, OptOutTold, SplitAsked
from api.programmes.opting_out import OptOutLine, OptOuts, opt_out, opt_outs
from api.programmes.standing import (
    CallDocument,
    Commitments,
    EventStanding,
    call_document,
    commitment_lines,
    event_standing,
)
from api.routes import books, examples
from api.routes.bodies import ACCESS_ERRORS, FORM_ERRORS, headers, reading, taking
from api.routes.conditions import Condition, condition, etag
from api.routes.desks import NAME, After, Limit, Page, SiteId, looking, page_of
from api.routes.once import OncePerKey
from api.routes.programmes import GONE, REMOVED, WRITTEN, ProgrammeId
from api.security.access import Reader, Writer
from api.service import Service, service_of
from api.sites.judging import LONGEST_ID
from api.store.records import Kind
from models.domain.errors import Conflict, InvalidScenario, NoFeasibleSchedule, NotFound

router = APIRouter(prefix="/v1/programmes/{programme}", tags=["programmes"], route_class=OncePerKey)
site_router = APIRouter(prefix="/v1/sites/{site}", tags=["programmes"])

Served = Annotated[Service, Depends(service_of)]
Conditions = Annotated[Condition, Depends(condition)]
CallId = Annotated[str, Path(alias="call", min_length=1, max_length=LONGEST_ID, pattern=NAME)]
EventId = Annotated[str, Path(alias="event", min_length=1, max_length=2 * LONGEST_ID, pattern=NAME)]
SOLVED = documented(*ACCESS_ERRORS, *FORM_ERRORS, NotFound, Conflict, InvalidScenario, NoFeasibleSchedule)
TOLD: dict[int | str, dict[str, Any]] = {
    200: {"headers": headers("ETag")},
    201: {"model": CallDocument, "headers": headers("ETag")},
}


@router.get("/calls", operation_id="list_calls", responses=GONE)
def list_calls(caller: Reader, service: Served, programme: ProgrammeId, after: After = "", limit: Limit = 100) -> Page:
    """Calls of a programme, by id; those that are cancelled as well."""
    with books.looking(service, caller, programme) as book:
        book.get(Kind.PROGRAMME)
        return page_of(book.unit, book.tenant, Kind.CALL, book.journal, after, limit)


@router.put(
    "/calls/{call}",
    operation_id="put_call",
    responses=WRITTEN | TOLD,
    openapi_extra=taking("CallTold", CallTold, examples.CALL),
)
def put_call(
    caller: Writer,
    service: Served,
    programme: ProgrammeId,
    call: CallId,
    asked: Conditions,
    told: Annotated[Any, Depends(reading(CallTold))],
    response: Response,
) -> CallDocument:
    """Write an event that the programme calls. With other times, commitments to it are void until made again."""
    with books.writing(service, caller, programme) as book:
        book.get(Kind.PROGRAMME)
        found = book.find(Kind.CALL, call)
        kept = keep_call(book, call, told, service.clock(), asked.to_write(found.revision if found else None))
        response.status_code, response.headers["ETag"] = 200 if found else 201, etag(kept.revision)
        return call_document(book, kept)


@router.get("/calls/{call}", operation_id="get_call", responses=GONE | {200: TOLD[200]})
def get_call(caller: Reader, service: Served, programme: ProgrammeId, call: CallId, response: Response) -> CallDocument:
    """A call, what it uses of the programme's calls and hours, and what of it is against the terms."""
    with books.looking(service, caller, programme) as book:
        kept = book.get(Kind.CALL, call)
        response.headers["ETag"] = etag(kept.revision)
        return call_document(book, kept)


@router.delete("/calls/{call}", operation_id="cancel_call", status_code=204, responses=REMOVED)
def delete_call(caller: Writer, service: Served, programme: ProgrammeId, call: CallId, asked: Conditions) -> None:
    """Cancel a call: no site has anything to deliver for it, and it counts as not called."""
    with books.writing(service, caller, programme) as book:
        cancel_call(book, call, service.clock(), asked.to_remove(book.get(Kind.CALL, call).revision))


@router.post(
    "/offers",
    operation_id="make_offer",
    responses=SOLVED,
    openapi_extra=taking("OfferAsked", OfferAsked, examples.OFFER),
)
async def make_offer(
    caller: Writer, service: Served, programme: ProgrammeId, told: Annotated[Any, Depends(reading(OfferAsked))]
) -> OfferDocument:
    """How many kW below its plan a site can offer for a window, and what a kWh of each has to bring."""
    return await run_sync(offer, service, caller.tenant, programme, told, limiter=service.solves)


@router.post(
    "/splits",
    operation_id="split_target",
    responses=SOLVED,
    openapi_extra=taking("SplitAsked", SplitAsked, examples.SPLIT),
)
async def make_split(
    caller: Writer, service: Served, programme: ProgrammeId, told: Annotated[Any, Depends(reading(SplitAsked))]
) -> SplitDocument:
    """Divide a target among enrolled sites by what their next kW costs."""
    return await run_sync(split_target, service, caller.tenant, programme, told, limiter=service.solves)


@router.post(
    "/calls/{call}/commitments",
    operation_id="commit_to_call",
    responses=SOLVED,
    openapi_extra=taking("CommitmentAsked", CommitmentAsked, examples.COMMITMENT),
)
async def commit_to_call(
    caller: Writer,
    service: Served,
    programme: ProgrammeId,
    call: CallId,
    told: Annotated[Any, Depends(reading(CommitmentAsked))],
) -> CommitmentDocument:
    """Answer a call for one site: how many kW, why no more, who waits. From then on the site is planned with it."""
    answer = partial(answer_call, service, caller.tenant, programme, call, told, caller.name)
    return await run_sync(answer, limiter=service.solves)


@router.get("/calls/{call}/commitments", operation_id="list_commitments", responses=GONE)
def list_commitments(caller: Reader, service: Served, programme: ProgrammeId, call: CallId) -> Commitments:
    """What all sites committed to a call."""
    with books.looking(service, caller, programme) as book:
        return commitment_lines(book, call)


@router.post(
    "/calls/{call}/opt-outs",
    operation_id="opt_out_of_call",
    responses=documented(*ACCESS_ERRORS, *FORM_ERRORS, NotFound, Conflict),
    openapi_extra=taking("OptOutTold", OptOutTold, examples.OPT_OUT),
)
def opt_out_of_call(
    caller: Writer,
    service: Served,
    programme: ProgrammeId,
    call: CallId,
    told: Annotated[Any, Depends(reading(OptOutTold))],
) -> OptOutLine:
    """Let a site, one of its sessions, or all sessions of a driver there out of a call, with the reason."""
    with books.writing(service, caller, programme) as book:
        return opt_out(book, call, told, service.clock())


@router.get("/opt-outs", operation_id="list_opt_outs", responses=GONE)
def list_opt_outs(caller: Reader, service: Served, programme: ProgrammeId) -> OptOuts:
    """Who stayed out of which call and why, and how many of those who were asked."""
    with books.looking(service, caller, programme) as book:
        book.get(Kind.PROGRAMME)
        return opt_outs(book)


@site_router.get("/events/{event}/confirmed", operation_id="get_confirmed", responses=GONE)
def get_confirmed(caller: Reader, service: Served, site: SiteId, event: EventId) -> EventStanding:
    """How many kW of an event the stations of a site have confirmed: now, and 15, 5 and 1 min before its start."""
    with looking(service, caller, site) as desk:
        return event_standing(desk, event, service.clock())
