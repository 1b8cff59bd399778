"""A platform in the store: what was told of it, how it is linked, and the objects that it pushed.

Everything of it is under the lock of ``ocpi/ID``, which no site can be called, and is locked before any site is.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from api.ocpi.forms import OcpiParty
from api.store.port import Store, Unit
from api.store.records import Document, Kind, Place
from models.domain.errors import NotFound
from models.domain.value import value
from models.domain.wire import form_json, kept_form
from models.ocpi.locations import Location
from models.ocpi.sessions import OcpiSession
from models.ocpi.tariffs import Tariff
from models.ocpi.wire import OcpiObject, OcpiVersion

T = TypeVar("T", bound=OcpiObject)
OBJECTS: dict[Kind, type[OcpiObject]] = {
    Kind.OCPI_LOCATION: Location,
    Kind.OCPI_SESSION: OcpiSession,
    Kind.OCPI_TARIFF: Tariff,
}
MOST = 100_000
"""More than a platform has of anything here."""


@value
class EndpointKnown:
    """A module of the platform."""

    identifier: str
    role: str
    url: str


@value
class RoleKnown:
    """A party of the platform."""

    role: str
    country_code: str
    party_id: str
    name: str


@value
class Peer:
    """A platform that is registered."""

    version: OcpiVersion
    versions_url: str
    endpoints: tuple[EndpointKnown, ...]
    roles: tuple[RoleKnown, ...]
    own_base: str
    """Where it reaches us."""
    registered_at: datetime

    def url_of(self, identifier: str, role: str) -> str | None:
        """Where an interface is; credentials have one without a role to speak of."""
        found = (e.url for e in self.endpoints if e.identifier == identifier and role in ("", e.role.upper()))
        return next(found, None)


@value
class Link:
    """How a platform and we know each other; hashes are of tokens that it shows."""

    invited: str = ""
    token: str = ""
    peer: Peer | None = None


@dataclass(frozen=True, slots=True)
class PartyDesk:
    """One tenant's platform in one unit."""

    unit: Unit
    tenant: str
    party: str
    who: str

    def find(self) -> Document | None:
        return self.unit.find(self._of(Kind.OCPI_PARTY))

    def get(self) -> OcpiParty:
        """Raises NotFound."""
        found = self.find()
        if found is None:
            raise NotFound("there is no party of this id")
        return kept_form(OcpiParty, found.body)

    def tell(self, told: OcpiParty, expected: int | None) -> Document:
        """Raises Conflict."""
        document = self.unit.write(self._of(Kind.OCPI_PARTY), form_json(OcpiParty, told), expected=expected)
        self.audit("party told", revision=document.revision)
        return document

    def link(self) -> Link:
        found = self.unit.find(self._of(Kind.OCPI_LINK))
        return Link() if found is None else kept_form(Link, found.body)

    def keep_link(self, link: Link) -> None:
        self.unit.write(self._of(Kind.OCPI_LINK), form_json(Link, link))

    def object(self, kind: Kind, id: str) -> Any:
        """As it was pushed last; None where it was not."""
        found = self.unit.find(self._object(kind, id))
        return None if found is None else _read(found)

    def objects(self, kind: Kind) -> dict[str, Any]:
        """All of a kind, by country code, party and id."""
        return {d.place.id: _read(d) for d in self.unit.page(self.tenant, kind, self.journal, limit=MOST)}

    def keep(self, kind: Kind, id: str, told: OcpiObject) -> None:
        self.unit.write(self._object(kind, id), json.dumps(told.json_object()))

    def drop(self, kind: Kind, id: str) -> None:
        """Raises NotFound."""
        self.unit.remove(self._object(kind, id))

    def forget(self, expected: int | None) -> None:
        """All of it but its journal; raises Conflict."""
        self.unit.remove(self._of(Kind.OCPI_PARTY), expected=expected)
        if self.unit.find(self._of(Kind.OCPI_LINK)) is not None:
            self.unit.remove(self._of(Kind.OCPI_LINK))
        for kind in OBJECTS:
            for document in self.unit.page(self.tenant, kind, self.journal, limit=MOST):
                self.unit.remove(document.place)
        self.audit("party removed")

    def audit(self, what: str, **more: Any) -> None:
        line = json.dumps({"who": self.who, "what": what} | more, default=str)
        self.unit.append(self.tenant, Kind.AUDIT, self.journal, what, line)

    @property
    def journal(self) -> str:
        return f"ocpi/{self.party}"

    def _of(self, kind: Kind) -> Place:
        return Place(tenant=self.tenant, kind=kind, id=self.party)

    def _object(self, kind: Kind, id: str) -> Place:
        return Place(tenant=self.tenant, kind=kind, site=self.journal, id=id)


@contextmanager
def writing_party(store: Store, now: datetime, tenant: str, party: str, who: str) -> Iterator[PartyDesk]:
    """In a unit of its own: everything is kept at the end, or nothing."""
    with store.begin(now) as unit:
        desk = PartyDesk(unit, tenant, party, who)
        unit.lock(tenant, desk.journal)
        yield desk


@contextmanager
def looking_at_party(store: Store, tenant: str, party: str) -> Iterator[PartyDesk]:
    with store.view() as unit:
        yield PartyDesk(unit, tenant, party, "")


def _read(document: Document) -> OcpiObject:
    return OBJECTS[document.place.kind].model_validate_json(document.body)
