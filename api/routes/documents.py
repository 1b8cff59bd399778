"""What a site is and what is expected there: documents that are put, read and removed, each with its revision."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Response

from api.problems import InvalidDocument, PreconditionFailed, PreconditionRequired, documented
from api.routes import examples
from api.routes.bodies import ACCESS_ERRORS, FORM_ERRORS, reading, taking
from api.routes.conditions import Condition, condition
from api.routes.desks import NAME, SiteId, document, document_answers, looking, put_document, writing
from api.security.access import Allowed, Caller, Reader
from api.security.keys import Scope
from api.service import Service, service_of
from api.sites.forms import BaseLoadForecast, NodeLimit, PriceForecast, PvForecast, SitePolicy
from api.sites.judging import LONGEST_ID
from api.sites.keeping import ONE_A_SITE
from api.sites.telling import take_back
from api.store.records import Kind
from models.domain.errors import Conflict, NotFound
from models.domain.signal import Signal
from models.domain.tariff import Tariff

router = APIRouter(prefix="/v1/sites/{site}", tags=["sites"])

Served = Annotated[Service, Depends(service_of)]
Conditions = Annotated[Condition, Depends(condition)]


@dataclass(frozen=True, slots=True)
class Row:
    """A kind of document: where it is, what it says, who may write it."""

    kind: Kind
    form: Any
    name: str
    """Of the form, in the OpenAPI document."""
    path: str
    what: str
    """In words, for the descriptions."""
    example: Any
    writes: Scope = Scope.PLAN_WRITE
    named: str | None = None
    """The part of the path that is its id; None: a site has one."""


ROWS = (
    Row(
        Kind.POLICY,
        SitePolicy,
        "SitePolicy",
        "/policy",
        "how the service treats a site: the mode, and how often it is planned",
        examples.POLICY,
        writes=Scope.ADMIN,
    ),
    Row(Kind.TARIFF, Tariff, "Tariff", "/tariff", "the tariff of a site", examples.TARIFF),
    Row(
        Kind.PRICES,
        PriceForecast,
        "PriceForecast",
        "/forecasts/prices",
        "published prices, which stand in place of those of the tariff; what is not published yet is estimated",
        examples.PRICES,
    ),
    Row(
        Kind.BASE_LOAD,
        BaseLoadForecast,
        "BaseLoadForecast",
        "/forecasts/base-loads/{node}",
        "the load at a node that nobody here controls",
        examples.BASE_LOAD,
        named="node",
    ),
    Row(
        Kind.PV,
        PvForecast,
        "PvForecast",
        "/forecasts/pv/{plant}",
        "what a PV plant is expected to feed in",
        examples.PV,
        named="plant",
    ),
    Row(
        Kind.NODE_LIMIT,
        NodeLimit,
        "NodeLimit",
        "/nodes/{node}/limit",
        "a limit at a node, for a time, in kW or A; it lowers what the site allows and never raises it",
        examples.NODE_LIMIT,
        writes=Scope.SIGNAL_WRITE,
        named="node",
    ),
    Row(
        Kind.SIGNAL,
        Signal,
        "Signal",
        "/signals/{signal}",
        "what a utility asks: a cap, an event, a setpoint to follow, prices for a time",
        examples.SIGNAL,
        writes=Scope.SIGNAL_WRITE,
        named="signal",
    ),
)


GONE = documented(*ACCESS_ERRORS, NotFound)
WRITTEN = documented(*ACCESS_ERRORS, *FORM_ERRORS, NotFound, Conflict, PreconditionFailed, PreconditionRequired)
REMOVED = documented(*ACCESS_ERRORS, NotFound, InvalidDocument, Conflict, PreconditionFailed)


def _mount(row: Row) -> None:
    told = document_answers(row.name)
    router.add_api_route(
        row.path,
        _putting(row),
        methods=["PUT"],
        operation_id=f"put_{row.kind}",
        responses=WRITTEN | told,
        openapi_extra=taking(row.name, row.form, row.example),
    )
    router.add_api_route(
        row.path, _getting(row), methods=["GET"], operation_id=f"get_{row.kind}", responses=GONE | {200: told[200]}
    )
    router.add_api_route(
        row.path,
        _deleting(row),
        methods=["DELETE"],
        operation_id=f"delete_{row.kind}",
        status_code=204,
        responses=REMOVED,
    )


def _putting(row: Row) -> Callable[..., Response]:
    writer, named, form = Depends(Allowed(row.writes)), _name_of(row), Depends(reading(row.form))

    def put(
        service: Served, site: SiteId, asked: Conditions, caller: Caller = writer, id: str = named, told: Any = form
    ) -> Response:
        with writing(service, caller, site) as desk:
            return put_document(desk, row.kind, told, asked, service.clock(), id=id)

    put.__doc__ = f"Write {row.what}. What is there is replaced with If-Match only."
    return put


def _getting(row: Row) -> Callable[..., Response]:
    named = _name_of(row)

    def get(caller: Reader, service: Served, site: SiteId, id: str = named) -> Response:
        with looking(service, caller, site) as desk:
            return document(row.kind, desk.get(row.kind, id))

    get.__doc__ = f"Read {row.what}."
    return get


def _deleting(row: Row) -> Callable[..., None]:
    writer, named = Depends(Allowed(row.writes)), _name_of(row)

    def delete(service: Served, site: SiteId, asked: Conditions, caller: Caller = writer, id: str = named) -> None:
        with writing(service, caller, site) as desk:
            expected = asked.to_remove(desk.get(row.kind, id).revision)
            take_back(desk, row.kind, service.clock(), id=id, expected=expected)

    delete.__doc__ = f"Remove {row.what}."
    return delete


def _name_of(row: Row) -> Any:
    """The parameter that is the document's id; constant where a site has one."""
    if row.named is None:
        return Depends(_one_a_site)
    return Path(alias=row.named, min_length=1, max_length=LONGEST_ID, pattern=NAME)


def _one_a_site() -> str:
    return ONE_A_SITE


for _row in ROWS:
    _mount(_row)
