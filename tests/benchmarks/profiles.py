"""Random plans as charging profiles: what a station makes of them is never above the plan; what few periods cost.

Each plan is compiled for a random station (version, unit, phases, most periods, purpose), sent as its version spells
it, and read back by the composite evaluator in both readings of precedence, the higher one counting. Limits become
powers here by arithmetic of this file's own.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.domain.scenario import Scenario
from models.domain.schedule import Method, Schedule, SessionPlan
from models.domain.sending import PlanPurpose, Version
from models.domain.session import Session, Vehicle
from models.domain.site import CurrentType, Evse, GridNode, NodeKind, RateUnit, Site, Station
from models.ocpp.bundle import bundle
from models.ocpp.composite import (
    Composite,
    Conventions,
    InstalledProfile,
    Question,
    Transaction,
    installed_profile,
    worse_reading,
)
from models.ocpp.manner import Manner
from models.ocpp.messages import setting
from models.ocpp.profile import EvseProfile
from tests.benchmarks.reporting import Row

PLANS = 10_000
SEED = 4
START = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
QUARTER_S, VOLTAGE_V, WATTS = 900, 230.0, 1000.0
AFTER_S = 3600
"""For how long after the plan the fail-safe is looked at. [s]"""
UNTIL_S = 25 * 60
"""With a plan every quarter the fail-safe begins ten minutes after the next one is due. [s]"""
TOLERANCE_KW = 1.01e-6
"""What limits in a program are tightened by. [kW]"""
CAPS = (2, 3, 6, 12, 24)
LIBERAL = 1024
"""Periods of a station that takes any number of them."""
HEAD = (
    "most periods",
    "plans",
    "highest above the plan [kW]",
    "kWh lost to the cap [%]",
    "worst plan [%]",
    "with a plan every quarter [%]",
    "lost to steps and levels [%]",
)
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One plan for one car at one EVSE of one station."""

    scenario: Scenario
    schedule: Schedule
    manner: Manner
    now: datetime
    share_kw: float
    most: int
    kw_per_ampere: float
    part: float
    """Of the share that the car may draw: its phases over those of the EVSE."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a station makes of a case."""

    most: int
    above_kw: float
    """The most by which the composite exceeds the plan, in charging or in giving back; below 0 it never does."""
    planned_kwh: float
    uncapped_kwh: float
    """With as many periods as the plan has."""
    sent_kwh: float
    quarter_uncapped_kwh: float
    """The same two of the first quarter, from a plan that the next one follows after it."""
    quarter_kwh: float


def rows(plans: int = PLANS) -> Iterator[Row]:
    """A line for each number of periods, and one for all."""
    outcomes = [judged(case) for case in cases(plans)]
    for most in CAPS:
        yield _row(str(most), [one for one in outcomes if one.most == most])
    yield _row("all", outcomes)


def cases(plans: int) -> Iterator[Case]:
    rng = np.random.default_rng(SEED)
    return (_case(rng) for _ in range(plans))


def judged(case: Case) -> Outcome:
    """Compile it, let the station's reading of it be worked out, and hold that against the plan."""
    charge, back = _powers(case)
    most_kw, most_back_kw = _planned(case)
    above = max(float((charge - most_kw).max()), float((back - most_back_kw).max()))
    inside = slice(0, case.schedule.period_count * QUARTER_S - _late_s(case))
    planned, uncapped, sent = (float(p[inside].sum()) / 3600 for p in (most_kw, _told_kw(case, LIBERAL), charge))
    until = replace(case, manner=Manner(plan_until=case.now + timedelta(seconds=UNTIL_S)))
    near, capped = (float(_told_kw(until, most)[:QUARTER_S].sum()) / 3600 for most in (LIBERAL, case.most))
    return Outcome(
        most=case.most,
        above_kw=above,
        planned_kwh=planned,
        uncapped_kwh=uncapped,
        sent_kwh=sent,
        quarter_uncapped_kwh=near,
        quarter_kwh=capped,
    )


