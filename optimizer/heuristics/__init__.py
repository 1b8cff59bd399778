"""Plans by simple rules, without a solver: yardsticks for the optimum, and the net below it when there is none.

``planning`` goes period by period, ``sharing`` gives power out by a rule, ``room`` knows what limits leave, ``discs``
is the geometry of phase currents (6).
"""

from optimizer.heuristics.planning import RULES, heuristic

__all__ = ["RULES", "heuristic"]
