"""What is made of values of a site again and again: made once, for as long as the same values come."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

Made = TypeVar("Made")
MOST = 4096
"""Remembered; then all are forgotten, which takes less than to find out which of them was used last."""


class OfTheSame(Generic[Made]):
    """Values never change, and the same document is read as the same one (``kept_form``).

    They are told apart by who they are, since to compare a site of fifty EVSEs takes longer than what is made of it.
    """

    def __init__(self, make: Callable[..., Made], most: int = MOST) -> None:
        """``make`` takes a name, and values."""
        self._make, self._most = make, most
        self._made: dict[tuple[Any, ...], tuple[tuple[Any, ...], Made]] = {}
        """With the values: as long as they are held here, no others can be taken for them."""

    def __call__(self, name: str, *values: Any) -> Made:
        key = (name, *map(id, values))
        found = self._made.get(key)
        if found is None:
            if len(self._made) >= self._most:
                self._made.clear()
            found = self._made[key] = values, self._make(name, *values)
        return found[1]
