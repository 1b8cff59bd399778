"""A twin of the port in memory: for one process, for tests, and for days that are played step by step."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import RLock
from typing import TypeVar

from api.operating.live import LiveSite
from models.domain.errors import NotFound

Told = TypeVar("Told")


@dataclass(slots=True)
class MemorySites:
    """Live sites by id; one step at a time."""

    sites: dict[str, LiveSite] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)

    def load(self, site_id: str) -> LiveSite:
        if site_id not in self.sites:
            raise NotFound(f"site {site_id!r} is not known")
        return self.sites[site_id]

    def save(self, live: LiveSite) -> None:
        with self.lock:
            self.sites[live.id] = live

    def change(self, site_id: str, step: Callable[[LiveSite], tuple[LiveSite, Told]]) -> Told:
        with self.lock:
            self.sites[site_id], told = step(self.load(site_id))
            return told
