"""Setpoints that somebody else has chosen, as from an analyst's own model, counted and billed as those of any plan."""

from collections.abc import Sequence

import numpy as np

from models.domain.schedule import Method, Schedule
from optimizer.heuristics.planning import settled
from optimizer.optimize import Formulated
from optimizer.solution import schedule_of


def schedule_of_setpoints(
    formulated: Formulated, charge_power_kw: Sequence[float], method: Method = Method.OPTIMAL
) -> Schedule:
    """The schedule of powers at evse, one for each element of ``charge_power``; batteries rest and nobody gives back.

    What is missing, what it costs and how high it peaks is counted anew. Whether limits hold is for the audit to say.

    Raises:
        ValueError: there are more or fewer powers than elements.
    """
    instance = formulated.instance
    power_kw = np.asarray(charge_power_kw, dtype=np.float64)
    if power_kw.shape != (instance.cells.count,):
        raise ValueError(f"{power_kw.size} powers were given for {instance.cells.count} elements of charge_power")
    return schedule_of(instance, settled(instance, np.maximum(0.0, power_kw), None), method=method)
