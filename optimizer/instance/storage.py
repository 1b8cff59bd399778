"""Stationary batteries as arrays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.domain.site import Battery, Site
from optimizer.instance.tree import Tree

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Storage:
    """One entry per battery of the site, in its order (B,). Powers at grid, energies inside."""

    ids: tuple[str, ...]
    above: tuple[tuple[int, ...], ...]
    """For each battery its node and those towards the grid, by position."""
    max_charge_kw: Floats
    max_discharge_kw: Floats
    charge_efficiency: Floats
    discharge_efficiency: Floats
    start_kwh: Floats
    reserve_kwh: Floats
    """What must stay inside: the reserve, or less where it starts with less."""
    capacity_kwh: Floats
    wear_per_kwh: Floats
    """Of energy given back, at grid. [currency/kWh]"""
    terminal_per_kwh: Floats
    firm: NDArray[np.bool_]
    """(N,) nodes whose import limits count on what batteries give back."""

    @property
    def count(self) -> int:
        return len(self.ids)

    def below(self, periods: int) -> tuple[Ints, Ints, Ints]:
        """For each period all pairs of a battery and a node above it: position of (battery, period), node, period."""
        if not self.count:
            return (np.zeros(0, dtype=np.int64),) * 3
        pairs = [(b, node) for b, nodes in enumerate(self.above) for node in nodes]
        battery, node = np.repeat(np.array(pairs, dtype=np.int64).reshape(len(pairs), 2), periods, axis=0).T
        period = np.tile(np.arange(periods), len(pairs))
        return battery * periods + period, node, period

    def energy_kwh(self, hours: Floats, charge_kw: Floats, discharge_kw: Floats) -> Floats:
        """Equation (8): energy at the instants (B, T+1), from powers (B, T). [kWh]"""
        change = self.charge_efficiency[:, None] * charge_kw - discharge_kw / self.discharge_efficiency[:, None]
        return np.cumsum(np.hstack([self.start_kwh[:, None], change * hours]), axis=1)


_NO = np.zeros(0)
"""Of no battery."""


def storage(site: Site, tree: Tree) -> Storage:
    """The arrays of a completed site's batteries."""
    batteries = site.batteries
    # What a battery gives back relieves nobody of reactive power: a limit in kVA does not count on it.
    firm = [node.firm_generation and node.import_limit_kva is None for node in tree.nodes]
    firm_nodes = np.array(firm + [False] * len(site.cabinets), dtype=bool)
    if not batteries:
        return Storage((), (), _NO, _NO, _NO, _NO, _NO, _NO, _NO, _NO, _NO, firm_nodes)
    ids, above = (tuple(battery.id for battery in batteries), tuple(tree.above(battery.node) for battery in batteries))
    table = np.array([_row(battery) for battery in batteries], dtype=float).T
    charge, discharge, into, out, start, reserve, capacity, wear, worth = table
    return Storage(ids, above, charge, discharge, into, out, start, reserve, capacity, wear, worth, firm_nodes)


def _row(battery: Battery) -> tuple[float, ...]:
    assert battery.terminal_value_per_kwh is not None
    return (
        battery.max_charge_kw,
        battery.max_discharge_kw,
        battery.charge_efficiency,
        battery.discharge_efficiency,
        battery.energy_at_start_kwh,
        min(battery.reserve_kwh, battery.energy_at_start_kwh),
        battery.capacity_kwh,
        battery.wear_price_per_kwh / battery.discharge_efficiency,
        battery.terminal_value_per_kwh,
    )
