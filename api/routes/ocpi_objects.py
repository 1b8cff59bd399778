"""What a platform pushes: sessions, locations with their EVSEs and connectors, tariffs. Receiver interfaces of OCPI."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from fastapi.responses import JSONResponse

from api.ocpi.answers import OK, Answer, LocationTold
from api.ocpi.keeping import PartyDesk, looking_at_party, writing_party
from api.ocpi.mapping import planned_with
from api.ocpi.pushed import (
    drop_tariff,
    key_of,
    pull_object,
    push_location,
    push_session,
    push_tariff,
    refused_by_site,
)
from api.ocpi.telling import bring_all
from api.routes.bodies import json_body
from api.routes.ocpi_peer import Peer, Platform, Served, Spoken, respond
from api.service import Service
from api.store.records import Kind
from models.domain.errors import Conflict, InvalidScenario, NotFound
from models.domain.findings import Finding

router = APIRouter(prefix="/ocpi/{version}", include_in_schema=False)

Body = Annotated[bytes, Depends(json_body)]
Country = Annotated[str, Path(min_length=2, max_length=2, pattern=r"^[A-Za-z]{2}$")]
Party = Annotated[str, Path(min_length=3, max_length=3, pattern=r"^[A-Za-z0-9]{3}$")]
Id = Annotated[str, Path(min_length=1, max_length=36, pattern=r"^[!-.0-~]+$")]
SESSION, TARIFF = "/sessions/{country}/{party}/{id}", "/tariffs/{country}/{party}/{id}"
LOCATION = "/locations/{country}/{party}/{id}"
EVSE = f"{LOCATION}/{{uid}}"
CONNECTOR = f"{EVSE}/{{connector}}"


@router.put(SESSION)
def put_session(
    peer: Platform, service: Served, version: Spoken, country: Country, party: Party, id: Id, body: Body
) -> JSONResponse:
    """A session, new or as it is now."""
    return _session(peer, service, key_of(country, party, id), body, whole=True)


@router.patch(SESSION)
def patch_session(
    peer: Platform, service: Served, version: Spoken, country: Country, party: Party, id: Id, body: Body
) -> JSONResponse:
    """What has changed of a session."""
    return _session(peer, service, key_of(country, party, id), body, whole=False)


@router.get(SESSION)
def get_session(
    peer: Platform, service: Served, version: Spoken, country: Country, party: Party, id: Id
) -> JSONResponse:
    """As it was pushed."""
    return _found(peer, service, Kind.OCPI_SESSION, key_of(country, party, id))


@router.put(LOCATION)
def put_location(
    peer: Platform, service: Served, version: Spoken, country: Country, party: Party, id: Id, body: Body
) -> JSONResponse:
    """A location, new or as it is now. It changes no site."""
    return _location(peer, service, key_of(country, party, id), body, whole=True)


@router.patch(LOCATION)
def patch_location(
    peer: Platform, service: Served, version: Spoken, country: Country, party: Party, id: Id, body: Body
) -> JSONResponse:
    """What has changed of a location."""
    return _location(peer, service, key_of(country, party, id), body, whole=False)


@router.get(LOCATION)
def get_location(
    peer: Platform, service: Served, version: Spoken, country: Country, party: Party, id: Id
) -> JSONResponse:
    """As it was pushed."""
    return _found(peer, service, Kind.OCPI_LOCATION, key_of(country, party, id))


@router.put(EVSE)
def put_evse(
    peer: Platform, service: Served, version: Spoken, country: Country, party: Party, id: Id, uid: Id, body: Body
) -> JSONResponse:
    """An EVSE of a location that is known."""
    return _location(peer, service, key_of(country, party, id), body, uid=uid, whole=True)


@router.patch(EVSE)
def patch_evse(
    peer: Platform, service: Served, version: Spoken, country: Country, party: Party, id: Id, uid: Id, body: Body
) -> JSONResponse:
    """What has changed of an EVSE, as its status."""
    return _location(peer, service, key_of(country, party, id), body, uid=uid, whole=False)


@router.get(EVSE)
def get_evse(
    peer: Platform, service: Served, version: Spoken, country: Country, party: Party, id: Id, uid: Id
) -> JSONResponse:
    """As it was pushed."""
    return _found(peer, service, Kind.OCPI_LOCATION, key_of(country, party, id), uid)


@router.put(CONNECTOR)
def put_connector(
    peer: Platform,
    service: Served,
    version: Spoken,
    country: Country,
    party: Party,
    id: Id,
    uid: Id,
    connector: Id,
    body: Body,
) -> JSONResponse:
    """A connector of an EVSE that is known."""
    return _location(peer, service, key_of(country, party, id), body, uid=uid, connector=connector, whole=True)


@router.patch(CONNECTOR)
def patch_connector(
    peer: Platform,
    service: Served,
    version: Spoken,
    country: Country,
    party: Party,
    id: Id,
    uid: Id,
    connector: Id,
    body: Body,
) -> JSONResponse:
    """What has changed of a connector."""
    return _location(peer, service, key_of(country, party, id), body, uid=uid, connector=connector, whole=False)


@router.get(CONNECTOR)
def get_connector(
    peer: Platform, service: Served, version: Spoken, country: Country, party: Party, id: Id, uid: Id, connector: Id
) -> JSONResponse:
    """As it was pushed."""
    return _found(peer, service, Kind.OCPI_LOCATION, key_of(country, party, id), uid, connector)


@router.put(TARIFF)
def put_tariff(
    peer: Platform, service: Served, version: Spoken, country: Country, party: Party, id: Id, body: Body
) -> JSONResponse:
    """A tariff; sessions that pay by it are planned with its prices."""
    key = key_of(country, party, id)
    return _pushed(peer, service, lambda desk, now: push_tariff(desk, key, body, version, now), tariff=id)


@router.get(TARIFF)
def get_tariff(
    peer: Platform, service: Served, version: Spoken, country: Country, party: Party, id: Id
) -> JSONResponse:
    """As it was pushed."""
    return _found(peer, service, Kind.OCPI_TARIFF, key_of(country, party, id))


@router.delete(TARIFF)
def delete_tariff(
    peer: Platform, service: Served, version: Spoken, country: Country, party: Party, id: Id
) -> JSONResponse:
    """Nobody pays by it any more."""
    key = key_of(country, party, id)
    return _pushed(peer, service, lambda desk, now: drop_tariff(desk, key, now), tariff=id)


def _session(peer: Peer, service: Service, key: str, body: bytes, *, whole: bool) -> JSONResponse:
    return _pushed(peer, service, lambda desk, now: push_session(desk, key, body, whole=whole, now=now))


def _location(
    peer: Peer,
    service: Service,
    key: str,
    body: bytes,
    *,
    uid: str | None = None,
    connector: str | None = None,
    whole: bool,
) -> JSONResponse:
    """Sessions are told to their site again only where another EVSE or tariff may be meant: a status changes often."""
    before = None
    with looking_at_party(service.store, peer.tenant, peer.party or "") as desk:
        before = desk.object(Kind.OCPI_LOCATION, key)

    def act(desk: PartyDesk, now: datetime) -> Answer:
        return push_location(desk, key, body, uid=uid, connector=connector, whole=whole, now=now)

    def matters(answer: Answer) -> bool:
        told = [effect.told for effect in answer.effects if isinstance(effect, LocationTold)]
        return any(planned_with(one) != planned_with(before) for one in told)

    return _pushed(peer, service, act, again=matters)


def _pushed(
    peer: Peer,
    service: Service,
    act: Callable[[PartyDesk, datetime], Answer],
    *,
    again: Callable[[Answer], bool] | None = None,
    tariff: str | None = None,
) -> JSONResponse:
    """What is pushed, kept whole or not at all.

    ``again``: whether sessions are then told to their sites again; ``tariff``: those that pay by it are.
    """
    now, party = service.clock(), peer.party or ""
    try:
        with writing_party(service.store, now, peer.tenant, party, peer.name) as desk:
            answer = act(desk, now)
    except InvalidScenario as unfit:
        return respond(refused_by_site(unfit.findings, now))
    except (Conflict, NotFound) as unfit:
        remedy = "look at the session's id, EVSE and times"
        return respond(refused_by_site([Finding(path="", message=str(unfit), remedy=remedy)], now))
    if (tariff is not None and answer.status == OK) or (again is not None and again(answer)):
        bring_all(service, peer.tenant, party, peer.name, now, tariff=tariff)
    return respond(answer)


def _found(peer: Peer, service: Service, kind: Kind, key: str, *parts: str) -> JSONResponse:
    with looking_at_party(service.store, peer.tenant, peer.party or "") as desk:
        return respond(pull_object(desk, kind, key, service.clock(), *parts))
