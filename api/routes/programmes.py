"""Programmes: their terms, who takes part, and what was nominated."""

import json
from functools import partial
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, ConfigDict

from api.problems import PreconditionFailed, PreconditionRequired, documented
from api.programmes.enrolling import overlap_line
from api.programmes.forms import Nominations, ProposalAsked
from api.programmes.keeping import overlaps_of
from api.programmes.nominating import NominationDocument
from api.programmes.proposing import propose
from api.programmes.telling import remove_programme, tell_nominations, tell_roster, tell_terms
from api.routes import books, examples
from api.routes.bodies import ACCESS_ERRORS, FORM_ERRORS, reading, taking
from api.routes.conditions import Condition, condition
from api.routes.desks import NAME, After, Limit, Page, document_answers, page_of
from api.routes.once import OncePerKey
from api.security.access import Reader, Writer
from api.service import Service, service_of
from api.sites.judging import LONGEST_ID
from api.store.records import Kind
from models import programmes as known
from models.domain.errors import Conflict, InvalidScenario, NotFound
from models.domain.programme import Programme
from models.domain.roster import Roster
from models.domain.wire import form_json

router = APIRouter(prefix="/v1/programmes", tags=["programmes"], route_class=OncePerKey)
terms_router = APIRouter(prefix="/v1/programme-terms", tags=["programmes"])

Served = Annotated[Service, Depends(service_of)]
Conditions = Annotated[Condition, Depends(condition)]
ProgrammeId = Annotated[str, Path(alias="programme", min_length=1, max_length=LONGEST_ID, pattern=NAME)]
Month = Annotated[str, Path(alias="month", pattern=r"^20\d\d-(0[1-9]|1[0-2])$", description="YYYY-MM, local.")]
GONE = documented(*ACCESS_ERRORS, NotFound)
WRITTEN = documented(*ACCESS_ERRORS, *FORM_ERRORS, NotFound, Conflict, PreconditionFailed, PreconditionRequired)
REMOVED = documented(*ACCESS_ERRORS, NotFound, Conflict, PreconditionFailed)
TERMS, ROSTER, NOMINATED = (document_answers(name) for name in ("Programme", "Roster", "Nominations"))


