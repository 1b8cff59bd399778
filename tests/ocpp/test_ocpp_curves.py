"""What profiles let an EVSE do over time, and profiles that are held down to that while a raise waits."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from ocpp_plans import AC, START, scenario_of, told

from models.domain.sending import Version
from models.ocpp.curves import constant, curve_of
from models.ocpp.lowering import held_down
from models.ocpp.profile import EvseProfile, Period, ProfileKind, Slot

SITE = scenario_of([AC], []).site


def every_day(*limits_a: float) -> EvseProfile:
    """A default of every day, one limit a quarter from midnight on."""
    turns = told(AC, *limits_a, slot=Slot.FAIL_SAFE, start=START.replace(hour=0))
    return replace(turns, profile=replace(turns.profile, kind=ProfileKind.DAILY))


def limits_a(profile: EvseProfile) -> list[float]:
    return [float(period.limit) for period in profile.profile.schedule.periods]


def test_a_default_of_every_day_counts_at_its_most_after_two_days() -> None:
    """6 A from a quarter past midnight to half past; where turns fall in the far future does not matter any more."""
    midnight, curve = START.replace(hour=0), curve_of(SITE, AC, every_day(0.0, 6.0, 0.0), START)

    at = [midnight + timedelta(days=day, minutes=20) for day in (1, 3)]
    at += [midnight + timedelta(days=day, minutes=50) for day in (1, 3)]
    found = curve.charge_at(np.array([when.timestamp() for when in at]))
    assert found.tolist() == pytest.approx([4.14, 4.14, 0.0, 4.14])


def test_a_default_of_every_day_is_held_at_the_lowest_that_it_says_at_any_time() -> None:
    assert limits_a(held_down(SITE, every_day(16.0, 8.0, 12.0), constant(100.0), START)) == [8.0]


def test_a_profile_is_held_down_to_a_curve_in_both_directions() -> None:
    """6 A on three phases are 4.14 kW: of 16 A drawn and 8 A given back as much is left."""
    both = told(AC, 16.0, 0.0)
    gives = Period(start_s=900, limit=Decimal("0.0"), setpoint=Decimal("-8.0"))
    schedule = replace(both.profile.schedule, periods=(both.profile.schedule.periods[0], gives))
    both = replace(both, version=Version.V21, profile=replace(both.profile, schedule=schedule))

    lowered = held_down(SITE, both, constant(4.14, 4.14), START).profile.schedule.periods

    assert [(float(p.limit), p.setpoint and float(p.setpoint)) for p in lowered] == [(6.0, None), (0.0, -6.0)]
