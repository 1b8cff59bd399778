"""A service in this process with a clock that stands still, its callers, and a yard with two bays."""

import atexit
import copy
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from anyio import CapacityLimiter

from api.observing import Metrics
from api.routes import examples
from api.security import keys
from api.security.keys import Scope
from api.security.rates import Rates
from api.service import Clock, Service
from api.settings import ServiceSettings
from api.store.memory import MemoryStore
from api.store.port import Store
from api.web.views.saved import Savings

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
SITE: dict[str, Any] = examples.SITE
SESSION = {"session": "7f3", "evse": "bay-1", "plugged_in_at": "2026-03-02T06:00:00Z"}


class Hands:
    """A clock that stands still until it is moved."""

    now = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **length: float) -> None:
        self.now += timedelta(**length)


@dataclass
class Yard:
    """A caller with every scope at a service."""

    client: Any
    clock: Hands
    store: Store
    headers: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return self.client.request(method, path, json=body, headers=self.headers | headers)

    def get(self, path: str, **headers: str) -> Any:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any, **headers: str) -> Any:
        return self.call("POST", path, body, **headers)

    def put(self, path: str, body: Any, *, match: str | None = None) -> Any:
        return self.call("PUT", path, body, **({"If-Match": match} if match else {}))

    def build(self, **changes: Any) -> Any:
        """Put the yard there, and its tariff."""
        told = self.put("/v1/sites/yard", copy.deepcopy(SITE) | changes, match=None)
        assert told.status_code == 201, told.text
        tariff = self.put("/v1/sites/yard/tariff", examples.TARIFF)
        assert tariff.status_code == 201, tariff.text
        return told

    def plug_in(self, **told: Any) -> Any:
        answer = self.post("/v1/sites/yard/sessions", SESSION | told)
        assert answer.status_code in (200, 201), answer.text
        return answer


BASE_URL = "http://testserver"
APART = ("plans_by_itself", "max_body_bytes")
"""Settings by which an application itself is made; all others are looked at when it answers."""
_ready: list[Any] = []
"""Clients of applications that nobody uses just now."""


@contextmanager
def service(store: Store | None = None, clock: Hands | None = None, **settings: Any) -> Iterator[Yard]:
    """A service; without other settings everybody is answered.

    Its application may have served other tests: to make routes ready takes longer than most tests last. What it answers
    with is its own.
    """
    store, clock = store or MemoryStore(), clock or Hands()
    told = ServiceSettings(**({"insecure": True, "database_url": "memory:", "plans_by_itself": False} | settings))
    if settings.keys() & set(APART):
        with _opened(told, store, clock) as client:
            yield Yard(client, clock, store)
        return
    client = _ready.pop() if _ready else _FOR_GOOD.enter_context(_opened(told, store, clock))
    mine = client.app.state.service = _anew(client.app.state.service, told, store, clock)
    client.app.state.savings = Savings()
    try:
        yield Yard(client, clock, store)
    finally:
        mine.writers.stop()
        client.cookies.clear()
        client.base_url = BASE_URL
        _ready.append(client)


_FOR_GOOD = ExitStack()
atexit.register(_FOR_GOOD.close)


@contextmanager
def _opened(settings: ServiceSettings, store: Store, clock: Clock) -> Iterator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Starlette prefers httpx2 and says so at import; either serves these tests
        from fastapi.testclient import TestClient

        from api.app import create_app
    with TestClient(create_app(settings, store=store, clock=clock), raise_server_exceptions=False) as client:
        yield client


def _anew(before: Service, settings: ServiceSettings, store: Store, clock: Clock) -> Service:
    """Nothing of it but what the solver's test at the start said is of the service before."""
    return Service(
        settings=settings,
        store=store,
        clock=clock,
        metrics=Metrics(),
        rates=Rates(settings.rate_limit),
        solve_settings=before.solve_settings,
        solves=CapacityLimiter(settings.solves_at_once),
        self_test=before.self_test,
    )


def key_for(yard: Yard, tenant: str, *scopes: Scope) -> dict[str, str]:
    """The header of a caller of this tenant; with every scope unless said otherwise."""
    with yard.store.begin(NOW) as unit:
        _, text = keys.create(unit, NOW, tenant, scopes or tuple(Scope), expires_at=None)
    return {"Authorization": f"Bearer {text}"}
