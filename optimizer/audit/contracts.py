"""Contracts (11): how far each node goes above what was agreed, and what that costs, worked out anew."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from models.domain.schedule import ContractPlan, Floats
from models.domain.tariff import Contract, ContractLimit, TimeClasses
from optimizer.audit.case import Case
from optimizer.audit.demand import COST_TOLERANCE, Billed, billed_on, local_day, seen_share
from optimizer.audit.loads import NodeLoad, expected_kw
from optimizer.audit.report import Break, BreakCode
from optimizer.audit.timeline import as_rates, price_values, steps_at, utc
from optimizer.audit.tree import root_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """One side of one contract, recomputed."""

    label: str
    node: str
    limit_kw: Floats
    """The least inside each period; inf where there is none (T,). [kW]"""
    excess_kw: Floats
    """(T,)"""
    price_per_kwh: float
    largest: dict[str, tuple[float, float, float]]
    """By label of a billing period: largest excess, floor, price. [kW], [kW], [currency/kW]"""


def excesses(case: Case, loads: Iterable[NodeLoad]) -> tuple[Excess, ...]:
    """Every side of every contract."""
    expected = {load.label: expected_kw(case, load) for load in loads}
    return tuple(
        _excess(case, contract, side, limit, expected)
        for contract in case.tariff.contracts
        for side, limit in (("import", contract.import_limit_kw), ("export", contract.export_limit_kw))
        if limit is not None
    )


def contract_breaks(case: Case, found: tuple[Excess, ...]) -> Iterator[Break]:
    """What the plan says of each contract is what its setpoints make of it."""
    plans = {plan.contract: plan for plan in case.schedule.contracts}
    for excess in found:
        if excess.label in plans:
            yield from _plan_breaks(case, excess, plans.pop(excess.label))
        else:
            yield _break(excess.label, None, 0.0, 1.0, "the plan says nothing of this contract")
    for label in plans:
        yield _break(label, None, 1.0, 0.0, "the tariff has no such contract")


def excess_cost(case: Case, found: tuple[Excess, ...]) -> float:
    """Σ price_per_kwh Δ excess + Σ price_per_kw w (largest - floor) [currency]"""
    energy = sum(one.price_per_kwh * float(case.time.period_h @ one.excess_kw) for one in found)
    return energy + sum(price * (most - floor) for one in found for most, floor, price in one.largest.values())


def contract_values(limit: ContractLimit, times_s: Floats, case: Case) -> Floats:
    """The limit at each of some ascending times; inf where there is none. [kW]"""
    if isinstance(limit, TimeClasses):
        return price_values(as_rates(limit), times_s, case.calendar)
    return steps_at(limit, times_s)


def _excess(case: Case, contract: Contract, side: str, limit: ContractLimit, expected: dict[str, Floats]) -> Excess:
    node = contract.node if contract.node is not None else root_of(case.scenario.site).id
    power = expected[node] if side == "import" else -expected[node]
    limit_kw = case.time.least(contract_values(limit, case.time.starts_s, case))
    above = np.where(power > limit_kw, power - limit_kw, 0.0)
    label = f"{contract.id}:{side}"
    return Excess(
        label=label,
        node=node,
        limit_kw=limit_kw,
        excess_kw=above,
        price_per_kwh=contract.price_per_kwh or 0.0,
        largest=_largest(case, contract, label, above),
    )


def _largest(case: Case, contract: Contract, label: str, above: Floats) -> dict[str, tuple[float, float, float]]:
    """A period belongs to the billing period in which it begins."""
    if contract.price_per_kw is None:
        return {}
    begun = local_day(float(case.schedule.instants_s[0]), case)
    found: dict[Billed, list[float]] = defaultdict(list)
    for start_s, excess in zip(case.schedule.instants_s[:-1].tolist(), above.tolist(), strict=True):
        found[billed_on(local_day(start_s, case), contract.billing_period)].append(excess)
    floors = {period: contract.excess_set_kw if period.first_day <= begun else 0.0 for period in found}
    return {
        f"{label}@{period.label}": (
            max(floors[period], *excess),
            floors[period],
            contract.price_per_kw * seen_share(case, period),
        )
        for period, excess in found.items()
    }


def _plan_breaks(case: Case, excess: Excess, plan: ContractPlan) -> Iterator[Break]:
    starts, tolerance = case.schedule.instants_s, case.tolerance_kw
    if plan.node_id != excess.node:
        yield _break(excess.label, None, 0.0, 1.0, f"it counts node {excess.node}, the plan says {plan.node_id}")
    for name, stated, found in (
        ("limit", plan.limit_kw, excess.limit_kw),
        ("excess", plan.excess_kw, excess.excess_kw),
    ):
        for t in np.flatnonzero(~np.isclose(stated, found, rtol=0.0, atol=tolerance)):
            message = f"the {name} is {found[t]:.4f} kW, the plan says {stated[t]:.4f} kW"
            yield _break(excess.label, float(starts[t]), float(found[t]), float(stated[t]), message)
    yield from _largest_breaks(excess, plan, tolerance)


def _largest_breaks(excess: Excess, plan: ContractPlan, tolerance_kw: float) -> Iterator[Break]:
    stated = {one.demand_window: one for one in plan.largest}
    for label, (most, floor, price) in excess.largest.items():
        said = stated.pop(label, None)
        if said is None:
            yield _break(label, None, 0.0, 1.0, "the plan says nothing of this billing period")
            continue
        for name, found, told in (("largest excess", most, said.peak_kw), ("floor", floor, said.floor_kw)):
            if abs(found - told) > tolerance_kw:
                yield _break(label, None, found, told, f"the {name} is {found:.4f} kW, the plan says {told:.4f} kW")
        cost = price * (most - floor)
        if abs(said.cost - cost) > COST_TOLERANCE * max(1.0, abs(cost)):
            yield _break(label, None, cost, said.cost, f"it costs {cost:.6f}, the plan says {said.cost:.6f}")
    for label in stated:
        yield _break(label, None, 1.0, 0.0, "no excess has a price in such a billing period")


def _break(where: str, start_s: float | None, amount: float, limit: float, message: str) -> Break:
    start, code = None if start_s is None else utc(start_s), BreakCode.CONTRACT_PLAN
    return Break(code=code, where=where, start=start, amount=amount, limit=limit, message=message)
