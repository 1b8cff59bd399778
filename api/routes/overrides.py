"""What an operator decides for one EVSE, for a time: boost, pause, a manual limit, or that it is not ours to steer."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict

from api.problems import documented
from api.routes import examples
from api.routes.bodies import ACCESS_ERRORS, FORM_ERRORS, reading, taking
from api.routes.desks import NAME, SiteId, looking, writing
from api.routes.once import OncePerKey
from api.security.access import Reader, Writer
from api.service import Service, service_of
from api.sites.assembling import contents
from api.sites.deciding import end_override, override
from api.sites.forms import Override
from api.sites.judging import LONGEST_ID
from api.sites.overriding import holding
from models.domain.errors import Conflict, NotFound

router = APIRouter(prefix="/v1/sites/{site}", tags=["sites"], route_class=OncePerKey)

Served = Annotated[Service, Depends(service_of)]
EvseId = Annotated[str, Path(alias="evse", min_length=1, max_length=LONGEST_ID, pattern=NAME)]
GONE = documented(*ACCESS_ERRORS, NotFound)


class OverrideLine(BaseModel):
    """What holds for one EVSE."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    evse: str
    kind: str
    until: datetime
    limit_kw: float | None = None
    reason: str = ""
    by: str
    """Id of a key."""
    set_at: datetime | None
    session: str | None = None
    """Of the car that was there."""


class OverridesHolding(BaseModel):
    """What holds now."""

    items: list[OverrideLine]


@router.get("/overrides", operation_id="list_overrides", responses=GONE)
def list_overrides(caller: Reader, service: Served, site: SiteId) -> OverridesHolding:
    """What operators decided that holds now, by EVSE."""
    with looking(service, caller, site) as desk:
        known = contents(desk)
    held = holding(known.overrides, known.stays, service.clock())
    return OverridesHolding(items=[_line(evse, told) for evse, told in sorted(held.items())])


@router.post(
    "/evses/{evse}/override",
    operation_id="override_evse",
    responses=GONE | documented(*FORM_ERRORS, Conflict),
    openapi_extra=taking("Override", Override, examples.OVERRIDE),
)
def override_evse(
    caller: Writer,
    service: Served,
    site: SiteId,
    evse: EvseId,
    told: Annotated[Override, Depends(reading(Override))],
) -> OverrideLine:
    """Decide for one EVSE until a time; it is in the next plan, and never above a limit."""
    with writing(service, caller, site) as desk:
        return _line(evse, override(desk, evse, told, service.clock()).value)


@router.delete("/evses/{evse}/override", operation_id="end_override", status_code=204, responses=GONE)
def end(caller: Writer, service: Served, site: SiteId, evse: EvseId) -> None:
    """Let plans decide again."""
    with writing(service, caller, site) as desk:
        end_override(desk, evse, service.clock())


def _line(evse: str, told: Override) -> OverrideLine:
    return OverrideLine(
        evse=evse,
        kind=told.kind,
        until=told.until,
        limit_kw=told.limit_kw,
        reason=told.reason,
        by=told.by,
        set_at=told.set_at,
        session=told.session,
    )
