"""The formulation against the model page written a second time: row by row, number by number, by name."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from models.domain.completion import complete
from models.domain.failsafe import FailSafe, Share
from models.domain.horizon import Horizon, Stretch
from models.domain.installed import OfflineBehaviour
from models.domain.scenario import Scenario
from models.domain.session import Session, Vehicle
from models.domain.site import BaseLoad, CurrentType, Evse, GridNode, NodeKind, Phase, Site, Tier, Transformer, Wiring
from models.domain.tariff import DemandCharge, PriceSeries, Tariff
from models.domain.value import Step
from optimizer.optimize import formulate
from optimizer.settings import Objective, Settings
from tests.oracle.compare import differences
from tests.oracle.paper_model import Choices, paper_model
from tests.oracle.tables import Name, Row, Tables, tables_of, tables_of_program, tangents_of
from tests.strategies import random_scenario

SITES, SAFE_SITES = 100, 20
FIVE = datetime(2026, 3, 2, 17, tzinfo=UTC)
INSTANTS = [FIVE.timestamp() + seconds for seconds in (0.0, 900.0, 4500.0)]


def paper_and_program(scenario: Scenario, settings: Settings) -> tuple[Tables, Tables]:
    completed = complete(scenario).scenario
    formulated = formulate(completed, settings)
    choices = Choices(settings.objective is Objective.MARGIN, settings.partial_draw, settings.current_tolerance)
    instants = [float(s) for s in formulated.instance.periods.instants_s]
    model = paper_model(completed, instants, tangents_of(formulated.program), choices)
    return tables_of(model), tables_of_program(formulated.program)


@pytest.mark.parametrize("seed", range(SITES))
def test_every_number_of_a_random_site_is_the_one_on_the_model_page(seed: int) -> None:
    settings = Settings(objective=Objective.MARGIN if seed % 5 == 0 else Objective.COST, partial_draw=seed % 7 != 0)

    paper, program = paper_and_program(random_scenario(seed), settings)

    found = differences(paper, program)
    assert not found, "\n".join(map(str, found[:20]))


@pytest.mark.parametrize("seed", range(SAFE_SITES))
def test_room_for_cars_that_come_unseen_is_that_of_the_model_page_in_every_direction(seed: int) -> None:
    rng, scenario = np.random.default_rng((seed, 21)), random_scenario(seed)
    behaviours = [*OfflineBehaviour]
    evses = tuple(replace(e, offline=behaviours[rng.integers(len(behaviours))]) for e in scenario.site.evses)
    rules = FailSafe(arrivals=[None, 0, 1, 2][seed % 4], blind_minutes=float(rng.integers(5, 120)))
    site = replace(scenario.site, evses=evses, fail_safe=rules)
    shares = tuple(Share(evse=e.id, power_kw=float(rng.choice([0.0, 1.4, 2.8, 4.2]))) for e in evses)
    installed = tuple(replace(one, default_kw=None) for one in scenario.installed)

    paper, program = paper_and_program(
        replace(scenario, site=site, shares=shares, installed=installed), Settings(partial_draw=seed % 7 != 0)
    )

    found = differences(paper, program)
    assert not found, "\n".join(map(str, found[:20]))


def by_hand() -> Tables:
    """A fast charger and a two-wire car: a quarter of an hour and an hour, the second car for half of the hour."""
    site = Site(
        id="yard",
        nodes=(
            GridNode(
                id="grid",
                kind=NodeKind.CONNECTION,
                import_limit_kw=100.0,
                continuous_factor=0.8,
                current_limit_a=100.0,
                transformer=Transformer(
                    primary_voltage_v=480.0, secondary_voltage_v=208.0, primary_current_limit_a=40.0
                ),
            ),
        ),
        evses=(
            Evse(id="fast", node="grid", current=CurrentType.DC, max_power_kw=46.5, standby_kw=0.5),
            Evse(
                id="wire",
                node="grid",
                wiring=Wiring.LINE_TO_LINE,
                phases=(Phase.L1, Phase.L2),
                voltage_v=208.0,
                max_current_a=32.0,
            ),
        ),
        voltage_v=120.0,
        base_loads=(BaseLoad(node="grid", expected_kw=3.6, high_kw=7.2),),
        tiers=(Tier(id="all", value_of_target_per_kwh=2.0),),
    )
    sessions = (
        Session(id="bus", evse="fast", arrival=FIVE, departure=FIVE + timedelta(hours=2), energy_target_kwh=60.0),
        Session(
            id="car",
            evse="wire",
            arrival=FIVE + timedelta(minutes=45),
            departure=FIVE + timedelta(hours=3),
            energy_target_kwh=9.0,
            energy_minimum_kwh=4.0,
            vehicle=Vehicle(id="car", max_charge_kw=6.656),
        ),
    )
    prices = PriceSeries(steps=(Step(start=FIVE, value=0.1), Step(start=FIVE + timedelta(minutes=30), value=0.3)))
    charge = DemandCharge(id="peak", rate_per_kw=10.0, metered_kwh=1.0, peak_set_kw=5.0)
    scenario = Scenario(
        site=site,
        sessions=sessions,
        tariff=Tariff(currency="USD", import_price=prices, demand_charges=(charge,)),
        horizon=Horizon(start=FIVE, stretches=(Stretch(count=1, minutes=15.0), Stretch(count=1, minutes=60.0))),
    )
    return tables_of(paper_model(complete(scenario).scenario, INSTANTS, ()))


QUARTER, HOUR = "2026-03-02T17:00:00Z", "2026-03-02T17:15:00Z"


def test_the_paper_counts_a_quarter_hour_as_a_quarter_and_half_an_hour_as_a_half() -> None:
    rows = by_hand().rows

    bus: dict[Name, float] = {
        ("charge_power", "bus", QUARTER): 0.25,
        ("charge_power", "bus", HOUR): 1.0,
        ("target_shortfall", "bus"): 1.0,
        ("energy_after_horizon", "bus"): 1.0,
    }
    assert rows["session_energy", "bus"] == Row(bus, 60.0, 60.0)
    assert rows["session_energy", "car"].coefficients["charge_power", "car", HOUR] == 0.5


def test_the_paper_takes_losses_stand_by_and_high_base_load_from_the_limit() -> None:
    """80 kW of a rating of 100 kW, less 7.2 kW and 0.5 kW; the bus draws 1/0.93 kW at grid for each kW at evse."""
    row = by_hand().rows["node_import_limit", "grid", HOUR]

    assert row.upper == pytest.approx(72.3)
    assert row.coefficients["charge_power", "bus", HOUR] == pytest.approx(1 / 0.93)
    assert row.coefficients["charge_power", "car", HOUR] == 1.0


def test_the_paper_draws_power_between_two_lines_as_one_current_on_both() -> None:
    """6.656 kW at 208 V are 32 A: on L1 at 30 degrees, on L2 the other way."""
    tables = by_hand()

    assert tables.columns["charge_power", "car", HOUR].upper == pytest.approx(6.656)
    definition = tables.rows["leg_current_definition", "grid", "L1-L2", HOUR]
    assert definition.coefficients["charge_power", "car", HOUR] == pytest.approx(-32 / 6.656)
    line = tables.rows["node_phase_current", "grid", "L1", "30.000", HOUR]
    assert line.coefficients["leg_current", "grid", "L1-L2", HOUR] == pytest.approx(1.0)


def test_the_paper_turns_secondary_lines_into_primary_ones_by_their_differences() -> None:
    """A load between L1 and L2 puts I on a and -I on b: b - a is 2 I, over a ratio of 480 / 120.089 = 3.997."""
    row = by_hand().rows["node_phase_current", "grid", "primary L2", "-150.000", HOUR]

    assert row.coefficients["leg_current", "grid", "L1-L2", HOUR] == pytest.approx(2 * 208 / 3**0.5 / 480)


def test_the_paper_weighs_prices_and_demand_by_time() -> None:
    """The hour from 17:15 has a quarter of an hour at 0.1 and three at 0.3: 0.25 for each kW."""
    tables = by_hand()

    assert tables.columns["grid_import", QUARTER].cost == pytest.approx(0.25 * 0.1)
    assert tables.columns["grid_import", HOUR].cost == pytest.approx(0.25 * 0.1 + 0.75 * 0.3)
    # 29 days and 7 hours of March are left, of which the plan stands for one.
    assert tables.columns["peak_import", "peak@2026-03"].cost == pytest.approx(10 / (29 + 7 / 24))
    assert tables.columns["peak_import", "peak@2026-03"].lower == 5.0


def test_the_paper_lays_one_demand_row_for_the_four_quarters_of_an_hour() -> None:
    rows = [name for name in by_hand().rows if name[0] == "peak_import_definition"]

    assert rows == [("peak_import_definition", "peak@2026-03", start) for start in (QUARTER, HOUR)]
