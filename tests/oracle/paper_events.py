"""Events (12) and dispatch (14) on paper: loads where they are measured, and what is paid for them."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from math import inf
from typing import Any

import pyomo.environ as pyo

from models.domain.signal import Direction, Dispatch, Event
from models.domain.site import GridNode
from models.domain.value import Series
from tests.oracle.paper_limits import head_room_kw, standby_kw
from tests.oracle.paper_loads import PaperSession, below
from tests.oracle.paper_time import label, mean, overlap_h
from tests.oracle.paper_words import Paper, Period, block, constrain, present


@dataclass(frozen=True)
class PaperInterval:
    """Symbol q of (12): the part of a settlement interval that the plan reaches."""

    event: Event
    label: str
    start_s: float
    end_s: float
    metered_kwh: float

    @property
    def hours(self) -> float:
        return overlap_h(self.start_s, self.end_s, self.start_s, self.end_s)

    @property
    def sign(self) -> float:
        return {Direction.REDUCE: -1.0, Direction.TURN_UP: 1.0}[self.event.direction]

    @property
    def accepted_kw(self) -> float:
        return self.event.committed_kw if self.event.accepted_kw is None else self.event.accepted_kw

    @property
    def least_kw(self) -> float:
        return self.event.pays_from_share * self.event.committed_kw

    @property
    def baseline_kw(self) -> float:
        return mean(self.event.baseline_kw, self.start_s, self.end_s)

    def share(self, t: Period) -> float:
        return overlap_h(self.start_s, self.end_s, t.start_s, t.end_s) / self.hours

    def difference(self, load_by_period: dict[str, Any], paper: Paper) -> Any:
        """σ (load[M,q] - baseline[q]) of some loads. [kW]"""
        seen = sum(self.share(t) * load_by_period[t.label] for t in paper.periods if self.share(t) > 0)
        return self.sign * (self.metered_kwh / self.hours + seen - self.baseline_kw)


def paper_intervals(paper: Paper) -> list[PaperInterval]:
    """Of events about which money depends on what is delivered."""
    found = []
    for event in (signal for signal in paper.scenario.signals if isinstance(signal, Event)):
        step = timedelta(minutes=event.settlement_min)
        count = round((event.end - event.start) / step)
        for k in range(count if event.payment_per_kwh > 0 or event.penalty_per_kwh > 0 else 0):
            begin, end = (event.start + step * k).timestamp(), (event.start + step * (k + 1)).timestamp()
            cut = event.metered_kwh is not None and begin < paper.start_s < end
            first = begin if cut else max(begin, paper.start_s)
            last = min(end, paper.end_s)
            if last > first:
                metered = (event.metered_kwh or 0.0) if cut else 0.0
                found.append(PaperInterval(event, label(first), first, last, metered))
    return found


def meter_of(paper: Paper, signal: Event | Dispatch) -> str:
    """A node by its id; EVSEs by the first signal that names the same ones."""
    if not signal.evses:
        return signal.node or next(n.id for n in paper.scenario.site.nodes if n.parent is None)
    same = [s.id for s in _metered(paper) if set(s.evses) == set(signal.evses)]
    return f"evses:{same[0]}"


def _metered(paper: Paper) -> list[Event | Dispatch]:
    return [s for s in paper.scenario.signals if isinstance(s, Event | Dispatch)]


def _windows(signal: Event | Dispatch) -> Iterator[tuple[float, float]]:
    yield signal.start.timestamp(), signal.end.timestamp()
    if isinstance(signal, Event) and signal.rebound is not None:
        yield signal.end.timestamp(), (signal.end + timedelta(hours=signal.rebound.hours)).timestamp()
    if isinstance(signal, Event) and signal.freeze is not None:
        yield signal.freeze.start.timestamp(), signal.freeze.end.timestamp()


def _looked_at(paper: Paper) -> dict[tuple[str, str], tuple[Event | Dispatch, Period]]:
    """Meters and periods in which some signal looks at them."""
    found: dict[tuple[str, str], tuple[Event | Dispatch, Period]] = {}
    for signal in _metered(paper):
        for begin, end in _windows(signal):
            for t in paper.periods:
                if overlap_h(begin, end, t.start_s, t.end_s) > 0:
                    found[meter_of(paper, signal), t.label] = signal, t
    return found


def add_metered_load(model: pyo.ConcreteModel, paper: Paper) -> None:
    """The expected load where events and dispatch are measured. [kW]"""
    asked = _looked_at(paper)
    block(model, "metered_load", dict.fromkeys(asked, (-inf, inf)))
    rows = {}
    for (meter, period), (signal, t) in asked.items():
        if signal.evses:
            load = _through_evses(model, paper, signal.evses, t)
        elif meter == next(n.id for n in paper.scenario.site.nodes if n.parent is None):
            load = model.grid_import[period] - present(model.grid_export, period)
        else:
            load = _through_node(model, paper, meter, t)
        rows[meter, period] = model.metered_load[meter, period] == load
    constrain(model, "metered_load_definition", rows)


def _through_evses(model: pyo.ConcreteModel, paper: Paper, evses: tuple[str, ...], t: Period) -> Any:
    there = [s for s in paper.sessions if s.evse in evses and paper.h(s, t) > 0]
    drawn = sum(paper.h(s, t) / t.hours * model.charge_power[s.id, t.label] for s in there)
    return drawn - sum(paper.h(s, t) / t.hours * given(model, s, t) for s in there)


def _through_node(model: pyo.ConcreteModel, paper: Paper, node: str, t: Period) -> Any:
    site = paper.scenario.site
    places = below(paper.scenario, next(n for n in site.nodes if n.id == node))
    there = [s for s in paper.sessions if s.node in places and paper.h(s, t) > 0]
    load = sum(paper.h(s, t) / t.hours * model.charge_power[s.id, t.label] / s.kappa for s in there)
    load -= sum(paper.h(s, t) / t.hours * s.kappa * given(model, s, t) for s in there)
    load += sum(model.pv_curtailed[v.id, t.label] for v in paper.curtailable(t) if v.node in places)
    for b in paper.batteries(places):
        load += model.storage_charge[b.id, t.label] - model.storage_discharge[b.id, t.label]
    return load + _uncontrolled_kw(paper, places, t)


def _uncontrolled_kw(paper: Paper, places: Collection[str], t: Period) -> float:
    site = paper.scenario.site
    base = sum(mean(load.expected_kw, t.start_s, t.end_s) for load in site.base_loads if load.node in places)
    pv = sum(mean(plant.expected_kw, t.start_s, t.end_s) for plant in site.pv_plants if plant.node in places)
    return base + standby_kw(e for e in site.evses if e.node in places) - pv


def given(model: pyo.ConcreteModel, s: PaperSession, t: Period) -> Any:
    return present(model.discharge_power, (s.id, t.label))


def reach_kw(paper: Paper, signal: Event, t: Period, *, high: bool) -> float:
    """The least or the most that any plan can make of a load."""
    site = paper.scenario.site
    places = () if signal.evses else below(paper.scenario, _node(paper, signal))
    there = [s for s in paper.sessions if paper.h(s, t) > 0 and (s.evse in signal.evses or s.node in places)]
    total = 0.0 if signal.evses else _uncontrolled_kw(paper, places, t)
    for s in there:
        part, kappa = paper.h(s, t) / t.hours, 1.0 if signal.evses else s.kappa
        total += part * s.max_power_kw / kappa if high else -part * kappa * _most_back_kw(paper, s)
    batteries = [b for b in site.batteries if b.node in places]
    total += sum(b.max_charge_kw if high else -b.max_discharge_kw for b in batteries)
    if not high:
        return total
    held = [v for v in paper.curtailable(t) if v.node in places]
    total += sum(mean(v.expected_kw, t.start_s, t.end_s) for v in held)
    return min(total, rest_kw(paper, signal, t) + room_kw(paper, signal, t))


def room_kw(paper: Paper, signal: Event, t: Period) -> float:
    """What (5) leaves to cars and batteries, unless it counts on cars that may leave before a period ends."""
    if signal.evses:
        return inf
    node = _node(paper, signal)
    some_give = any(_most_back_kw(paper, s) > 0 for s in paper.sessions if s.node in below(paper.scenario, node))
    return inf if node.firm_generation and some_give else head_room_kw(paper.scenario, node, t.start_s, t.end_s)


def _most_back_kw(paper: Paper, s: PaperSession) -> float:
    return paper.cars[s.id].max_discharge_kw if s.id in paper.cars else 0.0


def rest_kw(paper: Paper, signal: Event, t: Period) -> float:
    """With nobody charging or giving back, and all PV held back."""
    if signal.evses:
        return 0.0
    places = below(paper.scenario, _node(paper, signal))
    held = [v for v in paper.curtailable(t) if v.node in places]
    return _uncontrolled_kw(paper, places, t) + sum(mean(v.expected_kw, t.start_s, t.end_s) for v in held)


def _node(paper: Paper, signal: Event) -> GridNode:
    return next(n for n in paper.scenario.site.nodes if n.id == meter_of(paper, signal))


def add_events(model: pyo.ConcreteModel, paper: Paper) -> None:
    """(12) what is delivered, what is lacking, and which intervals count for nothing."""
    delivered, shortfall, counts = {}, {}, {}
    commitment, delivery, most, least = {}, {}, {}, {}
    intervals = paper_intervals(paper)
    for q in intervals:
        at, ends = (q.event.id, q.label), [_extreme(paper, q, high=high) for high in (False, True)]
        best, worst = max(ends), min(ends)
        delivered[at] = (0.0, q.accepted_kw if best > 0 else 0.0)
        shortfall[at] = (0.0, q.event.committed_kw)
        if best > 0 and q.accepted_kw > 0 and (worst < 0 or worst < q.least_kw):
            counts[at] = (0.0, 1.0)
    for name, columns in (("event_delivered", delivered), ("event_shortfall", shortfall), ("event_counts", counts)):
        block(model, name, columns)
    for q in intervals:
        at, ends = (q.event.id, q.label), [_extreme(paper, q, high=high) for high in (False, True)]
        paid = model.event_delivered[at]
        commitment[at] = paid + model.event_shortfall[at] >= q.event.committed_kw
        if max(ends) > 0 and q.accepted_kw > 0:
            load = {t.label: _load_of(model, paper, q.event, t) for t in paper.periods if q.share(t) > 0}
            slack = -min(0.0, *ends) * (1 - model.event_counts[at]) if at in counts else 0.0
            delivery[at] = paid <= q.difference(load, paper) + slack
        if at in counts:
            most[at] = paid <= q.accepted_kw * model.event_counts[at]
            if q.least_kw > 0:
                least[at] = paid - q.least_kw * model.event_counts[at] >= 0
    rows = {"commitment": commitment, "delivery": delivery, "counts_most": most, "counts_least": least}
    for name, found in rows.items():
        constrain(model, f"event_{name}", found)


def _extreme(paper: Paper, q: PaperInterval, *, high: bool) -> float:
    return float(q.difference({t.label: reach_kw(paper, q.event, t, high=high) for t in paper.periods}, paper))


def _load_of(model: pyo.ConcreteModel, paper: Paper, signal: Event | Dispatch, t: Period) -> Any:
    return model.metered_load[meter_of(paper, signal), t.label]


@dataclass(frozen=True)
class PaperHeld:
    """A load that is to be met in one period, or not to be exceeded."""

    signal: Event | Dispatch
    t: Period
    hours: float
    level_kw: float


def _held(paper: Paper, signal: Event | Dispatch, span: tuple[float, float], level: Series) -> Iterator[PaperHeld]:
    for t in paper.periods:
        hours = overlap_h(*span, t.start_s, t.end_s)
        if hours > 0:
            yield PaperHeld(signal, t, hours, mean(level, t.start_s, t.end_s))


def dispatched(paper: Paper) -> list[PaperHeld]:
    """(14)"""
    found = [
        s for s in _metered(paper) if isinstance(s, Dispatch) and s.price_above_per_kwh + s.price_below_per_kwh > 0
    ]
    spans = [(s, (s.start.timestamp(), s.end.timestamp()), s.setpoint_kw) for s in found]
    return [held for told in spans for held in _held(paper, *told)]


def frozen(paper: Paper) -> list[PaperHeld]:
    found = []
    for e in (s for s in _metered(paper) if isinstance(s, Event)):
        if e.freeze is not None and e.reference_kw is not None and e.freeze.price_per_kwh > 0:
            span = (e.freeze.start.timestamp(), e.freeze.end.timestamp())
            found += list(_held(paper, e, span, e.reference_kw))
    return found


def rebounds(paper: Paper) -> list[PaperHeld]:
    """With the level that is the limit."""
    found = []
    for e in (s for s in _metered(paper) if isinstance(s, Event)):
        if e.rebound is None or (e.rebound.limit_kw is None and e.reference_kw is None):
            continue
        level = e.reference_kw if e.rebound.limit_kw is None else e.rebound.limit_kw
        span = (e.end.timestamp(), (e.end + timedelta(hours=e.rebound.hours)).timestamp())
        more = 0.0 if e.rebound.limit_kw is not None else e.rebound.above_reference_kw or 0.0
        for held in _held(paper, e, span, level or 0.0):
            limit = held.level_kw + more
            hard = e.rebound.price_per_kwh is None
            found.append(replace(held, level_kw=max(limit, rest_kw(paper, e, held.t)) if hard else limit))
    return found


def add_held_loads(model: pyo.ConcreteModel, paper: Paper) -> None:
    """(14), and what follows from events (12)."""
    for name, every in (("dispatch", dispatched(paper)), ("freeze", frozen(paper))):
        at = [(held.signal.id, held.t.label) for held in every]
        block(model, f"{name}_above", dict.fromkeys(at, (0.0, inf)))
        block(model, f"{name}_below", dict.fromkeys(at, (0.0, inf)))
        above, below_it = getattr(model, f"{name}_above"), getattr(model, f"{name}_below")
        rows = {
            k: _load_of(model, paper, held.signal, held.t) - above[k] + below_it[k] == held.level_kw
            for k, held in zip(at, every, strict=True)
        }
        constrain(model, f"{name}_deviation", rows)
    after = rebounds(paper)
    priced = [h for h in after if isinstance(h.signal, Event) and h.signal.rebound and _price(h) is not None]
    block(model, "rebound_excess", {(h.signal.id, h.t.label): (0.0, inf) for h in priced})
    limits = {}
    for held in after:
        excess = present(model.rebound_excess, (held.signal.id, held.t.label))
        limits[held.signal.id, held.t.label] = _load_of(model, paper, held.signal, held.t) - excess <= held.level_kw
    constrain(model, "rebound_limit", limits)


def _price(held: PaperHeld) -> float | None:
    return held.signal.rebound.price_per_kwh if isinstance(held.signal, Event) and held.signal.rebound else None


def event_money(model: pyo.ConcreteModel, paper: Paper) -> Any:
    """(12) and (14). [currency]"""
    money = 0.0
    for q in paper_intervals(paper):
        at = (q.event.id, q.label)
        money += q.hours * q.event.penalty_per_kwh * model.event_shortfall[at]
        money -= q.hours * q.event.payment_per_kwh * model.event_delivered[at]
    for held in dispatched(paper):
        assert isinstance(held.signal, Dispatch)
        at = (held.signal.id, held.t.label)
        money += held.hours * held.signal.price_above_per_kwh * model.dispatch_above[at]
        money += held.hours * held.signal.price_below_per_kwh * model.dispatch_below[at]
    for held in frozen(paper):
        assert isinstance(held.signal, Event)
        assert held.signal.freeze is not None
        both = model.freeze_above[held.signal.id, held.t.label] + model.freeze_below[held.signal.id, held.t.label]
        money += held.hours * held.signal.freeze.price_per_kwh * both
    for held in rebounds(paper):
        price = _price(held)
        if price is not None:
            money += held.hours * price * model.rebound_excess[held.signal.id, held.t.label]
    return money
