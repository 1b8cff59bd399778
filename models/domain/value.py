"""The one way a domain value is declared: a frozen, keyword-only dataclass that refuses unknown fields."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from math import nan
from typing import Any, TypeVar, dataclass_transform, get_args

T = TypeVar("T")

# Read by pydantic when wire.py builds its adapters; a plain mapping, so the domain itself needs no pydantic.
_WIRE_RULES = {
    "strict": True,
    "extra": "forbid",
    "allow_inf_nan": False,
    "use_attribute_docstrings": True,
    "ser_json_inf_nan": "constants",
}


@dataclass_transform(frozen_default=True, kw_only_default=True)
def value(cls: type[T]) -> type[T]:
    """Declare ``cls`` as a frozen value with named fields that also travels as JSON under strict rules."""
    cls.__pydantic_config__ = _WIRE_RULES  # type: ignore[attr-defined]  # read by pydantic, unknown to object
    return dataclass(frozen=True, slots=True, kw_only=True)(cls)


class _Begun:
    """What a step knows beside its fields, and what is in no document.

    A forecast is read once and planned with many times: to ask each step anew was a twentieth of the Python of a plan
    of 10 connectors.
    """

    __slots__ = ("start_s",)
    start_s: float
    """Its start since 1970 UTC; nan of a time without an offset, which validation refuses. [s]"""


@value
class Step(_Begun):
    """From ``start`` on, the quantity is ``value``, until the next step."""

    start: datetime
    value: float

    def __post_init__(self) -> None:
        start_s = nan if self.start.tzinfo is None else self.start.timestamp()
        object.__setattr__(self, "start_s", start_s)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies are made of the fields; what a frozen dataclass does with a state differs between versions of 3.11."""
        return _step, (self.start, self.value)


def _step(start: datetime, value: float) -> Step:
    return Step(start=start, value=value)


Series = float | tuple[Step, ...]
"""A quantity over time: one number for always, or steps in order of time of which the last one holds on."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """Says of a union that its members are told apart in documents by one field, which each of them has a value for."""

    field: str

    # Read by pydantic as its rules above are; what goes in and out are its plain mappings.
    def __get_pydantic_core_schema__(self, union: Any, handler: Callable[[Any], Any]) -> dict[str, Any]:
        tags = [member.__dataclass_fields__[self.field].default for member in get_args(union)]
        members = dict(zip(tags, handler(union)["choices"], strict=True))
        tagged = {"type": "tagged-union", "choices": members, "discriminator": self.field}
        return tagged | {"serialization": {"type": "function-wrap", "function": self._with_tag, "schema": tagged}}

    def _with_tag(self, thing: Any, write: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        """The tag is a default, which documents leave out elsewhere."""
        return {self.field: getattr(thing, self.field), **write(thing)}
