"""OCPI for platforms and for whoever has preferences of drivers: versions, credentials, and what a driver prefers.

The addresses are those of OCPI, so they are not in the OpenAPI document.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from api.ocpi import linking
from api.ocpi.answers import Answer, PreferencesTold, not_allowed, not_found, refusal, success
from api.ocpi.keeping import looking_at_party
from api.ocpi.linking import Ours
from api.ocpi.preferences import put_preferences
from api.ocpi.tokens import Use
from api.routes.bodies import json_body
from api.routes.desks import SessionId, looking, writing
from api.routes.ocpi_parties import own_base
from api.routes.ocpi_peer import Anybody, Peer, Registered, Served, Spoken, respond
from api.service import Service
from api.sites.assembling import contents
from api.sites.commanding import live_site
from api.sites.forms import NeedsTold
from api.sites.keeping import Desk
from api.sites.living import scenario_of
from api.sites.plugging import need, site_of
from models.ocpi.credentials import Credentials
from models.ocpi.sessions import ChargingPreferences
from models.ocpi.wire import OcpiVersion, Refusal, read_object

router = APIRouter(prefix="/ocpi", include_in_schema=False)

Body = Annotated[bytes, Depends(json_body)]
FOR_PLATFORMS = (
    ("sessions", "RECEIVER"),
    ("locations", "RECEIVER"),
    ("tariffs", "RECEIVER"),
    ("chargingprofiles", "SENDER"),
)


@router.get("/versions")
def versions(peer: Anybody, service: Served, request: Request) -> JSONResponse:
    """Those that are spoken, and where each says what it offers."""
    base = own_base(service, request)
    told = [{"version": one, "url": f"{base}/ocpi/{one}"} for one in OcpiVersion]
    return respond(success(service.clock(), data=told))


@router.get("/{version}")
def endpoints(peer: Anybody, service: Served, request: Request, version: Spoken) -> JSONResponse:
    """What is offered: to a platform all of it, to a key of the API the sessions, where a driver's wish is told."""
    base = f"{own_base(service, request)}/ocpi/{version}"
    modules = _modules(peer)
    told = [{"identifier": name, "role": role, "url": f"{base}/{name}"} for name, role in modules]
    return respond(success(service.clock(), data={"version": version, "endpoints": told}))


def _modules(peer: Peer) -> Iterator[tuple[str, str]]:
    """Of credentials the role says nothing; it is told as the specification advises."""
    if peer.party is not None:
        yield "credentials", "SENDER"
        yield from FOR_PLATFORMS
    yield "sessions", "SENDER"


@router.get("/{version}/credentials")
def show_credentials(peer: Anybody, service: Served, request: Request, version: Spoken) -> JSONResponse:
    """Ours, with the token that the platform has."""
    ours = _ours(service, peer, request)
    now = service.clock()
    return respond(_nobody(now) if ours is None else linking.shown(ours, peer.token, now))


@router.post("/{version}/credentials")
def send_credentials(peer: Anybody, service: Served, request: Request, version: Spoken, body: Body) -> JSONResponse:
    """A platform registers, with the token that it was given for it."""
    return respond(_exchanged(peer, service, request, version, body, renews=False))


@router.put("/{version}/credentials")
def renew_credentials(peer: Anybody, service: Served, request: Request, version: Spoken, body: Body) -> JSONResponse:
    """A platform has a new token, address or version; it gets a new token too."""
    return respond(_exchanged(peer, service, request, version, body, renews=True))


@router.delete("/{version}/credentials")
def take_back_credentials(peer: Anybody, service: Served, request: Request, version: Spoken) -> JSONResponse:
    """A platform leaves."""
    ours, now = _ours(service, peer, request), service.clock()
    if ours is None or peer.use is not Use.CALL:
        return respond(not_allowed("you are not registered", now))
    return respond(linking.left(ours, now))


@router.put("/{version}/sessions/{session}/charging_preferences")
def prefer(peer: Registered, service: Served, version: Spoken, session: SessionId, body: Body) -> JSONResponse:
    """What a driver prefers: answered by what is possible, and planned with where it is."""
    now = service.clock()
    with looking(service, peer.caller, "", is_there=False) as desk:
        site = site_of(desk, session)
    if site is None or not _may_see(service, peer, site):
        return respond(not_found(f"there is no session {session[:40]!r}", now))
    with writing(service, peer.caller, site) as desk:
        return respond(_preferred(desk, session, body, now))


def _may_see(service: Service, peer: Peer, site: str) -> bool:
    """A platform sees its own sites."""
    if peer.party is None:
        return True
    with looking_at_party(service.store, peer.tenant, peer.party) as desk:
        return any(one.site == site for one in desk.get().locations)


def _exchanged(
    peer: Peer, service: Service, request: Request, version: OcpiVersion, body: bytes, *, renews: bool
) -> Answer:
    ours, now = _ours(service, peer, request), service.clock()
    if ours is None:
        return _nobody(now)
    if renews != (peer.use is Use.CALL):
        return not_allowed("you are not registered" if renews else "you are registered already", now)
    sent = read_object(Credentials, body)
    if isinstance(sent, Refusal):
        return refusal(sent, now)
    return linking.taken(ours, sent, version, renews=renews, now=now)


def _ours(service: Service, peer: Peer, request: Request) -> Ours | None:
    if peer.party is None:
        return None
    return Ours(service, peer.tenant, peer.party, peer.name, own_base(service, request))


def _nobody(now: datetime) -> Answer:
    return not_allowed("a key of the API does not register: ask for a token of OCPI", now)


def _preferred(desk: Desk, session: str, body: bytes, now: datetime) -> Answer:
    scenario = scenario_of(live_site(desk, now), contents(desk), now)
    answer = put_preferences(body, session, scenario=scenario, told=None, now=now)
    wish = read_object(ChargingPreferences, body)
    for effect in answer.effects:
        if isinstance(effect, PreferencesTold) and isinstance(wish, ChargingPreferences):
            need(desk, session, _needs(wish, effect), now)
    return answer


def _needs(wish: ChargingPreferences, told: PreferencesTold) -> NeedsTold:
    """What was said, and nothing that was assumed for the rest."""
    return NeedsTold(
        departure=wish.departure_time,
        energy_target_kwh=wish.energy_need,
        energy_minimum_kwh=None if wish.energy_need is None else told.session.energy_minimum_kwh,
        allows_discharge=wish.discharge_allowed,
        charging_preference=told.session.charging_preference,
    )
