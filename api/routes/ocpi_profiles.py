"""What platforms say of charging profiles that they were asked to set: results, and what EVSEs are going to do.

Sender interface of ChargingProfiles; a session or a request of another platform is not there.
"""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from fastapi.responses import JSONResponse

from api.ocpi.answers import Answer, Steering
from api.ocpi.courier import changed
from api.ocpi.steered import OcpiSteered
from api.ocpi.steering import post_result, put_active_profile
from api.routes.bodies import json_body
from api.routes.ocpi_peer import Peer, Platform, Served, Spoken, respond
from api.service import Service
from api.sites.keeping import Desk, Kept, writing_desk
from api.store.records import Kind

router = APIRouter(prefix="/ocpi/{version}/chargingprofiles", include_in_schema=False)

Body = Annotated[bytes, Depends(json_body)]
Id = Annotated[str, Path(min_length=1, max_length=128, pattern=r"^[!-.0-~]+$")]


@router.post("/results/{request}")
def tell_result(peer: Platform, service: Served, version: Spoken, request: Id, body: Body) -> JSONResponse:
    """What became of a request: of a profile, of taking it away, of asking for the active one."""
    now = service.clock()
    where = _found(service, peer, Kind.OCPI_ASKED, request)
    if where is None:
        return respond(post_result(body, request, state=None, now=now))
    with writing_desk(service.store, now, peer.tenant, where, peer.name) as desk:
        asked = desk.find(Kind.OCPI_ASKED, request)
        kept = _of_peer(desk, peer, asked.value.session) if asked else None
        answer = post_result(body, request, state=kept.value.state if kept else None, now=now)
        return _kept(service, desk, kept, answer)


@router.put("/{session}")
def tell_active_profile(peer: Platform, service: Served, version: Spoken, session: Id, body: Body) -> JSONResponse:
    """What an EVSE is going to do, other limits of the platform included."""
    now = service.clock()
    where = _found(service, peer, Kind.OCPI_STEERED, session)
    if where is None:
        return respond(put_active_profile(body, session, state=None, now=now))
    with writing_desk(service.store, now, peer.tenant, where, peer.name) as desk:
        kept = _of_peer(desk, peer, session)
        answer = put_active_profile(body, session, state=kept.value.state if kept else None, now=now)
        return _kept(service, desk, kept, answer)


def _found(service: Service, peer: Peer, kind: Kind, id: str) -> str | None:
    """The site at which it is kept."""
    with service.store.view() as unit:
        found = unit.search(peer.tenant, kind, id)
    return found[0].place.site if found else None


def _of_peer(desk: Desk, peer: Peer, session: str) -> Kept[OcpiSteered] | None:
    kept = desk.find(Kind.OCPI_STEERED, session)
    return kept if kept is not None and kept.value.party == peer.party else None


def _kept(service: Service, desk: Desk, kept: Kept[OcpiSteered] | None, answer: Answer) -> JSONResponse:
    for effect in answer.effects:
        if isinstance(effect, Steering) and kept is not None:
            changed(desk, kept.id, replace(kept.value, state=effect.state), service.clock())
    return respond(answer)
