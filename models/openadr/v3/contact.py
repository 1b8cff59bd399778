"""What holds when a VTN is not heard from: known events go on, then the subscription; the operator is told.

User guide 8.10.1: a limit that runs out is followed by the subscription, which the timeline does by itself. After the
grid went down all limits are given up, the subscription holds, and the VTN is asked again.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from models.domain.findings import Finding
from models.domain.utility_signal import SignalKind, SignalMode, UtilitySignal
from models.domain.value import value


@value
class Contact:
    """When a VTN last answered, and since when it does not."""

    source: str
    last_heard: datetime | None = None
    failed_since: datetime | None = None
    failure: str = ""

    def heard(self, now: datetime) -> "Contact":
        return Contact(source=self.source, last_heard=now)

    def failed(self, now: datetime, failure: str) -> "Contact":
        since = self.failed_since or now
        return Contact(source=self.source, last_heard=self.last_heard, failed_since=since, failure=failure)

    def alarm(self, now: datetime, patience: timedelta) -> Finding | None:
        """What the operator is told once nothing was heard for longer than ``patience``."""
        if self.failed_since is None or now - (self.last_heard or self.failed_since) <= patience:
            return None
        since = "never" if self.last_heard is None else f"not since {self.last_heard:%Y-%m-%d %H:%M:%SZ}"
        message = f"{self.source} was heard from {since}: {self.failure}"
        remedy = "known events go on, then the subscription or safe mode holds; look at the line, or call the utility"
        return Finding(path="signals", message=message, remedy=remedy, ids=(self.source,))


def after_outage(signals: Iterable[UtilitySignal], source: str) -> tuple[UtilitySignal, ...]:
    """What is left of a source's signals after the grid was down: no limit but the default ones."""
    return tuple(signal for signal in signals if signal.source != source or not _is_given_up(signal))


def _is_given_up(signal: UtilitySignal) -> bool:
    return signal.kind is SignalKind.LIMIT and signal.mode is not SignalMode.DEFAULT
