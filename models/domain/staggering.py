"""When each EVSE comes back after what a utility asked: offsets that nobody draws anew, so that a plan says them."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from models.domain.signal import Cap, Dispatch, Event, PriceEvent
from models.domain.times import midnight
from models.domain.units import seconds_from_minutes

Holding = Cap | Event | Dispatch
"""What load comes back from."""
LEAST = timedelta(hours=2)
"""So long at least load is not to come back as a new peak."""
_BYTES = 8


def returns(signals: Iterable[Holding | PriceEvent]) -> Iterator[Holding]:
    """Those after whose end load comes back one EVSE after the other: at the same place no other one goes on."""
    staggered = [one for one in signals if not isinstance(one, PriceEvent) and one.stagger_minutes > 0.0]
    for one in staggered:
        if not any(_goes_on(other, one) for other in staggered):
            yield one


def concerns(signal: Holding, evse_id: str) -> bool:
    """Whether an EVSE may have been held by it: every one of the site, unless EVSEs are named."""
    return not signal.evses or evse_id in signal.evses


def watched_until(ended: datetime, where: ZoneInfo) -> datetime:
    """Until when load is not to come back as a new peak: the end of the local day, and two hours at least."""
    next_day = midnight(ended, where) + timedelta(days=1)
    return max(next_day.astimezone(UTC), ended.astimezone(UTC) + LEAST)


def return_offset_s(signal: Holding, evse_id: str) -> int:
    """Whole seconds after the end of a signal at which an EVSE may draw more again: a hash of both, below the spread.

    0 where it does not stagger. The same signal and EVSE have the same offset in every plan (rule S9). [s]
    """
    digest = sha256("\0".join((signal.id, signal.end.astimezone(UTC).isoformat(), evse_id)).encode()).digest()
    return int(seconds_from_minutes(signal.stagger_minutes) * int.from_bytes(digest[:_BYTES], "big") / 256**_BYTES)


def _goes_on(other: Holding, one: Holding) -> bool:
    same_place = (other.node, other.evses) == (one.node, one.evses)
    return same_place and other.start <= one.end < other.end
