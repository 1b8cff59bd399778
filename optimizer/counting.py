"""Settlement intervals that count for nothing (12): a column from 0 to 1 becomes whole, by a search only where it must.

Between 0 and 1 an interval may be credited with more than its load delivers. Where it is not, the next whole number
is as good.
"""

import numpy as np

from optimizer.instance import Instance
from optimizer.program import Floats, Ints, LinearProgram, with_bounds

NAME = "event_counts"
CREDITED_KW = 1e-5
"""Less than this is the solver's last digits. [kW]"""


def counts(program: LinearProgram) -> Ints:
    """Columns of the intervals that may count for nothing."""
    return program.columns[NAME].columns if NAME in program.columns else np.zeros(0, dtype=np.int64)


def counted(program: LinearProgram, values: Floats) -> Floats:
    """The nearest whole values of these columns: an interval that delivers anything counts."""
    if NAME not in program.columns:
        return np.zeros(0)
    return np.where(_credited_kw(program, values) > CREDITED_KW, 1.0, 0.0)


def credited_in_vain(program: LinearProgram, instance: Instance, values: Floats) -> bool:
    """Whether an answer is paid for more than its loads deliver."""
    if NAME not in program.columns:
        return False
    q = instance.response.intervals
    loads = program.columns["metered_load"]
    load_kw = np.zeros(instance.response.meters.used.shape)
    load_kw[loads.positions] = values[loads.slice]
    delivered = q.delivered_kw(load_kw)[program.columns[NAME].positions[1]]
    return bool((_credited_kw(program, values) > delivered + CREDITED_KW).any())


def with_counted(program: LinearProgram, at: Floats) -> LinearProgram:
    """The program in which it is settled which intervals count."""
    if NAME not in program.columns:
        return program
    return with_bounds(program, counts(program), lower=at, upper=at)


def _credited_kw(program: LinearProgram, values: Floats) -> Floats:
    """What the columns say is delivered, for the intervals that may count for nothing. [kW]"""
    delivered, place = program.columns["event_delivered"], program.columns[NAME].positions[1]
    credited: Floats = values[delivered.start + np.searchsorted(delivered.positions[1], place)]
    return credited
