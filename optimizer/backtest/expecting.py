"""A scenario whose demand charges know what peak is expected, and what exceeding it would cost."""

from collections.abc import Mapping
from dataclasses import replace

from models.domain.calendar import Calendar, calendar_of
from models.domain.demand import billing_periods, share_of_period
from models.domain.scenario import Scenario
from models.domain.tariff import DemandCharge, DemandTier
from optimizer.backtest.target_peak import Expected


def with_expected(scenario: Scenario, expected: Mapping[str, Expected]) -> Scenario:
    """The scenario with target peaks, and with rates that rise above them."""
    tariff, horizon = scenario.tariff, scenario.horizon
    assert tariff is not None, "a planner has one"
    assert horizon is not None, "a planner looks ahead so far"
    calendar, span = calendar_of(tariff, scenario.site.time_zone), (horizon.start.timestamp(), horizon.end.timestamp())
    charges = tuple(_of(charge, expected.get(charge.id), calendar, *span) for charge in tariff.demand_charges)
    return replace(scenario, tariff=replace(tariff, demand_charges=charges))


def _of(
    charge: DemandCharge, expected: Expected | None, calendar: Calendar, start_s: float, end_s: float
) -> DemandCharge:
    """Rates are told as the plan is to count them; equation (10) multiplies them by the share that it sees."""
    if expected is None:
        return charge
    charge = replace(charge, target_peak_kw=expected.peak_kw)
    if not expected.beyond:
        return charge
    share = _share(charge, calendar, start_s, end_s)
    rates = [(above_kw, rate / share) for above_kw, rate in expected.beyond]
    tiers = tuple(DemandTier(above_kw=above_kw, rate_per_kw=rate) for above_kw, rate in rates[1:])
    return replace(charge, rate_per_kw=rates[0][1], tiers=tiers)


def _share(charge: DemandCharge, calendar: Calendar, start_s: float, end_s: float) -> float:
    """w of (10) for the present billing period."""
    present = next(billing_periods(charge.billing_period, calendar, start_s, end_s))
    return share_of_period(present.end_s, present.seen_start_s, present.seen_end_s)
