"""Who calls an address of OCPI: a platform with the token of its registration, or a caller with an API key.

A token comes in Base64, as 2.2.1 has it, or as it is.
"""

from base64 import b64decode
from binascii import Error as NoBase64
from dataclasses import dataclass, field
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import Depends, Header, Path
from fastapi.responses import JSONResponse

from api.ocpi import tokens
from api.ocpi.answers import Answer
from api.ocpi.tokens import PartyToken, Use
from api.problems import Forbidden, Unauthorized
from api.security.access import Caller, identified
from api.security.keys import KEY, Scope
from api.service import Service, service_of
from models.ocpi.wire import OcpiVersion

Served = Annotated[Service, Depends(service_of)]
Spoken = Annotated[OcpiVersion, Path(alias="version")]


@dataclass(frozen=True, slots=True)
class Peer:
    """On whose behalf an address of OCPI is called."""

    tenant: str
    name: str
    """For the audit trail."""
    party: str | None = None
    """The platform; None: a caller with an API key."""
    use: Use = Use.CALL
    token: str = field(default="", repr=False)

    @property
    def caller(self) -> Caller:
        """With no scope of the API: what it may do is decided by the address."""
        return Caller(self.tenant, frozenset(), self.name)


async def anybody(service: Served, authorization: Annotated[str | None, Header()] = None) -> Peer:
    """Whoever shows a token that works; raises Unauthorized, Forbidden, TooMany."""
    shown = shown_tokens(authorization or "")
    for text in shown:
        known = await run_sync(_known, service, text)
        if known is not None:
            service.rates.count(known.tenant)
            return Peer(known.tenant, f"ocpi/{known.party}", known.party, known.use, text)
    return await _of_key(service, next((text for text in shown if KEY.fullmatch(text)), ""))


def registered(found: Annotated[Peer, Depends(anybody)]) -> Peer:
    """A platform that is registered, or a caller with a key; raises Forbidden."""
    if found.use is not Use.CALL:
        raise Forbidden("this token is for registering alone: send your credentials first")
    return found


def platform(found: Annotated[Peer, Depends(registered)]) -> Peer:
    """A platform that is registered; raises Forbidden."""
    if found.party is None:
        raise Forbidden("register with credentials first: a key of the API belongs to no party of OCPI")
    return found


Anybody = Annotated[Peer, Depends(anybody)]
Registered = Annotated[Peer, Depends(registered)]
Platform = Annotated[Peer, Depends(platform)]


def shown_tokens(authorization: str) -> tuple[str, ...]:
    """What a header can mean: what it says in Base64 first."""
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "token" or not text:
        return ()
    try:
        return (b64decode(text, validate=True).decode(), text)
    except (NoBase64, UnicodeDecodeError):
        return (text,)


def respond(answer: Answer) -> JSONResponse:
    return JSONResponse(answer.body, answer.status)


def _known(service: Service, text: str) -> PartyToken | None:
    return tokens.known(service.store, text, service.clock())


async def _of_key(service: Service, key: str) -> Peer:
    try:
        found = await identified(service, f"Bearer {key}")
    except Unauthorized:
        raise Unauthorized("show a token that works: Authorization: Token ...") from None
    service.rates.count(found.tenant)
    if Scope.PLAN_WRITE not in found.scopes:
        raise Forbidden(f"key {found.name} lacks the scope {Scope.PLAN_WRITE}")
    return Peer(found.tenant, found.name)
