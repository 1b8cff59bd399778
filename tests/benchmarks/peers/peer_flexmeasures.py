"""The random site of B3 as FlexMeasures sees it, solved by its own device scheduler; runs where FlexMeasures is.

A session is a device whose stock must reach what it needs by its departure, a feeder is a group of devices with a limit
on their flow, the demand charge is a commitment on the highest flow of the site. A scheduler's stock is flow summed
over periods, so energies are divided by the length of a period and prices multiplied. The base load is a device without
a choice, for a commitment has one peak only as long as its quantity is constant. Its tables are made before its
scheduler is asked, and timed by themselves.
"""

from typing import Any

import numpy as np
import pandas as pd
from answering import Draws, answer, hours, insist_on_optimum
from flask import Flask
from flexmeasures.data.models.planning import FlowCommitment
from flexmeasures.data.models.planning.linear_optimization import device_scheduler
from flexmeasures.data.models.planning.utils import initialize_df

START = pd.Timestamp("2020-01-01")
END = START + pd.Timedelta(days=1)
NEED_MET = 0.999
"""Of every need, so that a problem without slack stays feasible in the last digits."""
COLUMNS = [
    *("equals", "max", "min", "efficiency", "stock delta"),
    *("derivative equals", "derivative max", "derivative min"),
    *("derivative down efficiency", "derivative up efficiency"),
]


def empty_table(periods: int) -> pd.DataFrame:
    return initialize_df(COLUMNS, START, END, (END - START) / periods)


def device(draws: Draws, i: int, periods: int) -> pd.DataFrame:
    """One session: power while it is plugged in, stock full at its departure and after."""
    table, (first, end) = empty_table(periods), (int(draws["arrival"][i]), int(draws["departure"][i]))
    need = float(draws["need"][i]) / hours(draws)
    power, stock = np.zeros(periods), np.zeros(periods)
    power[first:end], stock[end - 1 :] = draws["power"][i], NEED_MET * need
    table["derivative min"], table["derivative max"] = 0.0, power
    table["min"], table["max"] = stock, need
    return table


def base_load(draws: Draws, periods: int) -> pd.DataFrame:
    table = empty_table(periods)
    table["derivative equals"] = draws["base"]
    return table


def flow_limit(limit: float, periods: int) -> pd.DataFrame:
    table = empty_table(periods)
    table["derivative min"], table["derivative max"] = 0.0, limit
    return table


def commitments(draws: Draws, index: pd.DatetimeIndex, count: int) -> list[FlowCommitment]:
    """Energy at its price, and the highest flow at the price of a peak; of ``count`` devices together."""
    prices = pd.Series(hours(draws) * draws["price"], index=index)
    everyone = {
        "index": index,
        "device": pd.Series([list(range(count))] * len(index), index=index),
        "device_group": pd.Series("site", index=range(count)),
    }
    energy = FlowCommitment(
        name="energy", quantity=0, upwards_deviation_price=prices, downwards_deviation_price=prices, **everyone
    )
    peak_price = float(draws["peak_price"])
    peak = FlowCommitment(name="peak", quantity=0, upwards_deviation_price=peak_price, _type="any", **everyone)
    return [energy, peak]


def tables(draws: Draws) -> dict[str, Any]:
    """What its scheduler is called with."""
    count, periods = len(draws["need"]), len(draws["price"])
    devices = [*(device(draws, i, periods) for i in range(count)), base_load(draws, periods)]
    limits = [flow_limit(float(limit), periods) for limit in (*draws["limit"], *draws["group_limit"])]
    members = [np.flatnonzero(draws["group"] == g).tolist() for g in range(len(draws["group_limit"]))]
    return {
        "device_constraints": devices,
        "ems_constraints": limits,
        "commitments": commitments(draws, limits[0].index, count + 1),
        "initial_stock": 0.0,
        "ems_constraint_groups": [list(range(count + 1)), *members],
    }


def schedule(called_with: dict[str, Any]) -> float:
    _, cost, results, _ = device_scheduler(**called_with)
    insist_on_optimum(str(results.solver.termination_condition))
    return float(cost)


if __name__ == "__main__":
    app = Flask("peer")
    app.config.update(FLEXMEASURES_LP_SOLVER="highspy", LOGGING_LEVEL="WARNING", FLEXMEASURES_LP_SOLVER_OPTIONS={})
    with app.app_context():
        answer(schedule, packages=("flexmeasures", "highspy"), options="device_scheduler, highspy", prepare=tables)
