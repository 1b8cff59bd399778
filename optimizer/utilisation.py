"""Classes of utilisation compared as whole plans: one plan in each, billed for the year in the class that it makes."""

from dataclasses import dataclass, replace

from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from models.domain.tariff import Utilisation, UtilisationClass
from models.domain.utilisation import class_of, hours_of_use
from optimizer.optimize import optimize
from optimizer.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassBill:
    """A plan made in one class, and what the billing period costs with it."""

    made_in: str
    billed_in: str
    """The class that its hours of use make; another one where the plan does not keep its own."""
    hours_of_use: float
    bill: float
    """Objective of the plan, with energy and peak of the whole billing period at the prices of the class. [currency]"""


def compared(scenario: Scenario, settings: Settings) -> tuple[ClassBill, ...]:
    """One for every class of a valid scenario with a utilisation, in order. Raises SolverFault or DeadlinePassed."""
    assert scenario.tariff is not None
    told = scenario.tariff.utilisation
    assert told is not None
    return tuple(_bill(told, one, optimize(in_chosen(scenario, one.id), settings)) for one in told.classes)


def in_best_class(scenario: Scenario, settings: Settings) -> Scenario:
    """The scenario with the class of the cheapest plan chosen; as it is where there is nothing to choose."""
    told = scenario.tariff.utilisation if scenario.tariff else None
    if told is None or told.chosen is not None:
        return scenario
    best = min(compared(scenario, settings), key=lambda one: one.bill)
    return in_chosen(scenario, best.made_in)


def in_chosen(scenario: Scenario, name: str) -> Scenario:
    assert scenario.tariff is not None
    assert scenario.tariff.utilisation is not None
    utilisation = replace(scenario.tariff.utilisation, chosen=name)
    return replace(scenario, tariff=replace(scenario.tariff, utilisation=utilisation))


def _bill(told: Utilisation, made_in: UtilisationClass, plan: Schedule) -> ClassBill:
    drawn_kwh = float(plan.period_h @ plan.grid_import_kw)
    peaks = [peak for peak in plan.peaks if peak.demand_window.startswith(f"{told.demand_charge}@")]
    peak_kw, energy_kwh = max((peak.peak_kw for peak in peaks), default=0.0), told.energy_kwh + drawn_kwh
    hours = hours_of_use(energy_kwh, peak_kw)
    billed_in = class_of(told.classes, hours)
    # Of the plan's own cost, what the class does not set: the rest is billed for the whole period.
    apart = plan.objective - made_in.energy_price_per_kwh * drawn_kwh - sum(peak.cost for peak in peaks)
    bill = apart + billed_in.energy_price_per_kwh * energy_kwh + billed_in.rate_per_kw * peak_kw
    return ClassBill(made_in=made_in.id, billed_in=billed_in.id, hours_of_use=hours, bill=bill)
