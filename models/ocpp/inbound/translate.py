"""One message of a station into events."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.domain.events import StationEvent
from models.ocpp.inbound import v2x, v16
from models.ocpp.inbound.reading import Message, object_of
from models.ocpp.profile import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """What a message said, and what was odd about it."""

    events: tuple[StationEvent, ...]
    defects: tuple[str, ...]


def translate(
    version: Version,
    action: str,
    payload: Mapping[str, Any] | Any,
    *,
    station_id: str,
    received_at: datetime,
    token_key: bytes = b"",
) -> Inbound:
    """Never raises: what cannot be read counts as not told, and is a defect.

    ``received_at`` is aware; ``token_key`` is the site's secret that tokens of drivers are hashed with.
    """
    actions = v16.ACTIONS if version is Version.V16 else v2x.ACTIONS
    message = Message(station_id, object_of(payload), received_at, token_key)
    if not isinstance(payload, Mapping):
        message.defects.append("the payload is no JSON object")
    if action not in actions:
        return Inbound(events=(), defects=(f"{action[:40]!r} says nothing that is planned with",))
    events = tuple(actions[action](message))
    return Inbound(events=events, defects=tuple(dict.fromkeys(message.defects)))
