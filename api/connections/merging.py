"""All that a utility said and that still may count, without what newer versions have replaced. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from models.domain.utility_signal import SignalKind, UtilitySignal

OVER = timedelta(days=2)
"""After its end the words of a message are dropped; its version stays, so that an older one does not come back."""
MOST_OVER = 5000
"""Messages that are over and remembered."""


def merged(before: Sequence[UtilitySignal], new: Iterable[UtilitySignal], now: datetime) -> tuple[UtilitySignal, ...]:
    """The newest version of every message, those that are over first."""
    messages: dict[tuple[str, str], list[UtilitySignal]] = {}
    for signal in dict.fromkeys((*before, *new)):
        messages.setdefault(signal.identity, []).append(signal)
    newest = [tuple(_newest(versions)) for versions in messages.values()]
    over = [_version_of(told) for told in newest if _is_over(told, now)][-MOST_OVER:]
    return (*over, *(signal for told in newest if not _is_over(told, now) for signal in told))


def _newest(versions: Sequence[UtilitySignal]) -> Iterator[UtilitySignal]:
    highest = max(signal.version for signal in versions)
    return (signal for signal in versions if signal.version == highest)


def _is_over(told: Sequence[UtilitySignal], now: datetime) -> bool:
    if any(signal.cancelled for signal in told):
        return True
    ends = [interval.end for signal in told for interval in signal.intervals]
    return all(signal.failsafe is None for signal in told) and all(end < now - OVER for end in ends)


def _version_of(told: Sequence[UtilitySignal]) -> UtilitySignal:
    first = told[0]
    return UtilitySignal(
        id=first.event or first.id,
        event=first.event or first.id,
        source=first.source,
        kind=SignalKind.ALERT,
        version=first.version,
        cancelled=True,
    )