def _row(name: str, outcomes: list[Outcome]) -> Row:
    worst = max(one.above_kw for one in outcomes)
    lost = np.array([(o.uncapped_kwh - o.sent_kwh) / o.uncapped_kwh for o in outcomes if o.uncapped_kwh > 0])
    planned, uncapped, sent, near, capped = (sum(kwh) for kwh in zip(*map(_energies, outcomes), strict=True))
    cells = (
        name,
        f"{len(outcomes):,}",
        f"{worst:.2e}",
        f"{100 * (uncapped - sent) / uncapped:.2f}",
        f"{100 * lost.max():.1f}",
        f"{100 * (near - capped) / near:.2f}",
        f"{100 * (planned - uncapped) / planned:.2f}",
    )
    return Row(cells, held=worst <= TOLERANCE_KW)


def _energies(one: Outcome) -> tuple[float, float, float, float, float]:
    return one.planned_kwh, one.uncapped_kwh, one.sent_kwh, one.quarter_uncapped_kwh, one.quarter_kwh


def _case(rng: np.random.Generator) -> Case:
    kind, version = rng.choice(["three", "one", "dc"]), Version(rng.choice([v.value for v in Version]))
    direct, most = kind == "dc", int(rng.choice(CAPS))
    phases = 3 if kind == "three" else 1
    unit = RateUnit.W if direct else RateUnit(rng.choice(["A", "W"]))
    kw_per_ampere = VOLTAGE_V * phases / WATTS
    top_kw = 50.0 if direct else 32.0 * kw_per_ampere
    back = version is Version.V21 and rng.random() < 0.5
    station = Station(
        id="alpha",
        ocpp_version=version,
        rate_units=(unit,),
        max_periods=most,
        max_stack_level=int(rng.integers(0, 2)),
        takes_setpoints=bool(back),
        plan_purpose=PlanPurpose(rng.choice(["tx_profile", "tx_default", "station_max"])),
    )
    evse = Evse(
        id="bay",
        node="grid",
        station="alpha",
        current=CurrentType.DC if direct else CurrentType.AC,
        max_power_kw=top_kw,
        pilot_levels_a=(6.0, 8.0, 16.0, 24.0, 32.0) if not direct and rng.random() < 0.3 else None,
    )
    powers, given = _random_powers(rng, top_kw, back=bool(back))
    now = START + timedelta(seconds=float(rng.integers(0, 3 * QUARTER_S)) * float(rng.random() < 0.7))
    session = Session(
        id="car",
        evse="bay",
        arrival=START - timedelta(hours=1),
        departure=START + timedelta(days=3),
        energy_target_kwh=10.0,
        transaction_id="7",
        vehicle=Vehicle(id="car", phases=phases),
    )
    grid = GridNode(id="grid", kind=NodeKind.CONNECTION, import_limit_kw=100.0)
    site = Site(id="yard", nodes=(grid,), evses=(evse,), stations=(station,), voltage_v=VOLTAGE_V)
    return Case(
        scenario=Scenario(site=site, sessions=(session,)),
        schedule=_schedule(powers, given),
        manner=Manner(),
        now=now,
        share_kw=float(rng.choice([0.0, 4.14, top_kw / 3])),
        most=most,
        kw_per_ampere=kw_per_ampere,
        part=phases / 3 if not direct else 1.0,
    )


def _random_powers(rng: np.random.Generator, top_kw: float, *, back: bool) -> tuple[Floats, Floats]:
    """Stretches of equal power, ramps and noise, pauses in between; giving back only where nothing is drawn."""
    count = int(rng.integers(4, 97))
    lengths = rng.integers(1, 9, size=count)
    steps = np.repeat(rng.uniform(0.0, top_kw, size=count), lengths)[:count]
    noisy = steps + (rng.random() < 0.5) * rng.normal(0.0, 0.05 * top_kw, size=count)
    powers = np.clip(noisy * (rng.random(count) < 0.85), 0.0, top_kw)
    given = np.where((powers == 0.0) & (rng.random(count) < 0.5), rng.uniform(0.0, top_kw, size=count), 0.0)
    return powers, given if back else np.zeros(count)


