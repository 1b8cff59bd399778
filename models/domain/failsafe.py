"""What holds at a site when nobody steers it: fail-safe shares, who may start unseen, how long plans are followed."""

from enum import StrEnum

from models.domain.installed import OfflineBehaviour
from models.domain.value import value


class SharePolicy(StrEnum):
    """Whose share it is where the minima of all EVSEs do not fit together."""

    FIRST_N = "first_n"
    """As many as fit, in the site's order."""
    PRIORITY = "priority"
    """As many as fit, in a declared order."""
    ROTATE = "rotate"
    """As many as fit, the next ones in the next turn of the day."""


@value
class FailSafe:
    """Rules of a site for the time without contact; with them every plan keeps room for those who start unseen."""

    policy: SharePolicy = SharePolicy.FIRST_N
    order: tuple[str, ...] = ()
    """EVSEs that come first under ``priority``; the others follow in the site's order."""
    turns_a_day: int = 6
    """Of ``rotate``: turns of equal length from midnight UTC on, the same every day."""
    guard_minutes: float = 5.0
    """At every change of shares nobody has more than the lower of both for so long: clocks of stations differ. [min]"""
    arrivals: int | None = None
    """How many EVSEs without a car may start within the blind time. None: all of them."""
    blind_minutes: float = 20.0
    """From the last contact until the last plan that a station has ends: until the next plan is due, and some. [min]"""
    offline: OfflineBehaviour | None = None
    """What EVSEs do that have no ``offline`` of their own. None: each needs one."""


@value
class DailyStep:
    """From a time of day on, every day, until the next step; the last one holds until midnight."""

    start_s: float
    """After midnight UTC. [s]"""
    power_kw: float
    """At evse, all phases in use. [kW]"""


@value
class Share:
    """What one EVSE may draw when nobody is in contact."""

    evse: str
    power_kw: float
    """The most of the day, at evse, all phases in use: a vehicle on fewer has the same current on each. [kW]"""
    daily: tuple[DailyStep, ...] = ()
    """Where it changes during the day, from midnight on; empty: always the same."""
