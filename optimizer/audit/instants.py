"""What a proof says of a site without us, in each of three instants."""

from dataclasses import dataclass
from enum import StrEnum


class Instant(StrEnum):
    """What has happened to the contact between us and the stations."""

    CONNECTED = "connected"
    BLIND = "blind"
    AFTER = "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstantProof:
    """Whether every limit is kept then, whatever was lost."""

    instant: Instant
    fullest: str
    """The limit that is loaded most; empty where nothing is limited."""
    loading: float
    """Share of that limit."""
    exceeded: tuple[str, ...]
    """Where EVSEs exceed a limit, in words; empty: proven."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailSafeProof:
    """Of one plan and the shares it counts on."""

    instants: tuple[InstantProof, ...]
    inadmissible: tuple[str, ...]
    """EVSEs whose share is neither 0 nor at least their minimum, or on none of their levels."""
    uncontrolled: tuple[str, ...]
    """EVSEs that nothing holds without contact: counted at their rating."""
    reserve_kw: float
    """The most that is kept free at the connection for cars that come unseen. [kW at grid]"""
    reserve_kwh: float
    """The same over the blind time. [kWh]"""

    @property
    def proven(self) -> bool:
        return not self.inadmissible and not any(one.exceeded for one in self.instants)
