"""Contracts (11) as arrays: one entry for each side, import or export, of each contract."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from models.domain.contracts import ExcessPeriod, contract_limits, excess_periods
from models.domain.scenario import Scenario
from models.domain.tariff import Contract, ContractLimit
from optimizer.instance.periods import Periods
from optimizer.instance.tree import Tree

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Contracts:
    """Sides of contracts (C,), and the billing periods (K,) in which the largest excess of one has a price."""

    labels: tuple[str, ...]
    """``transport:import``"""
    node: Ints
    """(C,) position of the node whose power counts."""
    sign: Floats
    """(C,) +1 for import, -1 for export."""
    limit_kw: Floats
    """(C, T) the least inside the period; inf where there is none. [kW at grid]"""
    per_kwh: Floats
    """(C,) [currency/kWh]"""
    billed: tuple[ExcessPeriod, ...]
    billed_side: Ints
    """(K,) the side that each of them belongs to."""
    billed_labels: tuple[str, ...]
    """``transport:import@2026-03``"""

    @property
    def count(self) -> int:
        return len(self.labels)

    def periods_of(self, k: int, span: Periods) -> Ints:
        """Periods that begin in the k-th billing period and have a limit."""
        return np.flatnonzero(_begun_in(self.billed[k], span) & np.isfinite(self.limit_kw[self.billed_side[k]]))


def contracts(scenario: Scenario, tree: Tree, span: Periods) -> Contracts:
    """The arrays of a completed scenario's contracts."""
    assert scenario.tariff is not None
    if not scenario.tariff.contracts:
        return _nothing(span.count)
    found = [(one, *side) for one in scenario.tariff.contracts for side in _sides(one)]
    limits = [contract_limits(limit, span.instants_s, span.calendar) for _, _, _, limit in found]
    labels = tuple(f"{one.id}:{name}" for one, name, _, _ in found)
    billed = [
        (c, period)
        for c, (one, *_) in enumerate(found)
        for period in excess_periods(one, span.calendar, span.start_s, span.end_s)
        if _begun_in(period, span).any()
    ]
    return Contracts(
        labels=labels,
        node=np.array([_position(one, tree) for one, *_ in found], dtype=np.int64),
        sign=np.array([sign for _, _, sign, _ in found], dtype=float),
        limit_kw=np.array(limits).reshape(len(found), span.count),
        per_kwh=np.array([one.price_per_kwh or 0.0 for one, *_ in found]),
        billed=tuple(period for _, period in billed),
        billed_side=np.array([c for c, _ in billed], dtype=np.int64),
        billed_labels=tuple(f"{labels[c]}@{one.label}" for c, one in billed),
    )


@lru_cache(maxsize=64)
def _nothing(periods: int) -> Contracts:
    """Of a tariff without contracts."""
    nowhere, floats = np.zeros(0, dtype=np.int64), np.zeros(0)
    return Contracts((), nowhere, floats, np.zeros((0, periods)), floats, (), nowhere, ())


def _begun_in(billed: ExcessPeriod, span: Periods) -> NDArray[np.bool_]:
    starts_s = span.instants_s[:-1]
    return np.asarray((starts_s >= billed.start_s) & (starts_s < billed.end_s))


def _sides(contract: Contract) -> Iterator[tuple[str, float, ContractLimit]]:
    """Name, sign and limit of each side that has one."""
    if contract.import_limit_kw is not None:
        yield "import", 1.0, contract.import_limit_kw
    if contract.export_limit_kw is not None:
        yield "export", -1.0, contract.export_limit_kw


def _position(contract: Contract, tree: Tree) -> int:
    return tree.root if contract.node is None else tree.position[contract.node]
