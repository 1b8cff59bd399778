"""What a site asks of setpoints, so that EVSEs and cars can follow them, and what a session was offered so far."""

from datetime import datetime

from models.domain.value import value


@value
class SetpointRules:
    """Rules S4 and S5 for the near periods of a plan; later ones stay any power from 0 up.

    In a near period an EVSE is offered 0 or at least its minimum, on one of its levels where it has levels. An offer
    of 0 is a pause, and some cars sleep in it.
    """

    near_h: float = 24.0
    """Periods that begin within so many hours of the plan's start are near. [h]"""
    max_starts: int | None = 3
    """Of charging, in one session. None: any number."""
    min_on_minutes: float = 15.0
    """Once started, charging goes on for so long, unless the car has what it wants or leaves."""
    min_off_minutes: float = 15.0
    """Once paused, it stays paused for so long."""


@value
class OfferHistory:
    """What a session was offered just before a plan begins."""

    on: bool
    """Whether it is offered any power."""
    since: datetime
    """When that began."""
    starts: int = 0
    """How often an offer rose from 0 so far in this session, one that still lasts included."""
