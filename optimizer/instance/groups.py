"""Equation (13) for a group of EVSEs: what they may draw together on top of what the site's own plants give."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.domain.scenario import Scenario
from models.domain.signal import Cap
from optimizer.instance.periods import Periods

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Groups:
    """One entry per cap on a group of EVSEs (G,)."""

    ids: tuple[str, ...]
    signal: Ints
    """Position of the cap among the signals of the scenario."""
    evses: tuple[frozenset[str], ...]
    limit_kw: Floats
    """(G, T) at grid; inf outside the window of the cap. [kW]"""

    def members(self, evse_ids: tuple[str, ...]) -> NDArray[np.bool_]:
        """Whether each of some EVSEs belongs to each group (G, ...)."""
        inside = [[evse in group for evse in evse_ids] for group in self.evses]
        return np.array(inside, dtype=bool).reshape(len(self.ids), len(evse_ids))


def groups(scenario: Scenario, span: Periods) -> Groups:
    """The caps of a completed scenario that name EVSEs."""
    found = [(i, s) for i, s in enumerate(scenario.signals) if isinstance(s, Cap) and s.evses]
    limit = np.full((len(found), span.count), np.inf)
    for g, (_, cap) in enumerate(found):
        assert cap.import_limit_kw is not None
        limit[g, span.within(cap.start, cap.end)] = cap.import_limit_kw
    signal = np.array([i for i, _ in found], dtype=np.int64)
    return Groups(tuple(cap.id for _, cap in found), signal, tuple(frozenset(cap.evses) for _, cap in found), limit)
