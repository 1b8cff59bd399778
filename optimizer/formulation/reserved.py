"""Rules S2 and S3 in (5), (6), (13): limits count the larger of the setpoint and what its EVSE may still follow."""

from dataclasses import dataclass

import numpy as np

from optimizer.instance import Following, Instance
from optimizer.instance.following import PLAIN
from optimizer.program import Block, Floats, Ints, ProgramBuilder, Term


@dataclass(frozen=True, slots=True)
class Counted:
    """What limits count of the cells of ``charge_power``."""

    charge_power: Block
    reserved_power: Block | None
    """None where nothing is installed."""
    following: Following

    def terms(self, coefficient: Floats, rows: Ints, cells: Ints) -> list[Term]:
        """Terms that add ``coefficient[i]`` times what counts of ``cells[i]`` to row ``rows[i]``.

        Nothing of an EVSE out of reach: what that draws is in the bound.
        """
        kind = self.following.kind
        if kind is None or self.reserved_power is None:
            return [(coefficient, self.charge_power.by(rows, cells))]
        plain, reserved = np.flatnonzero(kind[cells] == PLAIN), np.flatnonzero(kind[cells] >= 0)
        return [
            (coefficient[plain], self.charge_power.by(rows[plain], cells[plain])),
            (coefficient[reserved], self.reserved_power.by(rows[reserved], kind[cells[reserved]])),
        ]


def counted(lp: ProgramBuilder, instance: Instance, charge_power: Block) -> Counted:
    """Columns only for the pairs of session and period in which something is installed."""
    following, cells = instance.following, instance.cells
    if following.kind is None:
        return Counted(charge_power, None, following)
    dims, positions = ("session", "period"), (cells.session[following.cell], cells.period[following.cell])
    # (S2)  installed[s,t] <= reserved_power[s,t]
    reserved = lp.variable("reserved_power", dims, positions, lower=following.least_kw, unit="kW at evse")
    # (S2)  reserved_power[s,t] - charge_power[s,t] >= 0
    lp.at_least(
        "reserved_power_definition",
        dims,
        positions,
        [(1.0, reserved), (-1.0, charge_power.by(np.arange(reserved.size), following.cell))],
        bound=0.0,
        unit="kW at evse",
    )
    return Counted(charge_power, reserved, following)
