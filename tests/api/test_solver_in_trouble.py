"""A solver that hangs or is killed while a kept site is planned: a safe plan in time, sent, and nobody left."""

import multiprocessing
import time
from collections.abc import Iterator
from functools import partial
from threading import Thread
from typing import Any

import pytest

from api import planning as use_case
from optimizer.ladder import Solve, best_plan
from tests.api.yards import Yard, service
from tests.faults import solvers

DEADLINE_S = 1.0
NINE = "2026-03-02T09:00:00Z"


@pytest.fixture
def yard() -> Iterator[Yard]:
    with service(deadline_s=DEADLINE_S) as served:
        served.build()
        assert served.put("/v1/sites/yard/policy", {"mode": "control"}).status_code == 201
        for bay, session in (("bay-1", "a"), ("bay-2", "b")):
            served.plug_in(evse=bay, session=session, departure=NINE, energy_target_kwh=11.0)
        served.get("/v1/sites/yard/commands")
        yield served


def in_trouble(monkeypatch: pytest.MonkeyPatch, solve: Solve) -> list[float]:
    """In a worker, as a large program is solved; how long each planning took. [s]"""
    took: list[float] = []
    decided = use_case.decided

    def timed(*given: Any, **more: Any) -> Any:
        began = time.monotonic()
        try:
            return decided(*given, **more)
        finally:
            took.append(time.monotonic() - began)

    monkeypatch.setattr(use_case, "best_plan", partial(best_plan, solve=solve, worker=True))
    monkeypatch.setattr("api.sites.planning.decided", timed)
    return took


def nobody_left() -> bool:
    until = time.monotonic() + 5.0
    while multiprocessing.active_children() and time.monotonic() < until:
        time.sleep(0.01)
    return not multiprocessing.active_children()


@pytest.mark.clock
@pytest.mark.parametrize("solve", [solvers.hangs, solvers.is_killed])
def test_a_safe_plan_is_there_by_the_deadline_and_no_process_is_left(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, solve: Solve
) -> None:
    with monkeypatch.context() as trouble:
        took = in_trouble(trouble, solve)
        plans = [yard.post("/v1/sites/yard/plan", None).json() for _ in range(3)]

    assert all(made["passed_audit"] and made["method"] not in ("optimal", "uncontrolled") for made in plans)
    assert min(took) <= DEADLINE_S + 0.1, "the best of three: others may hold the machine up for once"
    assert nobody_left()


@pytest.mark.parametrize("solve", [solvers.hangs, solvers.is_killed, solvers.hangs_after_money])
def test_what_stands_in_is_kept_and_sent_and_the_next_plan_is_the_best_again(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, solve: Solve
) -> None:
    with monkeypatch.context() as trouble:
        in_trouble(trouble, solve)
        made = yard.post("/v1/sites/yard/plan", None).json()
    told = yard.get("/v1/sites/yard/plan").json()

    assert told["method"] == made["method"]
    assert {one["session"] for one in yard.get("/v1/sites/yard/commands").json()["commands"]} >= {"a", "b"}
    (best,) = [one for one in told["candidates"] if one["method"] == "optimal"]
    assert best["standing"] == "missing"
    assert best["reason"]
    assert f'chargewright_plans_total{{method="{made["method"]}"}} 1.0' in yard.get("/metrics").text

    yard.clock.pass_by(minutes=1)
    assert yard.post("/v1/sites/yard/plan", None).json()["method"] == "optimal"
    assert nobody_left()


def test_meanwhile_others_are_answered(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    in_trouble(monkeypatch, solvers.hangs)
    planning = Thread(target=lambda: yard.post("/v1/sites/yard/plan", None))
    planning.start()

    answers = [yard.get("/health/live").status_code, yard.get("/v1/sites/yard/sessions").status_code]

    assert planning.is_alive(), "it was answered while the plan was made"
    planning.join()
    assert answers == [200, 200]
    assert nobody_left()
