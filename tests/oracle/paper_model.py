"""The equations of docs/model.md as plain Pyomo rules over labels: the second pair of eyes on the formulation.

Slow, small and literal on purpose. It takes a completed scenario and recomputes voltages, phases, prices, metering
intervals and weights by itself; of the formulation it takes only the instants of the plan and the angles of tangents.
"""

from cmath import phase, rect
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise, product
from math import degrees, inf, isfinite, radians

import pyomo.environ as pyo

import tests.oracle.paper_green as paper_green
from models.domain.scenario import Scenario
from models.domain.site import Evse, GridNode
from tests.oracle.paper_arrivals import follows_kw, free_evses, reserve_a
from tests.oracle.paper_chances import add_parts, chance_money
from tests.oracle.paper_contracts import PaperSide, paper_sides
from tests.oracle.paper_energy import add_energy, given_back, money_of_cars
from tests.oracle.paper_events import add_events, add_held_loads, add_metered_load, event_money
from tests.oracle.paper_installed import amperes_per_kw, held_evses, held_kw, is_held, leg_label, rating_kw
from tests.oracle.paper_limits import (
    base_current_a,
    cabinet_head_room_kw,
    cabinet_kappa,
    current_limit_a,
    expected_below_kw,
    export_room_kw,
    head_room_kw,
    uncontrolled_kw,
)
from tests.oracle.paper_loads import LINES, Leg, below, efficiency, leg_at, paper_sessions, way_up
from tests.oracle.paper_paces import add_guaranteed_pace, pace_money
from tests.oracle.paper_prices import PaperWindow, coincident_per_kwh, mean_price, tariff_of
from tests.oracle.paper_signals import add_group_import_limit, export_price, import_price
from tests.oracle.paper_time import label, mean, overlap_h
from tests.oracle.paper_words import USUAL, Choices, Paper, Period, block, constrain, present

SIDES = (*LINES, *(f"primary {line}" for line in LINES))
SAME = 1e-9
JUST_A = 1e-6
"""A limit that full power just meets has its row. [A]"""

Tangent = tuple[str, str, str, str]
"""Labels of one row of ``node_phase_current``: node, line, angle, period."""


def paper_model(
    scenario: Scenario,
    instants_s: Collection[float],
    tangents: Collection[Tangent] = (),
    choices: Choices = USUAL,
) -> pyo.ConcreteModel:
    """Build the model of a completed scenario on the plan's own instants (T+1). [s since 1970 UTC]

    ``tangents`` are the labels of the current rows that the formulation laid; each is built again from its angle, and
    a row is added wherever the angle of a leg has none.
    """
    ends = list(instants_s)
    periods = tuple(Period(label(a), a, b) for a, b in pairwise(ends))
    paper = Paper(scenario, periods, tuple(paper_sessions(scenario)), choices)
    model = pyo.ConcreteModel()
    add_columns(model, paper)
    add_storage(model, paper)
    add_energy(model, paper)
    add_session_energy(model, paper)
    add_node_import_limit(model, paper)
    add_node_export_limit(model, paper)
    add_group_import_limit(model, paper)
    add_leg_current_definition(model, paper)
    add_node_phase_current(model, paper, tangents)
    add_site_balance(model, paper)
    add_peak_import_definition(model, paper)
    add_parts(model, paper)
    add_guaranteed_pace(model, paper)
    add_contract_limit(model, paper)
    add_power_change(model, paper)
    paper_green.add_green_import(model, paper)
    add_metered_load(model, paper)
    add_events(model, paper)
    add_held_loads(model, paper)
    add_money(model, paper)
    return model


