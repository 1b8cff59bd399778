"""What a line leaves to a car while another gives back beside it, worked out by hand.

230 V and 32 A a line. The van gives back 4.6 kW on one phase, which is 20 A. A car whose phase nobody knows may hang on
the same line and add to them in any direction: 12 A are left, 2.76 kW. A car known to draw on that line runs against
the van's current, and the van may stop at any time: 32 A, 7.36 kW. Nobody knows either where a van of unknown phase is.
"""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.session import Session, Vehicle
from models.domain.site import Evse, GridNode, Phase, Site
from optimizer.completing import complete
from optimizer.giving.room import limits_of
from optimizer.instance import instance_of

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
LINE_KW, LEFT_KW = 32 * 0.23, 12 * 0.23


def street(van: tuple[Phase, ...] | None, car: tuple[Phase, ...] | None) -> Scenario:
    gives = Vehicle(id="van", battery_capacity_kwh=60.0, max_discharge_kw=7.0)
    two = timedelta(hours=2)
    return Scenario(
        site=Site(
            id="street",
            voltage_v=230.0,
            nodes=(GridNode(id="grid", current_limit_a=32.0, export_limit_kw=20.0, continuous_factor=1.0),),
            evses=(
                Evse(id="A", node="grid", phases=van, max_current_a=32.0, max_discharge_kw=7.0),
                Evse(id="B", node="grid", phases=car, max_current_a=40.0),
            ),
        ),
        sessions=(
            Session(id="van", evse="A", arrival=NOON, departure=NOON + two, vehicle=gives, soc=0.8,
                    soc_target=0.5, allows_discharge=True),
            Session(id="car", evse="B", arrival=NOON, departure=NOON + two, energy_target_kwh=10.0),
        ),
        horizon=Horizon(start=NOON, stretches=(Stretch(count=2, minutes=60.0),)),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("van", "car", "room_kw"),
    [
        ((Phase.L1,), None, LEFT_KW),
        ((Phase.L1,), (Phase.L1,), LINE_KW),
        (None, (Phase.L1,), LEFT_KW),
        (None, None, LEFT_KW),
    ],
)
def test_what_a_van_gives_back_takes_room_where_it_may_add_to_what_a_car_draws(
    van: tuple[Phase, ...] | None, car: tuple[Phase, ...] | None, room_kw: float
) -> None:
    instance = instance_of(complete(street(van, car)).scenario)
    cells = instance.cells
    gives = np.where((cells.session == 0) & (cells.period == 0), 4.6, 0.0)

    limits = limits_of(instance, given_back_kw=gives)
    both, nothing = np.arange(2), np.zeros(2)

    assert limits.of(both, 0).each(nothing)[1] == pytest.approx(room_kw, rel=1e-9)
    assert limits.of(both, 1).each(nothing)[1] == pytest.approx(LINE_KW, rel=1e-9), "it gives nothing back then"
