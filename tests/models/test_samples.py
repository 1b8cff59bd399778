"""The shipped sites: what is in them by hand, and that public data rebuild them."""

import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from models import samples
from models.datasets import RecordedSession
from models.domain.completion import complete
from models.domain.electrical import max_charge_power_kw
from models.domain.errors import InvalidScenario
from models.domain.horizon import Horizon
from models.domain.scenario import Scenario
from models.domain.session import Session, Visit
from models.domain.site import Phase
from models.domain.tariff import PriceSeries, TimeOfUse
from models.domain.units import amperes_from_kw, hours_from_seconds
from models.domain.validation import contradictions, validate
from models.samples import build_apartment, build_caltech, build_depot, build_v2g
from models.samples.rendering import render
from models.samples.sources import day_ahead, reachable_kwh

DATA = os.environ.get("CHARGEWRIGHT_DATA")
needs_data = pytest.mark.skipif(DATA is None, reason="CHARGEWRIGHT_DATA names no folder with public data")
BUILDERS: dict[str, Callable[[Path], Scenario]] = {
    build_apartment.NAME: build_apartment.build,
    build_caltech.NAME: build_caltech.build,
    build_depot.NAME: build_depot.build,
    build_v2g.NAME: build_v2g.build,
}
every_sample = pytest.mark.parametrize("name", samples.names())


def shipped(name: str, file: str) -> str:
    return (Path(samples.__file__).parent / name / file).read_text(encoding="utf-8")


def stays(scenario: Scenario) -> list[Session | Visit]:
    """Who is there and who will come."""
    return [*scenario.sessions, *scenario.visits]


def wanted_kwh(scenario: Scenario) -> float:
    return sum(session.energy_target_kwh or 0.0 for session in scenario.sessions)


def test_every_sample_that_is_named_has_a_builder_and_a_folder() -> None:
    folders = {path.parent.name for path in Path(samples.__file__).parent.glob("*/scenario.json")}
    assert set(samples.names()) == folders == set(BUILDERS)


@every_sample
def test_a_sample_is_a_scenario_without_findings_and_without_contradictions(name: str) -> None:
    scenario = samples.load(name)
    assert validate(scenario) == ()
    assert contradictions(scenario) == ()


@every_sample
def test_a_completed_sample_has_an_end_and_a_need_for_every_session_and_a_tier_for_each(name: str) -> None:
    scenario = complete(samples.load(name)).scenario
    tiers = {tier.id for tier in scenario.site.tiers}
    assert all(session.departure and session.energy_target_kwh is not None for session in scenario.sessions)
    assert {session.tier for session in scenario.sessions} <= tiers


@every_sample
def test_no_session_of_a_sample_has_to_be_assumed_anything(name: str) -> None:
    for session in samples.load(name).sessions:
        assert session.departure is not None
        assert session.energy_target_kwh is not None


@every_sample
def test_every_target_can_be_met_in_the_stay_at_full_power(name: str) -> None:
    scenario = samples.load(name)
    evses = {evse.id: evse for evse in scenario.site.evses}
    for session in scenario.sessions:
        assert session.departure is not None
        assert session.energy_target_kwh is not None
        power_kw = max_charge_power_kw(session, evses[session.evse], scenario.site.voltage_v or 0.0)
        stay_h = hours_from_seconds((session.departure - session.arrival).total_seconds())
        assert session.energy_target_kwh <= power_kw * stay_h


@every_sample
def test_everybody_leaves_inside_the_horizon(name: str) -> None:
    scenario = samples.load(name)
    assert scenario.horizon is not None
    departures = [stay.departure for stay in stays(scenario)]
    assert all(departure is not None and departure <= scenario.horizon.end for departure in departures)


@every_sample
def test_a_file_is_small_and_reads_one_thing_a_line(name: str) -> None:
    text = shipped(name, "scenario.json")
    document = json.loads(text)
    assert len(text.encode()) < 150_000
    lines = [line.strip().rstrip(",") for line in text.splitlines()]
    for things in (document["site"]["evses"], document["sessions"]):
        assert all(json.dumps(thing, ensure_ascii=False) in lines for thing in things)


@every_sample
def test_a_readme_names_licence_attribution_and_what_is_assumed(name: str) -> None:
    readme = shipped(name, "README.md")
    for part in ("CC BY 4.0", "Attribution: ", "## Sources and licences", "## What is assumed"):
        assert part in readme


