"""Equation (22) on paper: carbon of drivers who asked for green energy, beyond the site's own surplus."""

from math import inf

import pyomo.environ as pyo

from tests.oracle.paper_limits import expected_below_kw
from tests.oracle.paper_loads import PaperSession
from tests.oracle.paper_prices import mean_price, tariff_of
from tests.oracle.paper_words import Paper, Period, block, constrain


def add_green_import(model: pyo.ConcreteModel, paper: Paper) -> None:
    """What green sessions draw and no surplus of PV gives. [kW at grid]"""
    rows = {}
    asked = {t: greens for t in paper.periods if (greens := green_sessions(paper, t)) and price_per_kwh(paper, t)}
    block(model, "green_import", {t.label: (0.0, inf) for t in asked})
    places = frozenset(node.id for node in paper.scenario.site.nodes)
    for t, greens in asked.items():
        drawn = sum(paper.h(s, t) / t.hours * model.charge_power[s.id, t.label] / s.kappa for s in greens)
        surplus_kw = max(0.0, -expected_below_kw(paper.scenario, places, t.start_s, t.end_s))
        rows[t.label] = model.green_import[t.label] - drawn >= -surplus_kw
    constrain(model, "green_import_definition", rows)


def green_money(model: pyo.ConcreteModel, paper: Paper) -> pyo.Expression:
    """At the site's price of carbon for them. [currency]"""
    priced = (t for t in paper.periods if t.label in model.green_import)
    return sum(t.hours * price_per_kwh(paper, t) * model.green_import[t.label] for t in priced)


def green_sessions(paper: Paper, t: Period) -> list[PaperSession]:
    wishes = {session.id: session.charging_preference for session in paper.scenario.sessions}
    return [s for s in paper.sessions if wishes[s.id] == "green" and paper.h(s, t) > 0]


def price_per_kwh(paper: Paper, t: Period) -> float:
    intensity = mean_price(tariff_of(paper.scenario).carbon_intensity, t.start_s, t.end_s, paper.days)
    return (paper.scenario.site.green_price_per_kg or 0.0) * intensity