def _schedule(powers: Floats, given: Floats) -> Schedule:
    count = len(powers)
    plan = SessionPlan(
        session_id="car",
        evse_id="bay",
        first_period=0,
        charge_power_kw=powers,
        plugged_in_h=np.full(count, 0.25),
        energy_remaining_kwh=10.0,
        energy_kwh=float(powers.sum()) / 4,
        discharge_power_kw=given,
    )
    return Schedule(
        site_id="yard",
        method=Method.OPTIMAL,
        currency="EUR",
        instants_s=START.timestamp() + QUARTER_S * np.arange(count + 1.0),
        sessions=(plan,),
        nodes=(),
        grid_import_kw=np.zeros(count),
        grid_export_kw=np.zeros(count),
    )


def _powers(case: Case) -> tuple[Floats, Floats]:
    """What the car may draw and give back in each second from now on, as the station reads its profiles. [kW]"""
    profiles = _compiled(case, case.scenario)
    payloads = [(profile.evse_number, setting(profile).payload) for profile in profiles]
    unit = profiles[0].profile.schedule.unit
    question = Question(
        evse=1,
        start_s=case.now.timestamp(),
        end_s=float(case.schedule.instants_s[-1]) + AFTER_S,
        unit=unit,
        transactions=((1, Transaction(id="7")),),
    )
    phases = round(case.kw_per_ampere * WATTS / VOLTAGE_V)
    told = Conventions(unlimited_a=1e6, unlimited_w=1e9, number_phases=phases)
    return _by_second(case, worse_reading(_installed(payloads), question, told), unit)


def _told_kw(case: Case, most: int) -> Floats:
    """What a station of at most so many periods is told of the plan, in each second from now on. [kW]"""
    site = case.scenario.site
    station = replace(site.stations[0], max_periods=most)
    schedule = _compiled(case, replace(case.scenario, site=replace(site, stations=(station,))))[-1].profile.schedule
    factor = case.kw_per_ampere if schedule.unit is RateUnit.A else 1.0 / WATTS
    starts = np.array([period.start_s for period in schedule.periods])
    from_s = (case.now - schedule.start).total_seconds()
    seconds = from_s + np.arange(len(_planned(case)[0]))
    limits = np.array([float(period.limit) for period in schedule.periods]) * factor
    return limits[np.searchsorted(starts, seconds, side="right") - 1]


def _compiled(case: Case, scenario: Scenario) -> tuple[EvseProfile, ...]:
    shares = {"bay": case.share_kw}
    return bundle(scenario, case.schedule, now=case.now, fail_safe_kw=shares, manner=case.manner).profiles


def _installed(payloads: Iterable[tuple[int, Any]]) -> list[InstalledProfile]:
    names = ("csChargingProfiles", "chargingProfile")
    return [
        installed_profile(next(payload[name] for name in names if name in payload), number)
        for number, payload in payloads
    ]


def _by_second(case: Case, reading: Composite, unit: RateUnit) -> tuple[Floats, Floats]:
    factor = case.kw_per_ampere if unit is RateUnit.A else 1.0 / WATTS
    starts = np.array([period.start_s for period in reading.periods])
    limits = np.array([period.limit.value for period in reading.periods]) * factor
    back = np.array([0.0 if p.setpoint is None else max(0.0, -p.setpoint.value) for p in reading.periods]) * factor
    at = np.searchsorted(starts, np.arange(int(reading.duration_s)), side="right") - 1
    return limits[at], back[at]


def _planned(case: Case) -> tuple[Floats, Floats]:
    """The same of the plan, and of the share after it, which is a pause below 6 A. [kW]"""
    (plan,) = case.schedule.sessions
    share = np.full(AFTER_S, case.share_kw * case.part)
    charge = np.concatenate([np.repeat(plan.charge_power_kw, QUARTER_S), share])
    back = np.concatenate([np.repeat(plan.given_back_kw, QUARTER_S), np.zeros(AFTER_S)])
    return charge[_late_s(case) :], back[_late_s(case) :]


def _late_s(case: Case) -> int:
    return round((case.now - START).total_seconds())