def test_attributions_name_the_authors_of_the_sessions() -> None:
    assert "ACN-Data" in shipped("caltech-garage", "README.md")
    assert "10.1016/j.dib.2024.110883" in shipped("apartment-block", "README.md")
    assert "SMARD.de" in shipped("van-depot", "README.md")


def test_a_description_is_the_title_of_the_readme() -> None:
    assert samples.describe("caltech-garage").startswith("Caltech garage: 54 EVSEs")


def test_an_unknown_sample_is_refused_with_the_names_that_exist() -> None:
    with pytest.raises(InvalidScenario) as refused:
        samples.load("caltech")
    assert "there is no sample 'caltech'" in str(refused.value)
    assert "apartment-block, caltech-garage, v2g-block, van-depot" in str(refused.value)


def test_a_name_that_leaves_the_folder_is_no_sample() -> None:
    with pytest.raises(InvalidScenario, match="there is no sample"):
        samples.describe("../domain")


def test_the_garage_has_54_evses_on_three_pairs_of_lines_and_eight_with_coarse_levels() -> None:
    evses = samples.load("caltech-garage").site.evses
    pairs = Counter(evse.phases for evse in evses)
    assert pairs == {(Phase.L1, Phase.L2): 26, (Phase.L2, Phase.L3): 14, (Phase.L3, Phase.L1): 14}
    levels = Counter(evse.pilot_levels_a for evse in evses)
    assert levels == {(0.0, 8.0, 16.0, 24.0, 32.0): 8, (0.0, *map(float, range(6, 33))): 46}


def test_the_garage_has_two_pods_of_eight_and_a_transformer_of_150_kw() -> None:
    site = samples.load("caltech-garage").site
    nodes = {node.id: node for node in site.nodes}
    assert Counter(evse.node for evse in site.evses) == {"transformer": 38, "cc-pod": 8, "av-pod": 8}
    assert [nodes[pod].current_limit_a for pod in ("cc-pod", "av-pod")] == [80.0, 80.0]
    transformer = nodes["transformer"].transformer
    assert transformer is not None
    # 150 kW over three lines: 50 kW / 120 V and 50 kW / 277 V
    assert nodes["transformer"].current_limit_a == pytest.approx(416.6667)
    assert transformer.primary_current_limit_a == pytest.approx(180.5054)


def test_the_garage_day_has_50_sessions_and_all_their_energy_but_what_32_a_cannot_give() -> None:
    scenario = samples.load("caltech-garage")
    assert len(scenario.sessions) == 50
    # 454.204 kWh delivered; two stays of 6,195 s and 7,641 s allow 11.453 of 11.898 and 14.127 of 14.363 kWh
    assert wanted_kwh(scenario) == pytest.approx(454.204 - 0.445 - 0.236)
    targets = {session.id: session.energy_target_kwh for session in scenario.sessions}
    assert (targets["CA-303-1850"], targets["CA-305-1753"]) == (11.453, 14.127)


def test_a_forgotten_car_in_the_garage_stays_24_hours() -> None:
    sessions = {session.id: session for session in samples.load("caltech-garage").sessions}
    stays = {name: session.departure - session.arrival for name, session in sessions.items() if session.departure}
    longest = [name for name, stay in stays.items() if stay == timedelta(hours=24)]
    assert longest == ["CA-317-0923", "CA-494-1022", "CA-311-1706"]
    assert max(stays.values()) == timedelta(hours=24)


def test_the_garage_tariff_is_the_published_one() -> None:
    tariff = samples.load("caltech-garage").tariff
    assert tariff is not None
    assert isinstance(tariff.import_price, TimeOfUse)
    assert {rate.price_per_kwh for rate in tariff.import_price.rates} == {
        0.05623, 0.0925, 0.26668, 0.06087, 0.07492, 0.0869
    }  # fmt: skip
    (charge,) = tariff.demand_charges
    assert (charge.rate_per_kw, charge.peak_set_kw, charge.target_peak_kw) == (15.51, 0.0, 0.0)


def test_the_apartment_night_has_16_sessions_of_15_cars() -> None:
    scenario = samples.load("apartment-block")
    cars = Counter(session.vehicle.id for session in scenario.sessions if session.vehicle)
    assert (len(scenario.site.evses), len(scenario.sessions)) == (25, 16)
    assert (len(cars), cars["car-63"]) == (15, 2)
    # 16.70 + 8.74 + 9.81 + 6.71 + 3.84 + 6.91 + 7.53 + 25.69
    # + 25.43 + 51.94 + 17.19 + 9.77 + 44.06 + 7.39 + 15.90 + 10.57
    assert wanted_kwh(scenario) == pytest.approx(268.18)


