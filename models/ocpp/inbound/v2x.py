"""Messages of OCPP 2.0.1 and 2.1 that say something about sessions and limits."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from models.domain.answers import TransactionGoesOn
from models.domain.events import (
    Booted,
    EvseState,
    StateTold,
    StationEvent,
    TokenShown,
    TransactionBegan,
    TransactionEnded,
)
from models.ocpp.inbound import profiles, readiness
from models.ocpp.inbound.limits import limit_cleared, limit_told
from models.ocpp.inbound.meter import measurements
from models.ocpp.inbound.needs import needs
from models.ocpp.inbound.reading import Message, identity, object_of, text, whole
from models.ocpp.inbound.v16 import Translation, heartbeat

STATES = {
    "Available": EvseState.AVAILABLE,
    "Occupied": EvseState.CONNECTED,
    "Reserved": EvseState.RESERVED,
    "Unavailable": EvseState.UNAVAILABLE,
    "Faulted": EvseState.FAULTED,
}
CHARGING_STATES = {
    "EVConnected": EvseState.CONNECTED,
    "Charging": EvseState.CHARGING,
    "SuspendedEV": EvseState.SUSPENDED_BY_VEHICLE,
    "SuspendedEVSE": EvseState.SUSPENDED_BY_STATION,
    "Idle": EvseState.CONNECTED,
}


def boot(message: Message) -> Iterator[StationEvent]:
    told = object_of(message.payload.get("chargingStation"))
    yield Booted(
        station_id=message.station_id,
        evse_number=None,
        at=message.received_at,
        vendor=text(told.get("vendorName")),
        model=text(told.get("model")),
        firmware=text(told.get("firmwareVersion")),
    )


def authorize(message: Message) -> Iterator[StationEvent]:
    digest = message.digest(object_of(message.payload.get("idToken")).get("idToken"))
    if digest is not None:
        yield TokenShown(station_id=message.station_id, evse_number=None, at=message.received_at, token_digest=digest)


def status(message: Message) -> Iterator[StationEvent]:
    told = message.payload
    word = text(told.get("connectorStatus"))
    if word not in STATES:
        message.defects.append(f"connectorStatus {word[:30]!r} is not one of 2.x")
        return
    at = message.time(told.get("timestamp"), "the timestamp of a status")
    yield _state(message, whole(told.get("evseId")), at, STATES[word], word)


def transaction(message: Message) -> Iterator[StationEvent]:
    """Started, Updated or Ended, with the state of charging and measurements that came with it."""
    told = message.payload
    info, number = object_of(told.get("transactionInfo")), whole(object_of(told.get("evse")).get("id"))
    transaction_id = identity(info.get("transactionId"))
    at = message.time(told.get("timestamp"), "the timestamp of a transaction")
    kind, word = text(told.get("eventType")), text(info.get("chargingState"))
    if kind == "Started":
        digest = message.digest(object_of(told.get("idToken")).get("idToken"))
        yield TransactionBegan(
            station_id=message.station_id,
            evse_number=number,
            at=at,
            transaction_id=transaction_id,
            token_digest=digest,
        )
    elif kind == "Updated" and transaction_id is not None:
        yield _goes_on(message, number, at, transaction_id)
    if word in CHARGING_STATES and kind != "Ended":
        yield _state(message, number, at, CHARGING_STATES[word], word)
    yield from measurements(message, told.get("meterValue"), number, transaction_id)
    if kind == "Ended" and transaction_id is not None:
        reason = text(info.get("stoppedReason"))
        yield TransactionEnded(
            station_id=message.station_id, evse_number=number, at=at, transaction_id=transaction_id, reason=reason
        )
    if kind not in ("Started", "Updated", "Ended"):
        message.defects.append(f"eventType {kind[:30]!r} is not one of 2.x")


def meter_values(message: Message) -> Iterator[StationEvent]:
    yield from measurements(message, message.payload.get("meterValue"), whole(message.payload.get("evseId")), None)


def charging_needs(message: Message) -> Iterator[StationEvent]:
    yield needs(message)


def charging_limit(message: Message) -> Iterator[StationEvent]:
    yield limit_told(message)


def cleared_limit(message: Message) -> Iterator[StationEvent]:
    yield limit_cleared(message)


def _state(message: Message, number: int | None, at: Any, state: EvseState, word: str) -> StateTold:
    return StateTold(station_id=message.station_id, evse_number=number, at=at, state=state, detail=word)


def _goes_on(message: Message, number: int | None, at: datetime, transaction_id: str) -> TransactionGoesOn:
    told = message.payload
    return TransactionGoesOn(
        station_id=message.station_id,
        evse_number=number,
        at=at,
        transaction_id=transaction_id,
        phases_used=whole(told.get("numberOfPhasesUsed")),
        resumed=told.get("triggerReason") == "TxResumed",
        offline=told.get("offline") is True,
    )


ACTIONS: Mapping[str, Translation] = MappingProxyType(
    {
        "BootNotification": boot,
        "Heartbeat": heartbeat,
        "Authorize": authorize,
        "StatusNotification": status,
        "TransactionEvent": transaction,
        "MeterValues": meter_values,
        "NotifyEVChargingNeeds": charging_needs,
        "NotifyChargingLimit": charging_limit,
        "ClearedChargingLimit": cleared_limit,
        "ReportChargingProfiles": profiles.profiles_reported,
        "NotifyEVChargingSchedule": profiles.vehicle_schedule,
        "NotifyPriorityCharging": profiles.priority,
        "PullDynamicScheduleUpdate": profiles.update_pulled,
        "ReserveNow": readiness.reserve_2x,
        "CancelReservation": readiness.cancelled,
        "ReservationStatusUpdate": readiness.reservation_told,
        "ChangeAvailability": readiness.availability_2x,
        "FirmwareStatusNotification": readiness.firmware,
    }
)
