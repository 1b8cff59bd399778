"""Like days before an event: which of them count, and which have the most load."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from models.domain.calendar import Calendar
from models.domain.schedule import Floats
from models.domain.tariff import DayKind
from models.settlement.load import LoadSeries
from models.settlement.methods import HighXOfY, LowUsage
from optimizer.response.baselines.found import DayUse, LookedAt
from optimizer.response.baselines.spans import Spans, on_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is looked for, and in what."""

    rule: HighXOfY
    load: LoadSeries
    calendar: Calendar
    event_days: frozenset[date]
    """Local days of other events."""
    spans: Spans
    day: date
    """Of the event."""


def like_days(search: Search) -> tuple[LookedAt, ...]:
    """Every day that was looked at, the latest first, and what became of it."""
    looked_at = list(_looked_at(search))
    limit_kw = _least_kw(search, looked_at)
    looked_at = [replace(one, use=DayUse.LOW_USAGE) if _is_low(one, limit_kw) else one for one in looked_at]
    take, of, _ = counts(search)
    candidates = [one for one in looked_at if one.use is DayUse.TAKEN][:of]
    # Days of equal load rank by date, so that a baseline does not depend on the order of a file.
    highest = {one.day for one in sorted(candidates, key=lambda one: (-_mean_kw(one), one.day))[:take]}
    oldest = candidates[-1].day if len(candidates) == of else date.min
    kept = [one for one in looked_at if one.day >= oldest]
    return tuple(_decided(one, highest) for one in kept)


def counts(search: Search) -> tuple[int, int, int]:
    """How many days are taken, of how many, and the fewest there may be."""
    rule = search.rule
    if _group(search, search.day) is DayKind.WEEKDAY:
        return rule.weekday_take, rule.weekday_of, rule.weekday_least
    return rule.weekend_take, rule.weekend_of, rule.weekend_least


def means_on(search: Search, day: date, spans: Spans) -> Floats | None:
    """Loads of the same hours on another day (Q,); None where the meter or the clock lacks one of them. [kW]"""
    there = on_day(spans, search.day, day, search.calendar.time_zone)
    if there is None:
        return None
    means_kw = search.load.mean_kw(there.starts_s, there.ends_s)
    return means_kw if np.isfinite(means_kw).all() else None


def _looked_at(search: Search) -> Iterator[LookedAt]:
    for back in range(1, search.rule.look_back_days + 1):
        day = search.day - timedelta(days=back)
        if search.calendar.day_start_s(day + timedelta(days=1)) <= search.load.start_s:
            return  # before the meter's first day nothing is lacking
        means_kw = means_on(search, day, search.spans)
        mean_kw = None if means_kw is None else float(means_kw.mean())
        yield LookedAt(day=day, use=_use(search, day, back, mean_kw), mean_kw=mean_kw)


def _use(search: Search, day: date, back: int, mean_kw: float | None) -> DayUse:
    """Whether it may be taken."""
    kind, wanted = _group(search, day), _group(search, search.day)
    if kind is not wanted:
        return DayUse.HOLIDAY if search.calendar.is_holiday(day) else DayUse.OTHER_KIND
    if day in search.event_days:
        return DayUse.EVENT_DAY
    if search.rule.skips_day_before and back == 1:
        return DayUse.DAY_BEFORE
    return DayUse.MISSING if mean_kw is None else DayUse.TAKEN


def _group(search: Search, day: date) -> DayKind:
    """The kind that is compared: holidays are Sundays, and Saturdays too where they are not apart."""
    kind = search.calendar.kind_of(day)
    if kind is DayKind.WEEKDAY or (kind is DayKind.SATURDAY and search.rule.sundays_apart):
        return kind
    return DayKind.SUNDAY


def _least_kw(search: Search, looked_at: Sequence[LookedAt]) -> float:
    """Days with less do not count. [kW]"""
    rule, days = search.rule, [one for one in looked_at if one.use is DayUse.TAKEN]
    if rule.low_usage is LowUsage.NONE or not days:
        return -np.inf
    if rule.low_usage is LowUsage.HIGHEST:
        hours = [means_on(search, one.day, search.spans) for one in days]
        return rule.low_usage_share * max(float(means_kw.max()) for means_kw in hours if means_kw is not None)
    return _share_of_mean(search, days)


def _share_of_mean(search: Search, days: Sequence[LookedAt]) -> float:
    """Of the candidates; where one drops out, the next older one comes in and the mean is another one. [kW]"""
    _, of, _ = counts(search)
    left = list(days)
    while True:
        limit_kw = search.rule.low_usage_share * float(np.mean([_mean_kw(one) for one in left[:of]]))
        kept = [one for k, one in enumerate(left) if k >= of or not _is_low(one, limit_kw)]
        if len(kept) == len(left) or not kept:
            return limit_kw
        left = kept


def _is_low(one: LookedAt, limit_kw: float) -> bool:
    return one.use is DayUse.TAKEN and _mean_kw(one) < limit_kw


def _mean_kw(one: LookedAt) -> float:
    assert one.mean_kw is not None, "only metered days are candidates"
    return one.mean_kw


def _decided(one: LookedAt, highest: set[date]) -> LookedAt:
    return replace(one, use=DayUse.NOT_TAKEN) if one.use is DayUse.TAKEN and one.day not in highest else one
