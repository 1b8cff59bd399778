"""The clock of a story: it stands still until it is moved, or runs with the machine's from where it was set."""

from datetime import UTC, datetime, timedelta
from time import perf_counter


class StoryClock:
    def __init__(self, start: datetime) -> None:
        self._set, self._since = start, 0.0
        self._runs = False

    def __call__(self) -> datetime:
        ran_s = perf_counter() - self._since if self._runs else 0.0
        return (self._set + timedelta(seconds=ran_s)).astimezone(UTC)

    def pass_by(self, seconds: float) -> None:
        self._set += timedelta(seconds=seconds)

    def run(self) -> None:
        """From now on as fast as the machine's."""
        self._runs, self._since = True, perf_counter()