def test_cars_of_the_apartment_block_have_the_phases_that_their_power_tells() -> None:
    vehicles = [session.vehicle for session in samples.load("apartment-block").sessions if session.vehicle]
    sizes = Counter((vehicle.phases, vehicle.max_current_a) for vehicle in vehicles)
    assert sizes == {(1, 16.0): 6, (1, 32.0): 7, (3, 16.0): 3}


def test_bays_of_the_apartment_block_rotate_their_phases() -> None:
    first = Counter(evse.phases[0] for evse in samples.load("apartment-block").site.evses if evse.phases)
    assert first == {Phase.L1: 9, Phase.L2: 8, Phase.L3: 8}


def test_three_cars_at_supper_would_blow_the_garage_fuse_of_the_apartment_block() -> None:
    scenario = samples.load("apartment-block")
    evses = {evse.id: evse for evse in scenario.site.evses}
    # at 19:00 local all three are plugged in and lack hours of charging: 25.7, 25.4 and 51.9 kWh
    busy = [s for s in scenario.sessions if s.id in ("bay-26-1713", "bay-42-1749", "bay-72-1855")]
    first_phases = [(evses[s.evse].phases or ())[: s.vehicle.phases] for s in busy if s.vehicle]
    assert first_phases == [(Phase.L2,), (Phase.L2,), (Phase.L1, Phase.L2, Phase.L3)]
    powers_kw = [max_charge_power_kw(s, evses[s.evse], 230.0) for s in busy]
    on_l2_a = sum(
        amperes_from_kw(power_kw, 230.0, len(phases)) for power_kw, phases in zip(powers_kw, first_phases, strict=True)
    )
    # 6.32 kW / 230 V + 6.62 kW / 230 V + 16 A = 27.48 + 28.78 + 16.00
    assert on_l2_a == pytest.approx(72.26, abs=0.01)
    assert {node.id: node.current_limit_a for node in scenario.site.nodes}["garage"] == 63.0


def test_the_depot_has_18_evses_for_19_vans_and_cabinets_that_cannot_feed_all_outlets_at_once() -> None:
    scenario = samples.load("van-depot")
    vans = {stay.vehicle.id for stay in stays(scenario) if stay.vehicle}
    assert (len(scenario.site.evses), len(vans)) == (18, 19)
    assert (len(scenario.sessions), len(scenario.visits)) == (6, 15)
    outlets = {evse.id: evse.max_power_kw or 0.0 for evse in scenario.site.evses}
    for cabinet in scenario.site.cabinets:
        assert (cabinet.total_kw, sum(outlets[evse] for evse in cabinet.evses)) == (300.0, 450.0)


def test_the_depot_wants_272_kwh_for_the_vans_that_are_there() -> None:
    scenario = samples.load("van-depot")
    # 68 + 44 + 28 + 62 + 40 + 30 wanted, 16 + 9 + 5 + 20 + 7 + 24 delivered
    assert wanted_kwh(scenario) == pytest.approx(272.0)
    assert sum(session.delivered_kwh for session in scenario.sessions) == pytest.approx(81.0)


def test_every_early_van_is_promised_something_and_no_other() -> None:
    promised = Counter((stay.tier, stay.energy_minimum_kwh > 0.0) for stay in stays(samples.load("van-depot")))
    # van-01, 02, 04, 05 that are there, and 07 to 11, 14, 15, 16, 18 and 04 again
    assert promised == {("early", True): 14, ("opportunistic", False): 7}


def test_three_visits_of_the_depot_may_choose_and_twelve_have_their_place() -> None:
    visits = samples.load("van-depot").visits
    assert Counter((visit.evse is None, len(visit.pool)) for visit in visits) == {(True, 3): 3, (False, 0): 12}


def test_no_two_vans_want_one_place_of_the_depot_at_once() -> None:
    fixed = [stay for stay in stays(samples.load("van-depot")) if stay.evse]
    in_order = sorted(fixed, key=lambda stay: (stay.evse or "", stay.arrival))
    for before, after in pairwise(in_order):
        assert before.evse != after.evse or (before.departure is not None and before.departure <= after.arrival)


def test_dynamic_prices_of_a_sample_reach_the_end_of_its_horizon() -> None:
    for name in ("apartment-block", "van-depot"):
        scenario = samples.load(name)
        assert scenario.horizon is not None
        assert scenario.tariff is not None
        assert isinstance(scenario.tariff.import_price, PriceSeries)
        assert scenario.tariff.import_price.steps[0].start == scenario.horizon.start
        assert scenario.tariff.import_price.end == scenario.horizon.end