class KnownProgramme(BaseModel):
    """Terms that come along, to be copied."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    name: str
    title: str
    utility: str
    unverified: list[str]
    """Terms that are not from a primary text."""
    terms: dict[str, Any]
    """As they can be put."""


class KnownProgrammes(BaseModel):
    """All of them."""

    items: list[KnownProgramme]


class Overlaps(BaseModel):
    """EVSEs that are in this programme and in another one at the same time."""

    items: list[str]


@terms_router.get("", operation_id="list_known_programmes", responses=documented(*ACCESS_ERRORS))
def list_known_programmes(caller: Reader) -> KnownProgrammes:
    """Programmes whose terms come along, with their sources."""
    every = [(name, known.load(name)) for name in known.names()]
    return KnownProgrammes(
        items=[
            KnownProgramme(
                name=name,
                title=one.title,
                utility=one.utility,
                unverified=list(one.unverified),
                terms=json.loads(form_json(Programme, one)),
            )
            for name, one in every
        ]
    )


@router.get("", operation_id="list_programmes", responses=documented(*ACCESS_ERRORS))
def list_programmes(caller: Reader, service: Served, after: After = "", limit: Limit = 100) -> Page:
    """Your programmes, by id."""
    with service.store.view() as unit:
        return page_of(unit, caller.tenant, Kind.PROGRAMME, "", after, limit)


@router.put(
    "/{programme}",
    operation_id="put_programme",
    responses=documented(*ACCESS_ERRORS, *FORM_ERRORS, Conflict, PreconditionFailed, PreconditionRequired) | TERMS,
    openapi_extra=taking("Programme", Programme, examples.PROGRAMME),
)
def put_programme(
    caller: Writer,
    service: Served,
    programme: ProgrammeId,
    asked: Conditions,
    told: Annotated[Any, Depends(reading(Programme))],
) -> Response:
    """Write the terms of a programme: windows, notice, calls, baseline, payments, penalty, dead-band, opting out."""
    with books.writing(service, caller, programme) as book:
        return books.put_document(book, Kind.PROGRAMME, asked, partial(tell_terms, book, told))


@router.get("/{programme}", operation_id="get_programme", responses=GONE | {200: TERMS[200]})
def get_programme(caller: Reader, service: Served, programme: ProgrammeId) -> Response:
    """Read the terms of a programme."""
    with books.looking(service, caller, programme) as book:
        return books.get_document(book, Kind.PROGRAMME)


@router.delete("/{programme}", operation_id="delete_programme", status_code=204, responses=REMOVED)
def delete_programme(caller: Writer, service: Served, programme: ProgrammeId, asked: Conditions) -> None:
    """Remove a programme, its roster, and the signals of its calls; its journal stays."""
    with books.writing(service, caller, programme) as book:
        remove_programme(book, asked.to_remove(book.get(Kind.PROGRAMME).revision), service.clock())


@router.put(
    "/{programme}/roster",
    operation_id="put_roster",
    responses=WRITTEN | ROSTER,
    openapi_extra=taking("Roster", Roster, examples.ROSTER),
)
def put_roster(
    caller: Writer,
    service: Served,
    programme: ProgrammeId,
    asked: Conditions,
    told: Annotated[Any, Depends(reading(Roster))],
) -> Response:
    """Write who takes part: site, account or EAN18, meter, EVSEs, dates."""
    with books.writing(service, caller, programme) as book:
        return books.put_document(book, Kind.ROSTER, asked, partial(tell_roster, book, told))


@router.get("/{programme}/roster", operation_id="get_roster", responses=GONE | {200: ROSTER[200]})
def get_roster(caller: Reader, service: Served, programme: ProgrammeId) -> Response:
    """Read who takes part."""
    with books.looking(service, caller, programme) as book:
        return books.get_document(book, Kind.ROSTER)


@router.get("/{programme}/overlaps", operation_id="list_overlaps", responses=GONE)
def list_overlaps(caller: Reader, service: Served, programme: ProgrammeId) -> Overlaps:
    """EVSEs that are in another programme at the same time, in sentences; none where neither programme minds."""
    with service.store.view() as unit:
        found = overlaps_of(unit, caller.tenant, programme)
    return Overlaps(items=[overlap_line(one) for one in found])


@router.put(
    "/{programme}/nominations/{month}",
    operation_id="put_nominations",
    responses=WRITTEN | NOMINATED,
    openapi_extra=taking("Nominations", Nominations, examples.NOMINATIONS),
)
def put_nominations(
    caller: Writer,
    service: Served,
    programme: ProgrammeId,
    month: Month,
    asked: Conditions,
    told: Annotated[Any, Depends(reading(Nominations))],
) -> Response:
    """Write what was nominated for a month, site by site: what calls of that month ask for."""
    with books.writing(service, caller, programme) as book:
        return books.put_document(book, Kind.NOMINATIONS, asked, partial(tell_nominations, book, month, told), id=month)


@router.get("/{programme}/nominations/{month}", operation_id="get_nominations", responses=GONE | {200: NOMINATED[200]})
def get_nominations(caller: Reader, service: Served, programme: ProgrammeId, month: Month) -> Response:
    """Read what was nominated for a month."""
    with books.looking(service, caller, programme) as book:
        return books.get_document(book, Kind.NOMINATIONS, id=month)


@router.post(
    "/{programme}/proposals",
    operation_id="propose_nomination",
    responses=documented(*ACCESS_ERRORS, *FORM_ERRORS, NotFound, InvalidScenario),
    openapi_extra=taking("ProposalAsked", ProposalAsked, examples.PROPOSAL),
)
async def propose_nomination(
    caller: Writer,
    service: Served,
    programme: ProgrammeId,
    told: Annotated[Any, Depends(reading(ProposalAsked))],
) -> NominationDocument:
    """How many kW to nominate for one site, by what its past sessions could have shed on the programme's days."""
    return await run_sync(propose, service, caller.tenant, programme, told, limiter=service.solves)
