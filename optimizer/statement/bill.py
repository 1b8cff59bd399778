"""What a load costs by component: energy by its price, and the peaks of the billing periods that end with it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from models.domain.calendar import Calendar
from models.domain.demand import billing_periods
from models.domain.schedule import Floats
from models.domain.tariff import BillingPeriod, Contract, Tariff
from models.domain.units import SECONDS_PER_HOUR
from optimizer.statement.cents import cents, to_cents
from optimizer.statement.demand import billed_peaks

MOST_PRICES = 24
"""A load bought at more prices than these is told in one line, at their mean."""
PRICE_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A load and its prices, period by period; arrays have one value a period."""

    instants_s: Floats
    """(T + 1,) [s]"""
    import_kw: Floats
    export_kw: Floats
    import_price: Floats
    export_price: Floats
    carbon_cost: Floats
    coincident_cost: Floats
    drivers_paid: Floats
    """[currency/h]"""
    excess_kw: Mapping[str, Floats] = field(default_factory=dict)
    """By contract and side. [kW]"""

    @property
    def hours(self) -> Floats:
        return np.diff(self.instants_s) / SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One component of a bill."""

    component: str
    """As in a plan's costs: energy_import, energy_export, carbon, coincident_peak, discharge_paid, contract_excess,
    demand_charge."""
    label: str
    """Which price, charge or contract; empty where there is one."""
    quantity: float
    unit: str
    """kWh, or kW of a peak; h where drivers are paid."""
    price: float | None
    """Of one unit, the mean where there are several; None where it is not one product. [currency/unit]"""
    amount: Decimal
    """[currency]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """All components; what nothing was paid for is left out."""

    energy: tuple[Line, ...]
    peaks: tuple[Line, ...]

    @property
    def energy_amount(self) -> Decimal:
        return sum((line.amount for line in self.energy), Decimal(0))

    @property
    def amount(self) -> Decimal:
        return self.energy_amount + sum((line.amount for line in self.peaks), Decimal(0))


def energy_cost(course: Course, tariff: Tariff) -> Floats:
    """What each period costs but for peaks (T,). [currency]"""
    bought, sold = course.import_kw * course.hours, course.export_kw * course.hours
    per_kwh = course.import_price + course.carbon_cost + course.coincident_cost
    cost: Floats = per_kwh * bought - course.export_price * sold + course.drivers_paid * course.hours
    for name, contract in _contracts(tariff):
        excess = course.excess_kw.get(name)
        if excess is not None:
            cost = cost + (contract.price_per_kwh or 0.0) * excess * course.hours
    return cost


def bill_of(course: Course, tariff: Tariff, calendar: Calendar) -> Bill:
    """The energy of a load, and every charge on peaks whose billing period ends inside it."""
    told = list(_energy_lines(course, tariff))
    amounts = to_cents(amount for *_, amount in told)
    energy = tuple(
        Line(component=component, label=label, quantity=quantity, unit=unit, price=price, amount=amount)
        for (component, label, quantity, unit, price, _), amount in zip(told, amounts, strict=True)
    )
    peaks = (*_demand_lines(course, tariff, calendar), *_excess_lines(course, tariff, calendar))
    return Bill(energy=energy, peaks=peaks)


_Told = tuple[str, str, float, str, float | None, float]
"""Component, label, quantity, unit, price, exact amount."""


def _energy_lines(course: Course, tariff: Tariff) -> Iterator[_Told]:
    bought, sold = course.import_kw * course.hours, course.export_kw * course.hours
    yield from _by_price("energy_import", bought, course.import_price, 1.0)
    yield from _by_price("energy_export", sold, course.export_price, -1.0)
    for component, price in (("carbon", course.carbon_cost), ("coincident_peak", course.coincident_cost)):
        amount = float(price @ bought)
        if amount:
            yield component, "", float(bought.sum()), "kWh", amount / float(bought.sum()), amount
    paid = float(course.drivers_paid @ course.hours)
    if paid:
        yield "discharge_paid", "", float(course.hours[course.drivers_paid > 0.0].sum()), "h", None, paid
    for name, contract in _contracts(tariff):
        excess = course.excess_kw.get(name)
        kwh = 0.0 if excess is None else float(excess @ course.hours)
        if kwh and contract.price_per_kwh:
            yield "contract_excess", name, kwh, "kWh", contract.price_per_kwh, contract.price_per_kwh * kwh


def _by_price(component: str, energy_kwh: Floats, price: Floats, sign: float) -> Iterator[_Told]:
    """A line for each price, where there are few; hours of no energy have none."""
    flows = energy_kwh > 0.0
    rounded = np.round(price[flows], PRICE_DIGITS)
    prices = np.unique(rounded)
    if len(prices) > MOST_PRICES:
        kwh, amount = float(energy_kwh.sum()), float(price @ energy_kwh)
        yield component, "dynamic", kwh, "kWh", sign * amount / kwh, sign * amount
        return
    for one in prices.tolist():
        kwh = float(energy_kwh[flows][rounded == one].sum())
        amount = float(price[flows][rounded == one] @ energy_kwh[flows][rounded == one])
        yield component, f"{one:g}", kwh, "kWh", sign * one, sign * amount


def _demand_lines(course: Course, tariff: Tariff, calendar: Calendar) -> Iterator[Line]:
    for charge in tariff.demand_charges:
        due = _due(charge.id, charge.billing_period, course, calendar)
        for billed in billed_peaks(charge, calendar, course.instants_s, course.import_kw):
            if billed.label in due:
                yield Line(
                    component="demand_charge",
                    label=billed.label,
                    quantity=billed.peak_kw,
                    unit="kW",
                    price=None if charge.tiers else charge.rate_per_kw,
                    amount=cents(billed.amount),
                )


def _excess_lines(course: Course, tariff: Tariff, calendar: Calendar) -> Iterator[Line]:
    """The largest excess over a contract, where it has a price."""
    for name, contract in _contracts(tariff):
        excess = course.excess_kw.get(name)
        due = _due(name, contract.billing_period, course, calendar)
        if excess is None or contract.price_per_kw is None or not due:
            continue
        largest_kw = max(contract.excess_set_kw, float(excess.max(initial=0.0)))
        yield Line(
            component="contract_excess",
            label=min(due),
            quantity=largest_kw,
            unit="kW",
            price=contract.price_per_kw,
            amount=cents(contract.price_per_kw * largest_kw),
        )


def _due(name: str, given: BillingPeriod | None, course: Course, calendar: Calendar) -> set[str]:
    """Labels of the billing periods that end inside the course."""
    start_s, end_s = float(course.instants_s[0]), float(course.instants_s[-1])
    found = billing_periods(given, calendar, start_s, end_s)
    return {f"{name}@{period.label}" for period in found if period.end_s <= end_s}


def _contracts(tariff: Tariff) -> Iterator[tuple[str, Contract]]:
    for contract in tariff.contracts:
        for side in ("import", "export"):
            yield f"{contract.id}:{side}", contract