def test_what_a_stay_cannot_hold_is_cut_and_rounded_down() -> None:
    plugged_in, left = datetime(2025, 1, 1, 8, tzinfo=UTC), datetime(2025, 1, 1, 8, 20, tzinfo=UTC)
    # a third of an hour at 10 kW: 3.333... kWh
    assert reachable_kwh(9.0, 10.0, plugged_in, left) == 3.333
    assert reachable_kwh(2.0, 10.0, plugged_in, left) == 2.0


def test_a_rendered_scenario_leaves_out_defaults_and_names_itself_first() -> None:
    scenario = replace(samples.load("van-depot"), sessions=(), visits=(), tariff=None, horizon=None)
    document = json.loads(render(scenario))
    assert list(document) == ["name", "description", "site"]
    assert document["site"]["evses"][-1] == {"id": "ac-12", "node": "ac-panel", "max_current_a": 32}


@every_sample
def test_the_shipped_file_is_the_rendering_of_what_it_says(name: str) -> None:
    assert render(samples.load(name)) == shipped(name, "scenario.json")


@needs_data
@every_sample
def test_public_data_rebuild_the_shipped_file(name: str) -> None:
    assert DATA is not None
    assert render(BUILDERS[name](Path(DATA))) == shipped(name, "scenario.json")


def test_a_data_folder_without_the_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidScenario, match=r"acn_caltech_2019-10\.csv"):
        build_caltech.build(tmp_path)


def test_a_missing_price_hour_is_refused_and_not_taken_as_cheap(tmp_path: Path) -> None:
    (tmp_path / "prices").mkdir()
    rows = ["utc_start,NO2", "2025-01-01T00:00:00Z,50", "2025-01-01T01:00:00Z,", "2025-01-01T02:00:00Z,40"]
    (tmp_path / "prices" / "eu_day_ahead_hourly_2025_smard.csv").write_text("\n".join(rows))
    start = datetime(2025, 1, 1, tzinfo=UTC)
    with pytest.raises(InvalidScenario, match="zone NO2 has not one price for each hour"):
        day_ahead(tmp_path, "NO2", start, start + timedelta(hours=3))
    assert day_ahead(tmp_path, "NO2", start, start + timedelta(hours=1)).steps[0].value == 0.05


def test_the_busiest_weekday_is_counted_in_local_time_and_never_a_weekend() -> None:
    tuesday, friday, saturday = (datetime(2019, 10, day, hour, tzinfo=UTC) for day, hour in ((2, 5), (4, 18), (5, 18)))
    recorded = [
        RecordedSession(id="x", evse="a", arrival=arrival, departure=arrival + timedelta(hours=1), energy_kwh=1.0)
        for arrival in (tuesday, tuesday, friday, *[saturday] * 3)
    ]
    # 05:00 UTC is 22:00 of the day before in Los Angeles
    assert build_caltech.busiest_weekday(recorded).isoformat() == "2019-10-01"


def test_the_horizon_of_the_garage_is_the_day_in_local_time() -> None:
    horizon = samples.load("caltech-garage").horizon
    assert isinstance(horizon, Horizon)
    assert horizon.start.astimezone(build_caltech.ZONE).isoformat() == "2019-10-29T00:00:00-07:00"


def test_the_v2g_block_is_the_apartment_block_with_eight_other_cars() -> None:
    block, giving = samples.load("apartment-block"), samples.load("v2g-block")
    swapped = [session for session in giving.sessions if session.allows_discharge]

    assert len(swapped) == 8
    assert [(s.id, s.arrival, s.departure, s.energy_target_kwh) for s in giving.sessions] == [
        (s.id, s.arrival, s.departure, s.energy_target_kwh) for s in block.sessions
    ]
    assert giving.tariff == block.tariff
    assert giving.site.nodes == block.site.nodes


def test_a_car_of_the_v2g_block_brings_what_it_lacks_of_nine_tenths() -> None:
    """The Tesla Model 3 in bay 71: 57.5 kWh; 16.7 kWh at 0.9 are 15.03 kWh inside, 0.2614 of it; 0.9 - 0.2614."""
    (first,) = (s for s in samples.load("v2g-block").sessions if s.evse == "bay-71")

    assert first.vehicle is not None
    assert (first.vehicle.battery_capacity_kwh, first.vehicle.charge_efficiency) == (57.5, 0.9)
    assert first.energy_target_kwh == 16.7
    assert first.soc == 0.639
