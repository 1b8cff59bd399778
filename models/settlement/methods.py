"""Baseline methods by name. Every constant is in ``methods.json``, with its source or marked as unverified."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding

_TABLE = Path(__file__).with_name("methods.json")


class AdjustmentKind(StrEnum):
    """How the same day corrects what like days say."""

    NONE = "none"
    RATIO = "ratio"
    """Times load over baseline in the hours that adjust."""
    DIFFERENCE = "difference"
    """Plus their difference."""


class LowUsage(StrEnum):
    """What a day with little load is compared with."""

    NONE = "none"
    MEAN = "mean"
    """Of the event hours of all candidates."""
    HIGHEST = "highest"
    """Of all event hours inside the look-back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HighXOfY:
    """The highest ``take`` of the last ``of`` like days, at least ``least``; hours count back from its start."""

    weekday_take: int
    weekday_of: int
    weekday_least: int
    weekend_take: int
    weekend_of: int
    weekend_least: int
    sundays_apart: bool
    """Whether Saturdays and Sundays are two kinds of days; holidays go with Sundays, or with all weekends."""
    look_back_days: int
    skips_day_before: bool
    low_usage: LowUsage
    low_usage_share: float
    """Days whose event hours have a lower mean than this share of ``low_usage`` do not count."""
    adjustment: AdjustmentKind
    adjust_from_h: float
    adjust_until_h: float
    adjust_lowest: float | None
    """Of the ratio, or of the kW added. None: as low as it is."""
    adjust_highest: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NearbyHours:
    """Hours of the same day before and after the event, with a gap on either side that does not count. [h]"""

    before_h: float
    after_h: float
    gap_h: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MeteredEvse:
    """Another method, on the meters of the EVSEs that an event names."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCounterfactual:
    """Sessions replayed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AsTold:
    """What came with the event."""


Rule = HighXOfY | NearbyHours | MeteredEvse | SessionCounterfactual | AsTold


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """One number of a method, and where it is from."""

    name: str
    value: int | float | str | bool | None
    source: str | None
    """None: not verified against a primary text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineMethod:
    """A method by name."""

    name: str
    title: str
    rule: Rule
    constants: tuple[Constant, ...]

    @property
    def unverified(self) -> tuple[str, ...]:
        """Constants without a source."""
        return tuple(one.name for one in self.constants if one.source is None)


def method(name: str) -> BaselineMethod:
    """The method of a name. Raises InvalidScenario, with the names that there are."""
    found = methods().get(name)
    if found is None:
        remedy = f"take one of {', '.join(methods())}"
        raise InvalidScenario([Finding(path="baseline", message=f"there is no method {name!r}", remedy=remedy)])
    return found


@cache
def methods() -> Mapping[str, BaselineMethod]:
    """All methods of the table, by name."""
    told = json.loads(_TABLE.read_text(encoding="utf-8"))
    return {one["name"]: _method(one, told["sources"]) for one in told["methods"]}


def _method(told: Mapping[str, Any], sources: Mapping[str, str]) -> BaselineMethod:
    constants = tuple(
        Constant(name=one["name"], value=one["value"], source=None if one["source"] is None else sources[one["source"]])
        for one in told["constants"]
    )
    values = {one.name: one.value for one in constants}
    return BaselineMethod(name=told["name"], title=told["title"], rule=_rule(told["kind"], values), constants=constants)


def _rule(kind: str, values: dict[str, Any]) -> Rule:
    match kind:
        case "high_x_of_y":
            enums = {"low_usage": LowUsage(values["low_usage"]), "adjustment": AdjustmentKind(values["adjustment"])}
            return HighXOfY(**(values | enums))
        case "nearby_hours":
            return NearbyHours(**values)
        case "metered_evse":
            return MeteredEvse(**values)
        case "session_counterfactual":
            return SessionCounterfactual()
    return AsTold()
