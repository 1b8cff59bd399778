"""What an operator tells of a platform, judged; and what it pushed before, told to the sites that are its now."""

import re
from collections.abc import Iterator
from datetime import datetime

import structlog

from api.ocpi.forms import LocationServed, OcpiParty
from api.ocpi.keeping import PartyDesk, looking_at_party, writing_party
from api.ocpi.pushed import bring
from api.ocpi.steered import OcpiWay
from api.service import Service
from api.sites.judging import LONGEST_ID, refuse, unfit_name
from api.sites.keeping import Desk
from api.sites.waking import wake
from api.store.records import Document, Kind
from models.domain.errors import ChargingError
from models.domain.findings import Finding
from models.ocpi.sessions import SessionStatus

LONGEST_NAME = 100
log = structlog.get_logger("chargewright.ocpi")


def tell_party(desk: PartyDesk, told: OcpiParty, expected: int | None, now: datetime) -> Document:
    """Raises InvalidDocument, Conflict."""
    refuse(_unfit(told))
    found = desk.find()
    before = desk.get().locations if found else ()
    document = desk.tell(told, expected)
    lead(desk, before, told.locations, now)
    return document


def lead(desk: PartyDesk, before: tuple[LocationServed, ...], after: tuple[LocationServed, ...], now: datetime) -> None:
    """Have sites know who is told the profiles of their sessions now; raises InvalidDocument."""
    steered = {one.site: one for one in after if one.steers}
    for name in sorted({one.site for one in before if one.steers} | set(steered)):
        desk.unit.lock(desk.tenant, name)
        site = Desk(desk.unit, desk.tenant, name, desk.who)
        way = site.find(Kind.OCPI_WAY)
        if name in steered:
            refuse(_no_way(desk, site, steered[name], way.value if way else None))
            told = OcpiWay(party=desk.party, evses=tuple(sorted(steered[name].evses.values())))
            if way is None or way.value != told:
                site.put(Kind.OCPI_WAY, told, expected=None, what="steered over OCPI")
                wake(site, now)
        elif way is not None and way.value.party == desk.party:
            site.remove(Kind.OCPI_WAY, expected=None, what="no longer steered over OCPI")
            wake(site, now)


def _no_way(desk: PartyDesk, site: Desk, told: LocationServed, way: OcpiWay | None) -> Iterator[Finding]:
    """Why sessions of a site cannot be steered so."""
    path, kept = f"locations[{told.location}].steers", site.find(Kind.SITE)
    if kept is None:
        yield Finding(path=path, message=f"there is no site {told.site}", remedy="put the site first")
        return
    if way is not None and way.party != desk.party:
        yield Finding(path=path, message=f"{way.party} steers {told.site}", remedy="let one platform steer a site")
    named = set(told.evses.values())
    here = [evse for evse in kept.value.evses if evse.id in named]
    stations = {evse.station or evse.id for evse in here}
    rest = [e.id for e in kept.value.evses if (e.station or e.id) in stations and e.id not in named]
    if not named or len(here) < len(named):
        yield Finding(path=path, message="not all EVSEs are of the site", remedy="name them in evses, by their uids")
    if rest:
        message = "a station is steered as a whole"
        yield Finding(path=path, message=message, remedy="name all its EVSEs in evses", ids=tuple(rest))


def bring_all(service: Service, tenant: str, party: str, who: str, now: datetime, *, tariff: str | None = None) -> None:
    """Have sites know every session that is active, as after a location became a site or a tariff changed.

    ``tariff``: the one that did, so that others are left alone. Each by itself: one that its site cannot take keeps
    nobody else from it, and is a line in the log.
    """
    with looking_at_party(service.store, tenant, party) as desk:
        active = [one for one in desk.objects(Kind.OCPI_SESSION).values() if one.status is SessionStatus.ACTIVE]
    for session in active:
        try:
            with writing_party(service.store, now, tenant, party, who) as desk:
                bring(desk, session, now, tariff=tariff)
        except ChargingError as refused:
            log.warning("session_not_taken", tenant=tenant, party=party, session=session.id, error=str(refused)[:300])


def _unfit(told: OcpiParty) -> Iterator[Finding]:
    if not re.fullmatch(r"[A-Z]{2}", told.country_code):
        yield Finding(path="country_code", message="it is no country", remedy="write two capital letters, as NL")
    if not re.fullmatch(r"[A-Z0-9]{3}", told.party_id):
        yield Finding(path="party_id", message="it is no party id", remedy="write three capital letters or digits")
    if not (0 < len(told.name) <= LONGEST_NAME and told.name.isprintable()):
        yield Finding(path="name", message="it is no name", remedy=f"write 1 to {LONGEST_NAME} printable letters")
    for i, one in enumerate(told.locations):
        yield from unfit_name(f"locations[{i}].location", one.location)
        yield from unfit_name(f"locations[{i}].site", one.site)
        evses = list(one.evses.values())
        if len(set(evses)) < len(evses):
            yield Finding(path=f"locations[{i}].evses", message="two uids are one EVSE", remedy="name each EVSE once")
        if any(not 0 < len(name) <= LONGEST_ID for name in (*one.evses, *evses)):
            yield Finding(path=f"locations[{i}].evses", message="an id is too long", remedy=f"at most {LONGEST_ID}")
    steered = [one.site for one in told.locations if one.steers]
    if len(set(steered)) < len(steered):
        yield Finding(path="locations", message="a site is steered twice", remedy="let one location steer a site")
    names = [one.location for one in told.locations]
    if len(set(names)) < len(names):
        yield Finding(path="locations", message="a location is told twice", remedy="tell each once")
