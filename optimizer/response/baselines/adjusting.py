"""How the hours before an event correct what like days say of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import inf

import numpy as np

from models.domain.schedule import Floats
from models.domain.units import seconds_from_hours
from models.settlement.methods import AdjustmentKind
from optimizer.response.baselines.days import Search, means_on
from optimizer.response.baselines.spans import Spans, spans_of

LEAST_KW = 1e-6
"""With less load in the hours that adjust there is no ratio. [kW]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjusted:
    """What the same day makes of a baseline."""

    kw: Floats
    by: float | None = None
    unbounded: float | None = None
    told: str = ""


def adjusted(raw_kw: Floats, days: Sequence[date], search: Search) -> Adjusted:
    """The baseline after its correction, or as it is where the day says nothing to correct it by."""
    rule = search.rule
    if rule.adjustment is AdjustmentKind.NONE:
        return Adjusted(kw=raw_kw)
    hours = hours_that_adjust(search)
    then = [means_on(search, day, hours) for day in days]
    like_days = [means_kw for means_kw in then if means_kw is not None]
    today = search.load.mean_kw(hours.starts_s, hours.ends_s)
    if not np.isfinite(today).all() or not like_days:
        return Adjusted(kw=raw_kw, told="not adjusted: the meter lacks hours before the event")
    load_kw, base_kw = float(today.mean()), float(np.mean(like_days))
    lowest = -inf if rule.adjust_lowest is None else rule.adjust_lowest
    highest = inf if rule.adjust_highest is None else rule.adjust_highest
    if rule.adjustment is AdjustmentKind.DIFFERENCE:
        by_kw = min(max(load_kw - base_kw, lowest), highest)
        return Adjusted(kw=raw_kw + by_kw, by=by_kw, unbounded=load_kw - base_kw)
    if base_kw < LEAST_KW:
        return Adjusted(kw=raw_kw, told="not adjusted: like days have no load in the hours before the event")
    ratio = min(max(load_kw / base_kw, lowest), highest)
    return Adjusted(kw=raw_kw * ratio, by=ratio, unbounded=load_kw / base_kw)


def hours_that_adjust(search: Search) -> Spans:
    """Before the event, on its day."""
    start_s = float(search.spans.starts_s[0])
    begin_s = start_s - seconds_from_hours(search.rule.adjust_from_h)
    return spans_of(begin_s, start_s - seconds_from_hours(search.rule.adjust_until_h), seconds_from_hours(1.0))
