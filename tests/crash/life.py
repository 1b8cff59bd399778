"""The life of a service until it is killed: sessions, measurements, plans, commands, messages, acknowledgements.

A point is a place between two things that must not come apart: before and after each commit of each step, in the middle
of a solve, before and after a message has gone out. What was acknowledged to a caller is written down outside first.
"""

import asyncio
import json
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from anyio import CapacityLimiter

from api.doctor import Check
from api.observing import Metrics
from api.routes import examples
from api.security.rates import Rates
from api.service import Service
from api.settings import ServiceSettings
from api.sites import planning
from api.sites.commanding import acknowledge, pull
from api.sites.forms import (
    Acknowledgement,
    Acknowledgements,
    Measurement,
    MeasurementBatch,
    Outcome,
    SessionTold,
    SiteMode,
    SitePolicy,
)
from api.sites.keeping import Desk, writing_desk
from api.sites.planning import plan_site
from api.sites.plugging import measure, plug_in
from api.sites.telling import tell
from api.store.port import Done, Store, Unit, Work
from api.store.records import Document, Kind, Place
from api.webhooks.delivering import deliver
from api.webhooks.forms import About, Webhook
from models.domain.site import Site
from models.domain.tariff import Tariff
from models.domain.wire import form_json, read_form
from optimizer.settings import Settings

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
TENANT, SITE = "acme", "yard"
DEADLINE_S = 0.02
"""Rules plan, as a rule: what is looked at here is not the solver."""
SECRET = "whsec_" + "A" * 40
STEPS = ("session", "measurement", "group", "plan", "message", "command", "acknowledgement")
POINTS = (
    "session: before commit",
    "session: after commit",
    "measurement: before commit",
    "measurement: after commit",
    "group: before commit",
    "group: after commit",
    "plan: lease before commit",
    "plan: during solve",
    "plan: kept before commit",
    "plan: kept after commit",
    "plan: released after commit",
    "plan: explained before commit",
    "plan: explained after commit",
    "message: handed out before commit",
    "message: handed out after commit",
    "message: before it is sent",
    "message: after it is sent",
    "message: noted after commit",
    "command: before commit",
    "command: after commit",
    "acknowledgement: before commit",
    "acknowledgement: after commit",
)
"""In the order of a round."""
_COMMITS = {
    "session": ("",),
    "measurement": ("",),
    "plan": ("lease ", "kept ", "released ", "explained "),
    "message": ("held ", "handed out ", "noted "),
    "command": ("",),
    "acknowledgement": ("",),
}
"""The units of a step, in order."""


class Fuse:
    """Kills this process when a point is reached for the n-th time."""

    def __init__(self, point: str, times: int) -> None:
        self._point, self._left = point, times
        self.step, self._commits = "", 0

    def begin(self, step: str) -> None:
        self.step, self._commits = step, 0

    def reach(self, point: str) -> None:
        if point == self._point:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def committing(self) -> str:
        """What the present unit is called."""
        names = _COMMITS.get(self.step, ())
        name = names[min(self._commits, len(names) - 1)] if names else "?"
        self._commits += 1
        return f"{self.step}: {name}"


class Fused:
    """A store that reaches a point before and after each commit."""

    def __init__(self, store: Store, fuse: Fuse) -> None:
        self._store, self._fuse = store, fuse

    @contextmanager
    def begin(self, now: datetime) -> Iterator[Unit]:
        name = self._fuse.committing()
        with self._store.begin(now) as unit:
            yield unit
            self._fuse.reach(f"{name}before commit")
        self._fuse.reach(f"{name}after commit")

    @property
    def writes_at_once(self) -> int:
        return self._store.writes_at_once

    def together(self, works: Sequence[Work]) -> Sequence[Done]:
        """Before the commit is after the last of those who share it, after the commit is before they are answered."""
        last = replace(works[-1], act=lambda unit: self._fuse.reach("group: before commit"))
        done = self._store.together([*works, last])
        self._fuse.reach("group: after commit")
        return done[:-1]

    def view(self) -> Any:
        return self._store.view()

    def look(self, place: Place) -> Document | None:
        return self._store.look(place)

    def check(self) -> None:
        self._store.check()

    def close(self) -> None:
        self._store.close()


def service_on(store: Any, now: Callable[[], datetime], replica: str = "one") -> Service:
    """A service without its HTTP."""
    return Service(
        settings=ServiceSettings(insecure=True, database_url="memory:", replica=replica, deadline_s=DEADLINE_S),
        store=store,
        clock=now,
        rates=Rates("1000000/second"),
        solve_settings=Settings(),
        solves=CapacityLimiter(1),
        metrics=Metrics(),
        self_test=Check("solver", True, "not asked"),
    )


