"""What an operator tells of a platform, judged; and what it pushed before, told to the sites that are its now."""

import re
from collections.abc import Iterator
from datetime import datetime

import structlog

from api.ocpi.forms import OcpiParty
from api.ocpi.keeping import PartyDesk, looking_at_party, writing_party
from api.ocpi.pushed import bring
from api.service import Service
from api.sites.judging import LONGEST_ID, refuse, unfit_name
from api.store.records import Document, Kind
from models.domain.errors import ChargingError
from models.domain.findings import Finding
from models.ocpi.sessions import SessionStatus

LONGEST_NAME = 100
log = structlog.get_logger("chargewright.ocpi")


def tell_party(desk: PartyDesk, told: OcpiParty, expected: int | None) -> Document:
    """Raises InvalidDocument, Conflict."""
    refuse(_unfit(told))
    return desk.tell(told, expected)


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
    names = [one.location for one in told.locations]
    if len(set(names)) < len(names):
        yield Finding(path="locations", message="a location is told twice", remedy="tell each once")
