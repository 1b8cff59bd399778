"""The quick form: ten lines become a scenario, and what they did not say is told back."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from models.domain.completion import complete
from models.domain.errors import InvalidScenario
from models.domain.quick import Quick, QuickCar, QuickEvse, expand, original_path
from models.domain.tariff import PriceSeries, TimeOfUse
from models.domain.validation import contradictions, validate
from models.domain.value import Step
from models.domain.wire import read_scenario

CET = timezone(timedelta(hours=1))
NOW = datetime(2026, 3, 2, 18, 3, 20, tzinfo=CET)
TEN_LINES = """
{
  "import_limit_kw": 22,
  "evses": [
    {"id": "bay-1", "max_power_kw": 11, "car": {"energy_kwh": 24, "departure": "2026-03-03T07:00:00+01:00"}},
    {"id": "bay-2", "max_power_kw": 11, "car": {"energy_kwh": 9}}
  ]
}
"""


def two_bays(**given: Any) -> Quick:
    cars = (QuickCar(energy_kwh=24.0, departure=datetime(2026, 3, 3, 7, tzinfo=CET)), QuickCar(energy_kwh=9.0))
    evses = tuple(QuickEvse(id=f"bay-{i}", max_power_kw=11.0, car=car) for i, car in enumerate(cars, start=1))
    fields: dict[str, Any] = {"import_limit_kw": 22.0, "evses": evses} | given
    return Quick(**fields)


def test_ten_lines_become_one_connection_with_two_evses_and_two_sessions() -> None:
    scenario = read_scenario(TEN_LINES, now=NOW)
    assert [(node.id, node.parent, node.import_limit_kw) for node in scenario.site.nodes] == [("grid", None, 22.0)]
    assert [(evse.id, evse.node, evse.max_power_kw) for evse in scenario.site.evses] == [
        ("bay-1", "grid", 11.0),
        ("bay-2", "grid", 11.0),
    ]
    assert [(s.evse, s.energy_target_kwh) for s in scenario.sessions] == [("bay-1", 24.0), ("bay-2", 9.0)]
    assert scenario == expand(two_bays(), NOW)


def test_a_plan_of_now_starts_at_the_last_five_minutes_and_says_so() -> None:
    scenario = read_scenario(TEN_LINES, now=NOW)
    start = datetime(2026, 3, 2, 18, 0, tzinfo=CET)
    assert scenario.horizon is not None
    assert scenario.horizon.start == start
    assert {session.arrival for session in scenario.sessions} == {start}
    assert ("start", "2026-03-02T18:00:00+01:00") in [(told.what, told.value) for told in scenario.assumptions]


def test_a_given_start_is_no_assumption() -> None:
    scenario = expand(two_bays(start=datetime(2026, 3, 2, 20, tzinfo=CET)))
    assert scenario.assumptions == ()
    assert scenario.horizon is not None
    assert scenario.horizon.end == datetime(2026, 3, 3, 7, tzinfo=CET)


def test_without_a_start_and_without_now_the_start_is_asked_for() -> None:
    with pytest.raises(InvalidScenario) as refused:
        read_scenario(TEN_LINES)
    (finding,) = refused.value.findings
    assert finding.path == "start"
    assert finding.message == "it is not said when the plan starts"
    assert finding.remedy == "write start, as in 2026-03-02T17:00:00+01:00"


def test_a_start_without_offset_is_asked_for_in_the_local_time_of_the_site() -> None:
    with pytest.raises(InvalidScenario) as refused:
        expand(two_bays(start=datetime(2026, 7, 1, 20), time_zone="Europe/Berlin"))
    (finding,) = refused.value.findings
    assert finding.path == "start"
    assert finding.remedy == "write 2026-07-01T20:00:00+02:00 if it is local time of Europe/Berlin"


def test_a_departure_that_was_not_told_is_assumed_when_the_scenario_is_completed() -> None:
    completed = complete(read_scenario(TEN_LINES, now=NOW))
    assert completed.scenario.sessions[1].departure == datetime(2026, 3, 3, 2, 0, tzinfo=CET)  # 18:00 and 8 h
    told = [assumption.what for assumption in completed.assumptions]
    assert "start" in told
    assert "sessions[1].departure" in told


def test_one_price_is_a_tariff_and_its_currency_is_told() -> None:
    scenario = expand(two_bays(price_per_kwh=0.3), NOW)
    assert scenario.tariff is not None
    assert (scenario.tariff.import_price, scenario.tariff.currency) == (0.3, "EUR")
    assert "currency" in [told.what for told in scenario.assumptions]


def test_prices_by_the_hour_are_a_price_series_in_the_currency_that_was_given() -> None:
    steps = (Step(start=datetime(2026, 3, 2, 17, tzinfo=UTC), value=0.2),)
    scenario = expand(two_bays(price_per_kwh=steps, currency="CHF"), NOW)
    assert scenario.tariff is not None
    assert scenario.tariff.import_price == PriceSeries(steps=steps)
    assert not isinstance(scenario.tariff.import_price, TimeOfUse)
    assert scenario.tariff.currency == "CHF"
    assert "currency" not in [told.what for told in scenario.assumptions]


@pytest.mark.parametrize(("power_kw", "phases"), [(3.7, None), (4.1, None), (4.2, 3), (11.0, 3)])
def test_an_evse_below_six_amperes_on_three_phases_has_one_of_them(power_kw: float, phases: int | None) -> None:
    scenario = expand(two_bays(evses=(QuickEvse(id="wall", max_power_kw=power_kw, car=QuickCar()),)), NOW)
    (evse,) = scenario.site.evses  # 6 A at 230 V on three phases are 4.14 kW
    assert (None if evse.phases is None else len(evse.phases)) == phases
    assert ("evses[*].phases" in [told.what for told in scenario.assumptions]) == (phases is None)
    assert validate(scenario) == ()
    assert contradictions(scenario) == ()


def test_a_car_that_is_slower_than_its_evse_keeps_its_own_limit() -> None:
    scenario = expand(two_bays(evses=(QuickEvse(id="wall", max_power_kw=11.0, car=QuickCar(max_power_kw=7.4)),)), NOW)
    vehicle = scenario.sessions[0].vehicle
    assert vehicle is not None
    assert vehicle.max_charge_kw == 7.4


def test_an_evse_without_a_car_has_no_session_and_without_any_the_plan_spans_a_day() -> None:
    scenario = expand(two_bays(evses=(QuickEvse(id="wall", max_power_kw=11.0),)), NOW)
    assert scenario.sessions == ()
    assert scenario.horizon is not None
    assert scenario.horizon.end - scenario.horizon.start == timedelta(hours=24)


QUICK_PATHS = {
    "sessions[0].departure": "evses[1].car.departure",
    "sessions[0].energy_target_kwh": "evses[1].car.energy_kwh",
    "sessions[0].vehicle.max_charge_kw": "evses[1].car.max_power_kw",
    "site.evses[1].max_power_kw": "evses[1].max_power_kw",
    "site.nodes[0].import_limit_kw[2].value": "import_limit_kw[2].value",
    "site.time_zone": "time_zone",
    "tariff.import_price.steps[3].start": "price_per_kwh[3].start",
    "tariff.import_price": "price_per_kwh",
    "": "",
}


@pytest.mark.parametrize(("ours", "theirs"), QUICK_PATHS.items())
def test_a_finding_is_told_at_its_place_in_the_quick_form(ours: str, theirs: str) -> None:
    empty, taken = (QuickEvse(id=name, max_power_kw=11.0, car=car) for name, car in (("a", None), ("b", QuickCar())))
    assert original_path(ours, two_bays(evses=(empty, taken))) == theirs


def test_a_car_that_leaves_before_it_came_is_found_where_the_author_wrote_it() -> None:
    with pytest.raises(InvalidScenario) as refused:
        read_scenario(TEN_LINES.replace("2026-03-03T07", "2026-03-02T07"), now=NOW)
    (finding,) = refused.value.findings
    assert finding.path == "evses[0].car.departure"
    assert finding.ids == ("bay-1",)


def test_a_us_site_is_asked_for_its_continuous_factor_where_the_quick_form_has_it() -> None:
    american = TEN_LINES.replace('"import', '"time_zone": "America/Los_Angeles", "import')
    with pytest.raises(InvalidScenario) as refused:
        read_scenario(american, now=NOW)
    assert [finding.path for finding in refused.value.findings] == ["continuous_factor"]
    read_scenario(american.replace('"import', '"continuous_factor": 0.8, "import'), now=NOW)
