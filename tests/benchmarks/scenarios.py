"""The seeded random site of benchmark B3: sessions with deadlines, four charger sizes, feeders, one demand charge.

The numbers follow the published generator of the peer comparison draw by draw, so that both solve the same problem.
"""

from datetime import UTC, datetime, timedelta

import numpy as np

from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.site import BaseLoad, Evse, GridNode, LimitKind, NodeKind, Site, Tier
from models.domain.tariff import DemandCharge, PriceSeries, Tariff
from models.domain.value import Series, Step

START = datetime(2020, 1, 1, tzinfo=UTC)
GROUPS = 8
VALUE_PER_KWH = 2.0
DAYS_IN_MONTH = 31
PEAK_PRICE_PER_KW = 15.0 / 30.0


def random_numbers(count: int, periods: int, seed: int = 0) -> dict[str, np.ndarray]:
    """The draws themselves, for independent formulations of the same problem."""
    rng = np.random.default_rng(seed)
    hours = 24 / periods
    arrival = rng.integers(0, int(periods * 0.6), count)
    stay = rng.integers(max(2, periods // 12), max(3, periods // 2), count)
    departure = np.minimum(arrival + stay, periods)
    power = rng.choice([3.7, 7.4, 11.0, 22.0], count)
    need = np.minimum(rng.uniform(5, 45, count), 0.85 * power * (departure - arrival) * hours)
    around = np.arange(periods) / periods
    price = 0.10 + 0.08 * np.sin(around * 4 * np.pi) + rng.normal(0, 0.01, periods)
    group = rng.integers(0, GROUPS, count)
    base = 0.2 * count * (1 + np.cos(around * 2 * np.pi))
    return {
        "arrival": arrival,
        "departure": departure,
        "power": power,
        "need": need,
        "price": price,
        "group": group,
        "base": base,
        "limit": np.array([base.max() + 0.35 * power.sum() * 0.5]),
        "group_limit": np.array([0.45 * power[group == g].sum() for g in range(GROUPS)]),
    }


def one_car(*, feeder_kw: float) -> dict[str, np.ndarray]:
    """Draws whose optimum is found by hand: 60 kWh at 0.10 and 0.30 per kWh in two halves of a day, at most 10 kW."""
    return {
        "arrival": np.array([0]),
        "departure": np.array([2]),
        "power": np.array([10.0]),
        "need": np.array([60.0]),
        "price": np.array([0.1, 0.3]),
        "group": np.array([0]),
        "base": np.zeros(2),
        "limit": np.array([100.0]),
        "group_limit": np.array([feeder_kw, *(7 * [0.0])]),
    }


def random_site(count: int, periods: int, seed: int = 0) -> Scenario:
    """The same as a scenario of ``count`` connectors over one day."""
    draws, minutes = random_numbers(count, periods, seed), 24 * 60 / periods

    def at(period: int) -> datetime:
        return START + timedelta(minutes=minutes * int(period))

    def steps(numbers: np.ndarray) -> Series:
        return tuple(Step(start=at(t), value=float(v)) for t, v in enumerate(numbers))

    feeders = [
        GridNode(id=f"feeder-{g}", parent="grid", import_limit_kw=float(limit), continuous_factor=1.0)
        for g, limit in enumerate(draws["group_limit"])
    ]
    connection = GridNode(
        id="grid",
        kind=NodeKind.CONNECTION,
        import_limit_kw=float(draws["limit"][0]),
        limit_kind=LimitKind.CONTRACT,
        continuous_factor=1.0,
    )
    evses = [
        Evse(id=f"evse-{i}", node=f"feeder-{g}", max_power_kw=float(p))
        for i, (g, p) in enumerate(zip(draws["group"], draws["power"], strict=True))
    ]
    sessions = [
        Session(id=f"s{i}", evse=f"evse-{i}", arrival=at(a), departure=at(d), energy_target_kwh=float(e), tier="all")
        for i, (a, d, e) in enumerate(zip(draws["arrival"], draws["departure"], draws["need"], strict=True))
    ]
    charge = DemandCharge(id="peak", rate_per_kw=PEAK_PRICE_PER_KW * DAYS_IN_MONTH, demand_interval_min=minutes)
    tariff = Tariff(
        currency="EUR",
        time_zone="UTC",
        import_price=PriceSeries(steps=steps(draws["price"]), end=START + timedelta(days=1)),  # type: ignore[arg-type]
        demand_charges=(charge,),
    )
    site = Site(
        id=f"random-{count}",
        nodes=(connection, *feeders),
        evses=tuple(evses),
        voltage_v=230.0,
        base_loads=(BaseLoad(node="grid", expected_kw=steps(draws["base"])),),
        tiers=(Tier(id="all", value_of_target_per_kwh=VALUE_PER_KWH),),
    )
    horizon = Horizon(start=START, stretches=(Stretch(count=periods, minutes=minutes),))
    return Scenario(site=site, sessions=tuple(sessions), tariff=tariff, horizon=horizon)
