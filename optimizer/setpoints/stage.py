"""From powers that a linear program chose to offers, and back into an outcome."""

from dataclasses import replace

import numpy as np

from optimizer.heuristics.rounding import Rounded, rounded
from optimizer.heuristics.wanted import wanted
from optimizer.instance import Instance
from optimizer.outcome import Outcome
from optimizer.setpoints.fixing import near_cells
from optimizer.solution import energies


def rounded_offers(instance: Instance, outcome: Outcome) -> Rounded:
    """Offers near the powers of an outcome."""
    return rounded(instance, wanted(instance, outcome))


def rounded_again(instance: Instance, outcome: Outcome) -> Rounded:
    """Offers near powers that were chosen for settled runs: nobody starts at another time."""
    return rounded(instance, replace(wanted(instance, outcome), switched=True))


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
