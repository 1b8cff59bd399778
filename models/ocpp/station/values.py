"""Single values as stations write them: numbers with dust around them, lists and units in any spelling."""

import re
from collections.abc import Iterable

from models.domain.site import RateUnit

_TRUE, _FALSE = {"true", "1", "yes", "on", "enabled"}, {"false", "0", "no", "off", "disabled"}
_UNITS = {
    "a": RateUnit.A, "current": RateUnit.A, "ampere": RateUnit.A, "amps": RateUnit.A,
    "w": RateUnit.W, "power": RateUnit.W, "watt": RateUnit.W, "watts": RateUnit.W,
}  # fmt: skip
"""``Current`` and ``Power`` are the words of 1.6, ``A`` and ``W`` those of 2.x; stations mix them."""


def whole(text: str) -> int | None:
    """``24``, ``" 24 "``, ``24.0``, ``"24"`` in quotes; None for anything else, and for what is below 0."""
    match = re.fullmatch(r"[\s\"']*(\d{1,9})(\.0+)?[\s\"']*", text)
    return int(match.group(1)) if match else None


def truth(text: str) -> bool | None:
    """None for what is neither."""
    word = text.strip().strip("\"'").lower()
    return True if word in _TRUE else False if word in _FALSE else None


def words(text: str) -> tuple[str, ...]:
    """The members of a list: between commas, semicolons, blanks or bars, with or without brackets and quotes."""
    return tuple(word for word in re.split(r"[\s,;|\[\]\"']+", text) if word)


def rate_units(text: str) -> tuple[RateUnit, ...] | None:
    """The units named, in the order of :class:`RateUnit`; None if none of the words is one."""
    named = {_UNITS[word.lower()] for word in words(text) if word.lower() in _UNITS}
    return tuple(unit for unit in RateUnit if unit in named) or None


def unknown_units(text: str) -> Iterable[str]:
    return (word for word in words(text) if word.lower() not in _UNITS)
