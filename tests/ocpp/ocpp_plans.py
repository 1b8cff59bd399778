"""Plans for the tests of OCPP output, built by hand; a one-site world whose numbers fit into a head."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from jsonschema import Draft6Validator  # type: ignore[import-untyped, unused-ignore]  # it ships no types

from models.domain.scenario import Scenario
from models.domain.schedule import Method, Schedule, SessionPlan
from models.domain.session import Session, Vehicle
from models.domain.site import CurrentType, Evse, GridNode, NodeKind, RateUnit, Site, Station
from models.ocpp.profile import (
    ChargingProfile,
    ChargingSchedule,
    EvseProfile,
    Period,
    Purpose,
    Slot,
    Version,
    profile_id,
)

START = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
QUARTER = timedelta(minutes=15)

AC = Evse(id="bay-1", node="grid", station="alpha", evse_number=1, max_current_a=32.0)
ONE_PHASE_CAR = Vehicle(id="leaf", phases=1)
THREE_PHASE_CAR = Vehicle(id="zoe", phases=3)


def dc(**changes: Any) -> Evse:
    """A DC EVSE of 150 kW."""
    return replace(Evse(id="fast-1", node="grid", current=CurrentType.DC, max_power_kw=150.0), **changes)


def scenario_of(
    evses: Sequence[Evse], sessions: Sequence[Session], stations: Sequence[Station] = (), voltage_v: float = 230.0
) -> Scenario:
    grid = GridNode(id="grid", kind=NodeKind.CONNECTION, import_limit_kw=500.0)
    site = Site(id="yard", nodes=(grid,), evses=tuple(evses), stations=tuple(stations), voltage_v=voltage_v)
    return Scenario(site=site, sessions=tuple(sessions))


def session_at(evse: Evse, **changes: Any) -> Session:
    """A session that has begun a quarter before the plan and stays long after it."""
    session = Session(
        id=f"s-{evse.id}",
        evse=evse.id,
        arrival=START - QUARTER,
        departure=START + timedelta(days=2),
        energy_target_kwh=20.0,
        vehicle=THREE_PHASE_CAR,
        transaction_id="4711",
    )
    return replace(session, **changes)


def schedule_of(
    plans: dict[str, tuple[str, Sequence[float]]], first_period: int = 0, quarters: Sequence[float] | None = None
) -> Schedule:
    """Setpoints [kW] by session, as (EVSE, values); periods of a quarter, or at the given quarters after the start."""
    count = max(first_period + len(powers) for _, powers in plans.values())
    ends = np.arange(count + 1) if quarters is None else np.asarray(quarters)
    sessions = tuple(
        SessionPlan(
            session_id=session_id,
            evse_id=evse_id,
            first_period=first_period,
            charge_power_kw=np.asarray(powers, dtype=float),
            plugged_in_h=np.full(len(powers), 0.25),
            energy_remaining_kwh=20.0,
            energy_kwh=float(np.sum(powers)) / 4,
        )
        for session_id, (evse_id, powers) in plans.items()
    )
    return Schedule(
        site_id="yard",
        method=Method.OPTIMAL,
        currency="EUR",
        instants_s=START.timestamp() + np.asarray(ends, dtype=np.float64) * QUARTER.total_seconds(),
        sessions=sessions,
        nodes=(),
        grid_import_kw=np.zeros(len(ends) - 1),
        grid_export_kw=np.zeros(len(ends) - 1),
    )


def plan_for(session: Session, powers_kw: Sequence[float], **changes: Any) -> Schedule:
    """A schedule of this one session."""
    return schedule_of({session.id: (session.evse, powers_kw)}, **changes)


def pairs(profile: EvseProfile) -> list[tuple[int, float]]:
    """Start [s] and limit of each period."""
    return [(period.start_s, float(period.limit)) for period in profile.profile.schedule.periods]


def limit_at(profile: EvseProfile, instant_s: float) -> Decimal:
    """The limit in force at seconds since 1970."""
    schedule = profile.profile.schedule
    after_s = instant_s - schedule.start.timestamp()
    return [period.limit for period in schedule.periods if period.start_s <= after_s][-1]


@cache
def schema_of(version: Version, message: str = "") -> Draft6Validator:
    """The published schema of a message, its numbers as decimals, so that 8.1 is a multiple of 0.1."""
    name = message or ("SetChargingProfile" if version is Version.V16 else "SetChargingProfileRequest")
    folder = {Version.V16: "v16", Version.V201: "v201", Version.V21: "v21"}[version]
    text = files("ocpp").joinpath(f"{folder}/schemas/{name}.json").read_text(encoding="utf-8-sig")
    return Draft6Validator(json.loads(text, parse_float=Decimal))


def schema_errors(version: Version, payload: Any, message: str = "") -> list[str]:
    """What the schema finds wrong with the payload as it travels: as JSON text."""
    travelled = json.loads(json.dumps(payload, allow_nan=False), parse_float=Decimal)
    return [error.message for error in schema_of(version, message).iter_errors(travelled)]


def told(evse: Evse, *limits_a: float, slot: Slot = Slot.PLAN, start: datetime = START) -> EvseProfile:
    """Limits [A], one a quarter; the last one has no end."""
    periods = tuple(Period(start_s=900 * k, limit=Decimal(f"{a:.1f}")) for k, a in enumerate(limits_a))
    id_ = profile_id(1, slot)
    purpose = Purpose.TX if slot is Slot.PLAN else Purpose.TX_DEFAULT
    schedule = ChargingSchedule(id=id_, unit=RateUnit.A, start=start, periods=periods)
    return EvseProfile(
        evse_id=evse.id,
        station_id=evse.station or evse.id,
        evse_number=1,
        session_id=f"s-{evse.id}" if slot is Slot.PLAN else None,
        transaction_id="7" if slot is Slot.PLAN else None,
        slot=slot,
        profile=ChargingProfile(id=id_, purpose=purpose, stack_level=int(slot is Slot.PLAN), schedule=schedule),
    )
