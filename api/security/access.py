"""Who calls, and what the caller may do: dependencies of the routes."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.problems import Forbidden, Unauthorized
from api.security.keys import Scope
from api.service import Service, service_of

NOBODY_IN_PARTICULAR = "default"
"""The tenant of every caller where nobody is authenticated."""

_BEARER = HTTPBearer(auto_error=False, description="An API key: chargewright keys create", bearerFormat="cw_ID_SECRET")


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf a request is answered."""

    tenant: str
    scopes: frozenset[Scope]
    name: str
    """For the audit trail: the id of the key."""


async def caller(
    service: Annotated[Service, Depends(service_of)],
    shown: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
) -> Caller:
    """The caller behind a key; raises Unauthorized, TooMany."""
    found = await _caller(service, shown.credentials if shown else None)
    service.rates.count(found.tenant)
    return found


async def identified(service: Service, authorization: str | None) -> Caller:
    """The same from the header as it came, not counted as a request; raises Unauthorized."""
    scheme, _, credentials = (authorization or "").partition(" ")
    return await _caller(service, credentials if scheme.lower() == "bearer" else None)


@dataclass(frozen=True, slots=True)
class Allowed:
    """A dependency: the caller, who has this scope; raises Forbidden. The OpenAPI document reads the scope."""

    scope: Scope

    async def __call__(self, found: Annotated[Caller, Depends(caller)]) -> Caller:
        if self.scope not in found.scopes:
            raise Forbidden(f"key {found.name} lacks the scope {self.scope}")
        return found


Reader = Annotated[Caller, Depends(Allowed(Scope.PLAN_READ))]
Writer = Annotated[Caller, Depends(Allowed(Scope.PLAN_WRITE))]
Admin = Annotated[Caller, Depends(Allowed(Scope.ADMIN))]


async def _caller(service: Service, shown: str | None) -> Caller:
    return insecure_caller() if service.settings.insecure else await _of_key(service, shown)


async def _of_key(service: Service, shown: str | None) -> Caller:
    key = None if shown is None else await service.keys.ask(shown)
    if key is None:
        raise Unauthorized("show a key that works: Authorization: Bearer cw_...")
    return Caller(key.tenant, frozenset(key.scopes), key.id)


def insecure_caller() -> Caller:
    """Everybody, where nobody is authenticated."""
    return Caller(NOBODY_IN_PARTICULAR, frozenset(Scope), "anybody")
