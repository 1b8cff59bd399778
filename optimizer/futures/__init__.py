"""Plans that are good in several futures: their programs side by side, with the first setpoints in common.

``joined`` puts programs together in which some columns are the same, ``common`` finds the first setpoints that are
best over all futures and gives them to the plan.
"""

from optimizer.futures.common import Common, Course, common, futures_of

__all__ = ["Common", "Course", "common", "futures_of"]
