"""What the use cases of a live site need of the world; ``api.operating.memory`` holds a twin of each."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeVar

from api.operating.live import Command, LiveSite

Told = TypeVar("Told")


class Clock(Protocol):
    """Tells the time, aware."""

    def now(self) -> datetime: ...


class SiteStore(Protocol):
    """Keeps live sites."""

    def load(self, site_id: str) -> LiveSite:
        """Raises NotFound."""
        ...

    def save(self, live: LiveSite) -> None:
        """A site that is new, or replaced as a whole."""
        ...

    def change(self, site_id: str, step: Callable[[LiveSite], tuple[LiveSite, Told]]) -> Told:
        """Carry out one step and keep its site, both or neither; the step is pure, so it may be tried again.

        Raises NotFound.
        """
        ...


class ProfileSink(Protocol):
    """Brings commands to stations; what they answer comes back through ``Operations.acknowledge``."""

    def send(self, command: Command) -> None:
        """Raises EdgeError where the station, or whoever knows the way to it, cannot be reached."""
        ...