def add_columns(model: pyo.ConcreteModel, paper: Paper) -> None:
    """The table of columns and their bounds; (4) is the upper bound of ``charge_power``."""
    sessions, periods = paper.sessions, paper.periods
    pairs = [(s, t) for s in sessions for t in periods if paper.h(s, t) > 0]
    block(model, "charge_power", {(s.id, t.label): (0.0, paper.most_kw(s, t)) for s, t in pairs})
    installed = {(s, t): paper.floor_kw(s, t) for s, t in pairs}
    reserved = {(s.id, t.label): (floor, inf) for (s, t), floor in installed.items() if floor is not None}
    block(model, "reserved_power", reserved)
    larger = {at: model.reserved_power[at] - model.charge_power[at] >= 0 for at in reserved}
    constrain(model, "reserved_power_definition", larger)
    wishes = {s.id: (0.0, s.energy_remaining_kwh - s.promised_kwh) for s in sessions}
    block(model, "target_shortfall", wishes)
    # First tried with every promise kept as far as it can be: both bounds are the unavoidable part.
    promises = {s.id: (paper.unavoidable_kwh(s),) * 2 for s in sessions if s.promised_kwh > 0}
    block(model, "minimum_shortfall", promises)
    later = {s.id: (0.0, paper.after_kwh(s)) for s in sessions if paper.after_kwh(s) > 0}
    block(model, "energy_after_horizon", later)
    curtailed = {(v.id, t): mean(v.expected_kw, t.start_s, t.end_s) for t in periods for v in paper.curtailable(t)}
    block(model, "pv_curtailed", {(v, t.label): (0.0, power) for (v, t), power in curtailed.items()})
    block(model, "grid_import", {t.label: (0.0, inf) for t in periods})
    uncontrolled = {t.label: uncontrolled_kw(paper.scenario, t.start_s, t.end_s) for t in periods}
    given = sum(b.max_discharge_kw for b in paper.scenario.site.batteries)
    everywhere = {n.id for n in paper.scenario.site.nodes}
    most = {label: given - power for label, power in uncontrolled.items()}
    for t in periods:
        for car in paper.givers(everywhere, t):
            most[t.label] += paper.h(car.stay, t) / t.hours * car.stay.kappa * car.max_discharge_kw
    block(model, "grid_export", {label: (0.0, power) for label, power in most.items() if power > SAME})
    block(model, "peak_import", {k.label: (k.floor_kw, inf) for k in paper.windows})
    legs = [(n.id, g, t.label) for n in measured_nodes(paper) for t in periods for g in legs_at(paper, n, t)]
    block(model, "leg_current", dict.fromkeys(legs, (0.0, inf)))


def add_storage(model: pyo.ConcreteModel, paper: Paper) -> None:
    """(8) and (3): what is in a battery is what was in it, what came in and what went out. [kWh at battery]"""
    every, ends = paper.scenario.site.batteries, [*(t.label for t in paper.periods), label(paper.end_s)]
    pairs = [(b, t) for b in every for t in paper.periods]
    block(model, "storage_charge", {(b.id, t.label): (0.0, b.max_charge_kw) for b, t in pairs})
    block(model, "storage_discharge", {(b.id, t.label): (0.0, b.max_discharge_kw) for b, t in pairs})
    inside = {(b.id, i): (min(b.reserve_kwh, b.energy_at_start_kwh), b.capacity_kwh) for b in every for i in ends[1:]}
    start = {(b.id, ends[0]): (b.energy_at_start_kwh, b.energy_at_start_kwh) for b in every}
    block(model, "storage_energy", start | inside)
    rows = {}
    for b in every:
        for t, after in zip(paper.periods, ends[1:], strict=True):
            came = b.charge_efficiency * t.hours * model.storage_charge[b.id, t.label]
            went = t.hours * model.storage_discharge[b.id, t.label] / b.discharge_efficiency
            before = model.storage_energy[b.id, t.label]
            rows[b.id, t.label] = model.storage_energy[b.id, after] == before + came - went
    constrain(model, "storage_balance", rows)


def add_session_energy(model: pyo.ConcreteModel, paper: Paper) -> None:
    """(1) what is charged and what is missing add up to what is needed. [kWh at evse]"""
    rows = {}
    for s in (one for one in paper.sessions if one.id not in paper.cars):
        charged = sum(paper.h(s, t) * model.charge_power[s.id, t.label] for t in paper.periods if paper.h(s, t) > 0)
        missing = model.target_shortfall[s.id]
        for part in (model.minimum_shortfall, model.energy_after_horizon):
            missing += present(part, s.id)
        rows[s.id] = charged + missing == s.energy_remaining_kwh
    constrain(model, "session_energy", rows)


