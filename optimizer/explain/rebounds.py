"""Where a plan leaves no room below the load that an event allows after it, and what more of it would be worth."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.domain.signal import Event
from optimizer.duals import dual_values
from optimizer.explain.planned import Floats, Ints, Planned
from optimizer.instance.events import Ceilings
from optimizer.response.reference import load_at

FULL_KW = 0.05
"""A load that is closer than this to what is allowed leaves no room. [kW]"""


@dataclass(frozen=True, slots=True)
class Rebounds:
    """Ceilings (K,) of equation (12) in a plan; those with a price are a price, and none of these."""

    ceilings: Ceilings
    drawn: Floats
    """(K, S) what one kW of a session adds."""
    full: NDArray[np.bool_]
    worth: Floats
    """(K,) of one more kW. [currency/kW]"""

    def above(self, s: int, periods: Ints) -> tuple[tuple[int, ...], ...]:
        """Positions of the events whose ceilings leave session s no room, period by period."""
        mine = self.full & (self.drawn[:, s] > 0.0)
        if not mine.any():
            return ((),) * len(periods)
        signal, period = self.ceilings.signal[mine], self.ceilings.period[mine]
        return tuple(tuple(sorted(set(signal[period == t].tolist()))) for t in periods.tolist())

    def cost(self, s: int, count: int) -> Floats:
        """What they add to the cost of one more kW of session s throughout each of the periods (T,). [currency/kW]"""
        return np.bincount(self.ceilings.period, weights=self.worth * self.drawn[:, s], minlength=count).astype(float)

    def worth_of(self, signals: tuple[int, ...], periods: Ints) -> float:
        """Of one more kW of load after these events, throughout the periods. [currency]"""
        if not signals:
            return 0.0
        met = np.isin(self.ceilings.signal, signals) & np.isin(self.ceilings.period, periods)
        return float(self.worth[met].sum())


def rebounds(told: Planned) -> Rebounds:
    """Of a plan; without duals nothing is worth anything."""
    ceilings, meters = told.instance.response.rebound, told.instance.response.meters
    worth, duals = np.zeros(len(ceilings.signal)), dual_values(told.schedule.duals, "rebound_limit")
    if duals is not None:
        worth = np.maximum(0.0, -duals)
    return Rebounds(
        ceilings=ceilings,
        drawn=meters.drawn[ceilings.meter],
        full=ceilings.hard & (_loads_kw(told)[ceilings.signal, ceilings.period] > ceilings.limit_kw - FULL_KW),
        worth=np.where(ceilings.hard, worth, 0.0),
    )


def _loads_kw(told: Planned) -> Floats:
    """Load where each signal with a ceiling is measured (signals, T). [kW]"""
    scenario, schedule = told.instance.scenario, told.schedule
    loads = np.zeros((len(scenario.signals), told.instance.periods.count))
    for i in set(told.instance.response.rebound.signal.tolist()):
        event = scenario.signals[i]
        assert isinstance(event, Event)
        loads[i] = load_at(scenario, event, schedule)
    return loads
