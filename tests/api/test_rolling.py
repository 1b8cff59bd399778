"""A day planned anew: each plan knows who is there and what they have got, and nothing of what comes."""

from datetime import UTC, datetime, timedelta

import pytest

from api.rolling import planned_anew
from models.domain.completion import complete
from models.domain.habits import Habits
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.site import Evse, GridNode, LimitKind, Site, Tier
from models.domain.tariff import DemandCharge, Tariff

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def day(limit_kw: float = 22.0, rate_per_kw: float = 0.0) -> Scenario:
    """Three hours, 10 kW for each of two cars: 5 kWh from 12:00 to 13:10, and 8 kWh from 12:20 to 14:00."""
    evses = tuple(Evse(id=name, node="grid", max_power_kw=10.0) for name in ("a", "b"))
    site = Site(
        id="s",
        nodes=(GridNode(id="grid", import_limit_kw=limit_kw, limit_kind=LimitKind.CONTRACT),),
        evses=evses,
        tiers=(Tier(id="all", value_of_target_per_kwh=1.0),),
        habits=Habits(),
    )
    sessions = (
        Session(id="one", evse="a", arrival=NOON, departure=NOON + timedelta(minutes=70), energy_target_kwh=5.0),
        Session(
            id="two",
            evse="b",
            arrival=NOON + timedelta(minutes=20),
            departure=NOON + timedelta(hours=2),
            energy_target_kwh=8.0,
        ),
    )
    tariff = Tariff(currency="EUR", import_price=0.1, demand_charges=(DemandCharge(id="m", rate_per_kw=rate_per_kw),))
    scenario = Scenario(
        site=site,
        sessions=sessions,
        tariff=tariff,
        horizon=Horizon(start=NOON, stretches=(Stretch(count=12, minutes=15.0),)),
    )
    return complete(scenario).scenario


def test_a_car_is_seen_at_the_next_step_and_stops_when_it_has_what_it_needs() -> None:
    """10 kW from 12:00 for half an hour; from 12:30 for 45 minutes, then 0.5 kWh in a quarter of an hour: 2 kW."""
    found = planned_anew(day(), minutes=15.0, target_peak_kw=0.0)

    assert found.load_kw[:7] == pytest.approx([10, 10, 10, 10, 10, 2, 0])
    assert (found.energy_kwh, found.needed_kwh, found.sessions_short) == (pytest.approx(13.0), 13.0, 0)


def test_a_car_that_leaves_takes_nothing_more() -> None:
    """Steps of an hour: at 13:00 the second car is seen, the first one leaves at 13:10 with all of its 5 kWh."""
    found = planned_anew(day(limit_kw=4.0), minutes=60.0, target_peak_kw=0.0)

    assert found.load_kw[0] == pytest.approx(4.0)
    assert found.sessions_short >= 1
    assert found.energy_kwh < 13.0


def test_a_peak_that_is_expected_anyway_is_used_and_not_passed() -> None:
    """A kW of peak costs more than any kWh here is worth: without a target nobody is charged, with 6 kW all is."""
    dear = day(rate_per_kw=1000.0)

    assert planned_anew(dear, minutes=15.0, target_peak_kw=0.0).energy_kwh == pytest.approx(0.0, abs=1e-3)
    kept = planned_anew(dear, minutes=15.0, target_peak_kw=6.0)
    assert kept.load_kw.max() == pytest.approx(6.0)
    assert kept.energy_kwh > 9.0
