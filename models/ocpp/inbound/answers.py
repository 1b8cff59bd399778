"""Answers that say something of a station: composite schedules, and the transaction ids that a CSMS gives in 1.6."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from models.domain.answers import TransactionNamed
from models.domain.events import LimitStep
from models.ocpp.inbound.limits import steps_of
from models.ocpp.inbound.reading import Message, identity, object_of


def composite_steps(payload: Mapping[str, Any], received_at: datetime) -> tuple[LimitStep, ...]:
    """Of an answer to GetCompositeSchedule in any version; some stations say "no limit" by a number below 0."""
    told = object_of(payload.get("schedule")) or object_of(payload.get("chargingSchedule"))
    start = payload.get("scheduleStart") or told.get("scheduleStart") or told.get("startSchedule")
    message = Message("", payload, received_at)
    return tuple(steps_of(message, {**told, "startSchedule": start}))


def transaction_named(
    payload: Any, *, station_id: str, evse_number: int | None, at: datetime
) -> TransactionNamed | None:
    """StartTransaction.conf as the CSMS forwarded it; None where it names none. 0 is an id."""
    told = object_of(payload)
    name = identity(told.get("transactionId"))
    if name is None:
        return None
    status = object_of(told.get("idTagInfo")).get("status", "Accepted")
    return TransactionNamed(
        station_id=station_id, evse_number=evse_number, at=at, transaction_id=name, accepted=status == "Accepted"
    )
