"""The equations of docs/model.md as one linear program, in the order of that page."""

import numpy as np

from optimizer.formulation.balance import site_balance
from optimizer.formulation.chances import unknown_drivers
from optimizer.formulation.changes import plan_changes
from optimizer.formulation.contracts import demand_charges, energy_costs, revenue, unmet_energy
from optimizer.formulation.currents import phase_currents
from optimizer.formulation.energy import charging_variables, session_energy
from optimizer.formulation.events import dispatch, events, frozen_hours, rebound
from optimizer.formulation.excess import Power, contract_limits
from optimizer.formulation.generation import curtailment, export_limits
from optimizer.formulation.green import green_imports
from optimizer.formulation.groups import group_limits
from optimizer.formulation.metering import metered_loads
from optimizer.formulation.nodes import node_limits
from optimizer.formulation.paces import guaranteed_paces
from optimizer.formulation.states import departure_energy, energy_balance, state_costs, taper_limits
from optimizer.formulation.storage import storage_balance, storage_costs, storage_variables
from optimizer.instance import Instance
from optimizer.instance.paces import NAMES as PACES
from optimizer.instance.periods import PeriodLabels
from optimizer.program import Ints, LinearProgram, ProgramBuilder
from optimizer.settings import Objective, Settings

__all__ = ["formulate"]


def formulate(instance: Instance, settings: Settings) -> LinearProgram:
    """The linear program of an instance, rebuilt from nothing every time."""
    lp = _builder(instance)
    charging = charging_variables(lp, instance)  # (4)
    session_energy(lp, instance, charging)  # (1)
    if instance.states.count:
        energy_balance(lp, instance, charging)  # (2)
        departure_energy(lp, instance, charging)  # (3)
        taper_limits(lp, instance, charging)  # (4)
    curtailed = curtailment(lp, instance)
    storing = storage_variables(lp, instance)  # (3)
    if instance.storage.count:
        storage_balance(lp, instance, storing)  # (8)
    node_limits(lp, instance, charging, storing)  # (5), (13)
    if instance.feeds_in:
        export_limits(lp, instance, charging, curtailed, storing)  # (5)
    group_limits(lp, instance, charging, curtailed, storing)  # (13)
    phase_currents(lp, instance, charging, settings)  # (6)
    site = site_balance(lp, instance, charging, curtailed, storing)  # (7)
    energy_costs(lp, instance, site)  # (9)
    demand_charges(lp, instance, site)  # (10)
    contract_limits(lp, instance, Power(charging, curtailed, storing, site))  # (11)
    loads = metered_loads(lp, instance, charging, curtailed, storing, site)
    if loads is not None:
        events(lp, instance, loads)  # (12)
        rebound(lp, instance, loads)  # (12)
        frozen_hours(lp, instance, loads)  # (12)
        dispatch(lp, instance, loads)  # (14)
    if instance.states.count:
        state_costs(lp, instance, charging)  # (16)
    if instance.storage.count:
        storage_costs(lp, instance, storing)  # (16)
    unmet_energy(lp, instance, charging)  # (17)
    if settings.objective is Objective.MARGIN:
        revenue(lp, instance, charging)  # (18)
    unknown_drivers(lp, instance, charging, settings)  # (19)
    guaranteed_paces(lp, instance, charging)  # (20)
    plan_changes(lp, instance, charging)  # (20)
    green_imports(lp, instance, charging)  # (22)
    return lp.build()


def _builder(instance: Instance) -> ProgramBuilder:
    demand = instance.money.demand
    legs = dict.fromkeys(leg.label for point in instance.currents for leg in point.legs)
    return ProgramBuilder(
        session=instance.sessions.ids,
        part=("1", "2", "3", "4"),
        pace=PACES,
        period=PeriodLabels(instance.periods.instants_s),
        node=instance.limits.ids,
        pv=instance.generation.ids,
        storage=instance.storage.ids,
        signal=tuple(signal.id for signal in instance.scenario.signals),
        meter=instance.response.meters.ids,
        settlement_interval=PeriodLabels(instance.response.intervals.start_s),
        instant=PeriodLabels(instance.periods.instants_s),
        piece=tuple(map(str, range(_most_lines(instance)))),
        leg=tuple(legs),
        line=("L1", "L2", "L3", "primary L1", "primary L2", "primary L3"),
        tangent=AngleLabels(),
        demand_window=tuple(window.label for window in demand.windows),
        demand_tier=tuple(f"{demand.windows[k].label} above {above_kw:g} kW" for k, above_kw, _ in demand.tiers),
        contract=instance.contracts.labels,
        contract_period=instance.contracts.billed_labels,
        metering_interval=PeriodLabels(demand.interval_start_s),
    )


def _most_lines(instance: Instance) -> int:
    """Of one charging curve."""
    return max((len(curve.lines()) for curve in instance.states.curves if curve is not None), default=0)


class AngleLabels:
    """Directions in thousandths of a degree as text: 30000 is ``30.000``."""

    def __len__(self) -> int:
        return 360_000

    def __getitem__(self, position: int, /) -> str:
        return f"{position / 1000:.3f}"

    def numbers(self) -> Ints:
        """What tells the labels apart, without making them. [1/1000 degree]"""
        return np.arange(len(self))
