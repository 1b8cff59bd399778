"""Dynamic profiles of OCPP 2.1: told step by step what holds, and answered at once when a station asks."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from api.operating.live import LiveSite
from models.ocpp import v21
from models.ocpp.additions import update_times
from models.ocpp.profile import EvseProfile, Period


def steps_of(profile: EvseProfile) -> Iterator[tuple[datetime, Period, EvseProfile]]:
    """When a profile is to be told what, and what the station has then."""
    schedule = profile.profile.schedule
    for when, period in update_times(profile):
        single = replace(schedule, start=when, periods=(replace(period, start_s=0),))
        yield when, period, replace(profile, profile=replace(profile.profile, schedule=single), updates=())


def pulled(live: LiveSite, station: str, profile_id: int, now: datetime) -> dict[str, Any]:
    """The answer to PullDynamicScheduleUpdate: what the last accepted plan says now. It waits for no new one."""
    command = live.in_force.get(f"{station}/{profile_id}")
    return dict(v21.pull_answer(None if command is None or command.profile is None else _now(command.profile, now)))


def _now(profile: EvseProfile, now: datetime) -> Period:
    schedule = profile.profile.schedule
    passed_s = (now - schedule.start).total_seconds()
    periods = (*schedule.periods, *profile.updates)
    begun = [period for period in periods if period.start_s <= passed_s]
    return begun[-1] if begun else periods[0]
