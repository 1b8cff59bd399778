"""Every number and every time of a scenario, with the thing that it says something about and its place."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any, get_args, get_type_hints

from models.domain.paths import Part
from models.domain.site import PhaseSeries
from models.domain.tariff import PriceSeries
from models.domain.value import Step

_INSIDE = (Step, PhaseSeries, PriceSeries)
"""A number in these says something about the thing whose field holds them."""


@dataclass(slots=True)
class Leaf:
    """A number or a time: where it is, and which field of what it gives."""

    value: float | datetime
    owner: Any
    field: str
    where: tuple[Part, ...]


def leaves(thing: Any, where: tuple[Part, ...] = ()) -> Iterator[Leaf]:
    """All of them below a value of the domain, in the order of its fields."""
    kind: Any = type(thing)
    for name in _fields(kind):
        found = getattr(thing, name)
        if found is not None:
            yield from _below(found, thing, name, (*where, name))


def _below(found: Any, owner: Any, field: str, where: tuple[Part, ...]) -> Iterator[Leaf]:
    if isinstance(found, float | int | datetime):
        yield Leaf(found, owner, field, where)
    elif isinstance(found, tuple):
        for i, item in enumerate(found):
            yield from _below(item, owner, field, (*where, i))
    elif isinstance(found, _INSIDE):
        kind: Any = type(found)
        for name in _fields(kind):
            yield from _below(getattr(found, name), owner, field, (*where, name))
    elif is_dataclass(found):
        yield from leaves(found, where)


@cache
def _fields(kind: Any) -> tuple[str, ...]:
    """Of one class, the fields that can hold a number or a time."""
    hints = get_type_hints(kind)
    return tuple(field.name for field in fields(kind) if not _is_text(hints[field.name]))


def _is_text(hint: Any) -> bool:
    """Whether only texts, choices, yes and no, or nothing fit a type."""
    inner = [arg for arg in get_args(hint) if arg is not Ellipsis]
    if inner:
        return all(map(_is_text, inner))
    return isinstance(hint, type) and issubclass(hint, str | bool | Enum | NoneType)
