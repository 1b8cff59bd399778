"""HiGHS instances of plans that are done, kept for the next ones: to make one and to take it apart is 0.2 ms.

That is a tenth of the Python of a plan of 10 connectors. Nothing but the memory of an instance is used again: it is
cleared, takes every option anew, and its clock of run time, which goes on, is told to whoever sets a time limit.
"""

import highspy

from optimizer.backends.quiet import quiet_stdout

MOST = 4
"""So many are kept at a time, in all threads together."""
SMALL = 6000
"""Columns of the last program, up to which an instance is kept; larger plans do not notice, and it keeps its memory."""

# The first instance of a process greets on standard output whatever its options say.
with quiet_stdout():
    _idle = [highspy.Highs()]


class Lent:
    """An instance without a program, for one plan; its options are to be set. Given back when nobody holds this."""

    __slots__ = ("highs",)

    def __init__(self) -> None:
        try:
            self.highs = _idle.pop()
        except IndexError:
            self.highs = highspy.Highs()

    def __del__(self) -> None:
        give_back(self.highs)


def give_back(highs: highspy.Highs) -> None:
    """One whose last run ended otherwise than well is not kept."""
    well = highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    if well and highs.getNumCol() <= SMALL and len(_idle) < MOST:
        highs.clear()
        _idle.append(highs)
