"""Every error that the service answers, as ``application/problem+json`` (RFC 9457), from one table.

An answer never repeats the input: findings name places and identities, nothing else is quoted.
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from models.domain.errors import (
    Conflict,
    DeadlinePassed,
    EdgeError,
    InvalidScenario,
    NoFeasibleSchedule,
    NotFound,
    SolverFault,
    StoreError,
)
from models.domain.findings import Finding

MEDIA_TYPE = "application/problem+json"


class RequestError(Exception):
    """A request that is refused for its form, before its meaning is looked at."""


class BodyTooLarge(RequestError):
    """The body is longer than the service reads."""


class WrongContentType(RequestError):
    """The body says that it is something else than JSON."""


class MalformedJson(RequestError):
    """The body is not JSON at all. ``findings`` say where."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        super().__init__("the body is not JSON")


class InvalidDocument(InvalidScenario):
    """A body is JSON and does not say what its address takes."""


class Unauthorized(RequestError):
    """Nobody knows the caller."""

    headers: ClassVar = {"WWW-Authenticate": "Bearer"}


class Forbidden(RequestError):
    """The caller is known, and may not do this."""


class PreconditionFailed(RequestError):
    """Somebody changed the document since the caller read it."""


class PreconditionRequired(RequestError):
    """A document that is there is replaced only by who says which revision."""


class UnsupportedVersion(RequestError):
    """A version of a protocol that is not spoken."""


class OtherBody(RequestError):
    """An Idempotency-Key came again with another request."""


class TooMany(RequestError):
    """The caller asks more often than it may."""

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        self.headers = {"Retry-After": str(retry_after_s)}
        super().__init__(f"{message}; ask again in {retry_after_s} s")


class FindingLine(BaseModel):
    """One thing that is wrong with a request: where it is, what it is, and the way out."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    path: str
    """Where in the document, as in ``sessions[3].departure``; empty for the document itself."""
    message: str
    remedy: str
    ids: list[str] = []
    """Identities of the things involved."""


class Problem(BaseModel):
    """Why a request was not answered as asked."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    type: str
    """Stable identifier of the kind of problem: ``urn:chargewright:problem:`` and its name."""
    title: str
    status: int
    detail: str
    findings: list[FindingLine] = []
    """All of them at once."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the table. ``detail`` None: the error's own first line."""

    status: HTTPStatus
    name: str
    title: str
    detail: str | None = None


TABLE: dict[type[Exception], Kind] = {
    MalformedJson: Kind(HTTPStatus.BAD_REQUEST, "malformed-json", "The body is not JSON"),
    InvalidDocument: Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-document", "The body has findings"),
    Unauthorized: Kind(HTTPStatus.UNAUTHORIZED, "unauthorized", "Nobody knows who asks"),
    Forbidden: Kind(HTTPStatus.FORBIDDEN, "forbidden", "The key does not allow this"),
    PreconditionFailed: Kind(HTTPStatus.PRECONDITION_FAILED, "precondition-failed", "It has changed since"),
    PreconditionRequired: Kind(HTTPStatus.PRECONDITION_REQUIRED, "precondition-required", "Say which revision"),
    UnsupportedVersion: Kind(HTTPStatus.BAD_REQUEST, "unsupported-version", "This version is not spoken"),
    OtherBody: Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency-key-reused", "The key was for another request"),
    TooMany: Kind(HTTPStatus.TOO_MANY_REQUESTS, "too-many-requests", "Too many requests"),
    InvalidScenario: Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-scenario", "The scenario has findings"),
    NoFeasibleSchedule: Kind(HTTPStatus.CONFLICT, "no-feasible-schedule", "No action can satisfy these data"),
    BodyTooLarge: Kind(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body-too-large", "The body is too long"),
    WrongContentType: Kind(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "wrong-content-type", "The body must be JSON"),
    NotFound: Kind(HTTPStatus.NOT_FOUND, "not-found", "No such thing"),
    Conflict: Kind(HTTPStatus.CONFLICT, "conflict", "It does not go with what is there"),
    StoreError: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "store-failed", "The store cannot be used", "Try again later."),
    EdgeError: Kind(HTTPStatus.BAD_GATEWAY, "peer-failed", "A peer failed", "Try again later."),
    DeadlinePassed: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "deadline-passed", "No plan in time", "Try a smaller site."),
    SolverFault: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "solver-fault", "No usable plan", "Nothing was planned."),
    Exception: Kind(
        HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "An error of ours", "It is in the log of the service."
    ),
}

INVALID_REQUEST = Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", "The request has findings")
"""What the web framework finds in addresses, queries and headers."""
HTTP_DETAILS = {
    HTTPStatus.NOT_FOUND: "There is no such address; GET /docs lists all of them.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address does not answer that method; the header Allow names those it does.",
}


def install(app: FastAPI) -> None:
    """Let ``app`` answer every error from the table."""
    for error in TABLE:
        app.add_exception_handler(error, answer)
    app.add_exception_handler(HTTPException, answer_http)
    app.add_exception_handler(RequestValidationError, answer_request)


async def answer(request: Request, error: Exception) -> Response:
    """The answer to an error of ours."""
    kind = next(TABLE[base] for base in type(error).__mro__ if base in TABLE)
    detail = kind.detail or str(error).partition("\n")[0]
    response = respond(kind.status, kind.name, kind.title, detail, getattr(error, "findings", ()))
    response.headers.update(getattr(error, "headers", {}))
    return response


async def answer_http(request: Request, error: Exception) -> Response:
    """The answer to what the web framework refuses: unknown addresses and methods."""
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    name = status.phrase.lower().replace(" ", "-")
    response = respond(status, name, status.phrase, HTTP_DETAILS.get(status, status.description))
    response.headers.update(error.headers or {})
    return response


async def answer_request(request: Request, error: Exception) -> Response:
    """The answer to wrong query parameters: place and reason, never the value."""
    assert isinstance(error, RequestValidationError)
    findings = tuple(_query_finding(entry) for entry in error.errors())
    detail = "A parameter of the request is wrong."
    return respond(INVALID_REQUEST.status, INVALID_REQUEST.name, INVALID_REQUEST.title, detail, findings)


def respond(status: HTTPStatus, name: str, title: str, detail: str, findings: tuple[Finding, ...] = ()) -> Response:
    """A problem document as a response."""
    lines = [FindingLine(path=f.path, message=f.message, remedy=f.remedy, ids=list(f.ids)) for f in findings]
    problem = Problem(
        type=f"urn:chargewright:problem:{name}", title=title, status=status, detail=detail, findings=lines
    )
    return Response(problem.model_dump_json(exclude_defaults=True), status_code=status, media_type=MEDIA_TYPE)


def documented(*errors: type[Exception]) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI descriptions of these errors: for each status every type that it can have."""
    told: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        kind = TABLE[error]
        add_kind(told.setdefault(int(kind.status), {}), kind)
    return told


def add_kind(response: dict[str, Any], kind: Kind) -> None:
    """One more kind of problem that a response of an OpenAPI document can be."""
    line = f"`{kind.name}`: {kind.title}."
    before = response.get("description", "")
    if line not in before:
        response["description"] = f"{before} {line}".strip()
    response["content"] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}


def _query_finding(entry: Any) -> Finding:
    place = ".".join(str(part) for part in entry["loc"])
    return Finding(path=place, message=str(entry["msg"]), remedy="see the parameter's description in /openapi.json")
