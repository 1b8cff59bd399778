"""What a replica remembers for the time in which its database is away: last plans, and whose keys worked.

A plan that is told from here is marked as stale. A key that is revoked meanwhile works on for as long as it is
remembered; while a database is away for longer, nobody is answered.
"""

from collections import OrderedDict
from datetime import datetime, timedelta
from hashlib import sha256
from threading import Lock
from typing import Generic, TypeVar

from api.document import PlanDocument
from api.security.keys import ApiKey
from api.store.packing import packed, unpacked

Thing = TypeVar("Thing")
KEYS_FOR = timedelta(minutes=15)
"""A key that worked so recently works while nobody can be asked."""
MOST = 2000
"""Plans, and keys; the longest unused ones are forgotten."""


class Recent(Generic[Thing]):
    """The last things that were used, by name, each with its time."""

    def __init__(self, most: int = MOST) -> None:
        self._things: OrderedDict[tuple[str, ...], tuple[Thing, datetime]] = OrderedDict()
        self._most, self._lock = most, Lock()

    def keep(self, name: tuple[str, ...], thing: Thing, at: datetime) -> None:
        with self._lock:
            self._things[name] = thing, at
            self._things.move_to_end(name)
            while len(self._things) > self._most:
                self._things.popitem(last=False)

    def find(self, name: tuple[str, ...]) -> tuple[Thing, datetime] | None:
        with self._lock:
            return self._things.get(name)

    def drop(self, name: tuple[str, ...]) -> None:
        with self._lock:
            self._things.pop(name, None)


class Remembered:
    """Of one replica."""

    def __init__(self) -> None:
        self._plans: Recent[str] = Recent()
        self._keys: Recent[ApiKey] = Recent()

    def keep_plan(self, tenant: str, site: str, document: PlanDocument, at: datetime) -> None:
        """Packed: 2,000 of them are a lot."""
        self._plans.keep((tenant, site), packed(document.model_dump_json()), at)

    def drop_plan(self, tenant: str, site: str) -> None:
        """Of a site that is no longer there."""
        self._plans.drop((tenant, site))

    def stale_plan(self, tenant: str, site: str) -> PlanDocument | None:
        """The last one, saying since when nobody could look for a newer one; None where there is none."""
        found = self._plans.find((tenant, site))
        if found is None:
            return None
        text, at = found
        return PlanDocument.model_validate_json(unpacked(text)).model_copy(update={"stale_since": at})

    def keep_key(self, shown: str, key: ApiKey, at: datetime) -> None:
        self._keys.keep(_digest(shown), key, at)

    def drop_key(self, shown: str) -> None:
        """It works no more."""
        self._keys.drop(_digest(shown))

    def known_key(self, shown: str, now: datetime) -> ApiKey | None:
        """One that worked lately, and has not ended since."""
        found = self._keys.find(_digest(shown))
        if found is None:
            return None
        key, at = found
        return key if now - at <= KEYS_FOR and key.works(now) else None


def _digest(shown: str) -> tuple[str]:
    """Secrets are not kept, here neither."""
    return (sha256(shown.encode()).hexdigest(),)
