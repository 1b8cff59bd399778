"""OCPI for whoever has preferences of drivers: versions, and what a driver prefers of a session that is kept here.

The addresses are those of OCPI, so they are not in the OpenAPI document. A peer shows an API key as its token: in
Base64, as 2.2.1 has it, or as it is.
"""

from base64 import b64decode
from binascii import Error as NoBase64
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Request
from fastapi.responses import JSONResponse

from api.ocpi.answers import Answer, PreferencesTold, not_found, success
from api.ocpi.preferences import put_preferences
from api.problems import Forbidden
from api.routes.bodies import json_body
from api.routes.desks import SessionId, looking, writing
from api.security.access import Caller, identified
from api.security.keys import Scope
from api.service import Service, service_of
from api.sites.assembling import contents
from api.sites.commanding import live_site
from api.sites.forms import NeedsTold
from api.sites.keeping import Desk
from api.sites.living import scenario_of
from api.sites.plugging import need, site_of
from models.ocpi.sessions import ChargingPreferences
from models.ocpi.wire import OcpiVersion, read_object

router = APIRouter(prefix="/ocpi", include_in_schema=False)

Served = Annotated[Service, Depends(service_of)]
Spoken = Annotated[OcpiVersion, Path(alias="version")]


async def peer(service: Served, authorization: Annotated[str | None, Header()] = None) -> Caller:
    """Who shows a token that works and may write; raises Unauthorized, Forbidden, TooMany."""
    found = await identified(service, f"Bearer {_key(authorization or '')}")
    service.rates.count(found.tenant)
    if Scope.PLAN_WRITE not in found.scopes:
        raise Forbidden(f"key {found.name} lacks the scope {Scope.PLAN_WRITE}")
    return found


Peer = Annotated[Caller, Depends(peer)]


@router.get("/versions")
def versions(caller: Peer, service: Served, request: Request) -> JSONResponse:
    """Those that are spoken, and where each says what it offers."""
    told = [{"version": one, "url": f"{request.base_url}ocpi/{one}"} for one in OcpiVersion]
    return _response(success(service.clock(), data=told))


@router.get("/{version}")
def endpoints(caller: Peer, service: Served, request: Request, version: Spoken) -> JSONResponse:
    """The Sessions module as its sender: there a peer says what a driver prefers."""
    url = f"{request.base_url}ocpi/{version}/sessions"
    told = [{"identifier": "sessions", "role": "SENDER", "url": url}]
    return _response(success(service.clock(), data={"version": version, "endpoints": told}))


@router.put("/{version}/sessions/{session}/charging_preferences")
def prefer(
    caller: Peer, service: Served, version: Spoken, session: SessionId, body: Annotated[bytes, Depends(json_body)]
) -> JSONResponse:
    """What a driver prefers: answered by what is possible, and planned with where it is."""
    now = service.clock()
    with looking(service, caller, "", is_there=False) as desk:
        site = site_of(desk, session)
    if site is None:
        return _response(not_found(f"there is no session {session[:40]!r}", now))
    with writing(service, caller, site) as desk:
        return _response(_preferred(desk, session, body, now))


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


def _key(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "token":
        return ""
    try:
        return b64decode(token, validate=True).decode()
    except (NoBase64, UnicodeDecodeError):
        return token


def _response(answer: Answer) -> JSONResponse:
    return JSONResponse(answer.body, answer.status)
