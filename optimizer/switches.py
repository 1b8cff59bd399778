"""What excludes each other: charging and giving back, import and export. Binaries only where an answer has both.

A linear program charges and gives back at once where energy has a price below 0, and buys and sells at once where
export is dearer than import. Whoever does gets a binary, and so does a car that gives back below its reserve.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from optimizer.instance import Instance
from optimizer.program import Block, Floats, Ints, LinearProgram, with_bounds, with_columns, with_rows
from optimizer.sparse import Rows

Bools = NDArray[np.bool_]

BOTH_KW = 1e-5
"""Less than this is the solver's last digits. [kW]"""
BELOW_KWH = 1e-5
"""The same of a reserve. [kWh]"""


@dataclass(frozen=True, slots=True)
class Kept:
    """Energies that must be at least ``reserve`` when their binary is 1, and are at least ``low`` anyway."""

    columns: Ints
    low: Floats
    reserve: Floats

    def at(self, places: Ints) -> "Kept":
        return Kept(self.columns[places], self.low[places], self.reserve[places])

    def below(self, values: Floats) -> Bools:
        """Where an answer has less than the reserve."""
        return np.asarray(values[self.columns] < self.reserve - BELOW_KWH)


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
    kept: Kept | None = None
    """Of cars."""

    def at(self, places: Ints) -> "Pairs":
        """Some of them."""
        return replace(
            self,
            positions=tuple(p[places] for p in self.positions),
            off=self.off[places],
            most_off=self.most_off[places],
            on=self.on[places],
            most_on=self.most_on[places],
            kept=None if self.kept is None else self.kept.at(places),
        )

    def below(self, values: Floats) -> Bools:
        """Where an answer has less than what must be kept."""
        return np.zeros(len(self.on), dtype=bool) if self.kept is None else self.kept.below(values)

    def broken(self, values: Floats) -> Ints:
        """Which of them an answer has both of, or below their reserve."""
        giving = values[self.on] > BOTH_KW
        if not giving.any():
            return np.zeros(0, dtype=np.int64)
        return np.flatnonzero(giving & ((values[self.off] > BOTH_KW) | self.below(values)))


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
    states, columns, cells = instance.states, program.columns, instance.cells
    giving = states.giving
    cell, after = states.cell[giving], states.before[giving] + 1
    return Pairs(
        "gives_back",
        ("session", "period"),
        (cells.session[cell], cells.period[cell]),
        off=columns["charge_power"].start + cell,
        most_off=instance.sessions.max_power_kw[cells.session[cell]],
        on=columns["discharge_power"].columns,
        most_on=states.max_discharge_kw[states.member[giving]],
        kept=Kept(columns["energy"].start + after, states.low_kwh[after], states.reserve_kwh[after]),
    )


def _batteries(program: LinearProgram, instance: Instance) -> Pairs:
    charge, discharge = program.columns["storage_charge"], program.columns["storage_discharge"]
    return Pairs(
        "storage_gives_back",
        charge.dims,
        charge.positions,
        off=charge.columns,
        most_off=program.col_upper[charge.slice],
        on=discharge.columns,
        most_on=program.col_upper[discharge.slice],
    )


def _dear_exports(program: LinearProgram, instance: Instance) -> Ints:
    """Places in the block ``grid_export`` where what leaves pays more than what comes costs."""
    money, exporting = instance.money, program.columns["grid_export"].positions[0]
    return (money.export_price > money.bought)[exporting].nonzero()[0]


def _exports(program: LinearProgram, instance: Instance, places: Ints) -> Pairs:
    block = program.columns["grid_export"]
    period, on = block.positions[0][places], block.start + places
    return Pairs(
        "exporting",
        ("period",),
        (period,),
        off=program.columns["grid_import"].start + period,
        most_off=_most_import_kw(program, instance)[period],
        on=on,
        most_on=program.col_upper[on],
    )


def _most_import_kw(program: LinearProgram, instance: Instance) -> Floats:
    """If everybody draws in full and all PV is held back (T,). [kW]"""
    cells, who = instance.cells, instance.sessions
    share = cells.share
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
    name = f"{pairs.name}_{number}"
    binary = Block(name, pairs.dims, "", len(program.cost), len(pairs.off), pairs.positions)
    z = binary.columns
    wider = with_bounds(with_columns(program, binary, cost=np.zeros(binary.size)), z, lower=0.0, upper=1.0)
    # off + most_off z <= most_off
    wider = _at_most(wider, f"{name}_excludes", pairs, [(1.0, pairs.off), (pairs.most_off, z)], pairs.most_off, "kW")
    # on - most_on z <= 0
    nothing = np.zeros(binary.size)
    wider = _at_most(wider, f"{name}_permits", pairs, [(1.0, pairs.on), (-pairs.most_on, z)], nothing, "kW")
    if pairs.kept is not None:
        some = np.flatnonzero(pairs.kept.reserve > pairs.kept.low)
        kept, careful = pairs.kept.at(some), pairs.at(some)
        # -energy + (reserve - low) z <= -low
        terms: list[Term] = [(-1.0, kept.columns), (kept.reserve - kept.low, z[some])]
        wider = _at_most(wider, f"{name}_keeps", careful, terms, -kept.low, "kWh")
    return Switched(wider, z, (values[pairs.on] > values[pairs.off]).astype(float))


Term = tuple[float | Floats, Ints]
"""A coefficient and the column that it belongs to, for each row."""


def _at_most(
    program: LinearProgram, name: str, pairs: Pairs, terms: list[Term], bound: Floats, unit: str
) -> LinearProgram:
    """One row for each pair: Σ terms <= bound; nothing where there is no pair."""
    count = len(pairs.off)
    if not count:
        return program
    values = np.concatenate([np.broadcast_to(coefficient, (count,)) for coefficient, _ in terms])
    places = (np.tile(np.arange(count), len(terms)), np.concatenate([columns for _, columns in terms]))
    entries = Rows.from_triplets(values, places, (count, len(program.cost)))
    block = Block(name, pairs.dims, unit, program.matrix.shape[0], count, pairs.positions)
    return with_rows(program, block, entries, np.full(count, -np.inf), bound)


def decided(program: LinearProgram, pairs: Pairs, values: Floats) -> LinearProgram:
    """The program in which some pairs do only what they do more of; a car below its reserve gives nothing back."""
    gives = (values[pairs.on] > values[pairs.off]) & ~pairs.below(values)
    columns = np.concatenate([pairs.off[gives], pairs.on[~gives]])
    return with_bounds(program, columns, lower=0.0, upper=0.0)


def held(program: LinearProgram, pairs: list[Pairs], values: Floats) -> LinearProgram:
    """The program in which cars that come below their reserve give back only when an answer does."""
    for kind in pairs:
        if kind.kept is not None:
            some = np.flatnonzero(kind.kept.reserve > kind.kept.low)
            program = _held(program, kind.at(some), kind.kept.at(some), values)
    return program


def _held(program: LinearProgram, pairs: Pairs, kept: Kept, values: Floats) -> LinearProgram:
    gives = values[pairs.on] > BOTH_KW
    program = with_bounds(program, pairs.on[~gives], lower=0.0, upper=0.0)
    columns = kept.columns[gives]
    low = np.maximum(program.col_lower[columns], kept.reserve[gives])
    return with_bounds(program, columns, lower=low, upper=np.maximum(program.col_upper[columns], low))
