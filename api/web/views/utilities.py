"""How connections to utilities stand, for the pages: which are heard, which were lost, and what each has to say."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from api.connections.keeping import Line
from api.connections.status import ConnectionStatus, status_of
from api.store.port import Unit
from api.store.records import Kind

MOST_SHOWN = 100
WORDS = {
    "paused": "paused",
    "never_heard": "not heard yet",
    "heard": "heard",
    "failing": "does not answer",
    "lost": "lost",
}


@dataclass(frozen=True, slots=True)
class Utility:
    """One connection, and the sites that it asks."""

    status: ConnectionStatus
    sites: tuple[str, ...]

    @property
    def word(self) -> str:
        return WORDS.get(self.status.state, self.status.state)

    @property
    def is_trouble(self) -> bool:
        return self.status.state in ("failing", "lost")


def utilities(unit: Unit, tenant: str, now: datetime) -> list[Utility]:
    """Of a tenant, by id."""
    return list(_of(unit, tenant, now))


def _of(unit: Unit, tenant: str, now: datetime) -> Iterator[Utility]:
    for document in unit.page(tenant, Kind.CONNECTION, "", limit=MOST_SHOWN):
        line = Line(unit, tenant, document.place.id, "")
        told = line.get()
        yield Utility(status_of(line.id, told, line.state(now), now), tuple(served.site for served in told.sites))
