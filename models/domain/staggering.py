"""When each EVSE comes back after an event: offsets that nobody draws anew, so that a plan says them (rule S9)."""

from datetime import UTC
from hashlib import sha256

from models.domain.signal import Event
from models.domain.units import seconds_from_minutes

_BYTES = 8


def return_offset_s(event: Event, evse_id: str) -> int:
    """Whole seconds after the end of an event at which an EVSE may draw more again: a hash of both, below the spread.

    0 where the event does not stagger. The same event and EVSE have the same offset in every plan. [s]
    """
    spread_s = 0.0 if event.rebound is None else seconds_from_minutes(event.rebound.stagger_minutes)
    digest = sha256("\0".join((event.id, event.end.astimezone(UTC).isoformat(), evse_id)).encode()).digest()
    return int(spread_s * int.from_bytes(digest[:_BYTES], "big") / 256**_BYTES)
