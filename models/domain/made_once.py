"""What is asked for several times in one plan, or by several plans of one answer, is made once and then let go of.

A plan reads a series for its changes, mean, least and largest: each reading was a tenth of the Python of a small one.
Half a dozen plans are made for one answer, each from the same scenario: reading it into arrays took 0.65 ms of 50
connectors each time, and its limits 0.25 ms. Nothing of this is a plan, and nothing is kept when the answer is there:
to let go of the steps of plans long gone in the middle of another took as long as to read its own.
"""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

Made = TypeVar("Made")


class _Kept(threading.local):
    """What has been made where ``each_made_once`` holds, beside what it was made of; None outside of it."""

    made: dict[tuple[Any, ...], tuple[Any, Any]] | None = None


_kept = _Kept()


class each_made_once:  # noqa: N801  # reads as a statement: with each_made_once()
    """Inside, ``made_once`` makes a thing once of each value, which is known again by identity: values are frozen, and
    to compare the thousand steps of a series takes longer than to read them."""

    __slots__ = ("_outer",)

    def __enter__(self) -> None:
        self._outer = _kept.made
        if self._outer is None:
            _kept.made = {}

    def __exit__(self, *_: object) -> None:
        _kept.made = self._outer


def made_once(make: Callable[..., Made], of: object, *numbers: float) -> Made:
    """What ``make`` makes of a value, and perhaps of some numbers. Nobody may change it afterwards.

    Made anew outside of ``each_made_once``.
    """
    if _kept.made is None:
        return make(of, *numbers)
    key = make, id(of), *numbers
    if key not in _kept.made:
        _kept.made[key] = of, make(of, *numbers)
    found: Made = _kept.made[key][1]
    return found
