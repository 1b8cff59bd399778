"""What only OCPP 2.1 can say of a plan, for stations that told so; every other one gets the profile of 2.0.1."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from math import floor

from models.domain.scenario import Scenario
from models.domain.sending import Feature
from models.domain.session import Session
from models.domain.signal import PriceEvent
from models.domain.site import Station
from models.ocpp.manner import Manner, has
from models.ocpp.profile import EvseProfile, Period, ProfileKind, Slot, SocLimit

PERCENT = 100
DUST = 1e-9


def limit_at_soc(session: Session, station: Station, manner: Manner) -> SocLimit | None:
    """No charging above the ceiling of a session whose battery is known, where that ceiling does not change."""
    ceiling_kwh, vehicle = session.energy_ceiling_kwh, session.vehicle
    if not has(station, manner, Feature.LIMIT_AT_SOC) or not isinstance(ceiling_kwh, float | int):
        return None
    if vehicle is None or vehicle.battery_capacity_kwh is None:
        return None
    percent = floor(PERCENT * ceiling_kwh / vehicle.battery_capacity_kwh + DUST)
    return SocLimit(soc_percent=percent, limit=Decimal("0.0")) if percent < PERCENT else None


def randomized_delay_s(scenario: Scenario, station: Station, manner: Manner, now: datetime) -> int | None:
    """Rule S9, but never while somebody asks for load now: caps, events and setpoints are answered at once."""
    if manner.randomized_delay_s <= 0 or not has(station, manner, Feature.RANDOMIZED_DELAY):
        return None
    asked = (s for s in scenario.signals if not isinstance(s, PriceEvent))
    end = manner.plan_until or (scenario.horizon.end if scenario.horizon else None)
    answered = any(s.end > now and (end is None or s.start < end) for s in asked)
    return None if answered else manner.randomized_delay_s


def dynamic(profile: EvseProfile, station: Station, manner: Manner, now: datetime) -> EvseProfile:
    """The plan as a Dynamic profile: the period that holds now, and the later ones as updates.

    It has no tail, so it ends by itself after :attr:`Manner.max_offline_s` without contact, and the default holds.
    """
    wanted = station.dynamic_plan and profile.slot is Slot.PLAN and profile.start_token is None
    if not wanted or not has(station, manner, Feature.DYNAMIC_PROFILES):
        return profile
    schedule = profile.profile.schedule
    elapsed_s = (now - schedule.start).total_seconds()
    begun = [period for period in schedule.periods if period.start_s <= elapsed_s]
    later = tuple(period for period in schedule.periods if period.start_s > elapsed_s)
    single = replace(
        profile.profile,
        kind=ProfileKind.DYNAMIC,
        max_offline_s=manner.max_offline_s,
        schedule=replace(schedule, periods=(replace(begun[-1], start_s=0),), randomized_delay_s=None),
    )
    return replace(profile, profile=single, updates=later)


def update_times(profile: EvseProfile) -> tuple[tuple[datetime, Period], ...]:
    """When a Dynamic profile is to be told what."""
    start = profile.profile.schedule.start
    return tuple((start + timedelta(seconds=period.start_s), period) for period in profile.updates)
