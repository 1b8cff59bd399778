"""What stands at a station whoever comes: the maximum of its supply, and a default for each of its EVSEs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import floor

from models.domain.electrical import NOMINAL_VOLTAGE_V, evse_max_power_kw
from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from models.domain.sending import Feature, PlanPurpose, Version
from models.domain.site import CurrentType, Evse, PhaseSeries, RateUnit, Site, Station
from models.domain.units import kw_from_amperes, watts_from_kw
from models.domain.value import Series
from models.ocpp.capabilities import PHASES_IF_ABSENT, max_periods, number_phases, rate_unit, station_of
from models.ocpp.compile import PURPOSE, Daily, period_of
from models.ocpp.held_back import HeldBack
from models.ocpp.limits import CURRENT_TOLERANCE_A, POWER_TOLERANCE_KW, TENTHS, as_decimal, limit_scale, told_vehicle
from models.ocpp.manner import Manner, evses_of, has, numbers_at, purpose_at, version_at
from models.ocpp.profile import (
    ChargingProfile,
    ChargingSchedule,
    EvseProfile,
    Period,
    ProfileKind,
    Slot,
    profile_id,
)
from models.ocpp.share import day_of_shares, midnight
from models.ocpp.steps import capped
from models.ocpp.timeline import timeline, timeline_start


@dataclass(frozen=True, slots=True)
class _Work:
    site: Site
    schedule: Schedule
    now: datetime
    fail_safe_kw: Mapping[str, float]
    daily: Daily
    manner: Manner
    held_back: HeldBack


def standing_profiles(
    scenario: Scenario,
    schedule: Schedule,
    now: datetime,
    fail_safe_kw: Mapping[str, float],
    daily: Daily,
    manner: Manner,
    held_back: HeldBack,
) -> tuple[EvseProfile, ...]:
    """Maxima of stations, then defaults of EVSEs, for all that can be reached, in the site's order."""
    work = _Work(scenario.site, schedule, now, fail_safe_kw, daily, manner, held_back)
    evses = _reachable(scenario)
    return (*_maxima(work, evses), *_defaults(work, evses))


def _maxima(work: _Work, evses: list[Evse]) -> Iterator[EvseProfile]:
    """The rated supply of each station that tells it; the fail-safe share where a maximum carries the plan."""
    firsts = {evse.station or evse.id: evse for evse in reversed(evses)}
    for first in (evse for evse in evses if firsts[evse.station or evse.id] is evse):
        station = station_of(work.site, first)
        if _carried_by_maximum(work, station):
            yield _default(work, first, 0, Slot.STATION_MAX)
        elif station.supply_current_a is not None:
            yield _supply(work, station)


def _defaults(work: _Work, evses: list[Evse]) -> Iterator[EvseProfile]:
    """The fail-safe share of each EVSE, and its priority profile if asked for.

    None where the maximum of the station carries plan and fail-safe: a default below it would hold the plan down.
    """
    for evse in evses:
        station = station_of(work.site, evse)
        if _carried_by_maximum(work, station):
            continue
        for number in numbers_at(evse, None, version_at(station, work.manner)):
            yield _default(work, evse, number, Slot.FAIL_SAFE)
            if work.manner.priority and has(station, work.manner, Feature.PRIORITY_CHARGING):
                yield _priority(work, evse, number)


def _reachable(scenario: Scenario) -> list[Evse]:
    """With a unit that can limit them, and within reach."""
    away = {one.evse for one in scenario.installed if not one.reachable}
    site = scenario.site
    return [e for e in site.evses if e.id not in away and rate_unit(station_of(site, e), e) is not None]


def _carried_by_maximum(work: _Work, station: Station) -> bool:
    alone = len(evses_of(work.site, station)) == 1
    return alone and purpose_at(station, work.manner) is PlanPurpose.STATION_MAX