def add_node_import_limit(model: pyo.ConcreteModel, paper: Paper) -> None:
    """(5) at every node and power cabinet with a limit, while somebody is plugged in below it. [kW at grid]"""
    site, rows = paper.scenario.site, {}
    for t in paper.periods:
        for n in site.nodes:
            places = below(paper.scenario, n)
            users = paper.in_reach(paper.plugged(places, t))
            kappa = {e.id: efficiency(e) * (e.power_factor if n.import_limit_kva else 1.0) for e in site.evses}
            held = sum(paper.held_kw([e], t, lambda _: 1.0) / kappa[e.id] for e in site.evses if e.node in places)
            inside = [e for e in site.evses if e.node in places]
            held += paper.reserve_kw(inside, t, lambda e, kappa=kappa: kappa[e.id])
            room = head_room_kw(paper.scenario, n, t.start_s, t.end_s, held)
            bound = max(room, sum((paper.floor_kw(s, t) or 0.0) / kappa[s.evse] for s in users))
            batteries = paper.batteries(below(paper.scenario, n))
            if (users or batteries) and isfinite(bound):
                drawn = sum(paper.counted(model, s, t) / kappa[s.evse] for s in users)
                drawn += sum(model.storage_charge[b.id, t.label] for b in batteries)
                if n.firm_generation and n.import_limit_kva is None:
                    drawn -= sum(model.storage_discharge[b.id, t.label] for b in batteries)
                    drawn -= sum(
                        c.stay.kappa * given_back(model, c, t) for c in paper.givers(below(paper.scenario, n), t)
                    )
                rows[n.id, t.label] = drawn <= bound
        for cabinet in site.cabinets:
            inside = [e for e in site.evses if e.id in cabinet.evses]
            outlets = {e.id: cabinet_kappa(cabinet, e) for e in inside}
            users = paper.in_reach([s for s in paper.sessions if s.evse in outlets and paper.h(s, t) > 0])
            if users:
                drawn = sum(paper.counted(model, s, t) / outlets[s.evse] for s in users)
                held = paper.held_kw(inside, t, partial(cabinet_kappa, cabinet))
                held += paper.reserve_kw(inside, t, partial(cabinet_kappa, cabinet))
                floors = sum((paper.floor_kw(s, t) or 0.0) / outlets[s.evse] for s in users)
                room = cabinet_head_room_kw(paper.scenario, cabinet, held)
                rows["cabinet:" + cabinet.id, t.label] = drawn <= max(room, floors)
    constrain(model, "node_import_limit", rows)


def add_node_export_limit(model: pyo.ConcreteModel, paper: Paper) -> None:
    """(5) for export, where something below a node with an export limit gives back or can be curtailed. [kW at grid]"""
    rows = {}
    for n, t in product(paper.scenario.site.nodes, paper.periods):
        bound = export_room_kw(paper.scenario, n, t.start_s, t.end_s)
        places = below(paper.scenario, n)
        plants = [v for v in paper.curtailable(t) if v.node in places]
        cars = paper.givers(places, t)
        if (plants or cars or paper.batteries(places)) and isfinite(bound):
            given = sum(model.storage_discharge[b.id, t.label] for b in paper.batteries(places))
            given += sum(c.stay.kappa * given_back(model, c, t) for c in cars)
            rows[n.id, t.label] = given - sum(model.pv_curtailed[v.id, t.label] for v in plants) <= bound
    constrain(model, "node_export_limit", rows)


def measured_nodes(paper: Paper) -> list[GridNode]:
    """Nodes with a limit on a current, on either side of a transformer."""
    return [
        n
        for n in paper.scenario.site.nodes
        if n.current_limit_a is not None
        or (n.transformer is not None and n.transformer.primary_current_limit_a is not None)
    ]


def legs_at(paper: Paper, node: GridNode, t: Period) -> dict[str, Leg]:
    """By label, the legs on which somebody below a node is plugged in."""
    places = below(paper.scenario, node)
    legs = [leg_at(paper.scenario, s, node) for s in paper.plugged(places, t)]
    legs += [replace(leg_at(paper.scenario, c.stay, node), back=True) for c in paper.givers(places, t)]
    return {leg.label: leg for leg in legs}


