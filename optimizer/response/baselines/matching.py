"""A baseline for an event, by the name of its method."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from models.domain.calendar import Calendar
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.series import How, values
from models.domain.units import seconds_from_hours
from models.domain.value import Series
from models.settlement.load import LoadSeries
from models.settlement.methods import AsTold, HighXOfY, MeteredEvse, NearbyHours, SessionCounterfactual, method
from optimizer.response.baselines.adjusting import adjusted
from optimizer.response.baselines.days import Search, counts, like_days, means_on
from optimizer.response.baselines.found import Baseline
from optimizer.response.baselines.spans import Spans


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What a baseline is found from."""

    load: LoadSeries
    """Of what the event is measured at."""
    calendar: Calendar
    event_days: frozenset[date] = frozenset()
    """Local days of other events."""
    counterfactual: LoadSeries | None = None
    """Sessions replayed, for ``session_counterfactual``."""
    told_kw: Series | None = None
    """What came with the event, for ``as_told``. [kW]"""


def baseline(name: str, spans: Spans, history: History, beyond: Spans | None = None) -> Baseline:
    """By the method of a name. ``beyond``: more spans, of which like days decide nothing, as those after an event.

    Raises:
        InvalidScenario: no such method, or what it needs is not there; the finding says how to mend it.
    """
    rule = method(name).rule
    while isinstance(rule, MeteredEvse):
        rule = method(rule.by).rule
    asked = spans if beyond is None else beyond
    match rule:
        case HighXOfY():
            return _of_like_days(name, rule, spans, asked, history)
        case NearbyHours():
            return _of_nearby_hours(name, rule, spans, asked, history)
        case SessionCounterfactual():
            if history.counterfactual is None:
                raise _lacking(name, "add the sessions of the day")
            kw = history.counterfactual.mean_kw(asked.starts_s, asked.ends_s)
        case AsTold():
            if history.told_kw is None:
                raise _lacking(name, "give the event a baseline_kw, or settle by another method")
            told_kw = history.told_kw
            kw = np.concatenate([values(told_kw, np.array(ends), How.MEAN) for ends in _ends(asked)])
    return _checked(Baseline(method=name, spans=asked, raw_kw=kw, adjusted_kw=kw))


def _of_like_days(name: str, rule: HighXOfY, spans: Spans, asked: Spans, history: History) -> Baseline:
    search = Search(
        rule=rule,
        load=history.load,
        calendar=history.calendar,
        event_days=history.event_days,
        spans=spans,
        day=history.calendar.local_day(float(spans.starts_s[0])),
    )
    days = like_days(search)
    found = Baseline(method=name, spans=asked, raw_kw=np.zeros(0), adjusted_kw=np.zeros(0), days=days)
    _refuse_too_few(found, search)
    loads = [means_kw for day in found.taken if (means_kw := means_on(search, day, asked)) is not None]
    raw_kw = np.mean(loads, axis=0) if loads else np.full(len(asked.starts_s), np.nan)
    after = adjusted(raw_kw, found.taken, search)
    take = counts(search)[0]
    few = f"only {len(found.taken)} of {take} days were found" if len(found.taken) < take else ""
    return Baseline(
        method=name,
        spans=asked,
        raw_kw=raw_kw,
        adjusted_kw=after.kw,
        days=days,
        adjusted_by=after.by,
        unbounded=after.unbounded,
        told=tuple(filter(None, (few, after.told))),
    )


def _of_nearby_hours(name: str, rule: NearbyHours, spans: Spans, asked: Spans, history: History) -> Baseline:
    """One number for the whole event: the mean of the hours before and after it, weighted by their length."""
    start_s, end_s, gap_s = float(spans.starts_s[0]), float(spans.ends_s[-1]), seconds_from_hours(rule.gap_h)
    before_s, after_s = seconds_from_hours(rule.before_h), seconds_from_hours(rule.after_h)
    pieces = [(start_s - gap_s - before_s, start_s - gap_s), (end_s + gap_s, end_s + gap_s + after_s)]
    there = np.array([piece for piece in pieces if piece[1] > piece[0]])
    loads = history.load.mean_kw(there[:, 0], there[:, 1])
    kw = np.full(len(asked.starts_s), np.average(loads, weights=there[:, 1] - there[:, 0]))
    return _checked(Baseline(method=name, spans=asked, raw_kw=kw, adjusted_kw=kw))


def _refuse_too_few(found: Baseline, search: Search) -> None:
    least = counts(search)[2]
    if len(found.taken) >= least:
        return
    message = f"{found.method} needs at least {least} days like {search.day}, the meter has {len(found.taken)}"
    remedy = "give readings of earlier days, or settle by another method"
    raise InvalidScenario([Finding(path="meter", message=message, remedy=remedy, ids=(search.load.meter,))])


def _checked(found: Baseline) -> Baseline:
    if np.isfinite(found.raw_kw).all():
        return found
    message = f"{found.method} needs hours that the meter lacks"
    remedy = "give readings of the hours around the event, or settle by another method"
    raise InvalidScenario([Finding(path="meter", message=message, remedy=remedy)])


def _lacking(name: str, remedy: str) -> InvalidScenario:
    return InvalidScenario([Finding(path="baseline", message=f"{name} has nothing to go by", remedy=remedy)])


def _ends(spans: Spans) -> list[tuple[float, float]]:
    return [(float(start), float(end)) for start, end in zip(spans.starts_s, spans.ends_s, strict=True)]
