"""How a platform and we get to know each other, both ways: credentials are exchanged, renewed, and taken back.

No answer of a platform is waited for under a lock. A token of theirs is kept encrypted, one of ours as its hash.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from api.connections.secrets import Secrets
from api.edges.ocpi import OcpiClient, chosen
from api.ocpi import tokens
from api.ocpi.answers import Answer, failure, not_allowed, success
from api.ocpi.forms import OcpiParty, Registration
from api.ocpi.keeping import EndpointKnown, Link, PartyDesk, Peer, RoleKnown, looking_at_party, writing_party
from api.ocpi.telling import lead
from api.ocpi.tokens import Use
from api.problems import InvalidDocument
from api.service import Service
from models.domain.errors import Conflict, EdgeError
from models.domain.findings import Finding
from models.ocpi.credentials import BusinessDetails, Credentials, CredentialsRole
from models.ocpi.wire import OcpiVersion, StatusCode

OUR_ROLE = "SCSP"
"""Smart charging service provider."""
CREDENTIALS, TOKEN = "credentials", "token"


class NoVersion(EdgeError):
    """A platform speaks no version of OCPI that we speak."""


@dataclass(frozen=True, slots=True)
class Ours:
    """One party of one tenant, and where it reaches us."""

    service: Service
    tenant: str
    party: str
    who: str
    base: str
    """As in ``https://charging.example.com``."""

    @property
    def secrets(self) -> Secrets:
        """No connection is called so."""
        return Secrets(self.service.settings, self.tenant, f"ocpi:{self.party}")

    def client(self, token: str) -> OcpiClient:
        return OcpiClient(token, tuple(self.service.settings.peer_allow.split(",")))

    def credentials(self, told: OcpiParty, token: str) -> Credentials:
        """What the platform calls us with, and who we are."""
        role = CredentialsRole(
            role=OUR_ROLE,
            business_details=BusinessDetails(name=told.name),
            party_id=told.party_id,
            country_code=told.country_code,
        )
        return Credentials(token=token, url=f"{self.base}/ocpi/versions", roles=(role,))


def invite(ours: Ours, now: datetime) -> str:
    """A token with which the platform registers once; the one before works no more. Raises NotFound, Conflict."""
    with writing_party(ours.service.store, now, ours.tenant, ours.party, ours.who) as desk:
        desk.get()
        link = desk.link()
        if link.peer is not None:
            raise Conflict("the platform is registered already; it sends PUT to its credentials, or is removed")
        tokens.revoke(desk.unit, link.invited)
        text, hashed = tokens.mint(desk.unit, ours.tenant, ours.party, Use.REGISTER, now)
        desk.keep_link(replace(link, invited=hashed))
        desk.audit("invited")
    return text


def register(ours: Ours, asked: Registration, now: datetime) -> Link:
    """Go to a platform, or where we are registered, renew both tokens. Raises InvalidDocument, NotFound, EdgeError."""
    told, link, current = _before(ours)
    if link.peer is None and not (asked.versions_url and asked.token):
        _refuse("versions_url", "we are not registered there", "say versions_url and the token that you were given")
    versions_url = asked.versions_url or (link.peer.versions_url if link.peer else "")
    client = ours.client(asked.token or current)
    peer = _met(ours, client, versions_url, None, (), now)
    url = peer.url_of(CREDENTIALS, "")
    if url is None:
        raise EdgeError("it offers no credentials", peer=versions_url[:200], retryable=False)
    with writing_party(ours.service.store, now, ours.tenant, ours.party, ours.who) as desk:
        text, hashed = tokens.mint(desk.unit, ours.tenant, ours.party, Use.CALL, now)
    try:
        answered = client.exchange("POST" if link.peer is None else "PUT", url, ours.credentials(told, text))
        return _linked(ours, link, replace(peer, roles=_roles(answered)), hashed, answered.token, now)
    except (EdgeError, Conflict):
        with ours.service.store.begin(now) as unit:
            tokens.revoke(unit, hashed)
        raise


