"""How often a tenant may ask, counted in this process."""

from collections import deque
from collections.abc import Callable
from math import ceil
from time import monotonic

from limits import RateLimitItem, parse

from api.problems import TooMany


class Rates:
    """A moving window for each tenant.

    The storage in memory of ``limits`` starts a thread for what it counts, which took a twentieth of a short request; a
    window is its last moments, and no more of them than may be asked.
    """

    def __init__(self, each: str, clock: Callable[[], float] = monotonic) -> None:
        """``each``: as in ``1000/second``; raises ValueError for what is no rate."""
        self._each: RateLimitItem = parse(each)
        self._clock = clock
        self._asked: dict[str, deque[float]] = {}

    def count(self, tenant: str) -> None:
        """One more request of a tenant; raises TooMany."""
        asked = self._asked.setdefault(tenant, deque())
        now_s = self._clock()
        begun_s = now_s - self._each.get_expiry()
        while asked and asked[0] <= begun_s:
            asked.popleft()
        if len(asked) >= self._each.amount:
            raise TooMany(f"more than {self._each} requests", retry_after_s=max(1, ceil(asked[0] - begun_s)))
        asked.append(now_s)
