"""A profile held down to a curve: what may be sent at once while a raise has to wait."""

from dataclasses import replace
from datetime import datetime

import numpy as np

from models.domain.session import Vehicle
from models.domain.site import Evse, Site
from models.domain.times import seconds
from models.ocpp.capabilities import PHASES_IF_ABSENT, max_periods, station_of
from models.ocpp.compile import period_of
from models.ocpp.curves import Curve, kw_per_unit
from models.ocpp.limits import TENTHS, LimitScale, limit_scale
from models.ocpp.profile import EvseProfile, Period, ProfileKind
from models.ocpp.steps import Step, capped, merged, nearest_zero
from models.ocpp.timeline import timeline_start


def held_down(site: Site, profile: EvseProfile, cap: Curve, now: datetime) -> EvseProfile:
    """The same profile, at no instant above the curve, in neither direction.

    One that is the same every day, or has no time of its own, is held at the lowest that it says at any time.
    """
    evse = next(evse for evse in site.evses if evse.id == profile.evse_id)
    schedule = profile.profile.schedule
    phases = schedule.periods[0].number_phases
    scale = _counting(site, evse, profile, phases)
    steps = _steps(profile, scale, cap, timeline_start(now))
    if profile.profile.kind is not ProfileKind.ABSOLUTE:
        told = [_tenths(period) for period in schedule.periods]  # those of today that are over come again tomorrow
        steps = ((0, nearest_zero([*told, *(tenths for _, tenths in steps)])),)
    steps = capped(steps, max_periods(station_of(site, evse)))
    periods = tuple(period_of(start_s, tenths, phases) for start_s, tenths in steps)
    lowered = replace(schedule, start=timeline_start(now), periods=periods)
    return replace(profile, profile=replace(profile.profile, schedule=lowered), updates=())


def _steps(profile: EvseProfile, scale: LimitScale, cap: Curve, origin: datetime) -> tuple[Step, ...]:
    schedule, origin_s = profile.profile.schedule, seconds(origin)
    told = [(seconds(schedule.start) + p.start_s, _tenths(p)) for p in schedule.periods]
    starts = sorted({origin_s, *(s for s, _ in told if s > origin_s), *(s for s in cap.starts_s if s > origin_s)})
    at = np.array(starts)
    most, back = cap.charge_at(at), cap.back_at(at)
    steps = []
    for k, start in enumerate(starts):
        own = [tenths for s, tenths in told if s <= start][-1:] or [told[0][1]]
        steps.append((int(start - origin_s), max(-scale.tenths(back[k]), min(own[0], scale.tenths(most[k])))))
    return merged(steps)


def _tenths(period: Period) -> int:
    return int((period.limit if period.setpoint is None else period.setpoint) * TENTHS)


def _counting(site: Site, evse: Evse, profile: EvseProfile, phases: int | None) -> LimitScale:
    """Limits of this profile as they are counted in curves: with all phases of the EVSE in use."""
    unit = profile.profile.schedule.unit
    scale = limit_scale(site, evse, Vehicle(id="told", phases=phases or PHASES_IF_ABSENT), unit)
    return replace(scale, kw_per_unit=kw_per_unit(site, evse, unit, phases))
