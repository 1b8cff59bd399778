"""A scenario as the body of a request: every route that takes one takes it in the same way and refuses it alike."""

import json
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from fastapi import Request

from api.problems import BodyTooLarge, Forbidden, MalformedJson, TooMany, Unauthorized, WrongContentType
from models.domain.errors import InvalidScenario, NoFeasibleSchedule
from models.domain.scenario import Scenario
from models.domain.strict_json import read_json
from models.domain.wire import read_scenario

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


async def json_body(request: Request) -> bytes:
    """The body as bytes; raises WrongContentType, BodyTooLarge.

    It is not decoded here: only the reader of scenarios tells NaN, doubled keys and numbers too large for a float.
    """
    if not _says_json(request.headers.get("content-type", "")) or "content-encoding" in request.headers:
        raise WrongContentType("send the scenario with Content-Type: application/json in UTF-8, not compressed")
    return await request.body()


def read(body: bytes, now: datetime) -> Scenario:
    """The scenario in a body; raises InvalidScenario, MalformedJson."""
    return refused_if_no_json(partial(read_scenario, now=now), body)


def refused_if_no_json(reader: Callable[[bytes], Form], body: bytes) -> Form:
    """What a reader makes of a body; raises InvalidScenario, and MalformedJson where it is not JSON at all."""
    try:
        return reader(body)
    except InvalidScenario as invalid:
        if not _is_json(body):
            raise MalformedJson(invalid.findings) from None
        raise


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
