"""What can be put in charge of a site."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from models.domain.site import Site
from models.domain.tariff import Tariff
from optimizer.backtest.messages import Message, Setpoints

CHANGED_KW = 0.01
"""Setpoints that differ by less are the same. [kW]"""

CLOCK_S = 1e-6
"""Horizons begin on whole microseconds, which may be a little after the instant that they are made at. [s]"""


@dataclass(frozen=True, slots=True)
class Effort:
    """What decisions have taken so far."""

    plans: int = 0
    """How often a new plan was made."""
    solver_s: float = 0.0
    """[s]"""
    plan_changes: int = 0
    """How many setpoints a new plan had otherwise than the plan before it, each at the instant of the new one."""


class Algorithm(Protocol):
    """Hears all messages, batch by batch, and answers each batch with setpoints."""

    def decide(self, messages: Sequence[Message]) -> Setpoints:
        """Setpoints from now until the next batch."""
        ...

    def effort(self) -> Effort:
        """Since it was made; no decision depends on it."""
        ...


Maker = Callable[[Site, Tariff], Algorithm]
"""An algorithm for a site, of which it is told what stands there and what energy costs: nothing of who will come.

It can be pickled, so that the algorithm may live in another process.
"""
