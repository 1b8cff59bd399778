"""How a platform stands, for an operator: whether it is registered, what it pushed, what of it is no site."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from api.ocpi.forms import LocationServed, OcpiParty
from api.ocpi.keeping import Link, PartyDesk
from api.ocpi.mapping import differences, evses_by_uid, served
from api.sites.keeping import Desk
from api.store.records import Kind
from models.domain.site import Site
from models.ocpi.locations import Location
from models.ocpi.sessions import OcpiSession, SessionStatus


class Part(BaseModel):
    """A part of the answer."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class OcpiRole(Part):
    """A party of the platform."""

    role: str
    country_code: str
    party_id: str
    name: str


class OcpiLocation(Part):
    """A location that was pushed, or that is expected."""

    location: str
    site: str | None = None
    """Null: it is no site, and nothing is planned with its sessions."""
    pushed: bool
    evses: dict[str, str | None] = {}
    """EVSE of the site by uid; null where there is none."""
    differences: list[str] = []
    """From the site, which is what counts."""


class OcpiSteeredSession(Part):
    """A session as the platform has been told of it."""

    session: str
    site: str
    evse: str
    standing: str
    """Of the last request."""
    profile: dict[str, Any] | None = None
    """That the EVSE has taken; null: none of ours."""
    active: dict[str, Any] | None = None
    """What the platform says that the EVSE is going to do."""


class OcpiPartyStatus(Part):
    """Where it stands."""

    party: str
    registered_at: datetime | None = None
    """Null: it is not registered."""
    version: str | None = None
    invited: bool = False
    """Whether a token is out with which it may register."""
    roles: list[OcpiRole] = []
    modules: list[str] = []
    """That it offers, with the role of each."""
    locations: list[OcpiLocation] = []
    sessions: int = 0
    """That are active."""
    unmapped_sessions: int = 0
    """Of them at locations that are no site."""
    tariffs: list[str] = []
    steered: list[OcpiSteeredSession] = []
    """Sessions that the platform was told profiles for."""


def status_of(desk: PartyDesk) -> OcpiPartyStatus:
    """Raises NotFound."""
    told, link = desk.get(), desk.link()
    sessions = [one for one in desk.objects(Kind.OCPI_SESSION).values() if one.status is SessionStatus.ACTIVE]
    return OcpiPartyStatus(
        party=desk.party,
        invited=bool(link.invited),
        locations=_locations(desk, told),
        sessions=len(sessions),
        unmapped_sessions=sum(_is_unmapped(one, told) for one in sessions),
        tariffs=sorted(one.id for one in desk.objects(Kind.OCPI_TARIFF).values()),
        steered=list(_steered(desk, told)),
        **_linked(link),
    )


def _steered(desk: PartyDesk, told: OcpiParty) -> Iterator[OcpiSteeredSession]:
    for at in (one for one in told.locations if one.steers):
        for kept in Desk(desk.unit, desk.tenant, at.site, "").every(Kind.OCPI_STEERED):
            state = kept.value.state
            yield OcpiSteeredSession(
                session=kept.id,
                site=at.site,
                evse=kept.value.evse,
                standing=state.standing,
                profile=state.applied.json_object() if state.applied else None,
                active=state.active.json_object() if state.active else None,
            )


def _linked(link: Link) -> dict[str, Any]:
    if link.peer is None:
        return {}
    roles = [
        OcpiRole(role=r.role, country_code=r.country_code, party_id=r.party_id, name=r.name) for r in link.peer.roles
    ]
    modules = sorted(f"{one.identifier} {one.role}".strip() for one in link.peer.endpoints)
    return {
        "registered_at": link.peer.registered_at,
        "version": link.peer.version,
        "roles": roles,
        "modules": modules,
    }


def _locations(desk: PartyDesk, told: OcpiParty) -> list[OcpiLocation]:
    pushed: dict[str, Location] = {one.id: one for one in desk.objects(Kind.OCPI_LOCATION).values()}
    expected = [one.location for one in told.locations if one.location not in pushed]
    lines = [_line(desk, one.id, served(told, one.id), one) for one in pushed.values()]
    lines += [_line(desk, name, served(told, name), None) for name in expected]
    return sorted(lines, key=lambda line: line.location)


def _line(desk: PartyDesk, name: str, at: LocationServed | None, location: Location | None) -> OcpiLocation:
    kept = None if at is None else Desk(desk.unit, desk.tenant, at.site, "").find(Kind.SITE)
    if at is None or kept is None:
        missing = [] if at is None else [f"there is no site {at.site}"]
        return OcpiLocation(location=name, pushed=location is not None, differences=missing)
    site: Site = kept.value
    by_uid = evses_by_uid(at, site, location)
    return OcpiLocation(
        location=name,
        site=at.site,
        pushed=location is not None,
        evses={evse.uid: by_uid.get(evse.uid) for evse in location.evses} if location else dict(at.evses),
        differences=list(differences(at, site, location)) if location else [],
    )


def _is_unmapped(session: OcpiSession, told: OcpiParty) -> bool:
    return served(told, session.location_id) is None
