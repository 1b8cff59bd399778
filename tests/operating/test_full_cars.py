"""A car that is full and offered nothing is offered the least once an hour: if it draws, it is planned again."""

from datetime import datetime, timedelta

import pytest

from optimizer.rolling import Stage
from tests.operating.live_site import NOON
from tests.operating.stations import SimulatedStation
from tests.operating.test_day_with_defects import LIMIT_A, Yard, yard


def played(cars: tuple[SimulatedStation, ...], wants: dict[int, tuple[str, float]], minutes: int) -> Yard:
    """All come at noon; ``wants`` says whose car wants another current on each phase from which minute on."""
    place = yard(*cars)
    place.operations.plan_site("yard", NOON)
    for number, name in enumerate(place.stations):
        place.start(name, number, NOON)
    place.operations.plan_site("yard", NOON)
    place.send(NOON)
    for k in range(1, minutes + 1):
        if k in wants:
            name, current_a = wants[k]
            place.stations[name].wants_a = current_a
        place.minute(at(k))
    return place


def at(count: int) -> datetime:
    return NOON + timedelta(minutes=count)


def stage(place: Yard, name: str) -> Stage:
    session = place.operations.store.load("yard").state.evses[name].session
    assert session is not None
    return session.stage


def test_a_full_car_is_offered_nothing_until_it_is_asked_again_and_then_the_least_for_minutes() -> None:
    seen: list[float] = []

    class Watched(SimulatedStation):
        def step(self, now: datetime, seconds: float) -> None:
            SimulatedStation.step(self, now, seconds)
            seen.append(self.limit_a(now))

    place = played((Watched(id="a"), SimulatedStation(id="b")), {30: ("a", 0.0)}, 130)

    assert stage(place, "a") is Stage.FULL
    assert set(seen[45:90]) == {0.0}
    asked = [k for k, limit in enumerate(seen) if k > 45 and limit > 0.0]
    assert asked, "it was never asked"
    assert {seen[k] for k in asked} == {6.0}
    assert 5 <= len(asked) <= 20, "a plan comes every quarter of an hour"


def test_what_a_full_car_does_not_take_is_for_the_others() -> None:
    """64 A for four cars of 32 A: when one is full, the others have a third each."""
    cars = tuple(SimulatedStation(id=name) for name in "abcd")
    place = played(cars, {30: ("a", 0.0)}, 60)

    assert stage(place, "a") is Stage.FULL
    assert place.loads_a[-1] == pytest.approx(LIMIT_A, rel=0.02)


def test_a_car_that_wants_to_go_on_draws_when_it_is_asked_and_is_planned_as_before() -> None:
    """It wants 16 A again in the 50th minute, while it is offered nothing, so nobody can see it until it is asked."""
    again = {30: ("a", 0.0), 50: ("a", 16.0)}
    assert stage(played((SimulatedStation(id="a"), SimulatedStation(id="b")), again, 85), "a") is Stage.FULL

    place = played((SimulatedStation(id="a"), SimulatedStation(id="b")), again, 125)

    assert stage(place, "a") is not Stage.FULL
    assert place.stations["a"].drawn_a == pytest.approx(16.0)
    assert max(place.loads_a) <= LIMIT_A + 0.01


def test_asking_again_breaks_no_limit_where_the_site_is_full() -> None:
    """Four cars could use 128 A of 64: the least of the asked one comes out of what the others have."""
    cars = tuple(SimulatedStation(id=name) for name in "abcd")
    place = played(cars, {30: ("a", 0.0), 50: ("a", 16.0)}, 125)

    assert max(place.loads_a) <= LIMIT_A + 0.01
    assert stage(place, "a") is not Stage.FULL
