"""Taking over a site that somebody else steers: have its profiles listed, read them, have them cleared."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from api.problems import documented
from api.routes.bodies import ACCESS_ERRORS
from api.routes.desks import SiteId, looking, writing
from api.routes.once import OncePerKey
from api.security.access import Admin, Reader, Writer
from api.service import Service, service_of
from api.sites.taking_over import ForeignLine, adopt, foreign, look
from models.domain.errors import NotFound

router = APIRouter(prefix="/v1/sites/{site}", tags=["commands"], route_class=OncePerKey)

Served = Annotated[Service, Depends(service_of)]
GONE = documented(*ACCESS_ERRORS, NotFound)


class Asked(BaseModel):
    """What it takes."""

    commands: int
    """To be sent as any other."""


class ForeignProfiles(BaseModel):
    """Profiles of others, as far as stations tell."""

    items: list[ForeignLine]


@router.post("/take-over", operation_id="take_over", responses=GONE)
def take_over(caller: Writer, service: Served, site: SiteId) -> Asked:
    """Have every station asked what it has, best before our first profile: it is recorded for the hand-back."""
    with writing(service, caller, site) as desk:
        return Asked(commands=look(desk, service.clock()))


@router.get("/foreign-profiles", operation_id="list_foreign_profiles", responses=GONE)
def list_foreign_profiles(caller: Reader, service: Served, site: SiteId) -> ForeignProfiles:
    """Profiles of others. They stay, and bound what we plan, until they are adopted."""
    with looking(service, caller, site) as desk:
        return ForeignProfiles(items=foreign(desk, service.clock()))


@router.post("/foreign-profiles/adopt", operation_id="adopt_foreign_profiles", responses=GONE)
def adopt_foreign_profiles(caller: Admin, service: Served, site: SiteId) -> Asked:
    """Have them cleared one by one, limits of the grid excepted; handing back restores those that were reported."""
    with writing(service, caller, site) as desk:
        return Asked(commands=adopt(desk, service.clock()))
