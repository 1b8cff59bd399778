"""What excludes each other: charging and giving back, import and export. Binaries only where an answer has both.

A linear program charges and gives back at once where energy has a price below 0, and buys and sells at once where
export is dearer than import. Whoever does gets a binary, and so does a car that gives back below its reserve.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from optimizer.instance import Instance
from optimizer.program import Block, Floats, Ints, LinearProgram, with_bounds, with_columns, with_rows
from optimizer.sparse import Rows

BOTH_KW = 1e-5
"""Less than this is the solver's last digits. [kW]"""
BELOW_KWH = 1e-5
"""The same of a reserve. [kWh]"""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of columns of which one must be 0, with their most; by label."""

    name: str
    dims: tuple[str, ...]
    positions: tuple[Ints, ...]
    off: Ints
    """Columns that are 0 when the binary is 1: charging, import."""
    most_off: Floats
    on: Ints
    """Columns that are 0 when the binary is 0: giving back, export."""
    most_on: Floats
    kept: Ints
    """Columns of the energy that must be at least ``reserve`` when the binary is 1; -1 where there is none."""
    low: Floats
    reserve: Floats

    def at(self, places: Ints) -> "Pairs":
        """Some of them."""
        positions = tuple(p[places] for p in self.positions)
        arrays = (self.off, self.most_off, self.on, self.most_on, self.kept, self.low, self.reserve)
        return Pairs(self.name, self.dims, positions, *(array[places] for array in arrays))  # type: ignore[arg-type]

    def broken(self, values: Floats) -> Ints:
        """Which of them an answer has both of, or below their reserve."""
        giving = values[self.on] > BOTH_KW
        if not giving.any():
            return np.zeros(0, dtype=np.int64)
        below = (self.kept >= 0) & (values[self.kept] < self.reserve - BELOW_KWH)
        return np.flatnonzero(giving & ((values[self.off] > BOTH_KW) | below))


def all_pairs(program: LinearProgram, instance: Instance) -> list[Pairs]:
    """Every pair of a program that an answer could have both of; none where nobody gives back."""
    return [pairs for pairs in _every_kind(program, instance) if len(pairs.off)]


def _every_kind(program: LinearProgram, instance: Instance) -> Iterator[Pairs]:
    if len(instance.states.giving):
        yield _cars(program, instance)
    if instance.storage.count:
        yield _batteries(program, instance)
    dear = _dear_exports(program, instance)
    if len(dear):
        yield _exports(program, instance, dear)


def _cars(program: LinearProgram, instance: Instance) -> Pairs:
    states, columns = instance.states, program.columns
    giving = states.giving
    cell, after = states.cell[giving], states.before[giving] + 1
    cells = instance.cells
    return Pairs(
        "gives_back",
        ("session", "period"),
        (cells.session[cell], cells.period[cell]),
        columns["charge_power"].start + cell,
        instance.sessions.max_power_kw[cells.session[cell]],
        columns["discharge_power"].columns,
        states.max_discharge_kw[states.member[giving]],
        columns["energy"].start + after,
        states.low_kwh[after],
        states.reserve_kwh[after],
    )


def _batteries(program: LinearProgram, instance: Instance) -> Pairs:
    charge, discharge = program.columns["storage_charge"], program.columns["storage_discharge"]
    nothing = np.zeros(charge.size)
    return Pairs(
        "storage_gives_back",
        charge.dims,
        charge.positions,
        charge.columns,
        program.col_upper[charge.slice],
        discharge.columns,
        program.col_upper[discharge.slice],
        np.full(charge.size, -1),
        nothing,
        nothing,
    )


def _dear_exports(program: LinearProgram, instance: Instance) -> Ints:
    """Places in the block ``grid_export`` where what leaves pays more than what comes costs."""
    money, exporting = instance.money, program.columns["grid_export"].positions[0]
    return np.flatnonzero((money.export_price > money.bought)[exporting])


def _exports(program: LinearProgram, instance: Instance, places: Ints) -> Pairs:
    block = program.columns["grid_export"]
    period, on = block.positions[0][places], block.start + places
    nothing = np.zeros(len(places))
    return Pairs(
        "exporting",
        ("period",),
        (period,),
        program.columns["grid_import"].start + period,
        _most_import_kw(program, instance)[period],
        on,
        program.col_upper[on],
        np.full(len(places), -1),
        nothing,
        nothing,
    )


def _most_import_kw(program: LinearProgram, instance: Instance) -> Floats:
    """If everybody draws in full and all PV is held back (T,). [kW]"""
    cells, who = instance.cells, instance.sessions
    share = cells.hours / instance.periods.hours[cells.period]
    drawn = share * (who.max_power_kw / who.efficiency)[cells.session]
    most = np.bincount(cells.period, weights=drawn, minlength=instance.periods.count).astype(float)
    curtailed = program.columns["pv_curtailed"]
    most += np.bincount(curtailed.positions[1], weights=program.col_upper[curtailed.slice], minlength=len(most))
    base = instance.limits.expected_kw[instance.tree.root] + instance.storage.max_charge_kw.sum()
    return np.asarray(np.maximum(0.0, most + base))


@dataclass(frozen=True, slots=True)
class Switched:
    """A program with binaries."""

    program: LinearProgram
    binaries: Ints
    """Their columns."""
    hint: Floats
    """What the answer that called for them comes closest to: who does more of which."""


def with_switches(program: LinearProgram, pairs: Pairs, values: Floats, number: int) -> Switched:
    """The program with one binary for each of some pairs: block ``<name>_<number>`` and its rows."""
    count, start = len(pairs.off), len(program.cost)
    name = f"{pairs.name}_{number}"
    columns = Block(name, pairs.dims, "", start, count, pairs.positions)
    wider = with_columns(program, columns, cost=np.zeros(count))
    wider = with_bounds(wider, columns.columns, lower=0.0, upper=1.0)
    z = columns.columns
    # off + most_off z <= most_off, on - most_on z <= 0, -energy + (reserve - low) z <= -low
    wider = _rows(wider, f"{name}_excludes", pairs, np.arange(count), pairs.off, 1.0, z, pairs.most_off, pairs.most_off)
    wider = _rows(
        wider, f"{name}_permits", pairs, np.arange(count), pairs.on, 1.0, z, -pairs.most_on, 0 * pairs.most_on
    )
    kept = np.flatnonzero((pairs.kept >= 0) & (pairs.reserve > pairs.low))
    if len(kept):
        gain, low = (pairs.reserve - pairs.low)[kept], pairs.low[kept]
        wider = _rows(wider, f"{name}_keeps", pairs, kept, pairs.kept[kept], -1.0, z[kept], gain, -low, unit="kWh")
    return Switched(wider, z, (values[pairs.on] > values[pairs.off]).astype(float))


def _rows(
    program: LinearProgram,
    name: str,
    pairs: Pairs,
    which: Ints,
    column: Ints,
    coefficient: float,
    binary: Ints,
    of_binary: Floats,
    bound: Floats,
    *,
    unit: str = "kW",
) -> LinearProgram:
    """coefficient · column + of_binary · binary <= bound"""
    count = len(which)
    row = np.arange(count)
    values = np.concatenate([np.full(count, coefficient), of_binary])
    places = (np.concatenate([row, row]), np.concatenate([column, binary]))
    entries = Rows.from_triplets(values, places, (count, len(program.cost)))
    positions = tuple(p[which] for p in pairs.positions)
    block = Block(name, pairs.dims, unit, program.matrix.shape[0], count, positions)
    return with_rows(program, block, entries, np.full(count, -np.inf), bound)


def decided(program: LinearProgram, pairs: Pairs, values: Floats) -> LinearProgram:
    """The program in which some pairs do only what they do more of; a car below its reserve gives nothing back."""
    below = (pairs.kept >= 0) & (values[pairs.kept] < pairs.reserve - BELOW_KWH)
    gives = (values[pairs.on] > values[pairs.off]) & ~below
    columns = np.concatenate([pairs.off[gives], pairs.on[~gives]])
    return with_bounds(program, columns, lower=0.0, upper=0.0)


def held(program: LinearProgram, pairs: list[Pairs], values: Floats) -> LinearProgram:
    """The program in which cars that come below their reserve give back only when an answer does."""
    for kind in pairs:
        careful = np.flatnonzero((kind.kept >= 0) & (kind.reserve > kind.low))
        if len(careful):
            some = kind.at(careful)
            gives = values[some.on] > BOTH_KW
            program = with_bounds(program, some.on[~gives], lower=0.0, upper=0.0)
            kept = np.maximum(program.col_lower[some.kept[gives]], some.reserve[gives])
            high = np.maximum(program.col_upper[some.kept[gives]], kept)
            program = with_bounds(program, some.kept[gives], lower=kept, upper=high)
    return program
