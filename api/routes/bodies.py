"""Bodies of requests: every route takes them in the same way, and refuses them alike."""

import json
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any, TypeVar

from anyio.to_thread import run_sync
from fastapi import Depends, Request

from api.problems import (
    BodyTooLarge,
    Forbidden,
    InvalidDocument,
    MalformedJson,
    TooMany,
    Unauthorized,
    WrongContentType,
)
from models.domain.errors import InvalidScenario, NoFeasibleSchedule
from models.domain.findings import Finding
from models.domain.scenario import Scenario
from models.domain.strict_json import read_json
from models.domain.wire import read_form, read_scenario

Form = TypeVar("Form")
REQUEST_BODY = {
    "required": True,
    "description": "A scenario, whole or in its quick form: a limit and a list of EVSEs with a car.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ScenarioDocument"}}},
}
ERRORS = (
    MalformedJson,
    NoFeasibleSchedule,
    BodyTooLarge,
    WrongContentType,
    InvalidScenario,
)
ACCESS_ERRORS = (Unauthorized, Forbidden, TooMany)
FORM_ERRORS = (MalformedJson, BodyTooLarge, WrongContentType, InvalidDocument)

FORMS: dict[str, Any] = {}
"""Every form that a route takes, by its name in the OpenAPI document."""


def taking(name: str, form: Any, example: Any) -> dict[str, Any]:
    """The OpenAPI description of a route's body."""
    if FORMS.setdefault(name, form) is not form:
        raise ValueError(f"two different forms are called {name}")
    told = {"schema": {"$ref": f"#/components/schemas/{name}"}, "example": example}
    return {"requestBody": {"required": True, "content": {"application/json": told}}}


def headers(*names: str) -> dict[str, Any]:
    """The OpenAPI descriptions of headers of an answer; what they say is in ``api.openapi_conventions``."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


async def json_body(request: Request) -> bytes:
    """The body as bytes; raises WrongContentType, BodyTooLarge.

    It is not decoded here: only our own readers tell NaN, doubled keys and numbers too large for a float.
    """
    if not _says_json(request.headers.get("content-type", "")) or "content-encoding" in request.headers:
        raise WrongContentType("send the body with Content-Type: application/json in UTF-8, not compressed")
    return await request.body()


def reading(form: Any) -> Callable[[bytes], Any]:
    """A dependency: the body as a value of this form; raises InvalidDocument, MalformedJson."""

    async def told(body: Annotated[bytes, Depends(json_body)]) -> Any:
        return _read(form, body) if len(body) <= SHORT else await run_sync(_read, form, body)

    return told


SHORT = 16_384
"""Bytes of a body that is read in less time than it takes to have a thread do it."""


def _read(form: Any, body: bytes) -> Any:
    try:
        return read_form(form, body)
    except InvalidScenario as invalid:
        raise _as_told(body, InvalidDocument(invalid.findings)) from None


def strict_object(body: bytes) -> dict[str, Any]:
    """A foreign message: sound JSON, an object, whatever is in it; raises InvalidDocument, MalformedJson."""
    try:
        document = read_json(body)
    except InvalidScenario as invalid:
        raise _as_told(body, InvalidDocument(invalid.findings)) from None
    if document.findings or not isinstance(document.tree, dict):
        no_object = Finding(path="", message="the payload is no object", remedy="send it as it stands in the message")
        raise InvalidDocument(document.findings or (no_object,))
    return document.tree


def read(body: bytes, now: datetime) -> Scenario:
    """The scenario in a body; raises InvalidScenario, MalformedJson."""
    return refused_if_no_json(partial(read_scenario, now=now), body)


def refused_if_no_json(reader: Callable[[bytes], Form], body: bytes) -> Form:
    """What a reader makes of a body; raises InvalidScenario, and MalformedJson where it is not JSON at all."""
    try:
        return reader(body)
    except InvalidScenario as invalid:
        raise _as_told(body, invalid) from None


def _as_told(body: bytes, invalid: InvalidScenario) -> Exception:
    """What is no JSON at all is another kind of wrong."""
    return invalid if _is_json(body) else MalformedJson(invalid.findings)


def json_tree(body: bytes) -> Any:
    """The JSON in a body that is more than a scenario; raises MalformedJson, InvalidScenario for NaN and the like."""
    try:
        document = read_json(body)
    except InvalidScenario as unreadable:
        raise MalformedJson(unreadable.findings) from None
    if document.findings:
        raise InvalidScenario(document.findings)
    return document.tree


def _says_json(content_type: str) -> bool:
    kind, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [p.removeprefix("charset=").strip('"') for p in parameters if p.startswith("charset=")]
    is_json = kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
    return is_json and all(charset in ("utf-8", "utf8", "us-ascii") for charset in charsets)


def _is_json(body: bytes) -> bool:
    """Whether the grammar of JSON, with the NaN that Python adds to it, reads the body."""
    try:
        json.loads(body.decode("utf-8-sig"), parse_int=float)  # as int, more than 4,300 digits are an error
    except (ValueError, RecursionError):
        return False
    return True
