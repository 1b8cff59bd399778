"""The integer stage: near setpoints that EVSEs and cars can follow, and a tail that stays linear.

``history`` bounds powers by earlier offers; ``stage`` makes offers of powers; ``runs`` asks for other powers in the
same runs; ``fixing`` makes the last linear program, in which offers are constants.
"""

from optimizer.setpoints.fixing import leaves_open, with_setpoints, with_settled_lines
from optimizer.setpoints.history import bounds_of, with_history
from optimizer.setpoints.runs import grown, lacking, with_growing_runs, with_runs
from optimizer.setpoints.stage import as_rounded, first_offers, rounded_again, rounded_offers, with_offers

__all__ = [
    "as_rounded",
    "bounds_of",
    "first_offers",
    "grown",
    "lacking",
    "leaves_open",
    "rounded_again",
    "rounded_offers",
    "with_growing_runs",
    "with_history",
    "with_offers",
    "with_runs",
    "with_setpoints",
    "with_settled_lines",
]
