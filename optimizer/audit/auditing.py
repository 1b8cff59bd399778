"""One audit, from a scenario and a plan to the report."""

from collections.abc import Iterable

import numpy as np

from models.domain.scenario import Scenario
from models.domain.schedule import Floats, Schedule
from models.domain.tariff import Tariff
from optimizer.audit.batteries import battery_breaks
from optimizer.audit.case import Case, shape_breaks
from optimizer.audit.chances import chance_breaks
from optimizer.audit.contracts import contract_breaks, excesses
from optimizer.audit.currents import LineCurrent, current_breaks, line_currents
from optimizer.audit.demand import Demand, demands, peak_breaks
from optimizer.audit.events import event_breaks, event_costs, measured
from optimizer.audit.ground import Grounds
from optimizer.audit.groups import group_breaks
from optimizer.audit.installed import installed_breaks
from optimizer.audit.ledger import ledger_breaks
from optimizer.audit.loads import NodeLoad, controlled_kw, expected_kw, load_breaks, node_loads
from optimizer.audit.money import cost_breaks, costs
from optimizer.audit.offers import offer_breaks
from optimizer.audit.paces import pace_breaks
from optimizer.audit.proof import fail_safe_breaks, fail_safe_proof
from optimizer.audit.report import AuditReport, report
from optimizer.audit.roofs import roof_breaks
from optimizer.audit.stays import stay_breaks
from optimizer.audit.tree import root_of


def audit(
    scenario: Scenario,
    schedule: Schedule,
    *,
    tolerance_kw: float = 1e-4,
    partial_draw: bool = True,
    grounds: Grounds | None = None,
) -> AuditReport:
    """Every rule that a plan breaks, recomputed from its setpoints; ``passed`` if there is none.

    ``tolerance_kw`` is for powers; a current limit has none. Without ``partial_draw`` line currents are checked with
    every car drawing in full, and not with any of them stopping. ``grounds`` are shared
    by those who judge several plans of one scenario. Raises InvalidScenario where a price is missing.
    """
    grounds = grounds or Grounds()
    completed = grounds.completed(scenario)
    malformed = tuple(shape_breaks(completed, schedule))
    if malformed:
        return report(malformed, {})
    tariff = completed.tariff or Tariff(currency=schedule.currency, import_price=0.0)
    case = Case(completed, schedule, tariff, tolerance_kw, grounds)
    loads, lines, peaks = node_loads(case), tuple(line_currents(case, partial_draw)), demands(case)
    above = excesses(case, loads)
    asked = measured(case, loads)
    money = costs(case, peaks, above) | event_costs(case, asked)
    breaks = [
        *stay_breaks(case),
        *offer_breaks(case),
        *installed_breaks(case),
        *roof_breaks(case),
        *battery_breaks(case),
        *load_breaks(case, loads),
        *group_breaks(case),
        *event_breaks(case, asked),
    ]
    breaks += [found for line in lines for found in current_breaks(case, line)]
    breaks += [*chance_breaks(case), *pace_breaks(case)]
    breaks += [
        *peak_breaks(case, peaks),
        *contract_breaks(case, above),
        *cost_breaks(case, money),
        *ledger_breaks(case),
    ]
    breaks += fail_safe_breaks(case)
    proof = fail_safe_proof(case, partial_draw=partial_draw)
    return report(breaks, _figures(case, loads, lines, peaks, money), proof)


def _figures(
    case: Case,
    loads: Iterable[NodeLoad],
    lines: Iterable[LineCurrent],
    peaks: Iterable[Demand],
    money: dict[str, float],
) -> dict[str, float]:
    """What was recomputed, by name."""
    plans = [stay.plan for stay in case.stays]
    figures = {
        "energy_kwh": sum(stay.energy_kwh for stay in case.stays),
        "target_shortfall_kwh": sum(plan.target_shortfall_kwh for plan in plans),
        "minimum_shortfall_kwh": sum(plan.minimum_shortfall_kwh for plan in plans),
    }
    for load in loads:
        figures |= _load_figures(case, load)
    for line in lines:
        name, share = f"current_loading:{line.node}", _loading(line.charging_a + line.base_a, line.limit_a)
        figures[name] = max(share, figures.get(name, 0.0))
    figures |= {f"demand_kw:{demand.label}": float(demand.demand_kw.max()) for demand in peaks}
    return figures | {f"cost:{name}": amount for name, amount in money.items()}


def _load_figures(case: Case, load: NodeLoad) -> dict[str, float]:
    figures = {
        f"offered_kw:{load.label}": float(load.charging.offered.max()),
        f"offered_dc_kw:{load.label}": float(load.charging.offered_dc.max()),
    }
    if np.isfinite(load.limit_kw).any():
        power = controlled_kw(load)[case.time.period] + load.high_base_kw
        figures[f"loading:{load.label}"] = _loading(power, load.limit_kw)
    if load.label == root_of(case.scenario.site).id:
        figures["peak_import_kw"] = max(0.0, float(expected_kw(case, load).max()))
    return figures


def _loading(load: Floats, limit: Floats) -> float:
    """The highest share of the limit, where there is one above 0."""
    limited = limit > 0.0
    return float((load[limited] / limit[limited]).max(initial=0.0))
