"""Habits: what past sessions show of drivers who tell nothing, worked out by hand; and files that cannot be read."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from models.datasets.recorded import RecordedSession
from models.datasets.session_file import write_sessions
from models.domain.completion import complete
from models.domain.habits import ENERGY_EDGES_KWH, STAY_EDGES_H, Habit, Habits
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.session import Session, TaperPoint, Vehicle
from models.domain.site import CurrentType, Evse, GridNode, MeasuringPoint, SessionDefaults, Site
from models.domain.tariff import PriceSeries, Tariff
from models.domain.validation import validate
from models.domain.value import Step
from models.domain.wire import habits_json, read_scenario, scenario_json
from models.learning import prior
from models.learning.chances import parts, still_there, still_wants
from models.learning.curves import Curve, Curves, shrunk
from models.learning.history import PastSession, read_history
from models.learning.learn import day_and_hour, learn
from optimizer.audit import audit
from optimizer.optimize import optimize

NOTHING_COUNTED = Habits()
BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=BERLIN)


def past(hours: float, kwh: float = 8.0, *, begin: datetime = MONDAY, group: str | None = None) -> PastSession:
    return PastSession(begin, begin + timedelta(hours=hours), kwh, group)


def test_stays_are_counted_in_quarters_and_energies_in_kwh() -> None:
    """0.25 h end in the first quarter, 0.5 h and 0.4 h in the second; 1 and 1.5 kWh in the first two steps."""
    habits = learn([past(0.25, 1.0), past(0.5, 1.5), past(0.4, 1.5)], BERLIN)

    (habit,) = habits.counted
    assert (habit.workday, habit.arrival_hour, habit.group) == (True, 8, None)
    assert habit.stays == (1, 2)
    assert habit.energies == (1, 2)
    assert habits.source == "3 past sessions from 2026-03-02 to 2026-03-02"


def test_who_stayed_for_a_week_counts_in_the_last_step() -> None:
    (habit,) = learn([past(168.0, 400.0)], BERLIN).counted

    assert (len(habit.stays), len(habit.energies)) == (len(STAY_EDGES_H) - 1, len(ENERGY_EDGES_KWH) - 1)


def test_days_and_hours_are_those_of_the_clock_of_the_site() -> None:
    """Sunday 23:30 UTC is Monday 00:30 in Berlin."""
    assert day_and_hour(datetime(2026, 3, 1, 23, 30, tzinfo=UTC), BERLIN) == (True, 0)
    assert day_and_hour(datetime(2026, 3, 1, 22, 30, tzinfo=UTC), BERLIN) == (False, 23)


def test_groups_of_drivers_are_counted_apart() -> None:
    habits = learn([past(1.0, group="fleet"), past(2.0), past(2.0)], BERLIN)

    assert [(habit.group, sum(habit.stays)) for habit in habits.counted] == [(None, 2), ("fleet", 1)]


def test_few_counts_are_filled_up_with_the_coarser_group_step_by_step() -> None:
    """Elsewhere half leave in each step. Here 3 of 4 leave in the first: (3 + 2 · 0.5) / (4 + 2) = 2/3; then the last
    one stays on: (0 + 2 · 0.5) / (1 + 2) = 1/3."""
    share = shrunk([np.array([3.0, 0.0, 1.0])], np.array([1.0, 0.5, 0.25, 0.0]), weight=2.0)

    assert share == pytest.approx([1.0, 1 / 3, 1 / 3 * 2 / 3, 0.0])


def test_without_counts_chances_are_those_of_public_data() -> None:
    stays, energies = Curves(Habits()).of(True, 8)

    assert stays.share == pytest.approx(prior.still_there(8))
    assert energies.share == pytest.approx(prior.still_wants())
    assert float(stays.at(4.0)) == pytest.approx(0.638)
    assert (stays.count, stays.site_count) == (0, 0)


def test_many_counts_outweigh_everything_else() -> None:
    stays, _ = Curves(learn([past(9.0) for _ in range(5000)], BERLIN)).of(True, 8)

    assert float(stays.at(8.5)) == pytest.approx(1.0, abs=0.02)
    assert float(stays.at(9.25)) < 0.01
    assert (stays.count, stays.site_count) == (5000, 5000)


def test_a_group_that_nobody_saw_is_like_its_hour() -> None:
    curves = Curves(learn([past(9.0) for _ in range(500)], BERLIN))

    assert curves.of(True, 8, "new")[0].share == pytest.approx(curves.of(True, 8)[0].share)


HALVES = Curve(np.array([0.0, 1.0, 2.0, 4.0]), np.array([1.0, 0.5, 0.25, 0.0]), 0, 0)


def test_a_chance_is_given_what_it_has_stayed_already() -> None:
    """After one hour 0.5 are left: of those 0.25/0.5 = 0.5 stay for one more; in the first quarter 1 to 0.875."""
    steps = still_there(HALVES, MONDAY, MONDAY + timedelta(hours=1))

    assert steps[0].start == MONDAY + timedelta(hours=1)
    assert steps[0].value == pytest.approx((1.0 + 0.875) / 2)
    assert steps[3].value == pytest.approx((0.625 + 0.5) / 2)
    assert steps[-1].value == 0.0


def test_chances_change_on_full_quarters() -> None:
    steps = still_there(HALVES, MONDAY, MONDAY + timedelta(minutes=7))

    assert [step.start.minute for step in steps[:3]] == [7, 15, 30]


def test_who_has_stayed_longer_than_anybody_stays_for_one_more_hour() -> None:
    steps = still_there(HALVES, MONDAY, MONDAY + timedelta(hours=5))

    assert [(step.start - MONDAY, step.value) for step in steps] == [
        (timedelta(hours=5), 1.0),
        (timedelta(hours=6), 0.0),
    ]


def test_what_is_wanted_is_given_what_has_flowed_already() -> None:
    """Of those who took more than 1 kWh, 0.5: three quarters take 1.5, half 2, a quarter 3, a tenth 3.6 kWh."""
    ends = still_wants(HALVES, 1.0)

    assert [kwh for kwh, _ in ends] == pytest.approx([1.5, 2.0, 3.0, 3.6])
    assert [chance for _, chance in ends] == pytest.approx([0.875, 0.625, 0.375, 0.175])


def test_parts_reach_what_is_promised() -> None:
    assert parts(((2.0, 0.9), (2.0, 0.5), (4.0, 0.2)), 6.0)[-1].up_to_kwh == 6.0
    assert [one.chance for one in parts(((2.0, 0.9), (2.0, 0.5), (4.0, 0.2)), 0.0)] == [0.9, 0.2]


def site(habits: Habits | None, **given: object) -> Site:
    evses = (
        Evse(id="bay", node="grid", max_power_kw=11.0),
        Evse(id="fast", node="grid", current=CurrentType.DC, max_power_kw=50.0),
    )
    fields = {"id": "yard", "nodes": (GridNode(id="grid"),), "evses": evses, "time_zone": "Europe/Berlin"} | given
    return Site(habits=habits, **fields)  # type: ignore[arg-type]


def yard(*sessions: Session, habits: Habits | None = NOTHING_COUNTED, **given: object) -> Scenario:
    horizon = Horizon(start=MONDAY, stretches=(Stretch(count=96, minutes=15.0),))
    tariff = Tariff(currency="EUR", import_price=0.3)
    return Scenario(site=site(habits, **given), sessions=sessions, tariff=tariff, horizon=horizon)


SILENT = Session(id="car", evse="bay", arrival=MONDAY)


def test_a_silent_driver_is_planned_by_the_habits_of_the_site_and_the_plan_says_so() -> None:
    scenario = yard(SILENT, habits=learn([past(2.0 + k / 10) for k in range(40)], BERLIN))

    completed = complete(scenario)
    plan = optimize(scenario)

    assert completed.scenario.sessions[0].still_there
    assert len(completed.scenario.sessions[0].still_wants or ()) == 4
    told = {one.what: one for one in plan.assumptions}
    assert told["sessions[0].departure"].value.startswith("a chance, half by 2026-03-02 12:")
    assert (
        "40 like it of 40 past sessions of the site, filled up with public data" in told["sessions[0].departure"].source
    )
    assert told["sessions[0].energy_target_kwh"].value.startswith("a chance, at most ")
    assert audit(scenario, plan).passed


def test_what_a_driver_told_is_not_touched_by_habits() -> None:
    leaves = replace(SILENT, departure=MONDAY + timedelta(hours=5))
    wants = replace(SILENT, id="two", evse="fast", energy_target_kwh=10.0)

    one, two = complete(yard(leaves, wants)).scenario.sessions

    assert (one.departure, one.still_there) == (MONDAY + timedelta(hours=5), None)
    assert one.still_wants is not None
    assert (two.energy_target_kwh, two.still_wants) == (10.0, None)
    assert two.still_there is not None


def test_habits_come_before_defaults_and_defaults_stand_where_there_are_none() -> None:
    defaults = SessionDefaults(stay_h=6.5, energy_target_kwh=14.0)

    (by_habit,) = complete(yard(SILENT, session_defaults=defaults)).scenario.sessions
    (by_default,) = complete(yard(SILENT, habits=None, session_defaults=defaults)).scenario.sessions

    assert by_habit.still_there is not None
    assert (by_default.departure, by_default.still_there) == (MONDAY + timedelta(hours=6.5), None)


def test_a_car_whose_energy_is_followed_is_planned_to_when_half_have_left() -> None:
    """With a charging curve its energy is followed; public data: half of those who come at 8 stay for about 6 h."""
    curve = (TaperPoint(soc=0.8, power_kw=40.0), TaperPoint(soc=1.0, power_kw=0.0))
    tapers = Vehicle(id="v", battery_capacity_kwh=60.0, taper=curve)
    car = Session(id="car", evse="fast", arrival=MONDAY, soc=0.5, vehicle=tapers)

    completed = complete(yard(car))

    assert completed.scenario.sessions[0].still_there is None
    assert completed.scenario.sessions[0].departure == MONDAY + timedelta(hours=6, minutes=0)
    assert any("followed" in one.source for one in completed.assumptions)


def test_energies_are_told_where_the_session_measures_them() -> None:
    """At a DC outlet of 0.93 a kWh at evse is 1 / 0.93 kWh at grid."""
    at_evse = Session(id="a", evse="fast", arrival=MONDAY)
    at_grid = Session(id="a", evse="fast", arrival=MONDAY, measured_at=MeasuringPoint.GRID)

    (one,), (two,) = complete(yard(at_evse)).scenario.sessions, complete(yard(at_grid)).scenario.sessions

    assert two.energy_target_kwh == pytest.approx((one.energy_target_kwh or 0.0) / 0.93, abs=2e-3)


def test_a_default_horizon_ends_with_the_prices_of_a_driver_who_may_stay_longer() -> None:
    prices = PriceSeries(steps=(Step(start=MONDAY, value=0.3),), end=MONDAY + timedelta(hours=15))
    scenario = Scenario(site=site(Habits()), sessions=(SILENT,), tariff=Tariff(currency="EUR", import_price=prices))

    assert not validate(scenario)
    assert optimize(scenario).instants_s[-1] == (MONDAY + timedelta(hours=15)).timestamp()


def test_habits_survive_the_way_to_json_and_back() -> None:
    scenario = yard(SILENT, habits=learn([past(2.0), past(3.0, group="fleet")], BERLIN))

    assert read_scenario(scenario_json(scenario)) == scenario
    assert habits_json(Habits()) == "{}"


@pytest.mark.parametrize(
    ("habit", "path"),
    [
        (Habit(workday=True, arrival_hour=24), "site.habits.counted[0].arrival_hour"),
        (Habit(workday=True, arrival_hour=8, stays=(-1,)), "site.habits.counted[0].stays[0]"),
        (Habit(workday=True, arrival_hour=8, stays=(0,) * 500), "site.habits.counted[0].stays"),
        (Habit(workday=True, arrival_hour=8, energies=(0,) * 500), "site.habits.counted[0].energies"),
    ],
)
def test_habits_that_cannot_be_are_refused(habit: Habit, path: str) -> None:
    assert path in [finding.path for finding in validate(yard(SILENT, habits=Habits(counted=(habit,))))]


def test_two_counts_of_the_same_drivers_are_refused() -> None:
    twice = Habits(counted=(Habit(workday=True, arrival_hour=8), Habit(workday=True, arrival_hour=8)))

    assert [finding.path for finding in validate(yard(SILENT, habits=twice))] == ["site.habits.counted[1]"]


def read(text: str) -> tuple[tuple[PastSession, ...], list[str]]:
    history = read_history(text.splitlines(), BERLIN)
    return history.sessions, [finding.path for finding in history.findings]


def test_times_without_an_offset_are_on_the_clock_of_the_site() -> None:
    sessions, findings = read(
        "departure,energy,arrival,driver_group\n2026-03-02T10:00,7.5,2026-03-02T08:00,fleet\n"
        "2026-03-02T10:00Z,7,2026-03-02T08:00Z,\n"
    )

    assert not findings
    assert sessions[0] == past(2.0, 7.5, group="fleet")
    assert sessions[1].arrival == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert sessions[1].group is None


@pytest.mark.parametrize(
    ("row", "path"),
    [
        ("yesterday,2026-03-02T10:00,5", "line 2, arrival"),
        ("2026-03-02T08:00,,5", "line 2, departure"),
        ("2026-03-02T08:00,2026-03-02T08:00,5", "line 2, departure"),
        ("2026-03-02T08:00,2026-03-02T09:00,much", "line 2, energy"),
        ("2026-03-02T08:00,2026-03-02T09:00,nan", "line 2, energy"),
        ("2026-03-02T08:00,2026-03-02T09:00,-1", "line 2, energy"),
        ("2026-03-02T08:00,2026-03-02T09:00", "line 2, energy"),
    ],
)
def test_a_row_that_cannot_be_read_is_told_with_its_line(row: str, path: str) -> None:
    sessions, findings = read(f"arrival,departure,energy\n{row}\n2026-03-02T08:00,2026-03-02T09:00,4\n")

    assert findings == [path]
    assert len(sessions) == 1


def test_a_file_without_the_columns_says_which_are_missing() -> None:
    history = read_history(["from,to,energy"], BERLIN)

    assert "arrival, departure" in history.findings[0].message


def test_the_sources_of_public_figures_are_named_with_their_licences() -> None:
    text = Path(prior.__file__).read_text(encoding="utf-8")

    assert all(name in text for name in ("Open Government Licence 3.0", "CC BY 4.0", "10.1016/j.dib.2024.110883"))


def test_a_sessions_file_of_an_import_is_a_history() -> None:
    arrival = datetime(2026, 3, 2, 9, tzinfo=UTC)
    one = RecordedSession(id="s", evse="a", arrival=arrival, departure=arrival + timedelta(hours=8), energy_kwh=12.5)
    found = read_history(write_sessions([one]).splitlines(), ZoneInfo("UTC"))
    assert found.findings == ()
    assert [(past.arrival, past.energy_kwh) for past in found.sessions] == [(arrival, 12.5)]
