"""Goal (3): which of the plans that cost the same. Solved exactly on the optimal face of goal (2).

A column with a reduced cost and a row with a dual must stay at their side in every optimum; the rest is free. Measured
on 1,000 sessions x 96 periods: 87 ms against 1,450 ms with a row that bounds the cost.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from optimizer.backends.highs import Solver, SolverAnswer
from optimizer.formulation.energy import unavoidable_kwh
from optimizer.instance import Instance
from optimizer.program import Block, Floats, Ints, LinearProgram, with_bounds, with_columns, with_cost, with_rows
from optimizer.settings import Settings

DUAL_TOLERANCE = 1e-7
"""The solver's own: a smaller dual may be noise, so its column or row stays free."""
MISSING_KWH = 1e-4
"""Less than this is not missing. [kWh]"""


def on_optimal_face(program: LinearProgram, money: SolverAnswer) -> tuple[LinearProgram, Ints, Ints]:
    """The program confined to its optima, and which columns and rows were fixed for it."""
    columns = np.flatnonzero(abs(money.reduced_costs) > DUAL_TOLERANCE)
    rows = np.flatnonzero(abs(money.row_duals) > DUAL_TOLERANCE)
    at = _side(money.reduced_costs, program.col_lower, program.col_upper, money.values)[columns]
    face = with_bounds(program, columns, lower=at, upper=at)
    row_lower, row_upper = program.row_lower.copy(), program.row_upper.copy()
    held = _side(money.row_duals, program.row_lower, program.row_upper, money.row_values)[rows]
    row_lower[rows] = row_upper[rows] = held
    return replace(face, row_lower=row_lower, row_upper=row_upper), columns, rows


def _side(duals: Floats, lower: Floats, upper: Floats, values: Floats) -> Floats:
    """The bound that a dual's sign points to; the value itself where that bound is infinite (noise)."""
    side = np.where(duals > 0, lower, upper)
    return np.where(np.isfinite(side), side, values)


def early(program: LinearProgram, instance: Instance) -> LinearProgram:
    """The program with a new objective: energy as early, and as much of it, as the face allows.

    Where a metering interval spans several periods its import is kept level, else all of it would come first.
    """
    cells, span = instance.cells, instance.periods
    middle = (span.instants_s[:-1] + span.instants_s[1:]) / 2
    left = (span.end_s - middle) / (span.end_s - span.start_s)
    block = program.columns["charge_power"]
    cost = np.zeros_like(program.cost)
    cost[block.slice] = -cells.hours * left[cells.period]
    return _levelled(with_cost(program, cost), instance)


def _levelled(program: LinearProgram, instance: Instance) -> LinearProgram:
    """One more column per metering interval of several periods: the highest import in it, at a price.

    The price of 1 kW is an interval over the horizon, more than all earliness inside the interval can be worth.
    """
    demand, span = instance.money.demand, instance.periods
    first = np.zeros(len(demand.window), dtype=bool)
    first[np.unique(demand.interval_start_s, return_index=True)[1]] = True
    several = np.bincount(demand.row, minlength=len(first)) > 1
    pairs = np.flatnonzero((first & several)[demand.row])
    if len(pairs) == 0:
        return program
    intervals, number = np.unique(demand.row[pairs], return_inverse=True)
    length = np.bincount(number, weights=span.hours[demand.period[pairs]])
    price = length * length / span.hours.sum()
    peaks = Block(
        "interval_import", ("metering_interval",), "kW at grid", len(program.cost), len(intervals), (intervals,)
    )
    wider = with_columns(program, peaks, cost=price)
    # interval_import[q] - grid_import[t] >= 0
    start, count = program.columns["grid_import"].start, len(pairs)
    row = np.arange(count)
    values = np.concatenate([np.ones(count), -np.ones(count)])
    columns = np.concatenate([peaks.start + number, start + demand.period[pairs]])
    rows = sparse.coo_array((values, (np.concatenate([row, row]), columns)), shape=(count, len(wider.cost))).tocsr()
    positions = (demand.row[pairs], demand.period[pairs])
    block = Block(
        "interval_import_definition",
        ("metering_interval", "period"),
        "kW at grid",
        program.matrix.shape[0],
        count,
        positions,
    )
    return with_rows(wider, block, rows, np.zeros(count), np.full(count, np.inf))


