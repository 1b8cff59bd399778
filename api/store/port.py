"""The verbs of the store: what ``memory`` and ``sql`` do alike."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from api.store.records import Document, Entry, Kind, Lease, Place

NEW = 0
"""As an expected revision: nothing is there yet."""


class Unit(Protocol):
    """Reads and writes that happen together or not at all, at one moment."""

    def find(self, place: Place) -> Document | None:
        """The document there; None where nothing is, or no longer."""

    def gather(self, tenant: str, site: str, wanted: Sequence[tuple[Kind, str]]) -> Sequence[Document]:
        """Those of a site that are there, of these kinds and ids, at once and in any order."""

    def search(self, tenant: str, kind: Kind, id: str) -> Sequence[Document]:
        """Those of this id at any of the tenant's sites."""

    def page(self, tenant: str, kind: Kind, site: str | None, *, after: str = "", limit: int) -> Sequence[Document]:
        """By id, from after ``after`` on; ``site`` None: of all sites of the tenant."""

    def everywhere(self, kind: Kind) -> Sequence[Document]:
        """Of all tenants: for the jobs of the service, never for an answer."""

    def write(self, place: Place, body: str, *, expected: int | None = None) -> Document:
        """Replace what is there; raises Conflict when ``expected`` is given and is not its revision."""

    def write_all(self, bodies: Mapping[Place, str]) -> None:
        """Replace what is there at each of these places, whatever its revision."""

    def remove(self, place: Place, *, expected: int | None = None) -> None:
        """Raises NotFound, and Conflict as ``write`` does."""

    def append(self, tenant: str, kind: Kind, site: str, id: str, body: str) -> Entry:
        """One more line in the journal of a site."""

    def entries(self, tenant: str, site: str, kinds: Sequence[Kind], *, after: int = 0, limit: int) -> Sequence[Entry]:
        """The oldest first, from after sequence ``after`` on."""

    def latest(
        self, tenant: str, site: str, kind: Kind, *, before: int | None = None, limit: int = 1
    ) -> Sequence[Entry]:
        """The newest first, from before sequence ``before`` on."""

    def entry(self, tenant: str, site: str, kind: Kind, id: str) -> Entry | None:
        """The newest of this id."""

    def recorded(self, tenant: str, site: str, kind: Kind, since: datetime, until: datetime) -> Sequence[Entry]:
        """The oldest first, of a half-open span of time."""

    def forget(self, kind: Kind, before: datetime) -> int:
        """Drop documents and entries of a kind that are older; answers with how many. Raises StoreError for AUDIT."""

    def lock(self, tenant: str, site: str) -> None:
        """Others who lock the same site wait until this unit has ended."""

    def take(self, tenant: str, site: str, holder: str, for_s: float) -> Lease | None:
        """The lease of a site, new or prolonged, by the clock of the store; None while another one holds it."""

    def hold(self, lease: Lease) -> None:
        """Raises Conflict when somebody took the lease since; until this unit ends, nobody can."""

    def release(self, lease: Lease) -> None:
        """Let others take it at once."""


@dataclass(frozen=True, slots=True)
class Work:
    """What one caller wants done in a unit of its own."""

    site: tuple[str, str]
    """Tenant and id of the site that it locks."""
    now: datetime
    act: Callable[[Unit], Any]


@dataclass(frozen=True, slots=True)
class Done:
    """What became of work: what it answered, or what it raised; then nothing of it is kept."""

    answer: Any = None
    error: Exception | None = None


class Store(Protocol):
    """Where the service remembers. Raises StoreError for whatever goes wrong below."""

    @property
    def writes_at_once(self) -> int:
        """So many transactions can write at a time; more wait for each other."""

    def begin(self, now: datetime) -> AbstractContextManager[Unit]:
        """To read and write: committed at the end of the block, forgotten when it raises."""

    def together(self, works: Sequence[Work]) -> Sequence[Done]:
        """Each as if in a unit of its own, in order, and all that succeed committed at once; then they are answered.

        Only who waits for the disk waits for others: to commit takes milliseconds, whatever is in it. Where the commit
        fails, nothing of any of them is kept, and each is told StoreError.
        """

    def view(self) -> AbstractContextManager[Unit]:
        """To read only, as of one moment."""

    def look(self, place: Place) -> Document | None:
        """One document as it is now: what ``view`` and ``find`` tell, sooner."""

    def check(self) -> None:
        """Raises StoreError when it cannot be used now."""

    def close(self) -> None:
        """Let go of files and connections."""
