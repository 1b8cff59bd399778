"""A scenario as arrays: what the formulation reads, so that its files hold equations and nothing else."""

from dataclasses import dataclass

from models.domain.scenario import Scenario
from optimizer.instance.contracts import Contracts, contracts
from optimizer.instance.currents import CurrentPoint, current_points
from optimizer.instance.generation import Generation, generation
from optimizer.instance.groups import Groups, groups
from optimizer.instance.limits import ImportLimits, import_limits
from optimizer.instance.money import Money, money
from optimizer.instance.periods import Periods, periods
from optimizer.instance.sessions import Cells, Sessions, cells, sessions
from optimizer.instance.states import States, states
from optimizer.instance.storage import Storage, storage
from optimizer.instance.tree import Tree, tree

__all__ = [
    "Cells",
    "Contracts",
    "CurrentPoint",
    "Generation",
    "Groups",
    "ImportLimits",
    "Instance",
    "Money",
    "Periods",
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
    generation: Generation
    storage: Storage
    limits: ImportLimits
    groups: Groups
    currents: tuple[CurrentPoint, ...]
    money: Money
    contracts: Contracts


def instance_of(scenario: Scenario) -> Instance:
    """The arrays of a completed scenario (see ``models.domain.completion``)."""
    span = periods(scenario)
    branches = tree(scenario.site)
    who = sessions(scenario, branches, span)
    plugged = cells(who, span)
    followed = states(scenario, branches, who, plugged, span)
    supply = generation(scenario.site, branches, span)
    return Instance(
        scenario=scenario,
        periods=span,
        tree=branches,
        sessions=who,
        cells=plugged,
        states=followed,
        generation=supply,
        storage=storage(scenario.site, branches),
        limits=import_limits(scenario, branches, span, supply),
        groups=groups(scenario, span),
        currents=current_points(scenario, branches, who, span, followed.givers),
        money=money(scenario, span),
        contracts=contracts(scenario, branches, span),
    )
