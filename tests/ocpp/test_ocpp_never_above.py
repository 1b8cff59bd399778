"""A few of the random plans of `make bench-profiles`: what stations make of them is never above the plan."""

import os

from tests.benchmarks.profiles import TOLERANCE_KW, cases, judged

PLANS = int(os.environ.get("CHARGEWRIGHT_PROFILES", "120"))


def test_what_a_station_makes_of_a_plan_is_never_above_it_in_either_reading() -> None:
    outcomes = [judged(case) for case in cases(PLANS)]

    assert max(one.above_kw for one in outcomes) <= TOLERANCE_KW
    assert all(one.sent_kwh <= one.uncapped_kwh + 1e-6 for one in outcomes)
    assert sum(one.sent_kwh for one in outcomes) > 0.5 * sum(one.planned_kwh for one in outcomes)
