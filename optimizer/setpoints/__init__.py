"""The integer stage: near setpoints that EVSEs and cars can follow, and a tail that stays linear.

``stage`` makes offers of powers; ``fixing`` makes the last linear program, in which they are constants.
"""

from optimizer.setpoints.fixing import leaves_open, with_setpoints, with_settled_lines
from optimizer.setpoints.stage import as_rounded, rounded_offers, with_offers

__all__ = ["as_rounded", "leaves_open", "rounded_offers", "with_offers", "with_setpoints", "with_settled_lines"]
