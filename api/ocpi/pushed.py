"""Sessions, locations and tariffs that a platform pushes: kept as they came, and told to the site that they are of.

What cannot be told to a site is refused whole, with every finding; nothing of it is kept then.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from api.ocpi.answers import Answer, LocationTold, SessionTold, TariffTold, not_found, refusal, success
from api.ocpi.forms import LocationServed, OcpiParty
from api.ocpi.keeping import PartyDesk
from api.ocpi.mapping import evses_by_uid, served
from api.ocpi.pricing import Paid, paid, tariff_ids, tariff_of
from api.ocpi.receiving import location_taken, put_tariff, session_taken, with_connector, with_evse
from api.sites import forms
from api.sites.keeping import Desk
from api.sites.plugging import measure, plug_in, unplug
from api.store.records import Kind
from models.domain.site import Site
from models.ocpi.locations import Location
from models.ocpi.sessions import OcpiSession, SessionStatus
from models.ocpi.wire import OcpiVersion, Refusal, StatusCode, merged, read_object

OVER = (SessionStatus.COMPLETED, SessionStatus.INVALID)
PENDING = (SessionStatus.PENDING, SessionStatus.RESERVATION)
"""No vehicle yet."""


def push_session(desk: PartyDesk, key: str, body: bytes, *, whole: bool, now: datetime) -> Answer:
    """A session, or some of its fields; raises InvalidDocument, Conflict for what its site cannot take."""
    before: OcpiSession | None = desk.object(Kind.OCPI_SESSION, key)
    if before is None and not whole:
        return not_found("the session is not known: send all of it", now)
    told = read_object(OcpiSession, body) if whole or before is None else merged(before, body)
    at = None if isinstance(told, Refusal) else _site_of(desk, told)
    uids: Mapping[str, str] = {} if isinstance(told, Refusal) else {told.evse_uid: told.evse_uid}
    evses = uids if at is None else evses_by_uid(at[0], at[1].get(Kind.SITE).value, at[2])
    answer = session_taken(told, _id(key), evses=evses, before=before, now=now)
    for effect in answer.effects:
        if isinstance(effect, SessionTold):
            desk.keep(Kind.OCPI_SESSION, key, effect.told)
            if at is not None:
                bring(desk, effect.told, now)
    return answer


def push_location(
    desk: PartyDesk, key: str, body: bytes, parts: tuple[str, ...], *, whole: bool, now: datetime
) -> Answer:
    """A location, an EVSE or a connector of it (``parts``: uid, id of the connector), or some fields."""
    before: Location | None = desk.object(Kind.OCPI_LOCATION, key)
    if before is None and (parts or not whole):
        return not_found("the location is not known: send all of it", now)
    told = _told_location(before, body, parts, whole)
    answer = location_taken(told, _id(key), node="", before=before, now=now)
    for effect in answer.effects:
        if isinstance(effect, LocationTold):
            desk.keep(Kind.OCPI_LOCATION, key, effect.told)
    return answer


def push_tariff(desk: PartyDesk, key: str, body: bytes, version: OcpiVersion, now: datetime) -> Answer:
    """A tariff; what sessions pay is reckoned anew by :func:`bring`."""
    answer = put_tariff(body, _id(key), version=version, before=desk.object(Kind.OCPI_TARIFF, key), now=now)
    for effect in answer.effects:
        if isinstance(effect, TariffTold):
            desk.keep(Kind.OCPI_TARIFF, key, effect.tariff)
    return answer


def pull_object(desk: PartyDesk, kind: Kind, key: str, now: datetime, *parts: str) -> Answer:
    """As it was pushed; ``parts``: uid of an EVSE of a location, and id of a connector of that."""
    told = desk.object(kind, key)
    if told is not None and parts:
        told = next((evse for evse in told.evses if evse.uid == parts[0]), None)
    if told is not None and len(parts) > 1:
        told = next((plug for plug in told.connectors if plug.id == parts[1]), None)
    return not_found("it was not pushed", now) if told is None else success(now, data=told.json_object())


def drop_tariff(desk: PartyDesk, key: str, now: datetime) -> Answer:
    """Nobody pays by it any more."""
    if desk.object(Kind.OCPI_TARIFF, key) is None:
        return not_found("it was not pushed", now)
    desk.drop(Kind.OCPI_TARIFF, key)
    return success(now)


def refused_by_site(findings: Any, now: datetime) -> Answer:
    """What a site does not take, told in the words of OCPI."""
    return refusal(Refusal(code=StatusCode.INVALID_PARAMETERS, findings=tuple(findings)), now)


def bring(desk: PartyDesk, told: OcpiSession, now: datetime, *, tariff: str | None = None) -> None:
    """Have the site know what the platform knows of a session; raises InvalidDocument, Conflict, NotFound.

    ``tariff``: one that has changed or is gone; sessions that pay by it are priced anew, and others left alone.
    """
    found = _site_of(desk, told)
    if found is None or told.status in PENDING:
        return
    at, site_desk, location = found
    if told.status in OVER:
        _ended(site_desk, told, now)
        return
    if tariff is not None and tariff not in tariff_ids(told, location):
        return
    site = site_desk.get(Kind.SITE).value
    evse = evses_by_uid(at, site, location).get(told.evse_uid)
    if evse is not None:
        pays = _paid(desk, site_desk, told, location, site, now)
        _there(site_desk, told, evse, pays if pays is not None or tariff is None else Paid(), now, steers=at.steers)


def _there(desk: Desk, told: OcpiSession, evse: str, pays: Paid | None, now: datetime, *, steers: bool) -> None:
    """What others told of the same session stays; the same told again calls for no plan."""
    before = desk.find(Kind.SESSION, told.id)
    plugged_in_at = min(told.start_date_time, now)
    fresh = forms.SessionTold(session=told.id, evse=evse, plugged_in_at=plugged_in_at, register_kwh=0.0)
    base = fresh if before is None else before.value.told
    means = replace(base, evse=evse, plugged_in_at=plugged_in_at)
    if steers:
        means = replace(means, transaction_id=told.id)
    if pays is not None:
        means = replace(means, retail_price_per_kwh=pays.energy_per_kwh, time_price_per_h=pays.time_per_h)
    if before is None or means != base:
        plug_in(desk, means, now)
    seen = forms.Measurement(at=min(told.last_updated, now), session=told.id, register_kwh=told.kwh)
    measure(desk, forms.MeasurementBatch(measurements=(seen,)), now)


def _ended(desk: Desk, told: OcpiSession, now: datetime) -> None:
    if desk.find(Kind.SESSION, told.id) is None:
        return
    at = min(told.end_date_time or told.last_updated, now)
    unplug(desk, told.id, forms.Unplugged(unplugged_at=at, register_kwh=told.kwh), now)


def _paid(
    desk: PartyDesk, site_desk: Desk, told: OcpiSession, location: Location | None, site: Site, now: datetime
) -> Paid | None:
    """None: no tariff of it is known, and what others told of prices stays."""
    offered = ((id, desk.object(Kind.OCPI_TARIFF, _beside(told, id))) for id in tariff_ids(told, location))
    tariffs = {id: tariff for id, tariff in offered if tariff is not None}
    kept = site_desk.find(Kind.SESSION, told.id)
    preference = kept.value.told.charging_preference if kept else None
    tariff = tariff_of(told, location, tariffs, preference, now)
    return None if tariff is None else paid(told, tariff, location.time_zone if location else site.time_zone, now)


def _site_of(desk: PartyDesk, told: OcpiSession) -> tuple[LocationServed, Desk, Location | None] | None:
    """What the operator says of its location, the site, which is locked, and the location if it was pushed."""
    party: OcpiParty = desk.get()
    at = served(party, told.location_id)
    if at is None:
        return None
    desk.unit.lock(desk.tenant, at.site)
    site_desk = Desk(desk.unit, desk.tenant, at.site, desk.who)
    if site_desk.find(Kind.SITE) is None:
        return None
    return at, site_desk, desk.object(Kind.OCPI_LOCATION, _beside(told, told.location_id))


def _told_location(before: Location | None, body: bytes, parts: tuple[str, ...], whole: bool) -> Location | Refusal:
    if before is None:
        return read_object(Location, body)
    match parts:
        case (uid, connector):
            return with_connector(before, uid, connector, body, whole=whole)
        case (uid,):
            return with_evse(before, uid, body, whole=whole)
    return read_object(Location, body) if whole else merged(before, body)


def key_of(country_code: str, party_id: str, id: str) -> str:
    """Under which an object is kept: letters of codes are alike in both cases."""
    return f"{country_code.upper()}/{party_id.upper()}/{id}"


def _beside(told: OcpiSession, id: str) -> str:
    """Of the same party as a session."""
    return key_of(told.country_code, told.party_id, id)


def _id(key: str) -> str:
    """Of the object, after country code and party."""
    return key.rpartition("/")[2]
