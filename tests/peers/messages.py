"""What travels between a charge point and its CSMS, before any version spells it and any socket carries it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    id: str
    action: str
    payload: Payload
    at_s: float
    kept: bool = False
    """Kept while there is no connection, as messages about transactions are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A CALLRESULT, or with ``error`` a CALLERROR."""

    payload: Payload
    error: str | None = None


def frame(message: Call | tuple[str, Answer]) -> list[Any]:
    """As JSON values on the wire."""
    if isinstance(message, Call):
        return [2, message.id, message.action, dict(message.payload)]
    call_id, answer = message
    if answer.error is not None:
        return [4, call_id, answer.error, "", {}]
    return [3, call_id, dict(answer.payload)]


def begins(call: Call) -> bool:
    """Whether it tells of a new transaction."""
    return call.action == "StartTransaction" or call.payload.get("eventType") == "Started"
