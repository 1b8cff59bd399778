"""What all objects of OCPI share: unknown fields are kept and mean nothing, times without a zone are UTC.

A body that does not fit is answered with a :class:`Refusal`; nothing here raises for what a peer has sent.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    ValidationError,
)

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.paths import path_text
from models.domain.strict_json import read_json


class OcpiVersion(StrEnum):
    """The versions of OCPI that are spoken."""

    V221 = "2.2.1"
    V230 = "2.3.0"


class StatusCode(IntEnum):
    """``status_code`` of a response (OCPI 2.2.1, section 5)."""

    SUCCESS = 1000
    CLIENT_ERROR = 2000
    INVALID_PARAMETERS = 2001
    NOT_ENOUGH_INFORMATION = 2002
    UNKNOWN_LOCATION = 2003
    UNKNOWN_TOKEN = 2004
    SERVER_ERROR = 3000
    CANNOT_USE_CLIENT_API = 3001
    UNSUPPORTED_VERSION = 3002
    NO_MATCHING_ENDPOINTS = 3003


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a body was not taken: the status code of OCPI, and every finding."""

    code: StatusCode
    findings: tuple[Finding, ...]

    @property
    def message(self) -> str:
        """For ``status_message``."""
        return "; ".join(map(str, self.findings))


def _time(given: Any) -> datetime:
    """From its text; JSON knows no times, and a number is none, though some readers take it for seconds."""
    if isinstance(given, datetime):
        return given
    if not isinstance(given, str):
        raise ValueError("a time is a text, as in 2026-03-02T17:00:00Z")
    try:
        return datetime.fromisoformat(given)
    except ValueError:
        raise ValueError("this is no time; write it as 2026-03-02T17:00:00Z") from None


def _in_utc(told: datetime) -> datetime:
    try:
        return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
    except OverflowError:
        raise ValueError("the time is beyond all calendars") from None


def time_text(instant: datetime) -> str:
    """``2026-03-02T17:00:00Z``, in UTC, whole seconds: what every peer reads."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


OcpiTime = Annotated[
    datetime, BeforeValidator(_time), AfterValidator(_in_utc), PlainSerializer(time_text, return_type=str)
]


class OcpiObject(BaseModel):
    """An object of OCPI, or a part of one. What it says beyond what is known here is told again as it came."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow", allow_inf_nan=False)

    def json_object(self) -> dict[str, Any]:
        """As JSON values, without what was not given."""
        return self.model_dump(mode="json", exclude_none=True, exclude_unset=True)


Form = TypeVar("Form", bound=OcpiObject)


class Response(OcpiObject):
    """The envelope of every answer."""

    status_code: int
    status_message: str | None = None
    timestamp: OcpiTime
    data: Any = None

    @property
    def succeeded(self) -> bool:
        """Whether what was asked for was done; 1000 to 1999 say so."""
        return StatusCode.SUCCESS <= self.status_code < StatusCode.CLIENT_ERROR


def read_object(form: type[Form], body: bytes | str) -> Form | Refusal:
    """The object in a body, or why it is none."""
    try:
        document = read_json(body)
        parsed = form.model_validate_json(document.repaired())
    except InvalidScenario as unreadable:
        return Refusal(code=StatusCode.CLIENT_ERROR, findings=unreadable.findings)
    except ValidationError as unfit:
        told = {finding.path for finding in document.findings}
        unfitting = map(_finding, unfit.errors(include_url=False, include_input=False))
        return _refusal((*document.findings, *(finding for finding in unfitting if finding.path not in told)))
    return _refusal(document.findings) if document.findings else parsed


def merged(before: Form, body: bytes | str) -> Form | Refusal:
    """An object with the fields of a PATCH in place of its own."""
    try:
        document = read_json(body)
    except InvalidScenario as unreadable:
        return Refusal(code=StatusCode.CLIENT_ERROR, findings=unreadable.findings)
    if document.findings or not isinstance(document.tree, dict):
        message, remedy = "the body is no JSON object", "send an object with the fields that change"
        return _refusal(document.findings or (Finding(path="", message=message, remedy=remedy),))
    return read_object(type(before), json.dumps(before.json_object() | document.tree))


def _refusal(findings: tuple[Finding, ...]) -> Refusal:
    return Refusal(code=StatusCode.INVALID_PARAMETERS, findings=findings)


def _finding(error: Any) -> Finding:
    """Of one error of the type checker; what was sent is not repeated, for it may be a token."""
    missing = error["type"] == "missing"
    remedy = "add the field" if missing else "send what OCPI 2.2.1 or 2.3.0 says of this field"
    return Finding(path=path_text(tuple(error["loc"])), message=str(error["msg"]), remedy=remedy)