def add_leg_current_definition(model: pyo.ConcreteModel, paper: Paper) -> None:
    """(6) the current of a leg is the sum of those who share it. [A]"""
    rows = {}
    for n in measured_nodes(paper):
        places = below(paper.scenario, n)
        for t in paper.periods:
            for g, leg in legs_at(paper, n, t).items():
                users = [s for s in paper.plugged(places, t) if leg_at(paper.scenario, s, n).label == g]
                drawn = sum(s.amperes_per_kw / s.kappa * paper.counted(model, s, t) for s in users)
                if leg.back:
                    cars = [
                        c for c in paper.givers(places, t) if "back " + leg_at(paper.scenario, c.stay, n).label == g
                    ]
                    drawn = sum(c.stay.amperes_per_kw * c.stay.kappa * given_back(model, c, t) for c in cars)
                rows[n.id, g, t.label] = model.leg_current[n.id, g, t.label] - drawn == 0
    constrain(model, "leg_current_definition", rows)


@dataclass(frozen=True)
class LineRow:
    """One tangent of (6) before it becomes a row: amperes on the line for one ampere on each leg, and the bound."""

    weights: dict[str, float]
    bound_a: float

    def same_as(self, other: "LineRow") -> bool:
        legs = self.weights.keys() | other.weights.keys()
        equal = all(abs(self.weights.get(g, 0.0) - other.weights.get(g, 0.0)) <= SAME for g in legs)
        return equal and abs(self.bound_a - other.bound_a) <= SAME * max(1.0, abs(self.bound_a))


def line_row(paper: Paper, node: GridNode, line: str, angle_deg: float, t: Period) -> LineRow | None:
    """(6) for one direction; None where the line has no limit or carries nobody's current."""
    limit = current_limit_a(node, line, t.start_s, t.end_s)
    legs = legs_at(paper, node, t)
    if not isfinite(limit) or not any(carries(node, line, leg) for leg in legs.values()):
        return None
    weights = {g: weight(paper, node, line, leg, angle_deg) for g, leg in legs.items()}
    base = base_current_a(paper.scenario, node, line, t.start_s, t.end_s) + held_current_a(paper, node, line, t)
    base += unseen_a(paper, node, line, angle_deg, t)
    floors = sum(a * installed_a(paper, node, g, t) for g, a in weights.items())
    bound = max(0.0, floors, (1 - paper.choices.current_tolerance) * limit - base)
    reach = sum(max(0.0, a) * full_a(paper, node, g, t) for g, a in weights.items())
    return LineRow(weights, bound) if reach > bound - JUST_A else None


def full_a(paper: Paper, node: GridNode, leg: str, t: Period) -> float:
    """What a leg carries when everybody on it draws, or gives back, what limits count at most. [A]"""
    places, total = below(paper.scenario, node), 0.0
    for s in paper.plugged(places, t):
        if leg_at(paper.scenario, s, node).label == leg:
            full_kw = 0.0 if is_held(paper.scenario, s.evse) else max(paper.most_kw(s, t), paper.floor_kw(s, t) or 0.0)
            total += s.amperes_per_kw / s.kappa * full_kw
    for c in paper.givers(places, t):
        if "back " + leg_at(paper.scenario, c.stay, node).label == leg:
            total += c.stay.amperes_per_kw * c.stay.kappa * c.max_discharge_kw
    return total


def installed_a(paper: Paper, node: GridNode, leg: str, t: Period) -> float:
    """What EVSEs in reach may still put on a leg. [A]"""
    users = [s for s in paper.plugged(below(paper.scenario, node), t) if leg_at(paper.scenario, s, node).label == leg]
    return sum(s.amperes_per_kw / s.kappa * (paper.floor_kw(s, t) or 0.0) for s in users)


