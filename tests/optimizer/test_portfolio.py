"""A call that several sites answered: paid for the sum, divided in cents."""

from dataclasses import replace
from decimal import Decimal

import pytest

from optimizer.response.settling import Delivered, settle
from optimizer.response.settling.portfolio import capacity_of, settle_call
from tests.optimizer.test_settling import TERMS, event, flat, settling


def site(load_kw: float, committed_kw: float = 10.0) -> Delivered:
    """A site with a baseline of 30 kW for an hour."""
    called = event(hours=(12, 13), baseline_kw=30.0, committed_kw=committed_kw)
    return settle(settling(called), flat(load_kw)).events[0].measured


def test_one_sheds_more_where_another_sheds_less() -> None:
    """13 and 7 kWh of 10 and 10: nothing lacks, and 20 are paid as they were delivered."""
    told = settle_call([site(17.0), site(23.0)], TERMS)

    assert told.performance == pytest.approx(1.0)
    assert told.paid_kwh == pytest.approx([13.0, 7.0])
    assert told.energy.parts == (Decimal("6.50"), Decimal("3.50"))
    assert told.penalty.total == Decimal("0.00")


def test_what_lacks_in_all_is_taken_from_those_who_lack_it() -> None:
    """12, 4 and 10 of 10 each: 4 lack in all, all of them at the second site, which alone lacks 6."""
    told = settle_call([site(18.0), site(26.0), site(20.0)], TERMS)

    assert told.lacking_kwh == pytest.approx([0.0, 4.0, 0.0])
    assert told.penalty.parts == (Decimal("0.00"), Decimal("1.00"), Decimal("0.00"))
    assert told.performance == pytest.approx(26.0 / 30.0)


def test_more_than_was_committed_in_all_is_not_paid() -> None:
    told = settle_call([site(10.0), site(20.0)], TERMS)

    assert told.paid_kwh == pytest.approx([20.0 * 2 / 3, 20.0 / 3])
    assert told.energy.total == Decimal("10.00")
    assert sum(told.energy.parts) == told.energy.total


def test_the_band_is_that_of_the_sum() -> None:
    """3 of 20 kWh are below a quarter: nothing is paid, though one site alone kept 0.3."""
    band = replace(TERMS, pays_from_share=0.25)
    told = settle_call([replace(site(27.0), rule=band), replace(site(30.0), rule=band)], band)

    assert (told.energy.total, told.penalty.total) == (Decimal("0.00"), Decimal("4.25"))


def test_capacity_of_a_month_is_that_of_its_highest_call_times_the_mean_performance() -> None:
    calls = [settle_call([site(20.0), site(20.0)], TERMS), settle_call([site(25.0)], TERMS)]

    assert capacity_of(calls, TERMS) == (20.0, pytest.approx(0.75), Decimal("75.00"))
    assert capacity_of([], TERMS)[2] == Decimal("0.00")
