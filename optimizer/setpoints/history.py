"""What earlier offers leave open under S5, as bounds of a linear program.

A program that does not know them counts on power that a car may not be offered any more, and plans to pause cars that
could not be started again. Then rounding has to mend period by period what no other car was planned for.
"""

from dataclasses import dataclass, replace

import numpy as np

from models.domain.units import SECONDS_PER_HOUR
from optimizer.instance import Instance
from optimizer.instance.offers import ROUNDING_KW, Flags, Offers
from optimizer.program import Floats, LinearProgram, with_bounds
from optimizer.setpoints.fixing import near_cells


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of charging (N,), at evse. [kW]"""

    least_kw: Floats
    """Of cars that go on: not to be paused yet, or not to be started again once they are."""
    most_kw: Floats
    """0 where a car may not be started, inf elsewhere."""

    @property
    def without_least(self) -> "Bounds":
        return replace(self, least_kw=np.zeros_like(self.least_kw))

    def holds(self, power_kw: Floats) -> bool:
        """Whether powers are inside anyway."""
        return bool(((self.least_kw <= power_kw + ROUNDING_KW) & (power_kw <= self.most_kw + ROUNDING_KW)).all())


def bounds_of(instance: Instance) -> Bounds | None:
    """None where earlier offers leave everything open."""
    offers, cells = instance.offers, instance.cells
    assert offers is not None, "the site has no rules"
    begins_s = np.maximum(instance.periods.instants_s[cells.period], instance.sessions.arrival_s[cells.session])
    paused = offers.steered & ~offers.on
    most_kw = np.where(paused[cells.session] & (begins_s < _may_start_s(offers)[cells.session]), 0.0, np.inf)
    goes_on = begins_s < np.where(_worth_going_on(instance), np.inf, _held_s(offers)[cells.session])
    least_kw = np.zeros(cells.count)
    near = near_cells(instance)
    least_kw[near] = np.where(goes_on, _least_kw(instance), 0.0)[near]
    return Bounds(least_kw, most_kw) if least_kw.any() or not most_kw.all() else None


def with_history(program: LinearProgram, instance: Instance, bounds: Bounds) -> LinearProgram:
    """The program inside these bounds, as far as others leave room."""
    block = program.columns["charge_power"]
    columns = np.arange(block.start, block.start + instance.cells.count)
    upper = np.minimum(program.col_upper[columns], bounds.most_kw)
    lower = np.maximum(program.col_lower[columns], np.minimum(bounds.least_kw, upper))
    return with_bounds(program, columns, lower=lower, upper=upper)


def _may_start_s(offers: Offers) -> Floats:
    """When a paused car may be started (S,); inf where its starts are used up. [s]"""
    spent = offers.starts >= offers.max_starts
    return np.where(spent, np.inf, offers.since_s + offers.min_off_s)


def _held_s(offers: Offers) -> Floats:
    """Until when a car may not be paused yet (S,); -inf where it is paused. [s]"""
    return np.where(offers.on, offers.since_s + offers.min_on_s, -np.inf)


def _worth_going_on(instance: Instance) -> Flags:
    """Cells of cars that could not be started again, in which a kWh costs no more than missing it would (N,)."""
    who, cells, offers = instance.sessions, instance.cells, instance.offers
    assert offers is not None, "the site has no rules"
    last = offers.on & (offers.starts >= offers.max_starts)
    price_per_kwh = instance.money.bought[cells.period] / who.efficiency[cells.session]
    worth = price_per_kwh <= (who.value_per_kwh + who.retail_per_kwh)[cells.session]
    return np.asarray(last[cells.session] & worth)


def _least_kw(instance: Instance) -> Floats:
    """The least offer of each cell (N,), less where a car would be full of it at full power until then. [kW]"""
    who, cells, offers = instance.sessions, instance.cells, instance.offers
    assert offers is not None, "the site has no rules"
    ladder_kw = np.array([ladder.least_kw for ladder in offers.ladders])
    least_kw = np.where(np.isfinite(ladder_kw), np.minimum(ladder_kw, who.max_power_kw), 0.0)
    full_kwh = np.cumsum(cells.hours * who.max_power_kw[cells.session])
    before_kwh = full_kwh - cells.hours * who.max_power_kw[cells.session]
    before_kwh -= before_kwh[cells.offset[:-1]][cells.session]
    left_kw = (who.remaining_kwh[cells.session] - before_kwh) / np.maximum(cells.hours, 1.0 / SECONDS_PER_HOUR)
    return np.clip(left_kw, 0.0, least_kw[cells.session])
