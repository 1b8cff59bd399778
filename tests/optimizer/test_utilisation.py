"""Classes of utilisation are compared as whole plans; the figures are worked out by hand.

Netze ODR 2025, medium voltage: below 2,500 hours of use 16.53 EUR/kW and 8.59 ct/kWh, from there 191.79 EUR/kW and 1.58
ct/kWh. The last two hours of the year: 40 kW were the highest so far, 100,000 kWh were drawn: 2,500 hours. A building
takes 20 kW, a van of at most 22 kW wants 44 kWh, and a kWh that it lacks costs 10 EUR. Energy costs 0.2 EUR/kWh more.

- Above 2,500 h a kW more costs 191.79 EUR: the van gets 2 x 20 = 40 kWh, 4 are missed. 100,080 kWh / 40 kW = 2,502 h.
  Bill: 80 x 0.2 + 4 x 10 + 100,080 x 0.0158 + 40 x 191.79 = 9,308.864 EUR.
- Below, 2 kW more cost 33.06 EUR for 4 kWh: worth it. 100,084 kWh / 42 kW = 2,382.95 h.
  Bill: 84 x 0.2 + 100,084 x 0.0859 + 42 x 16.53 = 9,308.2756 EUR, 0.59 EUR less.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from api.planning import plan as planned
from models.domain.completion import complete
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.site import BaseLoad, Evse, GridNode, NodeKind, Site, Tier
from models.domain.tariff import (
    BillingPeriod,
    DemandCharge,
    DemandTier,
    PriceSeries,
    Rate,
    Tariff,
    TimeOfUse,
    Utilisation,
    UtilisationClass,
    Window,
)
from models.domain.utilisation import class_of, raised
from models.domain.validation import validate
from models.domain.value import Step
from optimizer.audit import audit
from optimizer.optimize import optimize
from optimizer.settings import Settings
from optimizer.utilisation import compared, in_best_class

TEN = datetime(2026, 12, 31, 22, tzinfo=UTC)
SHORT = UtilisationClass(id="lt2500", energy_price_per_kwh=0.0859, rate_per_kw=16.53)
LONG = UtilisationClass(id="ge2500", energy_price_per_kwh=0.0158, rate_per_kw=191.79, from_hours=2500.0)
YEAR = BillingPeriod(first_day=date(2026, 1, 1), last_day=date(2026, 12, 31))


def works(**utilisation: object) -> Scenario:
    site = Site(
        id="works",
        nodes=(GridNode(id="grid", kind=NodeKind.CONNECTION),),
        evses=(Evse(id="bay", node="grid", max_power_kw=22.0),),
        base_loads=(BaseLoad(node="grid", expected_kw=20.0),),
        tiers=(Tier(id="all", value_of_target_per_kwh=10.0),),
    )
    van = Session(id="van", evse="bay", arrival=TEN, departure=TEN + timedelta(hours=2), energy_target_kwh=44.0)
    given = {"demand_charge": "network", "classes": (SHORT, LONG), "energy_kwh": 100_000.0} | utilisation
    tariff = Tariff(
        currency="EUR",
        import_price=0.2,
        demand_charges=(DemandCharge(id="network", rate_per_kw=0.0, peak_set_kw=40.0, billing_period=YEAR),),
        utilisation=Utilisation(**given),  # type: ignore[arg-type]
    )
    horizon = Horizon(start=TEN, stretches=(Stretch(count=2, minutes=60.0),))
    return Scenario(site=site, sessions=(van,), tariff=tariff, horizon=horizon)


def test_each_class_is_planned_and_billed_for_the_year() -> None:
    short, long = compared(works(), Settings())

    assert (short.billed_in, long.billed_in) == ("lt2500", "ge2500")
    assert [short.hours_of_use, long.hours_of_use] == pytest.approx([100_084 / 42, 2502.0])
    assert [short.bill, long.bill] == pytest.approx([9308.2756, 9308.864], abs=1e-4)


def test_the_class_of_the_cheaper_plan_is_taken_whatever_was_expected() -> None:
    expected, cheaper = optimize(works()), optimize(in_best_class(works(), Settings()))

    assert expected.sessions[0].energy_kwh == pytest.approx(40.0)
    assert cheaper.sessions[0].energy_kwh == pytest.approx(44.0)
    assert audit(works(), expected).passed
    assert audit(in_best_class(works(), Settings()), cheaper).passed


def test_a_plan_that_leaves_its_class_is_billed_in_the_one_that_it_makes() -> None:
    """With 99,000 kWh no plan has 2,500 hours: 99,080 / 40 = 2,477."""
    _, long = compared(works(energy_kwh=99_000.0), Settings())

    assert (long.made_in, long.billed_in) == ("ge2500", "lt2500")
    assert long.bill == pytest.approx(80 * 0.2 + 4 * 10 + 99_080 * 0.0859 + 40 * 16.53, abs=1e-4)


def test_an_operator_is_told_which_class_was_taken() -> None:
    answer = planned(works(), settings=Settings(), now=TEN)

    (told,) = [one for one in answer.schedule.assumptions if one.what == "tariff.utilisation"]
    assert (told.value, told.source) == ("class lt2500", "chosen")
    (without_comparing,) = [one for one in complete(works()).assumptions if one.what == "tariff.utilisation"]
    assert (without_comparing.value, without_comparing.source) == ("class ge2500", "2,500 hours of use are expected")


def test_a_class_that_was_chosen_is_not_compared() -> None:
    scenario = works(chosen="ge2500")

    assert in_best_class(scenario, Settings()) is scenario
    assert optimize(scenario).sessions[0].energy_kwh == pytest.approx(40.0)


def test_the_price_of_a_class_is_on_top_of_every_form_of_price() -> None:
    steps, rates = PriceSeries(steps=(Step(start=TEN, value=-0.1),)), TimeOfUse(rates=(Rate(price_per_kwh=0.3),))

    assert raised(0.2, 0.05) == pytest.approx(0.25)
    assert raised(steps, 0.05) == PriceSeries(steps=(Step(start=TEN, value=-0.1 + 0.05),))
    assert raised(rates, 0.05) == TimeOfUse(rates=(Rate(price_per_kwh=0.35, windows=(Window(),)),))


@pytest.mark.parametrize(
    ("hours", "name"), [(0.0, "lt2500"), (2499.9, "lt2500"), (2500.0, "ge2500"), (9000.0, "ge2500")]
)
def test_the_last_class_that_has_begun_holds(hours: float, name: str) -> None:
    assert class_of((LONG, SHORT), hours).id == name


@pytest.mark.parametrize(
    ("given", "field", "message"),
    [
        ({"demand_charge": "nowhere"}, ".demand_charge", "utilisation: demand charge nowhere does not exist"),
        ({"classes": ()}, ".classes", "utilisation: it has no class"),
        ({"classes": (SHORT, SHORT)}, ".classes", "utilisation: two classes have one id"),
        ({"chosen": "mid"}, ".chosen", "utilisation: class mid does not exist"),
        ({"energy_kwh": -1.0}, ".energy_kwh", "utilisation: energy_kwh is -1, below 0"),
    ],
)
def test_classes_that_cannot_be_compared_are_told(given: dict[str, object], field: str, message: str) -> None:
    assert [(one.path, one.message) for one in validate(works(**given))] == [(f"tariff.utilisation{field}", message)]


def test_tiers_of_a_charge_with_classes_are_told() -> None:
    scenario = works()
    assert scenario.tariff is not None
    charge = replace(scenario.tariff.demand_charges[0], tiers=(DemandTier(above_kw=9.0, rate_per_kw=3.0),))

    (found,) = validate(replace(scenario, tariff=replace(scenario.tariff, demand_charges=(charge,))))

    assert found.path == "tariff.utilisation.demand_charge"
