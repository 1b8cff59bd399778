"""Profiles that a station reports, what a vehicle means to draw, priority, and questions for a dynamic profile."""

from collections.abc import Iterator

from models.domain.answers import PriorityTold, ProfilesReported, ReportedProfile, UpdatePulled, VehicleScheduleTold
from models.domain.events import StationEvent
from models.ocpp.inbound.limits import first_steps, steps_of
from models.ocpp.inbound.reading import Message, Object, identity, object_of, objects_of, text, whole


def profiles_reported(message: Message) -> Iterator[StationEvent]:
    told = message.payload
    number, source = whole(told.get("evseId")), text(told.get("chargingLimitSource"))
    found = [_profile(message, given, number or 0, source) for given in objects_of(told.get("chargingProfile"))]
    yield ProfilesReported(
        station_id=message.station_id,
        evse_number=number,
        at=message.received_at,
        request_id=whole(told.get("requestId")),
        profiles=tuple(profile for profile in found if profile is not None),
        more=told.get("tbc") is True,
    )


def vehicle_schedule(message: Message) -> Iterator[StationEvent]:
    """NotifyEVChargingSchedule; its time base is where it starts."""
    told = message.payload
    schedule = {**object_of(told.get("chargingSchedule")), "startSchedule": told.get("timeBase")}
    yield VehicleScheduleTold(
        station_id=message.station_id,
        evse_number=whole(told.get("evseId")),
        at=message.received_at,
        steps=tuple(steps_of(message, schedule)),
    )


def priority(message: Message) -> Iterator[StationEvent]:
    name = identity(message.payload.get("transactionId"))
    if name is None:
        message.defects.append("priority charging without a transaction")
        return
    yield PriorityTold(
        station_id=message.station_id,
        evse_number=None,
        at=message.received_at,
        transaction_id=name,
        active=message.payload.get("activated") is True,
    )


def update_pulled(message: Message) -> Iterator[StationEvent]:
    number = whole(message.payload.get("chargingProfileId"))
    if number is None:
        message.defects.append("a question for an update of no profile")
        return
    yield UpdatePulled(station_id=message.station_id, evse_number=None, at=message.received_at, profile_id=number)


def _profile(message: Message, given: Object, number: int, source: str) -> ReportedProfile | None:
    name = whole(given.get("id"))
    if name is None:
        message.defects.append("a reported profile without an id")
        return None
    return ReportedProfile(
        id=name,
        purpose=text(given.get("chargingProfilePurpose")),
        stack_level=whole(given.get("stackLevel")) or 0,
        evse_number=number,
        source=source,
        transaction_id=identity(given.get("transactionId")),
        steps=first_steps(message, given),
        wire=dict(given),
    )
