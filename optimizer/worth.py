"""What each part of a site earns: the same day planned without it, and both plans billed alike.

A plan without a battery has none to use; a plan blind to demand charges is made as if peaks cost nothing and then pays
for the peak it has. What is assumed (prices of missing energy, worth of stored energy) is settled before anything is
left out, so that both sides are measured with one ruler. Bills are those of the audit, recomputed from setpoints.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from models.domain.signal import Event
from optimizer.audit import audit
from optimizer.completing import complete
from optimizer.optimize import optimize
from optimizer.response.lifting import without
from optimizer.settings import Objective, Settings

COST = "cost:"
"""How the audit's figures of money begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What a day costs and carries."""

    cost: float
    """All components of the objective, wishes that are missed included. [currency]"""
    costs: dict[str, float]
    peak_kw: float
    """Highest mean import of a period. [kW at grid]"""
    energy_kwh: float
    """Into vehicles. [kWh at evse]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """One part of the site, and the day without it."""

    part: str
    without: Bill
    gain: float
    """What the day without it costs more. [currency]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worths:
    """The day as it is, and each part that makes a difference to it."""

    currency: str
    planned: Bill
    parts: tuple[Worth, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """Something that a site may have, and how to plan without it."""

    name: str
    present: Callable[[Scenario], bool]
    without: Callable[[Scenario], Scenario]
    """The scenario to plan ..."""
    billed_as_it_is: bool = False
    """... and whether its plan is billed with what was left out."""


def worths(scenario: Scenario, settings: Settings = Settings()) -> Worths:
    """What every part of a valid scenario earns. One plan a part, and one more.

    Raises SolverFault or DeadlinePassed.
    """
    completed = complete(scenario).scenario
    plan = optimize(completed, settings)
    planned = _bill(completed, plan, settings)
    return Worths(currency=plan.currency, planned=planned, parts=tuple(_parts(completed, planned, settings)))


def _parts(completed: Scenario, planned: Bill, settings: Settings) -> Iterator[Worth]:
    for part in PARTS:
        if part.present(completed):
            lesser = part.without(completed)
            billed = completed if part.billed_as_it_is else lesser
            without = _bill(billed, optimize(lesser, settings), settings)
            yield Worth(part=part.name, without=without, gain=without.cost - planned.cost)


def _bill(scenario: Scenario, plan: Schedule, settings: Settings) -> Bill:
    figures = audit(scenario, plan, partial_draw=settings.partial_draw).figures
    costs = {name.removeprefix(COST): amount for name, amount in figures.items() if name.startswith(COST)}
    left_out = () if settings.objective is Objective.MARGIN else ("revenue",)
    return Bill(
        cost=sum(amount for name, amount in costs.items() if name not in left_out),
        costs=costs,
        peak_kw=figures["peak_import_kw"],
        energy_kwh=figures["energy_kwh"],
    )


def _charged_for_peaks(scenario: Scenario) -> bool:
    return scenario.tariff is not None and bool(scenario.tariff.demand_charges)


def _blind_to_peaks(scenario: Scenario) -> Scenario:
    assert scenario.tariff is not None
    free = tuple(replace(charge, rate_per_kw=0.0, tiers=()) for charge in scenario.tariff.demand_charges)
    return replace(scenario, tariff=replace(scenario.tariff, demand_charges=free))


def _under_contract(scenario: Scenario) -> bool:
    return scenario.tariff is not None and bool(scenario.tariff.contracts)


def _blind_to_contracts(scenario: Scenario) -> Scenario:
    assert scenario.tariff is not None
    return replace(scenario, tariff=replace(scenario.tariff, contracts=()))


def _without_batteries(scenario: Scenario) -> Scenario:
    return replace(scenario, site=replace(scenario.site, batteries=()))


def _without_sun(scenario: Scenario) -> Scenario:
    return replace(scenario, site=replace(scenario.site, pv_plants=()))


def _gives_back(scenario: Scenario) -> bool:
    agreed = [session.allows_discharge for session in scenario.sessions]
    return any(agreed + [visit.allows_discharge for visit in scenario.visits])


def _without_v2g(scenario: Scenario) -> Scenario:
    sessions = tuple(replace(session, allows_discharge=False) for session in scenario.sessions)
    visits = tuple(replace(visit, allows_discharge=False) for visit in scenario.visits)
    return replace(scenario, sessions=sessions, visits=visits)


def _events(scenario: Scenario) -> tuple[str, ...]:
    return tuple(signal.id for signal in scenario.signals if isinstance(signal, Event))


PARTS = (
    Part("events", lambda scenario: bool(_events(scenario)), lambda scenario: without(scenario, _events(scenario))),
    Part("V2G", _gives_back, _without_v2g),
    Part("stationary batteries", lambda scenario: bool(scenario.site.batteries), _without_batteries),
    Part("PV", lambda scenario: bool(scenario.site.pv_plants), _without_sun),
    Part("eyes for demand charges", _charged_for_peaks, _blind_to_peaks, billed_as_it_is=True),
    Part("eyes for contracts", _under_contract, _blind_to_contracts, billed_as_it_is=True),
)
