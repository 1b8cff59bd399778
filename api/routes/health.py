"""Whether the service runs, and whether it can plan."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from api.service import Service, service_of
from models.domain.errors import StoreError

router = APIRouter(prefix="/health", tags=["health"])


class Live(BaseModel):
    """The process answers."""

    status: str = "live"


class Ready(BaseModel):
    """Whether plans can be made and kept."""

    status: str
    solver: str
    store: str


@router.get("/live")
async def live() -> Live:
    """The process answers."""
    return Live()


@router.get("/ready", responses={503: {"model": Ready, "description": "Plans cannot be made or kept now"}})
def ready(service: Annotated[Service, Depends(service_of)], response: Response) -> Ready:
    """The solver finds the known optimum of a small plan, and the store answers."""
    store = _store_status(service)
    passed = service.self_test.passed and store == "ok"
    response.status_code = 200 if passed else 503
    return Ready(status="ready" if passed else "not ready", solver=service.self_test.told, store=store)


def _store_status(service: Service) -> str:
    try:
        service.store.check()
    except StoreError as error:
        return str(error)
    return "ok"