def _default(work: _Work, evse: Evse, number: int, slot: Slot) -> EvseProfile:
    """The same every day where EVSEs take turns; midnight is in UTC, which knows no summer time.

    While a plan below the share lasts it is that of the plan, and the share afterwards.
    """
    station = station_of(work.site, evse)
    unit = _unit(station, evse)
    scale = limit_scale(work.site, evse, None, unit)
    day = day_of_shares(scale, work.fail_safe_kw[evse.id], work.daily.get(evse.id, ()))
    steps, daily = capped(day, max_periods(station)), True
    if evse.id in work.held_back:
        plan, until = work.held_back[evse.id], work.manner.plan_until
        most = max_periods(station)
        steps = timeline(work.schedule, plan, scale, shares=day, now=work.now, most=most, until=until)
        daily = False
    phases = number_phases(evse, told_vehicle(evse, None, unit))
    schedule = ChargingSchedule(
        id=profile_id(number, slot, station.reserved_ids_up_to),
        unit=unit,
        start=midnight(work.now) if daily and len(steps) > 1 else timeline_start(work.now),
        periods=tuple(period_of(start_s, tenths, phases) for start_s, tenths in steps),
    )
    return _standing(work, station, evse.id, number, slot, schedule, daily=daily)


def _priority(work: _Work, evse: Evse, number: int) -> EvseProfile:
    """All that the EVSE can give; it counts at that while priority is used."""
    station = station_of(work.site, evse)
    unit, id_ = _unit(station, evse), profile_id(number, Slot.PRIORITY, station.reserved_ids_up_to)
    most_kw = evse_max_power_kw(evse, None, work.site.voltage_v or NOMINAL_VOLTAGE_V)
    tenths = limit_scale(work.site, evse, None, unit).tenths(most_kw)
    period = period_of(0, tenths, number_phases(evse, told_vehicle(evse, None, unit)))
    schedule = ChargingSchedule(id=id_, unit=unit, start=timeline_start(work.now), periods=(period,))
    return _standing(work, station, evse.id, number, Slot.PRIORITY, schedule)


def _supply(work: _Work, station: Station) -> EvseProfile:
    """In A where the station takes them, phase by phase for OCPP 2.1; else in W, of its weakest phase."""
    assert station.supply_current_a is not None, "stations without a rated supply get no maximum"
    amperes = _by_phase(station.supply_current_a)
    everywhere_ac = all(evse.current is CurrentType.AC for evse in evses_of(work.site, station))
    in_amperes = everywhere_ac and RateUnit.A in (station.rate_units or (RateUnit.A,))
    first, *others = (as_decimal(floor((a + CURRENT_TOLERANCE_A) * TENTHS)) for a in amperes)
    period = Period(start_s=0, limit=min(first, *others))
    if not in_amperes:
        kw = kw_from_amperes(min(amperes), work.site.voltage_v or NOMINAL_VOLTAGE_V, PHASES_IF_ABSENT)
        period = Period(start_s=0, limit=as_decimal(floor(watts_from_kw(kw + POWER_TOLERANCE_KW) * TENTHS)))
    elif version_at(station, work.manner) is Version.V21 and len(set(amperes)) > 1:
        period = Period(start_s=0, limit=first, limits_l2_l3=(others[0], others[1]))
    schedule = ChargingSchedule(
        id=profile_id(0, Slot.STATION_MAX, station.reserved_ids_up_to),
        unit=RateUnit.A if in_amperes else RateUnit.W,
        start=timeline_start(work.now),
        periods=(period,),
    )
    return _standing(work, station, None, 0, Slot.STATION_MAX, schedule)


def _by_phase(told: float | PhaseSeries) -> tuple[float, float, float]:
    if not isinstance(told, PhaseSeries):
        return told, told, told
    first, second, third = (_least(series) for series in (told.L1, told.L2, told.L3))
    return first, second, third


def _least(series: Series | None) -> float:
    """Over time; a phase that is not named is not there."""
    if series is None:
        return 0.0
    return float(series) if isinstance(series, float | int) else min(step.value for step in series)


def _unit(station: Station, evse: Evse) -> RateUnit:
    unit = rate_unit(station, evse)
    assert unit is not None, "EVSEs without a unit get no default"
    return unit


def _standing(
    work: _Work,
    station: Station,
    evse_id: str | None,
    number: int,
    slot: Slot,
    schedule: ChargingSchedule,
    *,
    daily: bool = True,
) -> EvseProfile:
    """A profile for whoever comes, on the lowest level; ``daily`` ones of several periods are those of every day."""
    kind = ProfileKind.DAILY if daily and len(schedule.periods) > 1 else ProfileKind.ABSOLUTE
    profile = ChargingProfile(id=schedule.id, purpose=PURPOSE[slot], stack_level=0, schedule=schedule, kind=kind)
    return EvseProfile(
        evse_id=evse_id,
        station_id=station.id,
        evse_number=number,
        session_id=None,
        transaction_id=None,
        slot=slot,
        version=version_at(station, work.manner),
        profile=profile,
    )
