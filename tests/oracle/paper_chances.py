"""Drivers who told no departure or no need, on paper: equation (19)."""

from itertools import product
from math import inf
from typing import Any

import pyomo.environ as pyo

from tests.oracle.paper_loads import PaperSession
from tests.oracle.paper_prices import coincident_per_kwh, mean_price, tariff_of
from tests.oracle.paper_signals import export_price, import_price
from tests.oracle.paper_words import Paper, Period, block, constrain


def add_parts(model: pyo.ConcreteModel, paper: Paper) -> None:
    """(19) where the need is unknown: power in parts of what the driver may want. [kW at evse, kWh at evse]"""
    split = [(s, t) for s in paper.sessions if s.parts for t in paper.periods if paper.h(s, t) > 0]
    block(model, "part_power", {(s.id, j, t.label): (0.0, inf) for s, t in split for j, _, _ in s.parts})
    rows = {}
    for s, t in split:
        given = sum(model.part_power[s.id, j, t.label] for j, _, _ in s.parts)
        rows[s.id, t.label] = model.charge_power[s.id, t.label] - given == 0
    constrain(model, "power_in_parts", rows)
    energies = {}
    for s in paper.sessions:
        there = [t for t in paper.periods if paper.h(s, t) > 0]
        for j, width, _ in s.parts:
            if there:
                charged = sum(paper.h(s, t) * model.part_power[s.id, j, t.label] for t in there)
                energies[s.id, j] = charged <= width
    constrain(model, "part_energy", energies)


def saved_per_kwh(model: pyo.ConcreteModel, paper: Paper, t: Period) -> float:
    """What (9) counts for a kWh at least: where the site may feed in, what the kWh would be sold for."""
    tariff, days = tariff_of(paper.scenario), paper.days
    bought = import_price(paper.scenario, tariff.import_price, t, days)
    bought += tariff.carbon_price_per_kg * mean_price(tariff.carbon_intensity, t.start_s, t.end_s, days)
    bought += coincident_per_kwh(tariff, t.start_s, t.end_s)
    if t.label in model.grid_export:
        return min(bought, export_price(paper.scenario, tariff.export_price, t, days))
    return bought


def chance_money(model: pyo.ConcreteModel, paper: Paper) -> Any:
    """(19) what a planned kWh is worth less for not being taken: beside (9), which counts it in full, and (17)."""
    money = 0.0
    for s, t in product(paper.sessions, paper.periods):
        if paper.h(s, t) > 0 and (s.still_there is not None or s.parts):
            there = s.chance(t.start_s, t.end_s)
            worth = s.value_of_target + (s.retail_price if paper.choices.margin else 0.0)
            saved = (1 - there) * saved_per_kwh(model, paper, t) / s.kappa
            for wanted, power in in_parts(model, s, t):
                money += paper.h(s, t) * (worth * (1 - there * wanted) - saved) * power
    return money


def in_parts(model: pyo.ConcreteModel, s: PaperSession, t: Period) -> list[tuple[float, Any]]:
    """Chance that it is wanted, and the power; all of it for certain where the need is known."""
    if not s.parts:
        return [(1.0, model.charge_power[s.id, t.label])]
    return [(chance, model.part_power[s.id, j, t.label]) for j, _, chance in s.parts]
