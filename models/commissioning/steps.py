"""The steps of a commissioning script, as a CSMS carries them out."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

START, TRANSACTION = "$START", "$TRANSACTION"
"""Stand in a payload for the time of sending less a minute, in UTC, and for the id of the transaction that runs."""


class Doing(StrEnum):
    """What a CSMS does, or has somebody do."""

    SEND = "send"
    """Send the first request; where it is not accepted, the next one, until one is."""
    WAIT = "wait"
    PLUG = "plug"
    """Have a car plugged in that takes 16 A on every phase of the EVSE, and a transaction begin."""
    UNPLUG = "unplug"
    CUT = "cut"
    """Close the websocket and refuse new ones for so long."""
    ANSWER_LATE = "answer_late"
    """Hold the answer to the next message that begins a transaction back for so long."""
    START = "start"
    """Send the request where no transaction runs at the EVSE."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    action: str
    payload: Mapping[str, Any]
    """JSON values, with START and TRANSACTION in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One thing to do."""

    doing: Doing
    requests: tuple[Request, ...] = ()
    """In the order in which they are tried."""
    seconds: float = 0.0
    evse: int = 1
    """evseId in OCPP 2.x, connectorId in OCPP 1.6."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Some tasks, one after the other, and what they are to show."""

    id: str
    shows: str
    tasks: tuple[Task, ...]
