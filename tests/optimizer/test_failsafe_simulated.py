"""Random sites, random stations that fall silent, random cars that come: no limit is broken where safety is proven.

The judge plays stations naively (tests.oracle.unsteered) and shares no code with what makes plans or audits them.
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from models.domain.completion import complete
from models.domain.failsafe import FailSafe, SharePolicy
from models.domain.installed import OfflineBehaviour
from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from models.domain.session import Vehicle
from models.domain.site import CurrentType, Evse, Site
from models.domain.times import instant
from models.domain.validation import validate
from optimizer.audit import audit
from optimizer.optimize import optimize
from tests.oracle.unsteered import LINES, Draw, per_phase_kw, readings
from tests.strategies import random_scenario

SITES = int(os.environ.get("CHARGEWRIGHT_EXAMPLES", "24"))
HISTORIES = 25
FREE = frozenset({OfflineBehaviour.FULL, OfflineBehaviour.UNKNOWN})


def random_site(seed: int) -> Scenario:
    """Any site of the other tests, with a fail-safe and what each EVSE does offline.

    Left out are batteries, PV, signals, earlier profiles, connectors and base loads below limits in A, which this judge
    does not play.
    """
    rng, scenario = np.random.default_rng((seed, 4)), random_scenario(seed)
    behaviours = [*OfflineBehaviour] if seed % 3 == 0 else [OfflineBehaviour.KEEPS, OfflineBehaviour.DEFAULT]
    evses = tuple(
        replace(e, connectors=(), offline=behaviours[rng.integers(len(behaviours))]) for e in scenario.site.evses
    )
    sessions = tuple(replace(session, connector=None) for session in scenario.sessions)
    rules = FailSafe(
        policy=[*SharePolicy][seed % 3],
        arrivals=[None, 0, 1, 2, 3][seed % 5],
        blind_minutes=float(rng.integers(5, 90)),
        offline=OfflineBehaviour.STOPS,
    )
    limited = any(n.current_limit_a is not None or n.transformer is not None for n in scenario.site.nodes)
    site = replace(
        scenario.site,
        evses=evses,
        fail_safe=rules,
        batteries=(),
        pv_plants=(),
        base_loads=() if limited else scenario.site.base_loads,
    )
    bare = replace(scenario, site=site, sessions=sessions, signals=(), futures=(), previous=())
    return replace(bare, installed=(), acknowledge_minutes=None)


def offered_kw(plan: Schedule, session: str, at: datetime) -> float:
    one = next(s for s in plan.sessions if s.session_id == session)
    period = int(np.searchsorted(plan.instants_s, at.timestamp(), side="right")) - 1 - one.first_period
    return float(one.limit_kw[period]) if 0 <= period < len(one.limit_kw) else 0.0


def share_at(plan: Schedule, evse: Evse, at: datetime) -> float:
    assert plan.fail_safe is not None
    share = next(s for s in plan.fail_safe.shares if s.evse == evse.id)
    begun = [step.power_kw for step in share.daily if step.start_s <= at.timestamp() % 86400]
    return begun[-1] if begun else share.power_kw


def rating_kw(evse: Evse, site: Site) -> float:
    told = [evse.max_power_kw] if evse.max_power_kw is not None else []
    if evse.max_current_a is not None and evse.current is CurrentType.AC:
        told.append(evse.max_current_a * per_phase_kw(evse, None, site))
    return min(told)


def part(evse: Evse, phases: int | None, site: Site) -> float:
    """Of a power on all phases of an outlet, what a car has with the same current on its own."""
    return per_phase_kw(evse, phases, site) / per_phase_kw(evse, None, site)


def stranger(rng: np.random.Generator, evse: Evse, most_kw: float, site: Site) -> Draw:
    """A car of any kind that takes some of what it may."""
    phases = int(rng.integers(1, 4))
    taken = rng.choice([1.0, 1.0, float(rng.random())])
    return Draw(evse, phases, taken * most_kw * part(evse, phases, site), str(rng.choice(LINES)))


def followed_kw(plan: Schedule, evse: Evse, site: Site, at: datetime) -> float:
    """What an unsteered outlet gives to whoever comes."""
    return rating_kw(evse, site) if evse.offline in FREE else share_at(plan, evse, at)


def car_limits_kw(evse: Evse, vehicle: Vehicle | None, site: Site) -> list[float]:
    """What a car takes at most, whatever it is given."""
    if vehicle is None:
        return []
    told = [] if vehicle.max_charge_kw is None else [vehicle.max_charge_kw]
    if vehicle.max_current_a is not None and evse.current is CurrentType.AC:
        told.append(vehicle.max_current_a * per_phase_kw(evse, vehicle.phases, site))
    return told


def blind(rng: np.random.Generator, scenario: Scenario, plan: Schedule) -> tuple[list[Draw], datetime]:
    """A moment before plans end: stations fall silent or not, and no more cars come than the site says."""
    site, start = scenario.site, plan.instant(0)
    assert plan.fail_safe is not None
    until = instant(plan.fail_safe.plan_until_s)
    at = start + (until - start) * float(rng.random() * 0.999)
    here = {s.evse: s for s in scenario.sessions if s.arrival <= start and s.departure is not None and s.departure > at}
    draws = []
    for evse in site.evses:
        if evse.id in here:
            vehicle = here[evse.id].vehicle
            phases = vehicle.phases if vehicle else None
            power, own = offered_kw(plan, here[evse.id].id, at), part(evse, phases, site)
            if rng.random() < 0.5:  # out of contact
                fallen = {OfflineBehaviour.STOPS: 0.0, OfflineBehaviour.DEFAULT: share_at(plan, evse, at) * own}
                power = rating_kw(evse, site) * own if evse.offline in FREE else fallen.get(evse.offline, power)  # type: ignore[arg-type]
            most = min([power, *car_limits_kw(evse, vehicle, site)])
            draws.append(Draw(evse, phases, most * rng.choice([0.0, 1.0, 1.0]), str(rng.choice(LINES))))
    empty = [evse for evse in site.evses if evse.id not in here]
    come = len(empty) if site.fail_safe is None or site.fail_safe.arrivals is None else site.fail_safe.arrivals
    comers = [empty[k] for k in rng.permutation(len(empty))[:come]]
    return [*draws, *(stranger(rng, evse, followed_kw(plan, evse, site, at), site) for evse in comers)], at


def after(rng: np.random.Generator, scenario: Scenario, plan: Schedule) -> tuple[list[Draw], datetime]:
    """Any time later, with a car at every outlet."""
    at = plan.instant(plan.period_count) + timedelta(hours=float(rng.random() * 48))
    cars = [stranger(rng, e, followed_kw(plan, e, scenario.site, at), scenario.site) for e in scenario.site.evses]
    return cars, at


def histories(seed: int, scenario: Scenario, plan: Schedule) -> Iterator[tuple[list[Draw], datetime]]:
    rng = np.random.default_rng((seed, 5))
    for _ in range(HISTORIES):
        yield blind(rng, scenario, plan)
        yield after(rng, scenario, plan)


def broken(scenario: Scenario, draws: list[Draw], at: datetime) -> list[str]:
    return [f"{r.where}: {r.load:.3f} on {r.limit:.3f} at {at}" for r in readings(scenario.site, draws, at) if r.broken]


def test_where_three_instants_are_proven_no_history_breaks_a_limit() -> None:
    seen: Counter[str] = Counter()
    for seed in range(SITES):
        scenario = random_site(seed)
        if validate(scenario):
            continue
        scenario = complete(scenario).scenario
        plan = optimize(scenario)
        report = audit(scenario, plan)
        assert report.passed, (seed, report.verdict)
        assert report.fail_safe is not None
        seen["proven" if report.fail_safe.proven else "not proven"] += 1
        if report.fail_safe.proven:
            for draws, at in histories(seed, scenario, plan):
                assert broken(scenario, draws, at) == [], seed

    assert seen["proven"] >= SITES // 2


def test_the_judge_sees_what_a_plan_without_reserve_breaks() -> None:
    """It would be no judge otherwise: of the same sites without room for strangers, some are caught."""
    caught = 0
    for seed in range(SITES):
        scenario = random_site(seed)
        if validate(scenario):
            continue
        scenario = complete(scenario).scenario
        plan, safe = optimize(replace(scenario, site=replace(scenario.site, fail_safe=None))), optimize(scenario)
        careless = replace(plan, fail_safe=safe.fail_safe)
        caught += any(broken(scenario, draws, at) for draws, at in histories(seed, scenario, careless))

    assert caught >= SITES // 10


@pytest.mark.parametrize("seed", range(3))
def test_the_same_seed_plays_the_same_histories(seed: int) -> None:
    scenario = complete(random_site(seed)).scenario
    plan = optimize(scenario)

    assert list(histories(seed, scenario, plan)) == list(histories(seed, scenario, plan))
