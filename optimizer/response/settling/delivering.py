"""What one event delivered, interval by interval, by its programme's baseline."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from math import inf

import numpy as np

from models.domain.calendar import Calendar
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.paths import some_of
from models.domain.schedule import Floats
from models.domain.units import seconds_from_hours, seconds_from_minutes
from models.settlement.calls import CalledEvent, SettlementRule
from models.settlement.load import LoadSeries, Quality, summed
from optimizer.response.baselines import Baseline, History, Spans, baseline, spans_of

ENOUGH_KWH = 1e-9
"""So much less than what is needed is rounding. [kWh]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meters:
    """What was measured."""

    site: LoadSeries | None = None
    evses: Mapping[str, LoadSeries] = field(default_factory=dict)
    """Of EVSEs with meters of their own, by id."""
    replayed: Mapping[str, LoadSeries] = field(default_factory=dict)
    """Sessions replayed, by EVSE, on the grid of the meters; an EVSE that is not here had no session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """One event measured; arrays have one value for each settlement interval (Q,)."""

    event: CalledEvent
    rule: SettlementRule
    baseline: Baseline
    load_kw: Floats
    """NaN where nothing was metered. [kW]"""
    quality: tuple[Quality, ...]
    shared_kwh: Floats
    """Of what was delivered, what another programme pays. [kWh]"""
    snap_back_kwh: float
    """What came back after the event, above the baseline of these hours. [kWh]"""

    @property
    def hours(self) -> Floats:
        return self.baseline.spans.hours

    @property
    def difference_kw(self) -> Floats:
        """Load on the right side of the baseline; 0 where nothing was metered. [kW]"""
        return np.nan_to_num(self.event.direction.sign * (self.load_kw - self.baseline.adjusted_kw), nan=0.0)

    @property
    def delivered_kwh(self) -> Floats:
        """What this programme can count: without what another one pays. Below 0 only where a programme nets."""
        least = -inf if self.rule.nets else 0.0
        own = self.difference_kw * self.hours - self.shared_kwh
        own_kwh = np.maximum(own, np.minimum(self.difference_kw * self.hours, 0.0))
        enough = own_kwh >= self.rule.interval_pays_from_share * self.committed_kwh - ENOUGH_KWH
        return np.where(enough | (own_kwh < 0.0), np.maximum(own_kwh, least), 0.0)

    @property
    def committed_kwh(self) -> Floats:
        return self.event.committed_kw * self.hours

    @property
    def paid_kwh(self) -> Floats:
        """Up to what is accepted."""
        return np.minimum(self.delivered_kwh, self.most_kwh)

    @property
    def kept_kwh(self) -> Floats:
        """Of the commitment."""
        return np.clip(self.delivered_kwh, 0.0, self.committed_kwh)

    @property
    def shortfall_kwh(self) -> Floats:
        return self.committed_kwh - self.kept_kwh

    @property
    def performance(self) -> float:
        """What was kept of what was committed, 0 to 1; 1 where nothing was."""
        committed = float(self.committed_kwh.sum())
        return float(self.kept_kwh.sum()) / committed if committed > 0.0 else 1.0

    @property
    def claimed_kwh(self) -> Floats:
        """What no other programme can count any more."""
        return np.maximum(np.maximum(self.paid_kwh, self.kept_kwh), 0.0)

    @property
    def most_kwh(self) -> Floats:
        """What can be paid at most."""
        if self.event.accepted_kw is not None:
            return self.event.accepted_kw * self.hours
        if self.event.committed_kw > 0.0:
            return self.rule.accepted_share * self.committed_kwh
        return np.full(len(self.hours), inf)


def delivered(
    event: CalledEvent, rule: SettlementRule, meters: Meters, calendar: Calendar, event_days: frozenset[date]
) -> Delivered:
    """Measure one event. ``event_days``: local days of other events.

    Raises InvalidScenario where its meter or its baseline is not there.
    """
    load = measured(event, meters)
    history = History(
        load=load,
        calendar=calendar,
        event_days=event_days,
        counterfactual=replayed(event, meters),
        told_kw=event.baseline_kw,
    )
    start_s, end_s = event.start.timestamp(), event.end.timestamp()
    spans = spans_of(start_s, end_s, seconds_from_minutes(rule.settlement_min))
    return Delivered(
        event=event,
        rule=rule,
        baseline=baseline(rule.baseline, spans, history),
        load_kw=load.mean_kw(spans.starts_s, spans.ends_s),
        quality=tuple(load.quality_of(*ends) for ends in zip(spans.starts_s, spans.ends_s, strict=True)),
        shared_kwh=np.zeros(len(spans.starts_s)),
        snap_back_kwh=_snap_back_kwh(event, rule, spans, history),
    )


def nothing_delivered(event: CalledEvent, rule: SettlementRule) -> Delivered:
    """Of an event that nobody took part in: no meter is looked at."""
    spans = spans_of(event.start.timestamp(), event.end.timestamp(), seconds_from_minutes(rule.settlement_min))
    nothing = np.zeros(len(spans.starts_s))
    return Delivered(
        event=event,
        rule=rule,
        baseline=Baseline(method=rule.baseline, spans=spans, raw_kw=nothing, adjusted_kw=nothing, told=("opted out",)),
        load_kw=nothing,
        quality=(Quality.OK,) * len(nothing),
        shared_kwh=nothing,
        snap_back_kwh=0.0,
    )


def _snap_back_kwh(event: CalledEvent, rule: SettlementRule, spans: Spans, history: History) -> float:
    """What is drawn above the baseline right after less was drawn, or below it after more was. [kWh]"""
    if rule.snap_back_h <= 0.0:
        return 0.0
    end_s = float(spans.ends_s[-1])
    after = spans_of(end_s, end_s + seconds_from_hours(rule.snap_back_h), seconds_from_minutes(rule.settlement_min))
    expected = baseline(rule.baseline, spans, history, beyond=after).adjusted_kw
    back_kw = -event.direction.sign * (history.load.mean_kw(after.starts_s, after.ends_s) - expected)
    return float(np.maximum(np.nan_to_num(back_kw, nan=0.0), 0.0) @ after.hours)


def measured(event: CalledEvent, meters: Meters) -> LoadSeries:
    """At the measurement point of an event. Raises InvalidScenario where a meter lacks."""
    if not event.evses and meters.site is not None:
        return meters.site
    wanted = event.evses or tuple(sorted(meters.evses))
    lacking = [name for name in wanted if name not in meters.evses]
    if lacking or not wanted:
        which = f"of EVSE {some_of(lacking)}" if lacking else "of the site"
        message = f"event {event.id}: there are no readings {which}"
        remedy = "add them to the meter's file, or settle the event without these EVSEs"
        raise InvalidScenario([Finding(path="meter", message=message, remedy=remedy, ids=tuple(lacking))])
    return summed("+".join(wanted), [meters.evses[name] for name in wanted])


def replayed(event: CalledEvent, meters: Meters) -> LoadSeries | None:
    """What sessions would have drawn there, with the other load of the site; None where no sessions are known."""
    if not meters.replayed:
        return None
    names = [name for name in event.evses or sorted(meters.replayed) if name in meters.replayed]
    parts = [meters.replayed[name] for name in names] or [_nothing(next(iter(meters.replayed.values())))]
    other = None if event.evses else _other_load(meters)
    return summed("sessions", parts if other is None else [*parts, other])


def _other_load(meters: Meters) -> LoadSeries | None:
    """The site without its EVSEs; None where one of them is not metered."""
    if meters.site is None or not meters.evses:
        return None
    evses = summed("evses", list(meters.evses.values()))
    return replace(meters.site, meter="other load", power_kw=meters.site.power_kw - evses.power_kw)


def _nothing(like: LoadSeries) -> LoadSeries:
    return replace(like, power_kw=np.zeros(len(like.power_kw)), quality=(Quality.OK,) * len(like.quality))
