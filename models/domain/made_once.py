"""What several plans of one scenario ask for is made once: its completed form, its arrays, its limits.

Half a dozen plans are made for one answer, each from the same scenario: reading it into arrays took 0.65 ms of 50
connectors each time, and its limits 0.25 ms. Nothing of this is a plan, and nothing is kept when the answer is there.
"""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

Of = TypeVar("Of")
Made = TypeVar("Made")


class _Kept(threading.local):
    """What has been made where ``each_made_once`` holds, beside what it was made of; None outside of it."""

    made: dict[tuple[Callable[[Any], Any], int], tuple[Any, Any]] | None = None


_kept = _Kept()


class each_made_once:  # noqa: N801  # reads as a statement: with each_made_once()
    """Inside, ``made_once`` makes a thing once of each value, which is known again by identity: values are frozen."""

    __slots__ = ("_outer",)

    def __enter__(self) -> None:
        self._outer = _kept.made
        if self._outer is None:
            _kept.made = {}

    def __exit__(self, *_: object) -> None:
        _kept.made = self._outer


def made_once(make: Callable[[Of], Made], of: Of) -> Made:
    """What ``make`` makes of a value, which nobody may change afterwards; made anew outside of ``each_made_once``."""
    if _kept.made is None:
        return make(of)
    key = make, id(of)
    if key not in _kept.made:
        _kept.made[key] = of, make(of)
    found: Made = _kept.made[key][1]
    return found
