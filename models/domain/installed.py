"""What EVSEs were sent before: they may follow it until a new plan is acknowledged, and while they are out of reach."""

from enum import StrEnum

from models.domain.value import Series, value


class OfflineBehaviour(StrEnum):
    """What an EVSE does that has lost contact, as it was seen to do."""

    KEEPS = "keeps"
    """It goes on following what is installed."""
    DEFAULT = "default"
    """It falls back to its fail-safe share."""
    STOPS = "stops"
    FULL = "full"
    """It ignores every limit but its own rating."""
    UNKNOWN = "unknown"
    """Nobody has seen it: counted as ``full``."""


@value
class InstalledProfile:
    """Power that an EVSE was told to offer at most; the last step holds on."""

    power_kw: Series
    """At evse, with all phases of the EVSE in use: a vehicle on fewer has the same current on each. [kW]"""
    acknowledged: bool = True
    """False: sent, and nobody knows whether it got there. The EVSE follows this one or those before."""


@value
class Installed:
    """The state of one EVSE as its CSMS knows it."""

    evse: str
    profiles: tuple[InstalledProfile, ...] = ()
    """All that it may be following. Without an acknowledged one among them it counts at its rating."""
    reachable: bool = True
    offline: OfflineBehaviour = OfflineBehaviour.UNKNOWN
    """Counts while it is not reachable."""
    default_kw: float | None = None
    """Its fail-safe share, at evse, as ``power_kw``. None: unknown, counted at its rating. [kW]"""
