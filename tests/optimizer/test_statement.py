"""Cents that add up, cars charged at once, and parts of plans: worked out by hand."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.tariff import Contract, DemandCharge, DemandTier, Tariff
from optimizer.statement.account import Account, CarAccount, ContractAccount
from optimizer.statement.at_once import stays, uncontrolled_kw
from optimizer.statement.cents import to_cents
from optimizer.statement.statement import statement

HOUR = 3600.0
MARCH_S = datetime(2026, 3, 1, tzinfo=UTC).timestamp()
APRIL_S = datetime(2026, 4, 1, tzinfo=UTC).timestamp()


def account(start_h: float, *import_kw: float, price: float = 0.5, **more: object) -> Account:
    """Periods of an hour from an hour of March on."""
    count = len(import_kw)
    begin_s = MARCH_S + start_h * HOUR
    told = Account(
        plan=f"at {start_h:g}",
        made_at=datetime.fromtimestamp(begin_s, UTC),
        method="optimal",
        currency="EUR",
        time_zone="UTC",
        instants_s=tuple(begin_s + k * HOUR for k in range(count + 1)),
        import_kw=import_kw,
        base_kw=import_kw,
        import_price=(price,) * count,
        tariff=Tariff(currency="EUR", import_price=0.0),
        tariff_digest="t",
    )
    return replace(told, **more)  # type: ignore[arg-type]  # fields by name


def car(lacks_kwh: float, *power_kw: float, at_once: tuple[float, ...] | None = None, got: float = 0.0) -> CarAccount:
    return CarAccount(
        session="a",
        evse="bay",
        delivered_kwh=got,
        lacks_kwh=lacks_kwh,
        told=True,
        missing_kwh=0.0,
        power_kw=power_kw,
        uncontrolled_kw=at_once,
    )


class TestCents:
    def test_a_third_of_a_cent_is_carried_on_until_it_is_one(self) -> None:
        third = to_cents([0.01 / 3] * 3)

        assert third == [Decimal("0.00"), Decimal("0.01"), Decimal("0.00")]

    @given(st.lists(st.floats(-1e4, 1e4), max_size=40))
    def test_sums_are_right_to_the_cent_and_no_part_is_off_by_more_than_one(self, amounts: list[float]) -> None:
        told = to_cents(amounts)

        assert abs(float(sum(told)) - sum(amounts)) <= 0.005 + 1e-6
        assert all(abs(float(one) - amount) <= 0.01 + 1e-6 for one, amount in zip(told, amounts, strict=True))


class TestParts:
    def test_a_plan_holds_until_the_next_one_begins(self) -> None:
        """2 kW for half an hour, then 6 kW for two hours: 1 and 12 kWh at 0.50."""
        found = statement([account(0, 2, 2, 2), account(0.5, 6, 6)], MARCH_S, APRIL_S)

        assert found is not None
        assert [line.import_kwh for line in found.plans] == [1.0, 12.0]
        assert found.cost == Decimal("6.50")
        assert found.covered_h == 2.5

    def test_of_two_plans_of_one_instant_the_later_one_holds(self) -> None:
        found = statement([account(0, 2), account(0, 6)], MARCH_S, APRIL_S)

        assert found is not None
        assert [line.import_kwh for line in found.plans] == [6.0]

    def test_a_time_without_a_plan_counts_for_nothing(self) -> None:
        found = statement([account(0, 2), account(5, 6)], MARCH_S, APRIL_S)

        assert found is not None
        assert (found.cost, found.covered_h) == (Decimal("4.00"), 2.0)

    def test_a_plan_from_before_the_month_counts_from_its_first_instant_on(self) -> None:
        found = statement([account(-1, 2, 4)], MARCH_S, APRIL_S)

        assert found is not None
        assert found.cost == Decimal("2.00")

    def test_a_month_that_no_plan_reaches_has_no_statement(self) -> None:
        assert statement([account(0, 2)], APRIL_S, APRIL_S + HOUR) is None
        assert statement([], MARCH_S, APRIL_S) is None


class TestAtOnce:
    def test_a_car_that_leaves_early_would_have_had_what_it_took_until_then(self) -> None:
        """At 10 kW for two hours, gone after one and a half."""
        first = account(0, 0, 0, cars=(car(20.0, at_once=(10.0, 10.0)),))

        kw = uncontrolled_kw(stays([first, account(1.5, 0)]).values(), np.array(first.instants_s))

        assert kw.tolist() == [10.0, 5.0]

    @pytest.mark.parametrize(("lacks", "expected"), [(30.0, [10.0, 10.0, 10.0]), (15.0, [10.0, 5.0, 0.0])])
    def test_it_takes_what_its_driver_wanted_last(self, lacks: float, expected: list[float]) -> None:
        """20 kWh at first, then 30 or 15 in all, of which 5 had flowed when that was told."""
        first = account(0, 0, 0, 0, cars=(car(20.0, at_once=(10.0, 10.0)),))
        then = account(1, 0, 0, cars=(car(lacks - 5.0, got=5.0),))

        kw = uncontrolled_kw(stays([first, then]).values(), np.array(first.instants_s))

        assert kw.tolist() == expected

    def test_only_the_wish_of_a_driver_is_missed(self) -> None:
        """8 kWh lacking, 2 kW for the hour until it left: 6 are missed; of an assumed wish what was promised, none."""
        told = car(8.0, 2.0, 2.0, at_once=(8.0,))
        for one, missed in ((told, [6.0]), (replace(told, told=False), [])):
            found = statement([account(0, 2, 2, cars=(one,)), account(1, 0)], MARCH_S, APRIL_S)
            assert found is not None
            assert [gone.energy_kwh for gone in found.not_served] == missed


class TestPeaks:
    def test_tiers_and_minima_are_billed_as_the_contract_says(self) -> None:
        """12 kW: 10 at 2 EUR and 2 at 5 make 30; a month at 1 kW is billed its minimum of 3 at 2."""
        charge = DemandCharge(
            id="c", rate_per_kw=2.0, tiers=(DemandTier(above_kw=10.0, rate_per_kw=5.0),), minimum_kw=3.0
        )
        tariff = Tariff(currency="EUR", import_price=0.0, demand_charges=(charge,))
        for kw, amount in ((12.0, "30.00"), (1.0, "6.00")):
            found = statement([account(0, kw, price=0.0, tariff=tariff)], MARCH_S, APRIL_S)
            assert found is not None
            (line,) = found.bill.peaks
            assert line.amount == Decimal(amount)

    def test_a_month_that_is_not_whole_has_no_peaks_yet(self) -> None:
        charge = DemandCharge(id="c", rate_per_kw=2.0)
        tariff = Tariff(currency="EUR", import_price=0.0, demand_charges=(charge,))

        found = statement([account(0, 5.0, tariff=tariff)], MARCH_S, MARCH_S + HOUR)

        assert found is not None
        assert found.bill.peaks == ()

    def test_an_excess_is_paid_by_energy_and_by_its_largest(self) -> None:
        """6 and 9 kW over a limit of 5: 5 kWh at 1 EUR, the largest excess of 4 kW at 10; 25 kWh at 0."""
        contract = Contract(id="k", import_limit_kw=5.0, price_per_kwh=1.0, price_per_kw=10.0)
        tariff = Tariff(currency="EUR", import_price=0.0, contracts=(contract,))
        excess = ContractAccount(contract="k:import", excess_kw=(1.0, 4.0), limit_kw=(5.0, 5.0))

        found = statement([account(0, 6, 9, price=0.0, tariff=tariff, contracts=(excess,))], MARCH_S, APRIL_S)

        assert found is not None
        assert found.bill.energy_amount == Decimal("5.00")
        assert found.bill.amount == found.at_once.amount == Decimal("45.00")


def test_many_prices_are_one_line_at_their_mean() -> None:
    prices = tuple(0.1 + 0.01 * k for k in range(30))
    found = statement([replace(account(0, *([1.0] * 30)), import_price=prices)], MARCH_S, APRIL_S)

    assert found is not None
    (line,) = found.bill.energy
    assert (line.label, line.quantity, line.amount) == ("dynamic", 30.0, Decimal("7.35"))
