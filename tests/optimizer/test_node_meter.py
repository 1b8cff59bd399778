"""A node's meter is believed as long as it can be true, and base loads are moved by it or counted at their worst."""

from datetime import UTC, datetime, timedelta

import pytest

from models.domain.series import highest, value_at
from models.domain.site import BaseLoad, PhaseSeries
from models.domain.value import Step
from optimizer.rolling.base_load import metered
from optimizer.rolling.node_meter import Bounds, MeterFlaw, NodeMeter, NodeReading, base_now, read

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
FREE = Bounds(most_kw=100.0)


def shown(*totals: float, cars: float | None = 0.0, bounds: Bounds = FREE, every_s: float = 60.0) -> NodeMeter:
    """A meter that has shown these totals, the last one at noon."""
    meter = NodeMeter()
    for k, total in enumerate(totals):
        at = NOON - timedelta(seconds=every_s * (len(totals) - 1 - k))
        meter = read(meter, NodeReading(at=at, total_kw=total, cars_kw=cars), bounds)
    return meter


class TestBelief:
    def test_what_the_cars_draw_is_not_load_of_the_building(self) -> None:
        assert base_now(shown(30.0, cars=22.0), NOON) == 8.0

    def test_sun_and_loads_below_are_told_apart(self) -> None:
        """10 kW through the meter, 6 of sun behind it, 3 at a node below: 13 of its own."""
        seen = NodeReading(at=NOON, total_kw=10.0, cars_kw=0.0, generation_kw=6.0, other_kw=3.0)

        assert base_now(read(NodeMeter(), seen, Bounds(generation_kw=8.0)), NOON) == 13.0

    def test_cars_that_nobody_measured_leave_the_load_unknown(self) -> None:
        assert base_now(shown(30.0, cars=None), NOON) is None

    def test_a_reading_is_worth_ten_minutes(self) -> None:
        meter = shown(8.0)

        assert base_now(meter, NOON + timedelta(minutes=10)) == 8.0
        assert base_now(meter, NOON + timedelta(minutes=11)) is None

    def test_what_was_seen_before_changes_nothing(self) -> None:
        meter = shown(8.0)
        assert read(meter, NodeReading(at=NOON, total_kw=50.0, cars_kw=0.0), FREE) is meter


class TestQuarantine:
    def test_a_meter_that_shows_drawing_cars_as_fed_in_has_its_sign_flipped(self) -> None:
        assert shown(-22.0, cars=11.0).flaw is MeterFlaw.SIGN_FLIPPED

    def test_what_the_sun_can_feed_in_is_no_flipped_sign(self) -> None:
        assert shown(-5.0, bounds=Bounds(most_kw=100.0, generation_kw=6.0)).flaw is None

    @pytest.mark.parametrize(("total", "cars"), [(151.0, 0.0), (-151.0, 0.0), (5.0, 11.0)])
    def test_more_than_the_fuse_or_less_than_the_cars_cannot_be(self, total: float, cars: float) -> None:
        assert shown(total, cars=cars).flaw is MeterFlaw.IMPOSSIBLE

    def test_the_same_number_for_half_an_hour_is_frozen(self) -> None:
        assert shown(*[7.31] * 30).flaw is None
        assert shown(*[7.31] * 31).flaw is MeterFlaw.FROZEN
        assert shown(*[7.31] * 30, 7.32).flaw is None

    def test_the_same_number_while_cars_begin_to_charge_is_frozen_at_once(self) -> None:
        meter = NodeMeter()
        for minute, cars in enumerate((0.0, 0.0, 5.0)):
            seen = NodeReading(at=NOON + timedelta(minutes=minute), total_kw=7.31, cars_kw=cars)
            meter = read(meter, seen, FREE)

        assert meter.flaw is MeterFlaw.FROZEN

    def test_three_sane_readings_in_a_row_end_it(self) -> None:
        assert base_now(shown(500.0, 8.0, 8.1), NOON) is None
        assert base_now(shown(500.0, 8.0, 500.0, 8.0, 8.1), NOON) is None
        assert base_now(shown(500.0, 8.0, 8.1, 8.2), NOON) == 8.2


class TestLoads:
    DECLARED = BaseLoad(node="grid", expected_kw=4.0, high_kw=6.0)

    def at(self, loads: tuple[BaseLoad, ...], minutes: float) -> tuple[float, float]:
        (load,) = loads
        when = NOON + timedelta(minutes=minutes)
        assert load.high_kw is not None
        return value_at(load.expected_kw, when), value_at(load.high_kw, when)

    def test_more_than_expected_counts_now_and_fades_within_the_hour(self) -> None:
        """8 kW in place of 4: 4 more now, 3 from a quarter on, 2, 1, none; as high as now for an hour."""
        loads, told = metered((self.DECLARED,), {"grid": shown(8.0)}, NOON, NOON)

        assert [self.at(loads, m) for m in (0, 15, 30, 45, 60)] == [(8, 8), (7, 8), (6, 8), (5, 8), (4, 6)]
        assert [one.value for one in told] == ["8.0 kW now"]

    def test_less_than_expected_is_cheaper_and_makes_no_room(self) -> None:
        loads, _ = metered((self.DECLARED,), {"grid": shown(1.0)}, NOON, NOON)

        assert self.at(loads, 0) == (1.0, 6.0)

    def test_what_is_not_believed_is_the_most_that_is_declared_or_was_seen(self) -> None:
        steps = (Step(start=NOON, value=3.0), Step(start=NOON + timedelta(hours=5), value=12.0))
        forecast = BaseLoad(node="grid", expected_kw=2.0, high_kw=steps)
        loads, told = metered((forecast,), {"grid": shown(500.0)}, NOON, NOON)

        assert self.at(loads, 0) == (2.0, 12.0)
        assert "impossible" in told[0].source
        (load,), _ = metered((forecast,), {"grid": shown(15.0, 500.0)}, NOON, NOON)
        assert highest(load.high_kw or 0.0) == 15.0

    def test_a_load_that_nobody_declared_is_known_by_its_meter(self) -> None:
        loads, _ = metered((), {"grid": shown(8.0)}, NOON, NOON)

        assert self.at(loads, 600) == (8.0, 8.0)

    def test_currents_of_the_high_load_grow_with_it(self) -> None:
        load = BaseLoad(node="grid", expected_kw=4.0, high_kw=6.0, high_current_a=PhaseSeries(L1=20.0, L2=10.0))

        (moved,), _ = metered((load,), {"grid": shown(9.0)}, NOON, NOON)

        assert moved.high_current_a == PhaseSeries(L1=30.0, L2=15.0)

    def test_a_node_without_a_meter_stays_as_it_is(self) -> None:
        assert metered((self.DECLARED,), {}, NOON, NOON) == ((self.DECLARED,), [])
