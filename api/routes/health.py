"""Whether the service runs, and whether it can plan."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from api.jobs import Jobs
from api.service import Service, service_of
from models.domain.errors import StoreError

STOPPED = "the clock has stopped"
router = APIRouter(prefix="/health", tags=["health"])


class Live(BaseModel):
    """The process answers."""

    status: str = "live"


class Ready(BaseModel):
    """Whether plans can be made and kept."""

    status: str
    solver: str
    store: str
    jobs: str


@router.get("/live")
async def live() -> Live:
    """The process answers."""
    return Live()


@router.get("/ready", responses={503: {"model": Ready, "description": "Plans cannot be made or kept now"}})
def ready(request: Request, service: Annotated[Service, Depends(service_of)], response: Response) -> Ready:
    """The solver finds the known optimum of a small plan, the store answers, and the clock of the jobs ticks."""
    store, jobs = _store_status(service), _jobs_status(request.app.state.jobs)
    passed = service.self_test.passed and store == "ok" and jobs != STOPPED
    response.status_code = 200 if passed else 503
    return Ready(status="ready" if passed else "not ready", solver=service.self_test.told, store=store, jobs=jobs)


def _jobs_status(jobs: Jobs | None) -> str:
    if jobs is None:
        return "this replica only answers"
    return "ok" if jobs.runs() else STOPPED


def _store_status(service: Service) -> str:
    try:
        service.store.check()
    except StoreError as error:
        return str(error)
    return "ok"


metrics_router = APIRouter(tags=["health"])


@metrics_router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(service: Annotated[Service, Depends(service_of)]) -> Response:
    """Counters for Prometheus. No id of a site, a session or a driver is among them."""
    return Response(service.metrics.told(), media_type="text/plain; version=0.0.4")
