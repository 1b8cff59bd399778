"""Two replicas on one PostgreSQL: one is stopped in the middle of a solve, the other plans, the first one goes on.

The one that was stopped still believes that it may write. Its epoch is old by then, so nothing of its plan is kept.
"""

import json
import os
import signal
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from api.sites import planning
from api.sites.planning import plan_site
from api.store.records import Kind
from models.domain.errors import Conflict
from tests.crash.killing import Place, in_child, started
from tests.crash.life import DEADLINE_S, SITE, START, TENANT, build, service_on

GRACE_S = 0.2
"""In place of half a minute, before another replica may take over."""
REFUSED = 0
"""How a replica ends whose plan is refused."""


def freezes(count: int, place: Place) -> Iterator[list[str]]:
    """What did not hold after each time."""
    in_child(partial(_build, place))
    for _ in range(count):
        yield list(_frozen(place))


def _frozen(place: Place) -> Iterator[str]:
    says, hears = os.pipe()[::-1]
    first = started(partial(_plan, place, "first", says))
    os.read(hears, 1)  # it solves now
    os.kill(first, signal.SIGSTOP)
    before = _epochs(place)
    time.sleep(DEADLINE_S + 2.0 * GRACE_S)  # by the clock of the database, which nobody here can move
    if in_child(partial(_plan, place, "second", None)) == REFUSED:
        yield "the second replica could not plan"
    os.kill(first, signal.SIGCONT)
    _, status = os.waitpid(first, 0)
    for end in (says, hears):
        os.close(end)
    if os.waitstatus_to_exitcode(status) != REFUSED:
        yield "the plan of a replica that was frozen was not refused"
    after = _epochs(place)
    if len(after) != len(before) + 1 or after != sorted(set(after)):
        yield f"epochs of plans: {before}, then {after}; one more was to come, and a higher one"


def _build(place: Place) -> None:
    build(place.opened())


def _plan(place: Place, replica: str, says: int | None) -> None:
    """Ends well only where the plan is refused; ``says`` is told when it solves."""
    planning.LEASE_GRACE_S = GRACE_S
    decided = planning.decided

    def slow(*given: Any, **more: Any) -> Any:
        if says is not None:
            os.write(says, b"s")
            time.sleep(GRACE_S)  # there is time to be stopped in
        return decided(*given, **more)

    planning.decided = slow
    service = service_on(place.opened(), lambda: START, replica=replica)
    try:
        plan_site(service, TENANT, SITE, "test")
    except Conflict:
        return
    raise SystemExit(2)


def _epochs(place: Place) -> list[int]:
    """Of all plans, in the order of the journal."""
    store = place.opened()
    with store.view() as unit:
        entries = unit.entries(TENANT, SITE, [Kind.PLAN], limit=100_000)
    store.close()
    return [json.loads(json.loads(entry.body)["made"])["epoch"] for entry in entries]