def build(store: Store) -> None:
    """A yard that is steered, with a webhook."""
    with store.begin(START) as unit:
        desk = Desk(unit, TENANT, SITE, "test")
        tell(desk, Kind.SITE, read_form(Site, json.dumps(examples.SITE)), START, expected=None)
        tell(desk, Kind.TARIFF, read_form(Tariff, json.dumps(examples.TARIFF)), START, expected=None)
        tell(desk, Kind.POLICY, SitePolicy(mode=SiteMode.CONTROL), START, expected=None)
        hook = Webhook(url="https://csms.example.com/", about=(About.PLAN, About.COMMAND), secrets=(SECRET,))
        unit.write(Place(tenant=TENANT, kind=Kind.WEBHOOK, id="csms"), form_json(Webhook, hook))


def live(store: Store, folder: Path, first: int, rounds: int, point: str, times: int) -> None:
    """Some rounds of everything, from round ``first`` on; ends early where the fuse says so."""
    fuse = Fuse(point, times)
    moment = START + timedelta(minutes=first)
    service = service_on(Fused(store, fuse), lambda: moment)
    with _interrupted(fuse):
        for k in range(first, first + rounds):
            moment = START + timedelta(minutes=k)
            for step in STEPS:
                fuse.begin(step)
                told = _STEPS[step](service, folder, fuse, k)
                if told:
                    _write_down(folder / "acknowledged", told)
    service.writers.stop()


@contextmanager
def _interrupted(fuse: Fuse) -> Iterator[None]:
    """Solves reach a point in their middle."""
    decided = planning.decided

    def interrupted(*given: Any, **more: Any) -> Any:
        fuse.reach("plan: during solve")
        return decided(*given, **more)

    planning.decided = interrupted
    try:
        yield
    finally:
        planning.decided = decided


def _tell_session(service: Service, folder: Path, fuse: Fuse, k: int) -> str:
    told = SessionTold(
        session=f"s{k // 5}", evse="bay-1", plugged_in_at=START + timedelta(minutes=k // 5), energy_target_kwh=5.0 + k
    )
    with _desk(service) as desk:
        plug_in(desk, told, service.clock())
    return json.dumps({"session": told.session, "kwh": told.energy_target_kwh})


def _measure(service: Service, folder: Path, fuse: Fuse, k: int) -> str:
    seen = Measurement(at=service.clock(), session=f"s{k // 5}", register_kwh=100.0 + k)
    with _desk(service) as desk:
        measure(desk, MeasurementBatch(measurements=(seen,)), service.clock())
    return json.dumps({"measured": 100.0 + k})


IN_A_GROUP = 3


def _measure_together(service: Service, folder: Path, fuse: Fuse, k: int) -> str:
    """Some callers at once, in as few commits as it takes; each is told for itself, and each writes it down."""

    async def tell(number: int) -> None:
        power_kw = round(5.0005 + (IN_A_GROUP * k + number) / 1000.0, 4)
        batch = MeasurementBatch(measurements=(Measurement(at=service.clock(), node="grid", power_kw=power_kw),))

        def act(unit: Unit) -> int:
            unit.lock(TENANT, SITE)
            return measure(Desk(unit, TENANT, SITE, "test"), batch, service.clock())

        await service.writers.write((TENANT, SITE), service.clock(), act)
        _write_down(folder / "acknowledged", json.dumps({"measured": power_kw}))

    async def tell_all() -> None:
        await asyncio.gather(*(tell(number) for number in range(IN_A_GROUP)))

    asyncio.run(tell_all())
    return ""


def _plan(service: Service, folder: Path, fuse: Fuse, k: int) -> str:
    return json.dumps({"plan": plan_site(service, TENANT, SITE, "test").plan})


def _message(service: Service, folder: Path, fuse: Fuse, k: int) -> str:
    def post(url: str, headers: Mapping[str, str], body: bytes) -> int:
        fuse.reach("message: before it is sent")
        _write_down(folder / "sent", json.dumps({"id": headers["webhook-id"], "body": json.loads(body)}))
        fuse.reach("message: after it is sent")
        return 204

    deliver(service, post)
    return ""


def _command(service: Service, folder: Path, fuse: Fuse, k: int) -> str:
    with _desk(service) as desk:
        pull(desk, 0, service.clock())
    return ""


def _acknowledge(service: Service, folder: Path, fuse: Fuse, k: int) -> str:
    with _desk(service) as desk:
        waiting = [line.id for line in pull(desk, 0, service.clock())]
        told = tuple(Acknowledgement(command=name, outcome=Outcome.ACCEPTED) for name in waiting)
        acknowledge(desk, Acknowledgements(acknowledgements=told), service.clock())
    return json.dumps({"accepted": waiting}) if waiting else ""


_STEPS: dict[str, Callable[[Service, Path, Fuse, int], str]] = {
    "session": _tell_session,
    "measurement": _measure,
    "group": _measure_together,
    "plan": _plan,
    "message": _message,
    "command": _command,
    "acknowledgement": _acknowledge,
}


def _desk(service: Service) -> AbstractContextManager[Desk]:
    return writing_desk(service.store, service.clock(), TENANT, SITE, "test")


def _write_down(path: Path, line: str) -> None:
    """Outside of the store, before anything else happens."""
    with path.open("ab", buffering=0) as file:
        file.write(line.encode() + b"\n")
