"""A scenario as arrays: what the formulation reads, so that its files hold equations and nothing else."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.domain.made_once import each_made_once, made_once
from models.domain.scenario import Scenario
from optimizer.instance import arrivals as starting
from optimizer.instance.arrivals import Arrivals, arrivals
from optimizer.instance.before import Before, before, missed_kwh
from optimizer.instance.below import Below, below
from optimizer.instance.chances import Chances, chances, refund
from optimizer.instance.contracts import Contracts, contracts
from optimizer.instance.currents import CurrentPoint, current_points
from optimizer.instance.currents import with_floors as current_floors
from optimizer.instance.events import Response, response
from optimizer.instance.feeding import most_export_kw
from optimizer.instance.following import Following, at_nodes, following
from optimizer.instance.generation import Generation, generation
from optimizer.instance.green import Green, green
from optimizer.instance.groups import Groups, groups
from optimizer.instance.groups import with_floors as group_floors
from optimizer.instance.limits import ImportLimits, import_limits
from optimizer.instance.metering import Surroundings, meters
from optimizer.instance.money import Money, money
from optimizer.instance.offers import Offers, offers
from optimizer.instance.paces import Paces, paces
from optimizer.instance.periods import Periods, periods
from optimizer.instance.sessions import Cells, Sessions, cells, sessions
from optimizer.instance.states import States, states
from optimizer.instance.storage import Storage, storage
from optimizer.instance.tree import Tree, tree

__all__ = [
    "Arrivals",
    "Before",
    "Below",
    "Cells",
    "Chances",
    "Contracts",
    "CurrentPoint",
    "Following",
    "Generation",
    "Green",
    "Groups",
    "ImportLimits",
    "Instance",
    "Money",
    "Offers",
    "Paces",
    "Periods",
    "Response",
    "Sessions",
    "States",
    "Storage",
    "Tree",
    "instance_of",
]


@dataclass(frozen=True, slots=True)
class Instance:
    """Everything about one completed scenario as arrays over sessions, periods, cells and limited nodes."""

    scenario: Scenario
    periods: Periods
    tree: Tree
    sessions: Sessions
    cells: Cells
    states: States
    chances: Chances
    paces: Paces
    green: Green
    generation: Generation
    storage: Storage
    offers: Offers | None
    """None where setpoints may be any power."""
    limits: ImportLimits
    below: Below
    groups: Groups
    response: Response
    currents: tuple[CurrentPoint, ...]
    money: Money
    contracts: Contracts
    before: Before | None
    """None without a plan before."""
    missed_before_kwh: NDArray[np.float64]
    """By the ledger (S,). [kWh at evse]"""
    most_export_kw: NDArray[np.float64]
    """What the site can give at most, not above 0 where it can give nothing (T,). [kW at grid]"""
    following: Following
    arrivals: Arrivals | None
    """None where the site has no fail-safe."""

    @property
    def feeds_in(self) -> bool:
        """Whether a car, a battery or PV can give something to the grid by a choice of the plan."""
        return bool(self.storage.count or len(self.generation.plant) or len(self.states.givers))


def instance_of(scenario: Scenario) -> Instance:
    """The arrays of a completed scenario (see ``models.domain.completion``)."""
    return made_once(_instance_of, scenario)


def _instance_of(scenario: Scenario) -> Instance:
    with each_made_once():
        return _with_floors(_read(scenario))


def _read(scenario: Scenario) -> Instance:
    span = periods(scenario)
    branches = tree(scenario.site)
    who = sessions(scenario, branches, span)
    plugged = cells(who, span)
    followed = states(scenario, branches, who, plugged, span)
    supply = generation(scenario.site, branches, span)
    installed = following(scenario, who, plugged, span)
    unseen = arrivals(scenario, who, span, installed.held)
    units = storage(scenario.site, branches)
    limits = starting.at_nodes(import_limits(scenario, branches, span, supply, installed.held), scenario, unseen)
    points = current_points(scenario, branches, who, span, followed.givers, installed.held)
    prices = money(scenario, span)
    most_kw = most_export_kw(limits.expected_kw[branches.root], units, followed, who, plugged, span)
    around = Surroundings(branches, who, plugged, followed, supply, units, limits)
    return Instance(
        scenario=scenario,
        periods=span,
        tree=branches,
        sessions=who,
        cells=plugged,
        states=followed,
        paces=paces(scenario, branches, who, plugged, span),
        green=green(scenario, who, plugged, span, limits.expected_kw[branches.root]),
        chances=chances(scenario, branches, who, plugged, span, lambda: refund(prices, most_kw > 0.0)),
        generation=supply,
        storage=units,
        offers=offers(scenario, branches, span, followed.session, installed.unreachable(who.evse_ids)),
        limits=limits,
        below=below(who, plugged, limits, span.count),
        groups=starting.in_groups(groups(scenario, span, installed.held), scenario, unseen),
        response=response(scenario, span, meters(scenario, span, around)),
        currents=starting.on_lines(points, scenario, branches, span, unseen),
        money=prices,
        contracts=contracts(scenario, branches, span),
        most_export_kw=most_kw,
        before=before(scenario, who, plugged, span),
        missed_before_kwh=missed_kwh(scenario),
        following=installed,
        arrivals=unseen,
    )


def _with_floors(instance: Instance) -> Instance:
    """What EVSEs in reach may be following until the new plan is acknowledged, at every limit above them."""
    cells, power_kw = instance.following.cell, instance.following.least_kw
    if not len(cells):
        return instance
    who, plugged, count = instance.sessions, instance.cells, instance.periods.count
    floor_kw = at_nodes(instance.limits, who, plugged, cells, power_kw)
    return replace(
        instance,
        limits=replace(instance.limits, floor_kw=floor_kw),
        groups=group_floors(instance.groups, who, plugged, cells, power_kw),
        currents=current_floors(instance.currents, plugged, cells, power_kw, count),
    )
