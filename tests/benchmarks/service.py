"""Load: what a service acknowledges and plans a second, started as an operator starts it, asked from another process.

Session updates over many connections at once, and scenarios at ten a second. A request waits for its commit, which is
written through to the disk. The client takes its part of the same machine.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median
from time import perf_counter

from api.routes.plans import planned
from models.domain.scenario import Scenario
from models.domain.setpoints import SetpointRules
from models.domain.site import Phase
from models.domain.wire import scenario_json
from optimizer.optimize import optimize
from optimizer.settings import Settings
from tests.benchmarks.caller import Call, Errand, Seen, asked
from tests.benchmarks.reporting import Row
from tests.benchmarks.scenarios import random_site
from tests.benchmarks.served import Served, serving
from tests.benchmarks.speed import PERIODS

SITES, EVSES = 20, 50
CONNECTIONS = 32
UPDATES_PER_S = 1000.0
UPDATES_HEAD = ("database", "what is told", "requests", "requests/s", "updates/s", "p50 ms", "p99 ms", "goal")
PLANS_HEAD = ("connectors", "asked/s", "answered/s", "p50 ms", "p99 ms", "use case ms", "optimize ms", "goal")
PLANS = {10: (10.0, 200), 50: (10.0, 200), 200: (1.0, 20)}
"""By connectors: requests a second, and how many."""
PLANS_S = 25.0
"""At most. [s]"""
P99_S = {50: 0.150}
"""Goals, by connectors. [s]"""
FIRST_PERIOD = SetpointRules(near_h=24.0 / PERIODS, max_starts=None, min_on_minutes=0.0, min_off_minutes=0.0)
SINGLE_PHASE_BELOW_KW = 4.2
"""A three-phase EVSE of less could not offer its 6 A."""
REPEATS = 3


def load() -> str:
    """What else the machine is doing: processes that want to run, mean of a minute."""
    return f"load of the machine {os.getloadavg()[0]:.1f}"


def update_rows(databases: Sequence[str], requests: int) -> Iterator[Row]:
    """Sites with a car at every EVSE; each is told what it wants, then what was measured, one by one and in batches."""
    for database in databases:
        with serving(database, plans_by_itself="false") as served:
            _build(served)
            now = datetime.now(UTC)
            yield _updates(database, "plug-in", served, [_plug_in(k, now) for k in range(SITES * EVSES)])
            yield _updates(database, "needs", served, [_needs(k, now) for k in range(requests)])
            yield _updates(database, "measurement", served, [_measured(k, now, 1) for k in range(requests)])
            batches = [_measured(k, now + timedelta(minutes=1), EVSES) for k in range(requests // 10)]
            yield _updates(database, f"measurements of {EVSES}", served, batches, each=EVSES)


def plan_rows() -> Iterator[Row]:
    """Plans of scenarios with what EVSEs can offer in the first period; nothing is kept, so the database is idle."""
    with serving("sqlite", plans_by_itself="false") as served:
        for count in PLANS:
            scenario = with_offers(random_site(count, PERIODS))
            body = scenario_json(scenario)
            call = Call("POST", "/v1/plans", body)
            asked(Errand(served.port, served.key, [call] * 4, connections=2))  # workers and caches are warm
            per_second, requests = PLANS[count]
            # Each is asked again before the service closes it, which it does after 5 s without a question.
            connections = min(16, int(3 * per_second))
            seen = asked(Errand(served.port, served.key, [call] * requests, connections, per_second, PLANS_S))
            yield _plans(count, seen, *_alone(scenario, body.encode()))


def with_offers(scenario: Scenario) -> Scenario:
    """The first period offers what EVSEs can offer: 0 or at least 6 A."""
    evses = tuple(
        replace(evse, phases=(Phase.L1,)) if (evse.max_power_kw or 0.0) < SINGLE_PHASE_BELOW_KW else evse
        for evse in scenario.site.evses
    )
    return replace(scenario, site=replace(scenario.site, evses=evses, setpoints=FIRST_PERIOD))


def _alone(scenario: Scenario, body: bytes) -> tuple[float, float]:
    """The whole use case in this process, and the optimizer in it, medians of some runs. [s]"""
    settings = Settings(steady=True)
    assert scenario.horizon is not None, "the random site has one"
    whole = partial(
        planned,
        settings=settings,
        now=scenario.horizon.start,
        ocpp=None,
        followed_minutes=None,
        deadline_s=60.0,
    )
    return _timed(lambda: whole(body)), _timed(lambda: optimize(replace(scenario), settings))


def _timed(work: object) -> float:
    assert callable(work)
    work()
    took = []
    for _ in range(REPEATS):
        begun = perf_counter()
        work()
        took.append(perf_counter() - begun)
    return median(took)


def _plans(count: int, seen: Seen, whole_s: float, optimize_s: float) -> Row:
    goal_s = P99_S.get(count)
    cells = (
        f"{count}",
        f"{PLANS[count][0]:g}",
        f"{seen.per_second:.1f}",
        f"{seen.quantile_ms(0.5):.0f}",
        f"{seen.quantile_ms(0.99):.0f}",
        f"{1e3 * whole_s:.0f}",
        f"{1e3 * optimize_s:.0f}",
        "" if goal_s is None else f"p99 < {1e3 * goal_s:.0f} ms",
    )
    held = None if goal_s is None else seen.refused == 0 and seen.quantile_ms(0.99) < 1e3 * goal_s
    return Row(cells, held)


def _updates(database: str, what: str, served: Served, calls: Sequence[Call], each: int = 1) -> Row:
    seen = asked(Errand(served.port, served.key, calls, CONNECTIONS))
    if seen.refused:
        raise RuntimeError(f"{what} was refused: {seen.statuses} {seen.first_refusal}")
    updates_per_s = each * seen.per_second
    cells = (
        database,
        what,
        f"{len(calls)}",
        f"{seen.per_second:.0f}",
        f"{updates_per_s:,.0f}",
        f"{seen.quantile_ms(0.5):.0f}",
        f"{seen.quantile_ms(0.99):.0f}",
        f">= {UPDATES_PER_S:,.0f} updates/s",
    )
    return Row(cells, updates_per_s >= UPDATES_PER_S)


def _build(served: Served) -> None:
    calls = [Call("PUT", f"/v1/sites/s{n}", json.dumps(_site(n))) for n in range(SITES)]
    calls += [Call("PUT", f"/v1/sites/s{n}/tariff", json.dumps(TARIFF)) for n in range(SITES)]
    built = asked(Errand(served.port, served.key, calls, connections=1))
    if built.refused:
        raise RuntimeError(f"sites were refused: {built.statuses} {built.first_refusal}")


TARIFF = {"currency": "EUR", "import_price": 0.30}


def _site(n: int) -> dict[str, object]:
    connection = {"id": "grid", "kind": "connection", "import_limit_kw": 300.0, "continuous_factor": 1.0}
    evses = [{"id": f"b{i}", "node": "grid", "max_power_kw": 11.0} for i in range(EVSES)]
    return {"id": f"s{n}", "time_zone": "Europe/Berlin", "nodes": [connection], "evses": evses}


def _where(k: int) -> tuple[int, int]:
    """Site and EVSE of the k-th call: neighbours in time are at different sites."""
    return k % SITES, (k // SITES) % EVSES


def _plug_in(k: int, now: datetime) -> Call:
    n, i = _where(k)
    told = {"session": f"s{n}-{i}", "evse": f"b{i}", "plugged_in_at": (now - timedelta(minutes=5)).isoformat()}
    return Call("POST", f"/v1/sites/s{n}/sessions", json.dumps(told))


def _needs(k: int, now: datetime) -> Call:
    n, i = _where(k)
    told = {"departure": (now + timedelta(hours=8)).isoformat(), "energy_target_kwh": 10 + k % 7}
    return Call("POST", f"/v1/sites/s{n}/sessions/s{n}-{i}/needs", json.dumps(told))


def _measured(k: int, now: datetime, count: int) -> Call:
    """Of so many cars of one site."""
    n, i = _where(k)
    at, seen = (now + timedelta(milliseconds=k)).isoformat(), {"power_kw": 7.0, "register_kwh": 100.0 + k / 100.0}
    cars = [f"s{n}-{(i + one) % EVSES}" for one in range(count)]
    told = {"measurements": [{"at": at, "session": car, **seen} for car in cars]}
    return Call("POST", f"/v1/sites/s{n}/measurements", json.dumps(told))
