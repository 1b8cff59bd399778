"""What holds for many addresses alike, told at each of them in the OpenAPI document: scopes, headers, errors."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from api.problems import TABLE, OtherBody, add_kind
from api.routes.bodies import headers
from api.routes.once import LONGEST_KEY, OncePerKey
from api.security.access import Allowed
from models.domain.errors import Conflict, StoreError

HEADERS = {
    "ETag": "The revision; say it as If-Match to replace or remove just this one.",
    "X-Request-ID": "Of this request in the log: the one that was sent, or one that was made.",
    "Idempotency-Replayed": "`true`: answered as the first time, and not done again.",
    "Retry-After": "Seconds until it is worth asking again.",
    "WWW-Authenticate": "How to show who asks.",
    "Location": "Where the plan will be.",
    "Preference-Applied": "`respond-async`, where it was preferred.",
}
"""Of answers, by name."""
OF_STATUS = {"401": ("WWW-Authenticate",), "429": ("Retry-After",)}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Sent again with the same key within a day, a request is answered as the first time, and done once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
}
REQUEST_ID = {
    "name": "X-Request-ID",
    "in": "header",
    "required": False,
    "description": "Your id of this request: at most 64 letters, digits, `-`, `_`, `.`; told back and in the log.",
    "schema": {"type": "string"},
}


def describe_conventions(told: dict[str, Any], routers: Sequence[APIRouter]) -> None:
    """Add them to a document that FastAPI has made of these routers."""
    told["components"]["headers"] = {
        name: {"description": text, "schema": {"type": "string"}} for name, text in HEADERS.items()
    }
    told["components"]["parameters"] = {"IdempotencyKey": IDEMPOTENCY_KEY, "RequestId": REQUEST_ID}
    for route in chain.from_iterable(router.routes for router in routers):
        assert isinstance(route, APIRoute), "routers of ours have nothing else"
        for method in route.methods or ():
            _describe(told["paths"][route.path_format][method.lower()], route, method)


def _describe(operation: dict[str, Any], route: APIRoute, method: str) -> None:
    _describe_scopes(operation, sorted(set(_scopes(route.dependant))))
    if method == "POST" and isinstance(route, OncePerKey):
        _describe_once(operation)
    operation.setdefault("parameters", []).append({"$ref": "#/components/parameters/RequestId"})
    for status, response in operation["responses"].items():
        _add_headers(response, "X-Request-ID", *OF_STATUS.get(status, ()))


def _describe_scopes(operation: dict[str, Any], scopes: list[str]) -> None:
    """OpenAPI 3.1 lets a scheme that is no OAuth2 name what is needed too; people read it in the description."""
    if not scopes:
        return
    operation["security"] = [{scheme: scopes} for required in operation["security"] for scheme in required]
    named = ", ".join(f"`{scope}`" for scope in scopes)
    operation["description"] = f"{operation.get('description', '')}\n\nNeeds the scope {named}.".strip()
    _add_errors(operation, StoreError, Exception)


def _describe_once(operation: dict[str, Any]) -> None:
    operation.setdefault("parameters", []).append({"$ref": "#/components/parameters/IdempotencyKey"})
    _add_errors(operation, OtherBody, Conflict)
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            _add_headers(response, "Idempotency-Replayed")


def _add_errors(operation: dict[str, Any], *errors: type[Exception]) -> None:
    for error in errors:
        kind = TABLE[error]
        add_kind(operation["responses"].setdefault(str(int(kind.status)), {}), kind)


def _add_headers(response: dict[str, Any], *names: str) -> None:
    response["headers"] = response.get("headers", {}) | headers(*names)


def _scopes(dependant: Dependant) -> Iterator[str]:
    if isinstance(dependant.call, Allowed):
        yield str(dependant.call.scope)
    for needed in dependant.dependencies:
        yield from _scopes(needed)
