"""A CSMS, charge points of every version and our use cases over real websockets, minute by minute on a stepped clock.

`make day` plays a whole day with twenty charge points and every defect; here half an hour of five of them are played.
"""

from tests.peers.defects import Defect
from tests.peers.stories import found, over_websockets
from tests.peers.yard import yard

EIGHT_S = 1_772_438_400.0
"""2026-03-02T08:00:00Z."""
DEFECTS = (Defect.IGNORES, Defect.WATTS_ONLY, Defect.FLOAT_PERIODS)


def test_over_websockets_a_busy_yard_keeps_limit_and_plan_and_every_defect_is_named() -> None:
    made = yard(
        2, EIGHT_S, count=5, limit_a=44.0, rating_a=16.0, defects=DEFECTS, first_cars_h=(0.05, 0.15), whole_offers=True
    )

    day, records, faults = over_websockets(made, 0.5, EIGHT_S)

    assert day.over == []
    assert day.worst_a > 30.0  # the yard is busy
    assert {fault.split(":")[0] for fault in faults} <= {"GetCompositeSchedule"}  # the float periods
    for name, station in made.stations.items():
        assert {str(defect) for defect in station.defects} <= set(found(day, records, name))
    drawn_kwh, planned_kwh = day.kept_kwh()
    assert abs(drawn_kwh / planned_kwh - 1.0) < 0.02
