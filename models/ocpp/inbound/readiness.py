"""Reservations, availability and firmware: what decides who can charge where, in the words of each version.

Some of these are calls of the CSMS; they are heard where it passes on what it sends.
"""

from collections.abc import Iterator
from typing import Any

from models.domain.answers import AvailabilityAsked, EvseReserved, FirmwareTold, ReservationEnded
from models.domain.events import StationEvent
from models.ocpp.inbound.reading import Message, identity, object_of, text, whole

OPERATIVE = {"Operative": True, "Inoperative": False}
RESERVATION_ENDS = {"Expired", "Removed", "NoTransaction"}


def reserve_16(message: Message) -> Iterator[StationEvent]:
    told = message.payload
    yield from _reserved(message, told.get("reservationId"), told.get("connectorId"), "expiryDate", told.get("idTag"))


def reserve_2x(message: Message) -> Iterator[StationEvent]:
    told = message.payload
    token = object_of(told.get("idToken")).get("idToken")
    yield from _reserved(message, told.get("id"), told.get("evseId"), "expiryDateTime", token)


def cancelled(message: Message) -> Iterator[StationEvent]:
    yield from _ended(message, "cancelled")


def reservation_told(message: Message) -> Iterator[StationEvent]:
    """ReservationStatusUpdate of 2.x."""
    status = text(message.payload.get("reservationUpdateStatus"))
    if status not in RESERVATION_ENDS:
        message.defects.append(f"reservationUpdateStatus {status[:30]!r} is not one of 2.x")
        return
    yield from _ended(message, status)


def availability_16(message: Message) -> Iterator[StationEvent]:
    """Connector 0 is the station."""
    yield from _availability(message, message.payload.get("type"), message.payload.get("connectorId"))


def availability_2x(message: Message) -> Iterator[StationEvent]:
    told = message.payload
    yield from _availability(message, told.get("operationalStatus"), object_of(told.get("evse")).get("id"))


def firmware(message: Message) -> Iterator[StationEvent]:
    status = text(message.payload.get("status"))
    yield FirmwareTold(station_id=message.station_id, evse_number=None, at=message.received_at, status=status)


def _reserved(message: Message, given: Any, number: Any, until: str, token: Any) -> Iterator[StationEvent]:
    name = identity(given)
    if name is None:
        message.defects.append("a reservation without an id")
        return
    yield EvseReserved(
        station_id=message.station_id,
        evse_number=whole(number),
        at=message.received_at,
        reservation_id=name,
        until=message.instant(message.payload.get(until)),
        token_digest=message.digest(token),
    )


def _ended(message: Message, why: str) -> Iterator[StationEvent]:
    name = identity(message.payload.get("reservationId"))
    if name is None:
        message.defects.append("the end of a reservation without an id")
        return
    yield ReservationEnded(
        station_id=message.station_id, evse_number=None, at=message.received_at, reservation_id=name, why=why
    )


def _availability(message: Message, word: Any, number: Any) -> Iterator[StationEvent]:
    if text(word) not in OPERATIVE:
        message.defects.append(f"availability {text(word)[:30]!r} is neither Operative nor Inoperative")
        return
    yield AvailabilityAsked(
        station_id=message.station_id,
        evse_number=whole(number),
        at=message.received_at,
        operative=OPERATIVE[text(word)],
    )
