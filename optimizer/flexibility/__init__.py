"""How many kW a site can shed or take up in a window, at what cost, and who would feel it.

``asking`` is the question as a column and rows of the program, ``breakpoints`` finds where its cost bends,
``curve`` puts question and answers together.
"""

from models.domain.signal import Direction
from optimizer.flexibility.curve import Flexibility, FlexPoint, SessionEffect, flexibility

__all__ = ["Direction", "FlexPoint", "Flexibility", "SessionEffect", "flexibility"]
