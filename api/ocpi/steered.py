"""What is kept of a site whose stations are steered over OCPI."""

from models.domain.value import value
from models.ocpi.scsp import Steered


@value
class OcpiWay:
    """Which EVSEs of a site a platform is told charging profiles for."""

    party: str
    evses: tuple[str, ...]


@value
class OcpiSteered:
    """One session as its platform has been told of it."""

    party: str
    evse: str
    state: Steered
    command: str | None = None
    """That is being carried out; None: nothing is asked for now."""


@value
class OcpiAsked:
    """A request whose result is still to come."""

    session: str
