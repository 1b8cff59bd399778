"""A plan that knew nothing of its drivers, followed with the real ones; by hand, on the yard of conftest.

The plan: 11 kW from 07:00 to 08:00 UTC, in quarter hours.
"""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from api.hindsight import in_hindsight, knowing_nothing
from api.planning import Answer
from models.domain.scenario import Scenario


def truth(answer: Answer, *, departure: datetime, need_kwh: float) -> Scenario:
    (car,) = answer.scenario.sessions
    return replace(answer.scenario, sessions=(replace(car, departure=departure, energy_target_kwh=need_kwh),))


def test_a_car_that_leaves_early_gets_what_was_planned_until_then(yard_answer: Answer) -> None:
    real = truth(yard_answer, departure=datetime(2026, 3, 2, 7, 20, tzinfo=UTC), need_kwh=11.0)

    found = in_hindsight(real, yard_answer.schedule)

    assert found.energy_kwh == pytest.approx(11.0 / 3), "20 minutes at 11 kW"
    assert found.needed_kwh == pytest.approx(11.0)
    assert found.sessions_short == 1
    assert found.load_kw == pytest.approx([0, 0, 0, 0, 11, 11 / 3, 0, 0]), "5 of 15 minutes in the sixth period"


def test_a_car_that_needs_less_stops_when_it_has_that(yard_answer: Answer) -> None:
    real = truth(yard_answer, departure=datetime(2026, 3, 2, 8, tzinfo=UTC), need_kwh=5.5)

    found = in_hindsight(real, yard_answer.schedule)

    assert found.energy_kwh == pytest.approx(5.5)
    assert found.sessions_short == 0
    assert found.load_kw == pytest.approx([0, 0, 0, 0, 11, 11, 0, 0])


def test_a_car_that_stays_longer_and_needs_more_gets_nothing_beyond_the_plan(yard_answer: Answer) -> None:
    real = truth(yard_answer, departure=datetime(2026, 3, 2, 12, tzinfo=UTC), need_kwh=30.0)

    found = in_hindsight(real, yard_answer.schedule)

    assert found.energy_kwh == pytest.approx(11.0)
    assert found.sessions_short == 1


def test_nothing_is_kept_of_what_drivers_told(yard_scenario: Scenario) -> None:
    (car,) = knowing_nothing(yard_scenario).sessions

    assert car.departure is None
    assert car.energy_target_kwh is None
    assert car.arrival == yard_scenario.sessions[0].arrival
