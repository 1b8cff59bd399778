"""Whether the service runs, and whether it can plan."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from api.doctor import Check

router = APIRouter(prefix="/health", tags=["health"])


class Live(BaseModel):
    """The process answers."""

    status: str = "live"


class Ready(BaseModel):
    """Whether plans can be made, from a small plan with a known optimum that was made at the start."""

    status: str
    solver: str


def self_test(request: Request) -> Check:
    """What the solver's test at the start of the service said."""
    check: Check = request.app.state.self_test
    return check


@router.get("/live")
async def live() -> Live:
    """The process answers."""
    return Live()


@router.get("/ready", responses={503: {"model": Ready, "description": "The solver fails its self-test"}})
async def ready(check: Annotated[Check, Depends(self_test)], response: Response) -> Ready:
    """The solver finds the known optimum of a small plan."""
    response.status_code = 200 if check.passed else 503
    return Ready(status="ready" if check.passed else "not ready", solver=check.told)
