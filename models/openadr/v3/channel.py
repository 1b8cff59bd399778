"""What an operator knows about one VTN and one of its programmes: how to read what the standard leaves open."""

from enum import StrEnum

from models.domain.value import value


class OpenAdrVersion(StrEnum):
    """Of the wire; 3.1 is 3.1.1, tolerant of 3.1.0."""

    V3_0 = "3.0.1"
    V3_1 = "3.1"


Version = OpenAdrVersion
"""In this package; its whole name tells it from other protocols' in the OpenAPI document of the service."""


class Profile(StrEnum):
    """Rules of a region on top of the standard."""

    NONE = "none"
    GAC = "gac"
    """Dutch Grid Aware Charging between network operator and charge point operator."""


@value
class Channel:
    """One programme of one VTN."""

    source: str
    """What its signals are called after: limits of different sources combine by the minimum."""
    version: Version = Version.V3_1
    profile: Profile = Profile.NONE
    ven_name: str = ""
    """Ours: a target of this name is everything that we have here."""
    price_units: str | None = None
    """Of prices that are told without; None: they are refused."""
    power_units: str | None = None
    """Of powers that are told without; None: they are refused."""
    change_sign: float | None = None
    """Of DISPATCH_SETPOINT_RELATIVE: 1 where a positive number is more load, -1 where it is less. None: refused."""
    offset_percent_sign: float | None = None
    """Of CONTROL_LEVEL_OFFSET_PERCENT: 1 where a positive number is less load, -1 where it is more. The text of the
    standard says both. None: refused."""
    safe_mode_events: tuple[str, ...] = ()
    """Names of events whose limits hold where no other limit does."""
