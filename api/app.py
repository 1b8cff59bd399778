"""The service: wires settings, middleware, routes and errors together; nothing else does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import FastAPI

from api import problems
from api.doctor import solver_check
from api.jobs import Running
from api.observing import Metrics, Observed
from api.openapi import openapi
from api.release import own_version
from api.routes import (
    analysis,
    calls,
    commands,
    connections,
    documents,
    drivers,
    health,
    hooks,
    later,
    looking,
    ocpi,
    ocpi_objects,
    ocpi_parties,
    ocpi_profiles,
    orders,
    overrides,
    plans,
    programmes,
    sessions,
    settlements,
    signals,
    site_plans,
    sites,
    statements,
    takeover,
    webhooks,
)
from api.security.body_limit import BodyLimit
from api.security.rates import Rates
from api.service import Clock, Service, utc_now
from api.settings import ServiceSettings
from api.store.opening import open_store
from api.store.port import Store
from api.web import acting, assets, pages
from api.web.views.saved import Savings
from optimizer.deadline import prepare_workers
from optimizer.settings import Settings

ROUTES = (
    sessions,  # asked most often: each request is compared with one route after the other
    health,
    plans,
    later,
    orders,
    analysis,
    signals,
    sites,
    documents,
    site_plans,
    commands,
    overrides,
    webhooks,
    connections,
    ocpi_parties,
    drivers,
    looking,
    statements,
    takeover,
    settlements,
    programmes,
    calls,
)
PAGES = (pages, acting, assets)
DESCRIPTION = (
    "Smart charging and demand response for charge point operators: a scenario in, per-connector charging "
    "profiles out. Times are UTC, units are in the names, errors are application/problem+json."
)


def create_app(
    settings: ServiceSettings | None = None, *, store: Store | None = None, clock: Clock = utc_now
) -> FastAPI:
    """The service as an ASGI application; without settings they are read from the environment.

    ``store``: one that is open already, and is left open; None: the one of the settings.
    """
    settings = settings or ServiceSettings()
    lifespan = _lifespan(settings, store, clock)
    app = FastAPI(title="chargewright", version=own_version(), description=DESCRIPTION, lifespan=lifespan)
    app.state.savings = Savings()
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes)
    app.add_middleware(Observed)
    more = (programmes.terms_router, calls.site_router, settlements.programme_router, health.metrics_router)
    routers = [*(part.router for part in ROUTES), *more]
    for router in (*routers, hooks.router, ocpi.router, ocpi_objects.router, ocpi_profiles.router):
        app.include_router(router)
    for part in PAGES:
        app.include_router(part.router)
    problems.install(app)
    app.openapi = lambda: openapi(app, routers)  # type: ignore[method-assign]  # the way FastAPI documents for extending it
    return app


def _lifespan(settings: ServiceSettings, store: Store | None, clock: Clock) -> Any:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        prepare_workers("api.cli", "api.planning")
        used = await run_sync(open_store, settings.database_url) if store is None else store
        try:
            app.state.service = await _service(settings, used, clock)
            async with _jobs(app):
                yield
            await run_sync(app.state.service.writers.stop)
        finally:
            if store is None:
                used.close()

    return lifespan


@asynccontextmanager
async def _jobs(app: FastAPI) -> AsyncIterator[None]:
    """What is done by itself, as long as the service runs."""
    service: Service = app.state.service
    app.state.jobs = None
    if not service.settings.plans_by_itself:
        yield
        return
    running = Running(service)
    app.state.jobs = running.jobs
    running.start()
    try:
        yield
    finally:
        await run_sync(running.stop)


async def _service(settings: ServiceSettings, store: Store, clock: Clock) -> Service:
    return Service(
        settings=settings,
        store=store,
        clock=clock,
        metrics=Metrics(),
        rates=Rates(settings.rate_limit),
        solve_settings=Settings(steady=True),
        solves=CapacityLimiter(settings.solves_at_once),
        self_test=await run_sync(solver_check),
    )
