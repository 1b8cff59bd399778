"""The service: wires settings, middleware, routes and errors together; nothing else does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import FastAPI

from api import problems
from api.doctor import solver_check
from api.openapi import openapi
from api.release import own_version
from api.routes import cure, event, flexibility, health, plans, worth
from api.security import BodyLimit
from api.settings import ServiceSettings
from optimizer.deadline import prepare_workers
from optimizer.settings import Settings

DESCRIPTION = (
    "Smart charging and demand response for charge point operators: a scenario in, per-connector charging "
    "profiles out. Times are UTC, units are in the names, errors are application/problem+json."
)


def create_app(settings: ServiceSettings | None = None) -> FastAPI:
    """The service as an ASGI application; without settings they are read from the environment."""
    settings = settings or ServiceSettings()
    app = FastAPI(title="chargewright", version=own_version(), description=DESCRIPTION, lifespan=_lifespan(settings))
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes)
    app.include_router(health.router)
    app.include_router(plans.router)
    app.include_router(worth.router)
    app.include_router(flexibility.router)
    app.include_router(event.router)
    app.include_router(cure.router)
    problems.install(app)
    app.openapi = lambda: openapi(app)  # type: ignore[method-assign]  # the way FastAPI documents for extending it
    return app


def _lifespan(settings: ServiceSettings) -> Any:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        prepare_workers("api.cli", "api.planning")
        app.state.solve_settings = Settings(steady=True)
        app.state.deadline_s = settings.deadline_s
        app.state.solves = CapacityLimiter(settings.solves_at_once)
        app.state.self_test = await run_sync(solver_check)
        yield

    return lifespan
