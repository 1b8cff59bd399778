"""What a site is and what is expected there: documents that are put, read and removed, each with its revision."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Response

from api.problems import PreconditionFailed, PreconditionRequired, documented
from api.routes import examples
from api.routes.bodies import ACCESS_ERRORS, FORM_ERRORS, reading, taking
from api.routes.conditions import Condition, condition
from api.routes.desks import NAME, SiteId, check_site, document, looking, writing
from api.security.access import Caller, allowed
from api.security.keys import Scope
from api.service import Service, service_of
from api.sites.forms import BaseLoadForecast, NodeLimit, PriceForecast, PvForecast, SitePolicy
from api.sites.judging import LONGEST_ID
from api.sites.keeping import ONE_A_SITE
from api.sites.telling import take_back, tell
from api.store.records import Kind
from models.domain.errors import Conflict, NotFound
from models.domain.signal import Signal
from models.domain.tariff import Tariff

router = APIRouter(prefix="/v1/sites/{site}")
Served = Annotated[Service, Depends(service_of)]


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

    @property
    def operation(self) -> str:
        return str(self.kind)


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


def _mount(row: Row) -> None:
    writer = Annotated[Caller, Depends(allowed(row.writes))]
    reader = Annotated[Caller, Depends(allowed(Scope.PLAN_READ))]
    told_form = Annotated[Any, Depends(reading(row.form))]
    named = _name_of(row)
    tag = {"tags": ["sites"]}
    gone = documented(*ACCESS_ERRORS, NotFound)

    def put(caller: writer, service: Served, site: SiteId, id: named, told: told_form, asked: Conditions) -> Response:  # type: ignore[valid-type]
        with writing(service, caller, site) as desk:
            check_site(desk)
            found = desk.find(row.kind, id)
            expected = asked.to_write(found.revision if found else None)
            kept = tell(desk, row.kind, told, service.clock(), id=id, expected=expected)
        return document(row.kind, kept, 200 if found else 201)

    def get(caller: reader, service: Served, site: SiteId, id: named) -> Response:  # type: ignore[valid-type]
        with looking(service, caller, site) as desk:
            check_site(desk)
            return document(row.kind, desk.get(row.kind, id))

    def delete(caller: writer, service: Served, site: SiteId, id: named, asked: Conditions) -> None:  # type: ignore[valid-type]
        with writing(service, caller, site) as desk:
            check_site(desk)
            expected = asked.to_remove(desk.get(row.kind, id).revision)
            take_back(desk, row.kind, service.clock(), id=id, expected=expected)

    put.__doc__ = f"Write {row.what}. What is there is replaced with If-Match only."
    get.__doc__ = f"Read {row.what}."
    delete.__doc__ = f"Remove {row.what}."
    written = documented(*ACCESS_ERRORS, *FORM_ERRORS, NotFound, Conflict, PreconditionFailed, PreconditionRequired)
    content = {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{row.name}"}}}}
    answers: dict[int | str, Any] = {200: {"description": "As it is kept", **content}}
    created: dict[int | str, Any] = {201: {"description": "It is new", **content}}
    router.put(
        row.path,
        operation_id=f"put_{row.operation}",
        responses=written | answers | created,
        openapi_extra=taking(row.name, row.form, row.example),
        **tag,  # type: ignore[arg-type]
    )(put)
    router.get(row.path, operation_id=f"get_{row.operation}", responses=gone | answers, **tag)(get)  # type: ignore[arg-type]
    router.delete(
        row.path,
        operation_id=f"delete_{row.operation}",
        status_code=204,
        responses=gone | documented(Conflict, PreconditionFailed),
        **tag,  # type: ignore[arg-type]
    )(delete)


def _name_of(row: Row) -> Any:
    """The type of the parameter that is the document's id; constant where a site has one."""
    if row.named is None:
        return Annotated[str, Depends(_one_a_site)]
    return Annotated[str, Path(alias=row.named, min_length=1, max_length=LONGEST_ID, pattern=NAME)]


def _one_a_site() -> str:
    return ONE_A_SITE


Conditions = Annotated[Condition, Depends(condition)]

for _row in ROWS:
    _mount(_row)
