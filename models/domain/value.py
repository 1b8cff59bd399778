"""The one way a domain value is declared: a frozen, keyword-only dataclass that refuses unknown fields."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar, dataclass_transform

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


@value
class Step:
    """From ``start`` on, the quantity is ``value``, until the next step."""

    start: datetime
    value: float


Series = float | tuple[Step, ...]
"""A quantity over time: one number for always, or steps in order of time of which the last one holds on."""
