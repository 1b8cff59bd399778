"""From powers that a linear program chose to offers, and back into an outcome."""

from dataclasses import replace

import numpy as np

from optimizer.heuristics.rounding import Rounded, Wanted, rounded
from optimizer.heuristics.wanted import wanted
from optimizer.instance import Instance
from optimizer.outcome import Outcome
from optimizer.setpoints.fixing import near_cells
from optimizer.setpoints.history import bounds_of
from optimizer.solution import energies


def rounded_offers(instance: Instance, outcome: Outcome) -> Rounded:
    """Offers near the powers of an outcome."""
    return rounded(instance, _wanted(instance, outcome))


def rounded_again(instance: Instance, outcome: Outcome) -> Rounded:
    """Offers near powers that were chosen for settled runs: nobody starts at another time."""
    return rounded(instance, replace(_wanted(instance, outcome), switched=True))


def with_offers(instance: Instance, outcome: Outcome, found: Rounded) -> Outcome:
    """The outcome with these offers in near periods, and all other powers as they are."""
    near = near_cells(instance)
    charge, offered = outcome.charge_power_kw.copy(), outcome.charge_power_kw.copy()
    charge[near], offered[near] = found.charge_kw[near], found.offered_kw[near]
    return replace(outcome, charge_power_kw=charge, offered_power_kw=offered)


def as_rounded(instance: Instance, outcome: Outcome, found: Rounded) -> Outcome:
    """The outcome of offers without another solve: what is missing then goes after the horizon, or is missed."""
    who, one_way = instance.sessions, instance.states.one_way
    missing = np.maximum(0.0, who.remaining_kwh - energies(instance, found.charge_kw))
    after, minimum = outcome.after_horizon_kwh.copy(), outcome.minimum_shortfall_kwh.copy()
    after[one_way] = np.minimum(who.after_horizon_kwh, missing)[one_way]
    minimum[one_way] = np.maximum(0.0, who.promised_kwh - (who.remaining_kwh - missing) - after)[one_way]
    return replace(
        outcome,
        charge_power_kw=found.charge_kw,
        offered_power_kw=found.offered_kw,
        after_horizon_kwh=after,
        minimum_shortfall_kwh=minimum,
    )


def first_offers(instance: Instance, outcome: Outcome) -> Outcome:
    """Offers in near periods, and after them what was planned, as far as it is still wanted: without another solve."""
    offers, cells, who = instance.offers, instance.cells, instance.sessions
    assert offers is not None, "the site has no rules"
    found = rounded(instance, _wanted(instance, outcome), periods=offers.near)
    far = cells.period >= offers.near
    left_kwh = who.remaining_kwh - energies(instance, found.charge_kw)
    planned_kwh = energies(instance, np.where(far, outcome.charge_power_kw, 0.0))
    share = np.clip(np.divide(left_kwh, planned_kwh, out=np.ones_like(left_kwh), where=planned_kwh > 0.0), 0.0, 1.0)
    share[~offers.steered] = 1.0
    after_kw = np.where(far, outcome.charge_power_kw * share[cells.session], 0.0)
    return as_rounded(instance, outcome, Rounded(found.offered_kw + after_kw, found.charge_kw + after_kw))


def _wanted(instance: Instance, outcome: Outcome) -> Wanted:
    """What goes on because of S5 is no sign of what energy is worth."""
    bounds = bounds_of(instance)
    return wanted(instance, outcome, 0.0 if bounds is None else bounds.least_kw)