def taken(ours: Ours, sent: Credentials, version: OcpiVersion, *, renews: bool, now: datetime) -> Answer:
    """A platform that comes to us, for the first time or again (``renews``)."""
    told, link, _ = _before(ours)
    if renews != (link.peer is not None):
        return not_allowed("you are not registered" if renews else "you are registered already", now)
    if not ours.secrets.can_keep():
        return failure(StatusCode.SERVER_ERROR, "the service has no key to keep your token with", now)
    try:
        peer = _met(ours, ours.client(sent.token), sent.url, version, _roles(sent), now)
    except NoVersion as unspoken:
        return failure(StatusCode.UNSUPPORTED_VERSION, str(unspoken)[:300], now)
    except EdgeError as unusable:
        return failure(StatusCode.CANNOT_USE_CLIENT_API, str(unusable)[:300], now)
    with ours.service.store.begin(now) as unit:
        text, hashed = tokens.mint(unit, ours.tenant, ours.party, Use.CALL, now)
    try:
        _linked(ours, link, peer, hashed, sent.token, now)
    except Conflict as overtaken:
        with ours.service.store.begin(now) as unit:
            tokens.revoke(unit, hashed)
        return not_allowed(str(overtaken), now)
    return success(now, data=ours.credentials(told, text).json_object())


def shown(ours: Ours, text: str, now: datetime) -> Answer:
    """Our credentials for a platform that shows this token."""
    with looking_at_party(ours.service.store, ours.tenant, ours.party) as desk:
        return success(now, data=ours.credentials(desk.get(), text).json_object())


def left(ours: Ours, now: datetime) -> Answer:
    """The platform goes: its token works no more, and ours for it is forgotten."""
    with writing_party(ours.service.store, now, ours.tenant, ours.party, ours.who) as desk:
        if desk.link().peer is None:
            return not_allowed("you are not registered", now)
        _unlink(ours, desk)
        desk.audit("party left")
    return success(now)


def part(ours: Ours, expected: int | None, now: datetime) -> str | None:
    """Remove a platform: it is told, and forgotten whatever it answers; why it could not be told, if so.

    Raises NotFound, Conflict.
    """
    _, link, current = _before(ours)
    untold = None
    if link.peer is not None and (url := link.peer.url_of(CREDENTIALS, "")) is not None:
        try:
            ours.client(current).leave(url)
        except EdgeError as failed:
            untold = str(failed)
    with writing_party(ours.service.store, now, ours.tenant, ours.party, ours.who) as desk:
        _unlink(ours, desk)
        lead(desk, desk.get().locations, (), now)
        desk.forget(expected)
    return untold


def _before(ours: Ours) -> tuple[OcpiParty, Link, str]:
    """What was told, how we are linked, and the platform's token; raises NotFound, EdgeError."""
    with looking_at_party(ours.service.store, ours.tenant, ours.party) as desk:
        return desk.get(), desk.link(), ours.secrets.get(TOKEN, None, desk.unit)


def _met(
    ours: Ours,
    client: OcpiClient,
    versions_url: str,
    version: OcpiVersion | None,
    roles: tuple[RoleKnown, ...],
    now: datetime,
) -> Peer:
    """What the platform offers in the version that is spoken."""
    found = chosen(client.versions(versions_url), version)
    if found is None:
        wanted = version or " nor ".join(OcpiVersion)
        raise NoVersion(f"it does not speak {wanted}", peer=versions_url[:200], retryable=False)
    details = client.details(found[1])
    endpoints = tuple(EndpointKnown(identifier=e.identifier, role=e.role, url=e.url) for e in details.endpoints)
    return Peer(
        version=found[0],
        versions_url=versions_url,
        endpoints=endpoints,
        roles=roles,
        own_base=ours.base,
        registered_at=now,
    )


def _linked(ours: Ours, before: Link, peer: Peer, hashed: str, their_token: str, now: datetime) -> Link:
    """Both tokens are kept, and those before them work no more. Raises Conflict where somebody was faster."""
    with writing_party(ours.service.store, now, ours.tenant, ours.party, ours.who) as desk:
        if desk.link() != before:
            raise Conflict("the platform was registered or invited anew meanwhile")
        for old in (before.invited, before.token):
            tokens.revoke(desk.unit, old)
        ours.secrets.keep(TOKEN, their_token, desk.unit)
        link = Link(token=hashed, peer=peer)
        desk.keep_link(link)
        desk.audit("registered", version=peer.version, versions_url=peer.versions_url)
    return link


def _unlink(ours: Ours, desk: PartyDesk) -> None:
    link = desk.link()
    for old in (link.invited, link.token):
        tokens.revoke(desk.unit, old)
    ours.secrets.forget(desk.unit)
    desk.keep_link(Link())


def _roles(told: Credentials) -> tuple[RoleKnown, ...]:
    return tuple(
        RoleKnown(
            role=one.role,
            country_code=one.country_code.upper(),
            party_id=one.party_id.upper(),
            name=one.business_details.name,
        )
        for one in told.roles
    )


def _refuse(path: str, message: str, remedy: str) -> None:
    raise InvalidDocument([Finding(path=path, message=message, remedy=remedy)])
