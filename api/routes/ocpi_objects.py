"""What a platform pushes: sessions, locations with their EVSEs and connectors, tariffs. Receiver interfaces of OCPI."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from fastapi.responses import JSONResponse

from api.ocpi.answers import Answer, LocationTold
from api.ocpi.keeping import PartyDesk, looking_at_party, writing_party
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
from models.ocpi.wire import OcpiVersion

router = APIRouter(prefix="/ocpi/{version}", include_in_schema=False)

Body = Annotated[bytes, Depends(json_body)]
Country = Annotated[str, Path(min_length=2, max_length=2, pattern=r"^[A-Za-z]{2}$")]
Party = Annotated[str, Path(min_length=3, max_length=3, pattern=r"^[A-Za-z0-9]{3}$")]
Id = Annotated[str, Path(min_length=1, max_length=36, pattern=r"^[!-.0-~]+$")]
SESSION, TARIFF = "/sessions/{country}/{party}/{id}", "/tariffs/{country}/{party}/{id}"
LOCATION = "/locations/{country}/{party}/{id}"
EVSE = f"{LOCATION}/{{uid}}"
CONNECTOR = f"{EVSE}/{{connector}}"


@dataclass(frozen=True, slots=True)
class Address:
    """An object of a platform, or a part of a location, and who calls it."""

    peer: Peer
    service: Service
    version: OcpiVersion
    key: str
    id: str
    parts: tuple[str, ...] = ()
    """Of a location: uid of an EVSE, and id of a connector of that."""

    @property
    def party(self) -> str:
        """The platform."""
        return self.peer.party or ""


def _object(peer: Platform, service: Served, version: Spoken, country: Country, party: Party, id: Id) -> Address:
    return Address(peer, service, version, key_of(country, party, id), id)


AtObject = Annotated[Address, Depends(_object)]


def _evse(at: AtObject, uid: Id) -> Address:
    return replace(at, parts=(uid,))


AtEvse = Annotated[Address, Depends(_evse)]


def _connector(at: AtEvse, connector: Id) -> Address:
    return replace(at, parts=(*at.parts, connector))


AtConnector = Annotated[Address, Depends(_connector)]


@router.put(SESSION)
def put_session(at: AtObject, body: Body) -> JSONResponse:
    """A session, new or as it is now."""
    return _session(at, body, whole=True)


@router.patch(SESSION)
def patch_session(at: AtObject, body: Body) -> JSONResponse:
    """What has changed of a session."""
    return _session(at, body, whole=False)


@router.get(SESSION)
def get_session(at: AtObject) -> JSONResponse:
    """As it was pushed."""
    return _found(at, Kind.OCPI_SESSION)


@router.put(LOCATION)
def put_location(at: AtObject, body: Body) -> JSONResponse:
    """A location, new or as it is now. It changes no site."""
    return _location(at, body, whole=True)


@router.patch(LOCATION)
def patch_location(at: AtObject, body: Body) -> JSONResponse:
    """What has changed of a location."""
    return _location(at, body, whole=False)


@router.get(LOCATION)
def get_location(at: AtObject) -> JSONResponse:
    """As it was pushed."""
    return _found(at, Kind.OCPI_LOCATION)


@router.put(EVSE)
def put_evse(at: AtEvse, body: Body) -> JSONResponse:
    """An EVSE of a location that is known."""
    return _location(at, body, whole=True)


@router.patch(EVSE)
def patch_evse(at: AtEvse, body: Body) -> JSONResponse:
    """What has changed of an EVSE, as its status."""
    return _location(at, body, whole=False)


@router.get(EVSE)
def get_evse(at: AtEvse) -> JSONResponse:
    """As it was pushed."""
    return _found(at, Kind.OCPI_LOCATION)


@router.put(CONNECTOR)
def put_connector(at: AtConnector, body: Body) -> JSONResponse:
    """A connector of an EVSE that is known."""
    return _location(at, body, whole=True)


@router.patch(CONNECTOR)
def patch_connector(at: AtConnector, body: Body) -> JSONResponse:
    """What has changed of a connector."""
    return _location(at, body, whole=False)


@router.get(CONNECTOR)
def get_connector(at: AtConnector) -> JSONResponse:
    """As it was pushed."""
    return _found(at, Kind.OCPI_LOCATION)


@router.put(TARIFF)
def put_tariff(at: AtObject, body: Body) -> JSONResponse:
    """A tariff; sessions that pay by it are planned with its prices."""
    return _tariff(at, lambda desk, now: push_tariff(desk, at.key, body, at.version, now))


@router.get(TARIFF)
def get_tariff(at: AtObject) -> JSONResponse:
    """As it was pushed."""
    return _found(at, Kind.OCPI_TARIFF)


@router.delete(TARIFF)
def delete_tariff(at: AtObject) -> JSONResponse:
    """Nobody pays by it any more."""
    return _tariff(at, lambda desk, now: drop_tariff(desk, at.key, now))


def _session(at: Address, body: bytes, *, whole: bool) -> JSONResponse:
    return respond(_pushed(at, lambda desk, now: push_session(desk, at.key, body, whole=whole, now=now)))


def _location(at: Address, body: bytes, *, whole: bool) -> JSONResponse:
    """Sessions are told to their site again only where another EVSE or tariff may be meant: a status changes often."""
    answer = _pushed(at, lambda desk, now: push_location(desk, at.key, body, at.parts, whole=whole, now=now))
    if any(isinstance(effect, LocationTold) and effect.means_else for effect in answer.effects):
        _bring_all(at)
    return respond(answer)


def _tariff(at: Address, act: Callable[[PartyDesk, datetime], Answer]) -> JSONResponse:
    """Sessions that pay by it are told to their sites again."""
    answer = _pushed(at, act)
    if answer.succeeded:
        _bring_all(at, tariff=at.id)
    return respond(answer)


def _pushed(at: Address, act: Callable[[PartyDesk, datetime], Answer]) -> Answer:
    """What is pushed, kept whole or not at all."""
    now = at.service.clock()
    try:
        with writing_party(at.service.store, now, at.peer.tenant, at.party, at.peer.name) as desk:
            return act(desk, now)
    except InvalidScenario as unfit:
        return refused_by_site(unfit.findings, now)
    except (Conflict, NotFound) as unfit:
        remedy = "look at the session's id, EVSE and times"
        return refused_by_site([Finding(path="", message=str(unfit), remedy=remedy)], now)


def _bring_all(at: Address, *, tariff: str | None = None) -> None:
    bring_all(at.service, at.peer.tenant, at.party, at.peer.name, at.service.clock(), tariff=tariff)


def _found(at: Address, kind: Kind) -> JSONResponse:
    with looking_at_party(at.service.store, at.peer.tenant, at.party) as desk:
        return respond(pull_object(desk, kind, at.key, at.service.clock(), *at.parts))
