"""Documents of a site as values of the domain, and the audit entry that goes with every change of one."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from api.connections.state import AskedOfSite
from api.ocpi.steered import OcpiAsked, OcpiSteered, OcpiWay
from api.operating.live import LiveSite
from api.programmes.forms import EventConfirmed
from api.sites.forms import BaseLoadForecast, NodeLimit, Override, PriceForecast, PvForecast, SitePolicy
from api.sites.plan_job import PlanJob
from api.sites.shadow import Shadow
from api.sites.stays import Stay
from api.store.port import Store, Unit
from api.store.records import Document, Kind, Place
from models.domain.errors import NotFound
from models.domain.signal import Signal
from models.domain.site import Site
from models.domain.tariff import Tariff
from models.domain.wire import form_json, kept_form
from optimizer.rolling.node_meter import NodeMeter

Form = TypeVar("Form")

FORMS: Mapping[Kind, Any] = {
    Kind.SITE: Site,
    Kind.POLICY: SitePolicy,
    Kind.TARIFF: Tariff,
    Kind.PRICES: PriceForecast,
    Kind.BASE_LOAD: BaseLoadForecast,
    Kind.PV: PvForecast,
    Kind.NODE_LIMIT: NodeLimit,
    Kind.SESSION: Stay,
    Kind.PAST_SESSION: Stay,
    Kind.SIGNAL: Signal,
    Kind.OVERRIDE: Override,
    Kind.ASKED: AskedOfSite,
    Kind.METER: NodeMeter,
    Kind.CONFIRMED: EventConfirmed,
    Kind.JOB: PlanJob,
    Kind.STATE: LiveSite,
    Kind.SHADOW: Shadow,
    Kind.OCPI_WAY: OcpiWay,
    Kind.OCPI_STEERED: OcpiSteered,
    Kind.OCPI_ASKED: OcpiAsked,
}
ONE_A_SITE = ""
"""In place of an id, for documents of which a site has one; their id is that of the site."""


@dataclass(frozen=True, slots=True)
class Kept(Generic[Form]):
    """A value, and the revision of the document that it is from."""

    value: Form
    revision: int
    changed_at: datetime
    id: str


@dataclass(frozen=True, slots=True)
class Desk:
    """One tenant's site in one unit: what a use case reads and writes, in whose name."""

    unit: Unit
    tenant: str
    site: str
    who: str
    """For the audit trail."""
    _found: dict[Place, Kept[Any] | None] = field(default_factory=dict)
    """What this unit has looked for: nobody else changes it before the unit ends."""

    def find(self, kind: Kind, id: str = ONE_A_SITE) -> Kept[Any] | None:
        place = self._place(kind, id)
        if place not in self._found:
            document = self.unit.find(place)
            self._found[place] = None if document is None else _kept(document)
        return self._found[place]

    def gather(self, *wanted: tuple[Kind, str]) -> None:
        """Look for several at once, but for those that are known: to find one of them later takes no time then."""
        places = [place for place in (self._place(kind, id) for kind, id in wanted) if place not in self._found]
        if not places:
            return
        self._found.update(dict.fromkeys(places))
        documents = self.unit.gather(self.tenant, self.site, [(place.kind, place.id) for place in places])
        self._found.update((document.place, _kept(document)) for document in documents)

    def get(self, kind: Kind, id: str = ONE_A_SITE) -> Kept[Any]:
        """Raises NotFound."""
        found = self.find(kind, id)
        if found is None:
            raise NotFound(f"there is no {kind.replace('_', ' ')} of this name")
        return found

    def every(self, kind: Kind) -> list[Kept[Any]]:
        """All of the site, by id."""
        return [_kept(document) for document in self.unit.page(self.tenant, kind, self.site, limit=_ALL)]

    def put(self, kind: Kind, told: Any, *, id: str = ONE_A_SITE, expected: int | None, what: str) -> Kept[Any]:
        """Raises Conflict; ``what`` was done is for the audit trail."""
        place = self._place(kind, id)
        document = self.unit.write(place, form_json(FORMS[kind], told), expected=expected)
        self._found[place] = Kept(told, document.revision, document.changed_at, id)
        self.audit(what, id, revision=document.revision)
        return Kept(told, document.revision, document.changed_at, id)

    def keep(self, kind: Kind, told: Any, *, id: str = ONE_A_SITE) -> None:
        """What the service notes for itself: nobody did it, so it is not in the audit trail."""
        self.keep_all(kind, {id: told})

    def keep_all(self, kind: Kind, told: Mapping[str, Any]) -> None:
        """The same for many at once, by id."""
        bodies = {self._place(kind, id): form_json(FORMS[kind], one) for id, one in told.items()}
        self.unit.write_all(bodies)
        for place in bodies:
            self._found.pop(place, None)

    def remove(self, kind: Kind, *, id: str = ONE_A_SITE, expected: int | None, what: str) -> None:
        """Raises NotFound, Conflict."""
        place = self._place(kind, id)
        self.unit.remove(place, expected=expected)
        self._found.pop(place, None)
        self.audit(what, id)

    def forget(self, kind: Kind, id: str) -> None:
        """What the service noted for itself, and needs no more; raises NotFound."""
        place = self._place(kind, id)
        self.unit.remove(place)
        self._found.pop(place, None)

    def audit(self, what: str, id: str, **more: Any) -> None:
        """Who did what, now."""
        line = {"who": self.who, "what": what} | ({} if id == ONE_A_SITE else {"id": id}) | more
        self.unit.append(self.tenant, Kind.AUDIT, self.site, what, json.dumps(line))

    def _place(self, kind: Kind, id: str) -> Place:
        return Place(tenant=self.tenant, kind=kind, site=self.site, id=id or self.site)


@contextmanager
def writing_desk(store: Store, now: datetime, tenant: str, site: str, who: str) -> Iterator[Desk]:
    """A desk in a unit of its own: everything is kept at the end, or nothing.

    Others who write at the same site wait from the beginning: what is read here is still so when it is written.
    """
    with store.begin(now) as unit:
        unit.lock(tenant, site)
        yield Desk(unit, tenant, site, who)


def _kept(document: Document) -> Kept[Any]:
    told = kept_form(FORMS[document.place.kind], document.body)
    return Kept(told, document.revision, document.changed_at, document.place.id)


_ALL = 100_000
"""More than a site has of anything."""
