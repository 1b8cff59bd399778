"""Objects that a CPO pushes: sessions, locations, tariffs."""

from collections.abc import Mapping
from datetime import datetime

from api.ocpi.answers import Answer, LocationTold, SessionTold, TariffTold, refusal, success
from api.ocpi.mapping import planned_with
from models.domain.findings import Finding
from models.domain.times import zone
from models.ocpi.locations import Location, OcpiConnector, OcpiEvse
from models.ocpi.sessions import OcpiSession
from models.ocpi.tariffs import Tariff
from models.ocpi.translate import evse_of, read_tariff, session_of
from models.ocpi.wire import OcpiVersion, Refusal, StatusCode, merged, read_object


def put_session(
    body: bytes, session_id: str, *, evses: Mapping[str, str], before: OcpiSession | None, now: datetime
) -> Answer:
    """A whole session; ``evses`` are EVSE ids by OCPI uid, ``before`` what was known of it."""
    return session_taken(read_object(OcpiSession, body), session_id, evses=evses, before=before, now=now)


def patch_session(
    body: bytes, session_id: str, *, evses: Mapping[str, str], before: OcpiSession, now: datetime
) -> Answer:
    """Some fields of a session."""
    return session_taken(merged(before, body), session_id, evses=evses, before=before, now=now)


def put_location(body: bytes, location_id: str, *, node: str, now: datetime) -> Answer:
    """A location; its EVSEs hang on ``node`` until the site says where they do."""
    return location_taken(read_object(Location, body), location_id, node=node, before=None, now=now)


def location_taken(
    told: Location | Refusal, location_id: str, *, node: str, before: Location | None, now: datetime
) -> Answer:
    """A location as it is now; one that is older than what is known changes nothing."""
    if isinstance(told, Refusal):
        return refusal(told, now)
    if zone(told.time_zone) is None:
        return refusal(_refused("time_zone", f"{told.time_zone[:40]!r} is no time zone", "send an IANA name"), now)
    if told.id != location_id:
        return refusal(_other_id(told.id, location_id), now)
    if before is not None and told.last_updated < before.last_updated:
        return success(now)
    evses = tuple(evse_of(evse, node) for evse in told.evses)
    means_else = planned_with(told) != planned_with(before)
    return success(now, LocationTold(told=told, evses=evses, means_else=means_else))


def put_tariff(body: bytes, tariff_id: str, *, version: OcpiVersion, before: Tariff | None, now: datetime) -> Answer:
    """A tariff of a version; one that is older than what is known changes nothing."""
    tariff = read_tariff(body, version)
    if isinstance(tariff, Refusal):
        return refusal(tariff, now)
    if tariff.id != tariff_id:
        return refusal(_other_id(tariff.id, tariff_id), now)
    if before is not None and tariff.last_updated < before.last_updated:
        return success(now)
    return success(now, TariffTold(tariff=tariff))


def with_evse(before: Location, uid: str, body: bytes, *, whole: bool) -> Location | Refusal:
    """The location with an EVSE that is told anew, or in part (not ``whole``); one that is not known is told whole."""
    known = next((evse for evse in before.evses if evse.uid == uid), None)
    told = read_object(OcpiEvse, body) if whole or known is None else merged(known, body)
    if isinstance(told, Refusal):
        return told
    if told.uid != uid:
        return _other_id(told.uid, uid)
    if known is not None and told.last_updated < known.last_updated:
        return before
    return _changed(before, told)


def with_connector(before: Location, uid: str, connector: str, body: bytes, *, whole: bool) -> Location | Refusal:
    """The same for a connector of an EVSE that is known."""
    evse = next((evse for evse in before.evses if evse.uid == uid), None)
    if evse is None:
        return _refused("evse_uid", f"there is no EVSE {uid[:40]!r} at the location", "send the EVSE first")
    known = next((each for each in evse.connectors if each.id == connector), None)
    told = read_object(OcpiConnector, body) if whole or known is None else merged(known, body)
    if isinstance(told, Refusal):
        return told
    if told.id != connector:
        return _other_id(told.id, connector)
    if known is not None and told.last_updated < known.last_updated:
        return before
    connectors = (*(each for each in evse.connectors if each.id != connector), told)
    latest = max(evse.last_updated, told.last_updated)
    return _changed(before, evse.model_copy(update={"connectors": connectors, "last_updated": latest}))


def _changed(before: Location, evse: OcpiEvse) -> Location:
    evses = (*(each for each in before.evses if each.uid != evse.uid), evse)
    return before.model_copy(update={"evses": evses, "last_updated": max(before.last_updated, evse.last_updated)})


def session_taken(
    told: OcpiSession | Refusal,
    session_id: str,
    *,
    evses: Mapping[str, str],
    before: OcpiSession | None,
    now: datetime,
) -> Answer:
    """What is older than what is known changes nothing, and is no error: pushes may overtake each other."""
    if isinstance(told, Refusal):
        return refusal(told, now)
    if told.id != session_id:
        return refusal(_other_id(told.id, session_id), now)
    session = session_of(told, evses)
    if isinstance(session, Refusal):
        return refusal(session, now)
    if before is not None and told.last_updated < before.last_updated:
        return success(now)
    return success(now, SessionTold(told=told, session=session))


def _other_id(told: str, asked: str) -> Refusal:
    return _refused("id", f"the object is {told[:40]!r}, the address says {asked[:40]!r}", "send it to its own address")


def _refused(path: str, message: str, remedy: str) -> Refusal:
    finding = Finding(path=path, message=message, remedy=remedy)
    return Refusal(code=StatusCode.INVALID_PARAMETERS, findings=(finding,))
