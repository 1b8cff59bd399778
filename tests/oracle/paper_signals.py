"""What utilities ask, on paper: caps on groups (13) and price events (9)."""

from collections.abc import Iterator
from itertools import pairwise

import pyomo.environ as pyo

from models.domain.scenario import Scenario
from models.domain.signal import Cap, PriceEvent, PriceMode
from models.domain.tariff import Price
from models.domain.value import Series
from tests.oracle.paper_prices import LocalDays, mean_price
from tests.oracle.paper_time import least, mean, overlap_h, value_now
from tests.oracle.paper_words import Paper, Period, constrain


def import_price(scenario: Scenario, price: Price, t: Period, days: LocalDays) -> float:
    """Of a kWh bought in a period, with price events. [currency/kWh]"""
    return _priced([(e, e.import_price) for e in _price_events(scenario)], price, t, days)


def export_price(scenario: Scenario, price: Price, t: Period, days: LocalDays) -> float:
    return _priced([(e, e.export_price) for e in _price_events(scenario)], price, t, days)


def _price_events(scenario: Scenario) -> Iterator[PriceEvent]:
    return (signal for signal in scenario.signals if isinstance(signal, PriceEvent))


def _priced(told: list[tuple[PriceEvent, Series | None]], price: Price, t: Period, days: LocalDays) -> float:
    """Piece by piece, because a far period may lie partly inside an event."""
    said = [(e.start.timestamp(), e.end.timestamp(), e.mode, series) for e, series in told if series is not None]
    steps = [s.start.timestamp() for *_, series in said if isinstance(series, tuple) for s in series]
    inside = {at for begin, end, *_ in said for at in (begin, end)} | set(steps)
    edges = sorted({t.start_s, t.end_s} | {at for at in inside if t.start_s < at < t.end_s})
    total = 0.0
    for begin, end in pairwise(edges):
        here = [(mode, value_now(series, begin)) for a, b, mode, series in said if a <= begin < b]
        replaced = [value for mode, value in here if mode is PriceMode.REPLACE]
        now = replaced[-1] if replaced else mean_price(price, begin, end, days)
        total += (end - begin) * (now + sum(value for mode, value in here if mode is PriceMode.ADD))
    return total / (t.end_s - t.start_s)


def add_group_import_limit(model: pyo.ConcreteModel, paper: Paper) -> None:
    """(13) for EVSEs that are capped together: cars in full and batteries, less PV at its least. [kW at grid]"""
    rows = {}
    for cap in (signal for signal in paper.scenario.signals if isinstance(signal, Cap) and signal.evses):
        for t in paper.periods:
            users = paper.in_reach([s for s in paper.sessions if s.evse in cap.evses and paper.h(s, t) > 0])
            during = overlap_h(t.start_s, t.end_s, cap.start.timestamp(), cap.end.timestamp()) > 0
            batteries = paper.scenario.site.batteries
            if during and (users or batteries):
                drawn = sum(paper.counted(model, s, t) / s.kappa for s in users)
                inside = [e for e in paper.scenario.site.evses if e.id in cap.evses]
                held = paper.held_kw(inside, t) + paper.reserve_kw(inside, t)
                allowed = max(paper.floors_kw(users, t), cap.import_limit_kw - held)
                drawn += sum(
                    model.storage_charge[b.id, t.label] - model.storage_discharge[b.id, t.label] for b in batteries
                )
                rows[cap.id, t.label] = drawn - _credited(model, paper, t) <= allowed
    constrain(model, "group_import_limit", rows)


def _credited(model: pyo.ConcreteModel, paper: Paper, t: Period) -> pyo.Expression:
    """The least that each plant gives, in the proportion in which it is not curtailed."""
    total = 0.0
    for v in paper.scenario.site.pv_plants:
        expected = mean(v.expected_kw, t.start_s, t.end_s)
        lowest = min(expected, least(v.expected_kw, t.start_s, t.end_s))
        total += lowest
        if (v.id, t.label) in model.pv_curtailed:
            total -= lowest / expected * model.pv_curtailed[v.id, t.label]
    return total
