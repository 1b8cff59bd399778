"""Plans of sites that are kept: made now, the one that holds, those before, and why they are as they are."""

from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict

from api.document import Hold, PlanDocument, Why
from api.problems import documented
from api.routes.bodies import ACCESS_ERRORS
from api.routes.desks import NAME, Limit, SiteId, looking
from api.routes.once import OncePerKey
from api.security.access import Reader, Writer
from api.service import Service, service_of
from api.sites.judging import LONGEST_ID
from api.sites.planning import plan_site
from api.sites.plans import PlanMade, current_plan, history, plan_of
from models.domain.errors import Conflict, InvalidScenario, NoFeasibleSchedule, NotFound, StoreError

router = APIRouter(prefix="/v1/sites/{site}", tags=["plans"], route_class=OncePerKey)

Served = Annotated[Service, Depends(service_of)]
PlanId = Annotated[str, Path(alias="plan", min_length=1, max_length=LONGEST_ID, pattern=NAME)]
GONE = documented(*ACCESS_ERRORS, NotFound)


class PlanPage(BaseModel):
    """Plans, the newest first."""

    items: list[PlanMade]
    next: str | None = None


class Explained(BaseModel):
    """Why one session gets what it gets."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    session: str
    evse: str
    target_shortfall_kwh: float
    minimum_shortfall_kwh: float
    why: list[Why]
    """Why it gets less, or gets it later, than it could."""
    held: list[Hold]
    """What keeps its setpoints from being higher, in order of time."""


class Explanations(BaseModel):
    """Of all sessions of a plan."""

    plan: str
    sessions: list[Explained]


@router.post(
    "/plan",
    operation_id="make_plan",
    responses=documented(*ACCESS_ERRORS, NotFound, Conflict, InvalidScenario, NoFeasibleSchedule),
)
async def make_plan(caller: Writer, service: Served, site: SiteId) -> PlanMade:
    """Plan the site now; it is planned by itself when anything changes, too."""
    return await run_sync(plan_site, service, caller.tenant, site, caller.name, limiter=service.solves)


@router.get("/plan", operation_id="get_current_plan", responses=GONE)
def get_current_plan(caller: Reader, service: Served, site: SiteId) -> PlanDocument:
    """The plan that holds now; while the database is away the last one, with `stale_since`."""
    try:
        with looking(service, caller, site) as desk:
            found = current_plan(desk)
    except (NotFound, Conflict):
        service.remembered.drop_plan(caller.tenant, site)
        raise
    except StoreError:
        stale = service.remembered.stale_plan(caller.tenant, site)
        if stale is None:
            raise
        return stale
    service.remembered.keep_plan(caller.tenant, site, found.document, service.clock())
    return found.document


@router.get("/plans", operation_id="list_plans", responses=GONE)
def list_plans(
    caller: Reader,
    service: Served,
    site: SiteId,
    after: Annotated[str, Query(pattern=r"^\d{0,18}$", description="`next` of a page.")] = "",
    limit: Limit = 100,
) -> PlanPage:
    """Plans so far, the newest first."""
    with looking(service, caller, site) as desk:
        found = history(desk, int(after) if after else None, limit + 1)
    shown = found[:limit]
    return PlanPage(items=[made for _, made in shown], next=str(shown[-1][0]) if len(found) > limit else None)


@router.get("/plans/{plan}", operation_id="get_plan", responses=GONE)
def get_plan(caller: Reader, service: Served, site: SiteId, plan: PlanId) -> PlanDocument:
    """One of the plans so far."""
    with looking(service, caller, site) as desk:
        return plan_of(desk, plan).document


@router.get("/explanations", operation_id="get_explanations", responses=GONE)
def get_explanations(
    caller: Reader,
    service: Served,
    site: SiteId,
    session: Annotated[str | None, Query(max_length=LONGEST_ID, description="Of this one alone.")] = None,
) -> Explanations:
    """Why sessions of the current plan get what they get."""
    with looking(service, caller, site) as desk:
        kept = current_plan(desk)
    wanted = [one for one in kept.document.sessions if session in (None, one.session_id)]
    if session is not None and not wanted:
        raise NotFound("the current plan has no session of this id")
    told = [
        Explained(
            session=one.session_id,
            evse=one.evse_id,
            target_shortfall_kwh=one.target_shortfall_kwh,
            minimum_shortfall_kwh=one.minimum_shortfall_kwh,
            why=one.why,
            held=one.held,
        )
        for one in wanted
    ]
    return Explanations(plan=kept.made.plan or "", sessions=told)
