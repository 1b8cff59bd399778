"""A scenario whose demand charges know what peak is expected, and what exceeding it would cost."""

from collections.abc import Mapping
from dataclasses import replace

from models.domain.calendar import Calendar, calendar_of
from models.domain.scenario import Scenario
from models.domain.tariff import DemandCharge, DemandTier
from optimizer.backtest.billing import in_full
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
    """Rates are told as the plan is to count them, whatever share of a month it sees."""
    if expected is None:
        return charge
    charge = replace(charge, target_peak_kw=expected.peak_kw)
    if not expected.beyond:
        return charge
    (_, rate), *above = expected.beyond
    tiers = tuple(DemandTier(above_kw=above_kw, rate_per_kw=more) for above_kw, more in above)
    return in_full(replace(charge, rate_per_kw=rate, tiers=tiers), calendar, start_s, end_s)