def unseen_a(paper: Paper, node: GridNode, line: str, angle_deg: float, t: Period) -> float:
    """(21) in one direction. [A]"""
    places, scenario = below(paper.scenario, node), paper.scenario
    free = [evse for evse in free_evses(scenario, t.start_s, paper.start_s) if evse.node in places]

    def amperes(evse: Evse) -> float:
        kw = follows_kw(scenario, evse, rating_kw(scenario, evse))
        return kw * amperes_per_kw(scenario, evse) / efficiency(evse)

    return reserve_a(scenario, node, line, angle_deg, free, amperes)


def held_current_a(paper: Paper, node: GridNode, line: str, t: Period) -> float:
    """EVSEs out of reach, in size, whoever is there. [A]"""
    places, total = below(paper.scenario, node), 0.0
    for evse in held_evses(paper.scenario):
        if evse.node in places:
            way = [n for n in way_up(paper.scenario, evse.node, node.id) if n.transformer is not None]
            leg = Leg(leg_label(evse), tuple(way))
            amperes = amperes_per_kw(paper.scenario, evse) / efficiency(evse)
            size = weight(paper, node, line, leg, 0.0) if not leg.known else abs(leg.phasors(node)[line])
            total += size * amperes * held_kw(paper.scenario, evse, t.start_s, t.end_s)
    return total


def carries(node: GridNode, line: str, leg: Leg) -> bool:
    return not leg.known or abs(leg.phasors(node)[line]) > SAME


def weight(paper: Paper, node: GridNode, line: str, leg: Leg, angle_deg: float) -> float:
    """max(0, Re(e^{-jθ} · a[n,l,g])); an unknown phase counts with the most that a case puts on a line of that side."""
    phasors = leg.phasors(node)
    if not leg.known:
        side = "primary " if line.startswith("primary") else ""
        return max(abs(phasors[side + other]) for other in LINES)
    projected = (rect(1.0, radians(-angle_deg)) * phasors[line]).real
    return max(0.0, projected) if paper.choices.partial_draw else projected


def needed_angles(paper: Paper, node: GridNode, line: str, t: Period) -> list[float]:
    """The directions that no formulation may leave out: those of the legs themselves. [deg]"""
    known = [leg for leg in legs_at(paper, node, t).values() if leg.known and carries(node, line, leg)]
    return sorted({round(degrees(phase(leg.phasors(node)[line])), 3) for leg in known}) or [0.0]


def add_node_phase_current(model: pyo.ConcreteModel, paper: Paper, tangents: Collection[Tangent]) -> None:
    """(6) the tangents that were laid, and those that should have been. [A]"""
    laid = laid_tangents(paper, tangents)
    rows = {}
    for (node, line, angle, period), row in (laid | forgotten_tangents(paper, laid)).items():
        carried = sum(a * model.leg_current[node, g, period] for g, a in row.weights.items())
        rows[node, line, angle, period] = carried <= row.bound_a
    constrain(model, "node_phase_current", rows)


def laid_tangents(paper: Paper, tangents: Collection[Tangent]) -> dict[Tangent, LineRow]:
    """The given tangents, each built again from its angle; those that no limit asks for are left out."""
    nodes = {n.id: n for n in measured_nodes(paper)}
    periods = {t.label: t for t in paper.periods}
    found = {}
    for node, line, angle, period in tangents:
        if node in nodes and period in periods:
            found[node, line, angle, period] = line_row(paper, nodes[node], line, float(angle), periods[period])
    return {tangent: row for tangent, row in found.items() if row is not None}


def forgotten_tangents(paper: Paper, laid: dict[Tangent, LineRow]) -> dict[Tangent, LineRow]:
    """Directions of legs in which no row was laid, under no line's name."""
    found: dict[Tangent, LineRow] = {}
    for n, t in product(measured_nodes(paper), paper.periods):
        known = [row for (node, _, _, period), row in laid.items() if (node, period) == (n.id, t.label)]
        for line in SIDES if n.transformer is not None else LINES:
            for angle in needed_angles(paper, n, line, t):
                row = line_row(paper, n, line, angle, t)
                if row is not None and not any(row.same_as(other) for other in known):
                    found[n.id, line, f"{angle:.3f}", t.label] = row
                    known.append(row)
    return found


