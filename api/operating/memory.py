"""Twins of the ports in memory: for one process, for tests, and for days that are played step by step."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import RLock
from typing import TypeVar

from api.operating.live import Command, LiveSite
from models.domain.errors import NotFound

Told = TypeVar("Told")


@dataclass(slots=True)
class SteppedClock:
    """Shows what it was set to."""

    at: datetime

    def now(self) -> datetime:
        return self.at

    def pass_by(self, length: timedelta) -> datetime:
        self.at += length
        return self.at


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


@dataclass(slots=True)
class MemorySink:
    """Keeps what was sent."""

    sent: list[Command] = field(default_factory=list)

    def send(self, command: Command) -> None:
        self.sent.append(command)
