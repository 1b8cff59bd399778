"""Plans by simple rules, without a solver: yardsticks for the optimum, and the net below it when there is none.

``planning`` goes period by period; rules by which power is given out, and the room for it, are in optimizer.giving.
"""

from optimizer.heuristics.planning import RULES, heuristic

__all__ = ["RULES", "heuristic"]