def add_site_balance(model: pyo.ConcreteModel, paper: Paper) -> None:
    """(7) what crosses the connection is what is charged, with losses, and what nobody controls. [kW at grid]"""
    rows = {}
    for t in paper.periods:
        exported = present(model.grid_export, t.label)
        charging = sum(
            paper.h(s, t) / t.hours * model.charge_power[s.id, t.label] / s.kappa
            for s in paper.sessions
            if paper.h(s, t) > 0
        )
        for c in paper.givers({n.id for n in paper.scenario.site.nodes}, t):
            charging -= paper.h(c.stay, t) / t.hours * c.stay.kappa * given_back(model, c, t)
        charging += sum(model.pv_curtailed[v.id, t.label] for v in paper.curtailable(t))
        for b in paper.scenario.site.batteries:
            charging += model.storage_charge[b.id, t.label] - model.storage_discharge[b.id, t.label]
        uncontrolled = uncontrolled_kw(paper.scenario, t.start_s, t.end_s)
        rows[t.label] = model.grid_import[t.label] - exported - charging == uncontrolled
    constrain(model, "site_balance", rows)


def add_peak_import_definition(model: pyo.ConcreteModel, paper: Paper) -> None:
    """(10) the peak is at least the demand of every metering interval. [kW]"""
    rows = {}
    for k in paper.windows:
        for begin, end, metered in intervals_to_lay(k, paper.periods):
            length = overlap_h(begin, end, begin, end)
            shares = {t.label: overlap_h(begin, end, t.start_s, t.end_s) / length for t in paper.periods}
            drawn = sum(share * model.grid_import[t] for t, share in shares.items() if share > 0)
            rows[k.label, label(begin)] = model.peak_import[k.label] - drawn >= metered / length
    constrain(model, "peak_import_definition", rows)
    tiers = {f"{k.label} above {above:g} kW": (k, above) for k in paper.windows for above, _ in k.tiers}
    block(model, "peak_above_tier", {name: (max(0.0, k.floor_kw - above), inf) for name, (k, above) in tiers.items()})
    above_tier = {
        name: model.peak_above_tier[name] - model.peak_import[k.label] >= -above for name, (k, above) in tiers.items()
    }
    constrain(model, "peak_above_tier_definition", above_tier)


def intervals_to_lay(k: PaperWindow, periods: tuple[Period, ...]) -> list[tuple[float, float, float]]:
    """Of several intervals inside one period only the first: they would all say the same."""
    seen, kept = set(), []
    for begin, end, metered in k.intervals:
        around = next((t.label for t in periods if t.start_s <= begin and end <= t.end_s), None)
        if around is None or around not in seen:
            kept.append((begin, end, metered))
        seen.add(around)
    return kept


def add_contract_limit(model: pyo.ConcreteModel, paper: Paper) -> None:
    """(11) what a node carries as expected stays below a contract's limit, or is an excess. [kW at grid]"""
    limits = {
        (c, t): c.limit_kw(t.start_s, t.end_s)
        for c in paper_sides(paper.scenario)
        for t in paper.periods
        if isfinite(c.limit_kw(t.start_s, t.end_s))
    }
    block(model, "limit_excess", {(c.label, t.label): (0.0, inf) for c, t in limits})
    rows = {}
    for (c, t), limit in limits.items():
        rows[c.label, t.label] = c.sign * node_power(model, paper, c, t) - model.limit_excess[c.label, t.label] <= limit
    constrain(model, "contract_limit", rows)
    largest = {k.label: k for c in paper_sides(paper.scenario) for k in paper.excesses(c)}
    block(model, "peak_excess", {name: (k.floor_kw, inf) for name, k in largest.items()})
    above = {}
    for name, k in largest.items():
        for start in map(label, k.starts_s):
            if (name.partition("@")[0], start) in model.limit_excess:
                excess = model.limit_excess[name.partition("@")[0], start]
                above[name, start] = model.peak_excess[name] - excess >= 0
    constrain(model, "peak_excess_definition", above)


