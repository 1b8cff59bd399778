"""OCPP frames as they come over the wire: calls, results and errors, whole or broken."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.domain.answers import Outcome

CALL, RESULT, ERROR = 2, 3, 4
LENGTH = {CALL: 4, RESULT: 3, ERROR: 3}
"""At least so many parts; the description of an error may be left out."""
_OUTCOMES = {"Accepted": Outcome.ACCEPTED, "Rejected": Outcome.REJECTED, "NotSupported": Outcome.NOT_SUPPORTED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    kind: int
    message_id: str
    action: str = ""
    payload: Any = None
    detail: str = ""


def read_frame(given: Any) -> Frame | str:
    """A frame as JSON text or as its parts; what is wrong with it where it is none."""
    if isinstance(given, (str, bytes)):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            return "a frame that is no JSON"
    if not isinstance(given, (list, tuple)) or not given or type(given[0]) is not int or given[0] not in LENGTH:
        return "a frame that is no OCPP message"
    if len(given) < LENGTH[given[0]]:
        return "a frame that is cut short"
    kind, message_id = given[0], str(given[1])
    if kind == CALL:
        return Frame(kind=kind, message_id=message_id, action=str(given[2]), payload=given[3])
    if kind == RESULT:
        return Frame(kind=kind, message_id=message_id, payload=given[2])
    return Frame(kind=kind, message_id=message_id, detail=" ".join(str(part) for part in given[2:4]))


def outcome_of(frame: Frame) -> tuple[Outcome, str]:
    """What an answer means for the command it answers; a word that nobody knows is no acceptance."""
    if frame.kind == ERROR:
        return Outcome.CALL_ERROR, frame.detail
    payload = frame.payload if isinstance(frame.payload, Mapping) else {}
    status, info = payload.get("status"), payload.get("statusInfo")
    reason = str(info.get("reasonCode", "")) if isinstance(info, Mapping) else ""
    if isinstance(status, str) and status in _OUTCOMES:
        return _OUTCOMES[status], reason
    return Outcome.REJECTED, f"an answer without a status that is known: {str(status)[:30]}"
