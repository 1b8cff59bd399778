"""Messages of OCPP 1.6 that say something about sessions and limits."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from models.domain.events import (
    Booted,
    EvseState,
    HeardFrom,
    StateTold,
    StationEvent,
    TokenShown,
    TransactionBegan,
    TransactionEnded,
)
from models.domain.units import kw_from_watts
from models.ocpp.inbound import readiness
from models.ocpp.inbound.meter import measurements
from models.ocpp.inbound.reading import Message, identity, text, whole

Translation = Callable[[Message], Iterator[StationEvent]]

STATES = {
    "Available": EvseState.AVAILABLE,
    "Preparing": EvseState.CONNECTED,
    "Charging": EvseState.CHARGING,
    "SuspendedEV": EvseState.SUSPENDED_BY_VEHICLE,
    "SuspendedEVSE": EvseState.SUSPENDED_BY_STATION,
    "Finishing": EvseState.FINISHING,
    "Reserved": EvseState.RESERVED,
    "Unavailable": EvseState.UNAVAILABLE,
    "Faulted": EvseState.FAULTED,
}


def boot(message: Message) -> Iterator[StationEvent]:
    told = message.payload
    yield Booted(
        station_id=message.station_id,
        evse_number=None,
        at=message.received_at,
        vendor=text(told.get("chargePointVendor")),
        model=text(told.get("chargePointModel")),
        firmware=text(told.get("firmwareVersion")),
    )


def heartbeat(message: Message) -> Iterator[StationEvent]:
    yield HeardFrom(station_id=message.station_id, evse_number=None, at=message.received_at)


def authorize(message: Message) -> Iterator[StationEvent]:
    digest = message.digest(message.payload.get("idTag"))
    if digest is not None:
        yield TokenShown(station_id=message.station_id, evse_number=None, at=message.received_at, token_digest=digest)


def status(message: Message) -> Iterator[StationEvent]:
    """Connector 0 is the station; a word that we do not know is a defect and changes nothing."""
    told = message.payload
    word = text(told.get("status"))
    if word not in STATES:
        message.defects.append(f"status {word[:30]!r} is not one of 1.6")
        return
    error = text(told.get("errorCode"))
    yield StateTold(
        station_id=message.station_id,
        evse_number=whole(told.get("connectorId")),
        at=message.time(told.get("timestamp"), "the timestamp of a status"),
        state=STATES[word],
        detail=word if error in ("", "NoError") else f"{word}, {error}",
    )


def start_transaction(message: Message) -> Iterator[StationEvent]:
    """Its transaction id is in the answer of the CSMS, not here."""
    told = message.payload
    meter = message.number(told.get("meterStart"), "meterStart")
    yield TransactionBegan(
        station_id=message.station_id,
        evse_number=whole(told.get("connectorId")),
        at=message.time(told.get("timestamp"), "the timestamp of a start"),
        transaction_id=None,
        token_digest=message.digest(told.get("idTag")),
        meter_kwh=None if meter is None else kw_from_watts(meter),
    )


def stop_transaction(message: Message) -> Iterator[StationEvent]:
    told = message.payload
    transaction_id = identity(told.get("transactionId"))
    yield from measurements(message, told.get("transactionData"), None, transaction_id)
    if transaction_id is None:
        message.defects.append("StopTransaction without a transaction")
        return
    meter = message.number(told.get("meterStop"), "meterStop")
    yield TransactionEnded(
        station_id=message.station_id,
        evse_number=None,
        at=message.time(told.get("timestamp"), "the timestamp of a stop"),
        transaction_id=transaction_id,
        meter_kwh=None if meter is None else kw_from_watts(meter),
        reason=text(told.get("reason")),
    )


def meter_values(message: Message) -> Iterator[StationEvent]:
    told = message.payload
    number, transaction_id = whole(told.get("connectorId")), identity(told.get("transactionId"))
    yield from measurements(message, told.get("meterValue"), number, transaction_id)


ACTIONS: Mapping[str, Translation] = MappingProxyType(
    {
        "BootNotification": boot,
        "Heartbeat": heartbeat,
        "Authorize": authorize,
        "StatusNotification": status,
        "StartTransaction": start_transaction,
        "StopTransaction": stop_transaction,
        "MeterValues": meter_values,
        "ReserveNow": readiness.reserve_16,
        "CancelReservation": readiness.cancelled,
        "ChangeAvailability": readiness.availability_16,
        "FirmwareStatusNotification": readiness.firmware,
    }
)