def shared_equally(
    program: LinearProgram, instance: Instance, money: SolverAnswer, settings: Settings, solver: Solver
) -> tuple[LinearProgram, bool]:
    """Bounds on ``target_shortfall`` so that those of a tier miss the same share of their need; False if nothing is.

    Max-min: the largest share is minimised, those who cannot do better are set, and so on for the rest, at most
    ``share_rounds`` times. What even full power cannot deliver does not count.
    """
    who, block = instance.sessions, program.columns["target_shortfall"]
    wanted = who.remaining_kwh - who.promised_kwh
    free = unavoidable_kwh(instance, wanted)
    missing = money.values[block.slice] - free
    open_ = _worth_sharing(missing, wanted, who.tier)
    shared = bool(open_.any())
    for _ in range(settings.share_rounds if shared else 0):
        if not open_.any():
            break
        most, tight = _least_largest_share(program, block, wanted, free, open_, who.tier, solver)
        settled = np.flatnonzero(open_)
        program = with_bounds(
            program,
            block.start + settled,
            lower=program.col_lower[block.start + settled],
            upper=np.minimum(program.col_upper[block.start + settled], most[settled] + MISSING_KWH / 10),
        )
        open_ = open_ & ~tight if tight.any() else np.zeros_like(open_)
    return program, shared


def _worth_sharing(missing: Floats, wanted: Floats, tier: Ints) -> NDArray[np.bool_]:
    """Sessions of tiers in which somebody misses something that power could have delivered."""
    lacking = np.bincount(tier, weights=np.maximum(0.0, missing)) > MISSING_KWH
    return lacking[tier] & (wanted > MISSING_KWH)


def _least_largest_share(
    program: LinearProgram,
    block: Block,
    wanted: Floats,
    free: Floats,
    open_: NDArray[np.bool_],
    tier: Ints,
    solver: Solver,
) -> tuple[Floats, NDArray[np.bool_]]:
    """For every open session the shortfall at its tier's least possible share, and who cannot do better."""
    members = np.flatnonzero(open_)
    grown = with_shares(program, block, members, wanted, free, tier)
    solver.load(grown)
    answer = solver.run()
    share = answer.values[len(program.cost) :]
    most, tight = np.zeros(len(wanted)), np.zeros(len(wanted), dtype=bool)
    most[members] = free[members] + wanted[members] * share[tier[members]]
    tight[members] = abs(answer.row_duals[grown.rows["equal_share"].slice]) > DUAL_TOLERANCE
    return most, tight


def with_shares(
    program: LinearProgram, block: Block, members: Ints, wanted: Floats, free: Floats, tier: Ints
) -> LinearProgram:
    """One more column per tier, its largest share, and a row per session: shortfall - wanted·share <= unavoidable."""
    columns, tiers, count = len(program.cost), int(tier.max()) + 1, len(members)
    largest = Block("largest_share", (), "", columns, tiers, ())
    wider = with_columns(with_cost(program, np.zeros(columns)), largest, cost=np.ones(tiers))
    row = np.arange(count)
    values = np.concatenate([np.ones(count), -wanted[members]])
    places = (np.concatenate([row, row]), np.concatenate([block.start + members, columns + tier[members]]))
    rows = sparse.coo_array((values, places), shape=(count, columns + tiers)).tocsr()
    share = Block("equal_share", ("session",), "kWh at evse", program.matrix.shape[0], count, (members,))
    return with_rows(wider, share, rows, np.full(count, -np.inf), free[members])
