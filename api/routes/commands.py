"""Commands to stations: pulled or pushed, acknowledged; messages that a CSMS forwards; giving a site back."""

from typing import Annotated, Any

import anyio
from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel

from api.problems import InvalidDocument, UnsupportedVersion, documented
from api.routes import examples
from api.routes.bodies import ACCESS_ERRORS, FORM_ERRORS, json_body, reading, strict_object, taking
from api.routes.desks import NAME, SiteId, writing
from api.routes.once import OncePerKey
from api.security.access import Caller, Writer
from api.service import Service, service_of
from api.sites.commanding import Applied, CommandLine, acknowledge, pull
from api.sites.forms import Acknowledgements, ConnectionTold
from api.sites.handing_back import hand_back
from api.sites.handing_back_some import hand_back_some
from api.sites.hearing import Heard, hear, hear_of_connection
from api.sites.judging import LONGEST_ID
from api.sites.taking_over import ForeignLine, left_behind
from models.domain.errors import NotFound
from models.ocpp.profile import Version

router = APIRouter(prefix="/v1/sites/{site}", tags=["commands"], route_class=OncePerKey)

Served = Annotated[Service, Depends(service_of)]
LONGEST_WAIT_S = 60.0
LOOKS_EVERY_S = 0.25
CALL, RESULT = 2, 3


class Commands(BaseModel):
    """What is to be sent."""

    commands: list[CommandLine]


class HandedBack(BaseModel):
    """What handing back comes to."""

    clears: int
    """Commands that clear our profiles; send them as any other."""
    left_behind: list[ForeignLine] = []
    """What stood at stations before us and is not set again, as OCPP 1.6 tells no profiles: its owner has to."""


@router.get("/commands", operation_id="pull_commands", responses=documented(*ACCESS_ERRORS, NotFound))
async def pull_commands(
    caller: Writer,
    service: Served,
    site: SiteId,
    after: Annotated[int, Query(ge=0, lt=2**63, description="The highest cursor that you have.")] = 0,
    wait: Annotated[float, Query(ge=0, le=LONGEST_WAIT_S, description="Seconds to wait for the first one.")] = 0,
) -> Commands:
    """Commands that have no answer yet. In the mode `control` they count as sent from here on."""
    looks = 1 + int(wait / LOOKS_EVERY_S)
    for look in range(looks):
        found = await run_sync(_pulled, service, caller, site, after)
        if found or look == looks - 1:
            return Commands(commands=found)
        await anyio.sleep(LOOKS_EVERY_S)
    return Commands(commands=[])


def _pulled(service: Service, caller: Caller, site: str, after: int) -> list[CommandLine]:
    with writing(service, caller, site) as desk:
        return pull(desk, after, service.clock())


@router.post(
    "/commands/ack",
    operation_id="acknowledge_commands",
    responses=documented(*ACCESS_ERRORS, *FORM_ERRORS, NotFound),
    openapi_extra=taking("Acknowledgements", Acknowledgements, examples.ACKNOWLEDGEMENTS),
)
def acknowledge_commands(
    caller: Writer,
    service: Served,
    site: SiteId,
    told: Annotated[Acknowledgements, Depends(reading(Acknowledgements))],
) -> Applied:
    """What became of commands: sent, accepted, rejected with the reason, timed out, or seen at the meter."""
    with writing(service, caller, site) as desk:
        return acknowledge(desk, told, service.clock())


@router.post(
    "/ocpp/{version}/{action}",
    operation_id="forward_message",
    responses=documented(*ACCESS_ERRORS, *FORM_ERRORS, NotFound, UnsupportedVersion),
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": examples.METER_VALUES}}},
)
def forward_message(
    caller: Writer,
    service: Served,
    site: SiteId,
    version: Annotated[str, Path(max_length=LONGEST_ID, description="1.6, 2.0.1 or 2.1.")],
    action: Annotated[str, Path(min_length=1, max_length=LONGEST_ID, pattern=NAME)],
    body: Annotated[bytes, Depends(json_body)],
    station: Annotated[str, Query(min_length=1, max_length=LONGEST_ID, description="Its id in the site.")],
    message_id: Annotated[str, Query(max_length=LONGEST_ID, description="Of the call, as on the wire.")] = "",
    answer: Annotated[bool, Query(description="The payload is the answer to the call of this id.")] = False,
) -> Heard:
    """A message that a station sent, as it came, and what to send now. Nothing waits for a plan."""
    payload = strict_object(body)
    frame: list[Any] = [RESULT, message_id, payload] if answer else [CALL, message_id, action, payload]
    with writing(service, caller, site) as desk:
        return hear(desk, station, _spoken(version), frame, service.clock())


@router.post(
    "/stations/{station}/connection",
    operation_id="tell_connection",
    responses=documented(*ACCESS_ERRORS, *FORM_ERRORS, NotFound),
    openapi_extra=taking("ConnectionTold", ConnectionTold, examples.STATION_CONNECTED),
)
def tell_connection(
    caller: Writer,
    service: Served,
    site: SiteId,
    station: Annotated[str, Path(min_length=1, max_length=LONGEST_ID, pattern=NAME)],
    told: Annotated[ConnectionTold, Depends(reading(ConnectionTold))],
) -> Heard:
    """A station was lost, or is there again: then it is sent again what it had, and asked what it follows."""
    with writing(service, caller, site) as desk:
        return hear_of_connection(desk, station, told, service.clock())


@router.post("/hand-back", operation_id="hand_back", responses=documented(*ACCESS_ERRORS, NotFound, InvalidDocument))
def give_back(
    caller: Writer,
    service: Served,
    site: SiteId,
    reason: Annotated[str, Query(max_length=500, description="For the audit trail.")] = "",
    evse: Annotated[list[str], Query(max_length=1000, description="These alone, several times; none: the site.")] = [],  # noqa: B006
) -> HandedBack:
    """Stop: clear our profiles, plan no more, until the policy says another mode; of some EVSEs, or of the site."""
    with writing(service, caller, site) as desk:
        if evse:
            return HandedBack(clears=hand_back_some(desk, evse, reason, service.clock()))
        clears = hand_back(desk, reason, service.clock())
        return HandedBack(clears=clears, left_behind=left_behind(desk, service.clock()))


def _spoken(version: str) -> Version:
    try:
        return Version(version)
    except ValueError:
        raise UnsupportedVersion(f"this version is not spoken; say one of {', '.join(Version)}") from None
