"""The last of the manners, which are one linear program: close to the plan before, and early."""

import numpy as np

from optimizer.instance import Instance
from optimizer.manners.closeness import cost_of_moving, with_setpoints_before
from optimizer.manners.early import earliness, levelled
from optimizer.program import Floats, LinearProgram


def with_preferences(program: LinearProgram, instance: Instance) -> LinearProgram:
    """The program with the columns and rows that preferences need; what they add costs nothing by itself."""
    return levelled(with_setpoints_before(program, instance), instance)


def preference(program: LinearProgram, instance: Instance) -> Floats:
    """Cost of the columns of a program ``with_preferences``."""
    return cost_of_moving(program, instance, earliness(program, instance))


def typical_price(instance: Instance) -> float:
    """Of a kWh: what a preference of 1 is to be compared with. [currency/kWh]"""
    return float(np.mean(np.abs(instance.money.import_price)))
