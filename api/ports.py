"""What the use cases of a live site need of the world; ``api.operating.memory`` holds a twin."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from api.operating.live import LiveSite

Told = TypeVar("Told")


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
