"""How often a tenant may ask, counted in this process."""

from math import ceil
from time import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from api.problems import TooMany


class Rates:
    """A moving window for each tenant."""

    def __init__(self, each: str) -> None:
        """``each``: as in ``1000/second``; raises ValueError for what is no rate."""
        self._each: RateLimitItem = parse(each)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, tenant: str) -> None:
        """One more request of a tenant; raises TooMany."""
        if not self._limiter.hit(self._each, tenant):
            free_at_s = self._limiter.get_window_stats(self._each, tenant).reset_time
            raise TooMany(f"more than {self._each} requests", retry_after_s=max(1, ceil(free_at_s - time())))