def node_power(model: pyo.ConcreteModel, paper: Paper, c: PaperSide, t: Period) -> pyo.Expression:
    """Expected power of the node of a contract; of the site connection what is bought less what is sold."""
    node = next(n for n in paper.scenario.site.nodes if n.id == c.contract.node or n.parent is c.contract.node)
    if node.parent is None:
        return model.grid_import[t.label] - present(model.grid_export, t.label)
    places = below(paper.scenario, node)
    carried = sum(
        paper.h(s, t) / t.hours * model.charge_power[s.id, t.label] / s.kappa for s in paper.plugged(places, t)
    )
    for car in paper.givers(places, t):
        carried -= paper.h(car.stay, t) / t.hours * car.stay.kappa * given_back(model, car, t)
    carried += sum(model.pv_curtailed[v.id, t.label] for v in paper.curtailable(t) if v.node in places)
    for b in paper.batteries(places):
        carried += model.storage_charge[b.id, t.label] - model.storage_discharge[b.id, t.label]
    return carried + expected_below_kw(paper.scenario, places, t.start_s, t.end_s)


def add_power_change(model: pyo.ConcreteModel, paper: Paper) -> None:
    """(20): setpoints beside those of the plan before, where leaving it has a price. [kW at evse]"""
    before = paper.planned_before if tariff_of(paper.scenario).change_price_per_kwh > 0 else {}
    for name in ("power_raised", "power_lowered"):
        block(model, name, dict.fromkeys(((s.id, t.label) for s, t in before), (0.0, inf)))
    rows = {}
    for (s, t), planned_kw in before.items():
        at = s.id, t.label
        rows[at] = model.charge_power[at] - model.power_raised[at] + model.power_lowered[at] == planned_kw
    constrain(model, "power_change", rows)


def add_money(model: pyo.ConcreteModel, paper: Paper) -> None:
    """Goal (2): energy and carbon (9), demand (10), unmet targets (17), changes of plan (20), revenue (18)."""
    tariff, days = tariff_of(paper.scenario), paper.days
    money = 0.0
    for t in paper.periods:
        price = import_price(paper.scenario, tariff.import_price, t, days)
        intensity = mean_price(tariff.carbon_intensity, t.start_s, t.end_s, days)
        bought = price + tariff.carbon_price_per_kg * intensity + coincident_per_kwh(tariff, t.start_s, t.end_s)
        money += t.hours * bought * model.grid_import[t.label]
        if t.label in model.grid_export:
            sold = export_price(paper.scenario, tariff.export_price, t, days)
            money -= t.hours * sold * model.grid_export[t.label]
    for k in paper.windows:
        money += k.cost_per_kw * (model.peak_import[k.label] - k.floor_kw)
        for above, dearer in k.tiers:
            least = max(0.0, k.floor_kw - above)
            money += dearer * (model.peak_above_tier[f"{k.label} above {above:g} kW"] - least)
    for c in paper_sides(paper.scenario):
        for t in paper.periods:
            if (c.label, t.label) in model.limit_excess:
                money += (c.contract.price_per_kwh or 0.0) * t.hours * model.limit_excess[c.label, t.label]
        for m in paper.excesses(c):
            money += m.cost_per_kw * (model.peak_excess[m.label] - m.floor_kw)
    for s in paper.sessions:
        money += s.value_of_target * model.target_shortfall[s.id]
        for t in paper.periods if paper.choices.margin else ():
            if paper.h(s, t) > 0:
                money -= paper.h(s, t) * s.retail_price * model.charge_power[s.id, t.label]
    money += money_of_cars(model, paper)
    for b in paper.scenario.site.batteries:
        for t in paper.periods:
            taken_out = t.hours * model.storage_discharge[b.id, t.label] / b.discharge_efficiency
            money += b.wear_price_per_kwh * taken_out
        worth = b.terminal_value_per_kwh or 0.0
        money -= worth * (model.storage_energy[b.id, label(paper.end_s)] - b.energy_at_start_kwh)
    money += chance_money(model, paper) + pace_money(model, paper)
    for s, t in paper.planned_before if tariff.change_price_per_kwh > 0 else ():
        moved_kw = model.power_raised[s.id, t.label] + model.power_lowered[s.id, t.label]
        money += tariff.change_price_per_kwh * paper.h(s, t) * moved_kw / 2
    money += event_money(model, paper) + paper_green.green_money(model, paper)
    model.money = pyo.Objective(expr=money)
