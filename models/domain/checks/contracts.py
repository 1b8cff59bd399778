"""Contracts and demand charges: something to keep, a price for not keeping it, and billing periods that are now."""

from collections.abc import Iterator
from datetime import datetime
from itertools import combinations

from models.domain.calendar import calendar_of
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.paths import label, plain, some_of
from models.domain.scenario import Scenario
from models.domain.tariff import Contract, DemandCharge, TimeClasses
from models.domain.windows import timetable


def empty_contracts(scenario: Scenario) -> Iterator[Finding]:
    """Contracts that limit nothing, or whose limit costs nothing to exceed."""
    for i, contract in enumerate(scenario.tariff.contracts if scenario.tariff else ()):
        path = f"tariff.contracts[{i}]"
        limits = (contract.import_limit_kw, contract.export_limit_kw)
        if limits == (None, None):
            remedy = "write import_limit_kw, export_limit_kw, or both"
            yield Finding(path=path, message=f"{label(contract)}: it has no limit", remedy=remedy, ids=(contract.id,))
        if contract.price_per_kwh is None and contract.price_per_kw is None:
            message = f"{label(contract)}: what an excess costs is missing"
            remedy = "write price_per_kwh or price_per_kw; a limit that must never be exceeded is one of a node"
            yield Finding(path=path, message=message, remedy=remedy, ids=(contract.id,))
        for name in ("import_limit_kw", "export_limit_kw"):
            if getattr(contract, name) == TimeClasses(classes=()):
                message = f"{label(contract)}: it has no time class"
                yield Finding(path=f"{path}.{name}.classes", message=message, remedy="write at least one, or a number")


def overlapping_windows(scenario: Scenario) -> Iterator[Finding]:
    """Windows of one demand charge that are open at the same time: one of them was meant to be another."""
    for i, charge in enumerate(scenario.tariff.demand_charges if scenario.tariff else ()):
        try:
            opened = [timetable(((window,), charge.windows)) for window in charge.windows]
        except InvalidScenario:
            continue  # told by malformed_windows
        for (first, one), (second, other) in combinations(enumerate(opened), 2):
            # Place 0 is the window itself, in tables that have the same times of day.
            if ((one.group == 0) & (other.group == 0)).any():
                path = f"tariff.demand_charges[{i}].windows[{second}]"
                message = f"{label(charge)}: windows {first} and {second} are open at the same time"
                remedy = "let one end where the other starts, or make two demand charges of them"
                yield Finding(path=path, message=message, remedy=remedy, ids=(charge.id,))


def falling_tiers(scenario: Scenario) -> Iterator[Finding]:
    """Tiers that do not rise: a linear program would take the cheap end of a peak first."""
    for i, charge in enumerate(scenario.tariff.demand_charges if scenario.tariff else ()):
        above_kw, rate = 0.0, charge.rate_per_kw
        for k, tier in enumerate(charge.tiers):
            path, name = f"tariff.demand_charges[{i}].tiers[{k}]", label(charge)
            if k and tier.above_kw <= above_kw:
                message = f"{name}: tier {tier.above_kw:g} kW is listed after tier {above_kw:g} kW"
                yield Finding(path=f"{path}.above_kw", message=message, remedy="sort them by power", ids=(charge.id,))
            if tier.rate_per_kw < rate:
                message = f"{name}: from {tier.above_kw:g} kW on a kW costs {tier.rate_per_kw:g}, less than below"
                remedy = "write one rate; prices that fall are compared as whole plans, each with its own tariff"
                yield Finding(path=f"{path}.rate_per_kw", message=message, remedy=remedy, ids=(charge.id,))
            above_kw, rate = tier.above_kw, tier.rate_per_kw


def unfit_utilisation(scenario: Scenario) -> Iterator[Finding]:
    """Classes of utilisation without a charge, without a class, or one that nobody knows."""
    told = scenario.tariff.utilisation if scenario.tariff else None
    if told is None or scenario.tariff is None:
        return
    path, names = "tariff.utilisation", [one.id for one in told.classes]
    charges = {charge.id: charge for charge in scenario.tariff.demand_charges}
    if told.demand_charge not in charges:
        message = f"utilisation: demand charge {plain(told.demand_charge)} does not exist"
        yield Finding(path=f"{path}.demand_charge", message=message, remedy="name one of tariff.demand_charges")
    elif charges[told.demand_charge].tiers:
        message = f"utilisation: demand charge {plain(told.demand_charge)} has tiers as well"
        yield Finding(path=f"{path}.demand_charge", message=message, remedy="leave the tiers out")
    if not names:
        yield Finding(path=f"{path}.classes", message="utilisation: it has no class", remedy="write at least one")
    if len(set(names)) < len(names):
        yield Finding(
            path=f"{path}.classes", message="utilisation: two classes have one id", remedy="name each its own"
        )
    if told.chosen is not None and told.chosen not in names:
        message = f"utilisation: class {plain(told.chosen)} does not exist"
        yield Finding(path=f"{path}.chosen", message=message, remedy=f"write one of {some_of(names)}, or leave it out")


def billing_periods_elsewhere(scenario: Scenario, start: datetime) -> Iterator[Finding]:
    """Billing periods that end before they begin, or that the plan does not start in."""
    tariff = scenario.tariff
    if tariff is None:
        return
    today = calendar_of(tariff, scenario.site.time_zone).local_day(start.timestamp())
    for path, thing in _billed(scenario):
        period = thing.billing_period
        if period is not None and not period.first_day <= today <= period.last_day:
            what = f"billing period {period.first_day} to {period.last_day}"
            defect = "ends before it begins" if period.last_day < period.first_day else f"is not on {today}"
            message = f"{label(thing)}: {what} {defect}, when the plan starts"
            remedy = "write the days, first and last included, between the two readings of the meter around the plan"
            yield Finding(path=f"{path}.billing_period", message=message, remedy=remedy, ids=(thing.id,))


def _billed(scenario: Scenario) -> Iterator[tuple[str, DemandCharge | Contract]]:
    assert scenario.tariff is not None
    for i, charge in enumerate(scenario.tariff.demand_charges):
        yield f"tariff.demand_charges[{i}]", charge
    for i, contract in enumerate(scenario.tariff.contracts):
        yield f"tariff.contracts[{i}]", contract
