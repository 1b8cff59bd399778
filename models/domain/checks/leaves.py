"""Every number and every time of a scenario, with the thing that it says something about and its place."""

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from operator import attrgetter
from types import NoneType
from typing import Any, get_args, get_type_hints

from models.domain.paths import Part
from models.domain.site import PhaseSeries
from models.domain.tariff import PriceSeries
from models.domain.value import Step

_INSIDE = (Step, PhaseSeries, PriceSeries)
"""A number in these says something about the thing whose field holds them."""


_PLAIN = (float, int, datetime)


@dataclass(slots=True)
class Leaf:
    """A number or a time: where it is, and which field of what it gives."""

    value: float | datetime
    owner: Any
    field: str
    parent: tuple[Part, ...]
    inside: tuple[Part, ...] = ()

    @property
    def where(self) -> tuple[Part, ...]:
        """Made when asked for, because of thousands of leaves hardly one is wrong."""
        return (*self.parent, self.field, *self.inside)


def leaves(thing: Any) -> list[Leaf]:
    """All of them below a value of the domain, in the order of its fields."""
    found: list[Leaf] = []
    _visit(thing, (), found)
    return found


def leaves_below(thing: Any, field: str) -> list[Leaf]:
    """Those of one of its fields."""
    found: list[Leaf] = []
    _visit_inner(getattr(thing, field), thing, field, (), (), found)
    return found


def _visit(thing: Any, where: tuple[Part, ...], found: list[Leaf]) -> None:
    kind: Any = type(thing)
    # Most fields of most sessions are not given: looked at all at once, they take half the time of one by one.
    for name, inner in zip(_fields(kind), _values(kind)(thing), strict=True):
        if inner is None:
            continue
        if isinstance(inner, _PLAIN):
            found.append(Leaf(inner, thing, name, where))
        else:
            _visit_inner(inner, thing, name, where, (), found)


def _visit_inner(
    inner: Any, owner: Any, field: str, where: tuple[Part, ...], inside: tuple[Part, ...], found: list[Leaf]
) -> None:
    if isinstance(inner, _PLAIN):
        found.append(Leaf(inner, owner, field, where, inside))
    elif isinstance(inner, tuple):
        for i, item in enumerate(inner):
            _visit_inner(item, owner, field, where, (*inside, i), found)
    elif isinstance(inner, _INSIDE):
        kind: Any = type(inner)
        for name in _fields(kind):
            _visit_inner(getattr(inner, name), owner, field, where, (*inside, name), found)
    elif is_dataclass(inner):
        _visit(inner, (*where, field, *inside), found)


@cache
def _fields(kind: Any) -> tuple[str, ...]:
    """Of one class, the fields that can hold a number or a time."""
    hints = get_type_hints(kind)
    return tuple(field.name for field in fields(kind) if not _is_text(hints[field.name]))


@cache
def _values(kind: Any) -> Callable[[Any], tuple[Any, ...]]:
    """What reads these fields of a value of the class."""
    names = _fields(kind)
    if len(names) < 2:  # attrgetter makes tuples of two and more
        return lambda thing: tuple(getattr(thing, name) for name in names)
    return attrgetter(*names)


def _is_text(hint: Any) -> bool:
    """Whether only texts, choices, yes and no, or nothing fit a type."""
    inner = [arg for arg in get_args(hint) if arg is not Ellipsis]
    if inner:
        return all(map(_is_text, inner))
    return isinstance(hint, type) and issubclass(hint, str | bool | Enum | NoneType)
