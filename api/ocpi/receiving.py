"""Objects that a CPO pushes: sessions, locations, tariffs."""

from collections.abc import Mapping
from datetime import datetime

from api.ocpi.answers import Answer, LocationTold, SessionTold, TariffTold, refusal, success
from models.domain.findings import Finding
from models.domain.times import zone
from models.ocpi.locations import Location
from models.ocpi.sessions import OcpiSession
from models.ocpi.translate import evse_of, read_tariff, session_of
from models.ocpi.wire import OcpiVersion, Refusal, StatusCode, merged, read_object


def put_session(
    body: bytes, session_id: str, *, evses: Mapping[str, str], before: OcpiSession | None, now: datetime
) -> Answer:
    """A whole session; ``evses`` are EVSE ids by OCPI uid, ``before`` what was known of it."""
    return _taken(read_object(OcpiSession, body), session_id, evses, before, now)


def patch_session(
    body: bytes, session_id: str, *, evses: Mapping[str, str], before: OcpiSession, now: datetime
) -> Answer:
    """Some fields of a session."""
    return _taken(merged(before, body), session_id, evses, before, now)


def put_location(body: bytes, location_id: str, *, node: str, now: datetime) -> Answer:
    """A location; its EVSEs hang on ``node`` until the site says where they do."""
    told = read_object(Location, body)
    if isinstance(told, Refusal):
        return refusal(told, now)
    if zone(told.time_zone) is None:
        return refusal(_refused("time_zone", f"{told.time_zone[:40]!r} is no time zone", "send an IANA name"), now)
    if told.id != location_id:
        return refusal(_other_id(told.id, location_id), now)
    return success(now, LocationTold(told=told, evses=tuple(evse_of(evse, node) for evse in told.evses)))


def put_tariff(body: bytes, tariff_id: str, *, version: OcpiVersion, now: datetime) -> Answer:
    """A tariff of a version."""
    tariff = read_tariff(body, version)
    if isinstance(tariff, Refusal):
        return refusal(tariff, now)
    if tariff.id != tariff_id:
        return refusal(_other_id(tariff.id, tariff_id), now)
    return success(now, TariffTold(tariff=tariff))


def _taken(
    told: OcpiSession | Refusal,
    session_id: str,
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
