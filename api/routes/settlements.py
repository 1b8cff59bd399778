"""Settlements: what an event of a site is paid by what was measured there, and the evidence for it."""

from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Path, Query, Response

from api.problems import documented
from api.programmes.keeping import Book
from api.programmes.settling import ProgrammeStatement, programme_month
from api.routes.bodies import ACCESS_ERRORS
from api.routes.desks import NAME, SiteId, looking
from api.routes.programmes import Month, ProgrammeId
from api.security.access import Reader
from api.service import Service, service_of
from api.settling.building import settlement_of
from api.settling.document import SettlementDocument
from api.settling.evidence import archive
from api.settling.inputs import case_of
from api.sites.judging import LONGEST_ID
from api.sites.settling import event_end, evidence_of, inputs_of, refuse_early
from models.domain.errors import InvalidScenario, NotFound

router = APIRouter(prefix="/v1/sites/{site}", tags=["demand response"])
programme_router = APIRouter(prefix="/v1/programmes/{programme}", tags=["programmes"])

Served = Annotated[Service, Depends(service_of)]
EventId = Annotated[
    str, Path(alias="event", min_length=1, max_length=2 * LONGEST_ID, pattern=NAME, description="Its id.")
]
Method = Annotated[
    str, Query(max_length=LONGEST_ID, description="Baseline: `as_told` with the event, or another method by name.")
]
Programme = Annotated[
    str | None,
    Query(max_length=LONGEST_ID, description="A known programme, whose terms take the place of the event's."),
]
ANSWERS = documented(*ACCESS_ERRORS, NotFound, InvalidScenario)
ZIP = "application/zip"


@router.get("/settlements/{event}", operation_id="get_settlement", responses=ANSWERS)
async def get_settlement(
    caller: Reader,
    service: Served,
    site: SiteId,
    event: EventId,
    baseline: Method = "as_told",
    programme: Programme = None,
) -> SettlementDocument:
    """Settle an event that is over: baseline, delivery, payment, penalty, and what everyday optimisation had moved.

    Measured is what was told of the connection's node, of EVSEs and of sessions. Amounts are texts in cents.
    """

    def settled() -> SettlementDocument:
        with looking(service, caller, site) as desk:
            refuse_early(event_end(desk, event), service.clock())
            inputs = inputs_of(desk, event, baseline, programme)
        return settlement_of(case_of(inputs, service.analysis_settings))

    return await run_sync(settled, limiter=service.solves)


@router.get(
    "/settlements/{event}/evidence",
    operation_id="get_settlement_evidence",
    response_class=Response,
    responses=ANSWERS
    | {200: {"description": "An archive", "content": {ZIP: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def get_settlement_evidence(
    caller: Reader,
    service: Served,
    site: SiteId,
    event: EventId,
    baseline: Method = "as_told",
    programme: Programme = None,
) -> Response:
    """The same with all that it was made from, its plans, and its lines of the audit trail: the same bytes every time.

    `chargewright settle verify` makes it again from its inputs.
    """

    def packed() -> bytes:
        with looking(service, caller, site) as desk:
            refuse_early(event_end(desk, event), service.clock())
            return archive(evidence_of(desk, event, inputs_of(desk, event, baseline, programme)))

    return Response(await run_sync(packed, limiter=service.solves), media_type=ZIP)


@programme_router.get("/settlements/{month}", operation_id="get_programme_settlement", responses=ANSWERS)
async def get_programme_settlement(
    caller: Reader, service: Served, programme: ProgrammeId, month: Month
) -> ProgrammeStatement:
    """Settle the calls of a month that are over: every site that committed, what they delivered together, capacity.

    By the programme's baseline and what was measured at the sites. A site that was not metered delivered nothing.
    """

    def settled() -> ProgrammeStatement:
        with service.store.view() as unit:
            return programme_month(Book(unit, caller.tenant, programme, caller.name), month, service.clock())

    return await run_sync(settled, limiter=service.solves)
