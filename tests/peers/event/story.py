"""An event with notice, minute by minute on a clock that is moved, and one without, on a clock that runs."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter, sleep
from typing import Any

from api.connections.secrets import new_key
from api.jobs import Jobs
from api.settings import ServiceSettings
from api.store.memory import MemoryStore
from tests.peers import our_service
from tests.peers.event.clock import StoryClock
from tests.peers.event.csms import Csms
from tests.peers.event.park import SITE, Park, park
from tests.peers.event.utilities import CONNECTION, Make, Utility, connect, openadr2b

FIVE = datetime(2026, 3, 2, 16, tzinfo=UTC)
LOOK_S = 20.0
"""Between looks of a clock that is moved, unless a story says otherwise. [s]"""
ENERGY_PER_CAR_KWH = 30.0
HOURS = 6.0
ENOUGH = (0.9, 1.0)
PATIENCE_S = 180.0
"""Until an event without notice is given up. [s]"""
EXACTLY_KW = 1e-3
HTTP_LOOK_S = 0.05
QUIET_LOOKS = 5
"""Without a command, until a park counts as prepared."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of an event."""

    lines: tuple[str, ...]
    held: bool
    """Whether what must hold did."""


@dataclass(slots=True)
class Stage:
    """Everything that plays."""

    clock: StoryClock
    park: Park
    csms: Csms
    jobs: Jobs
    utility: Utility
    look_s: float = LOOK_S

    def wait(self, seconds: float) -> None:
        """Time goes by in looks: charge points draw, the service looks, the CSMS sends, meters are told each minute."""
        until = self.clock() + timedelta(seconds=seconds)
        while self.clock() < until:
            self.clock.pass_by(self.look_s)
            self.park.advance(self.clock())
            if self.clock().second == 0:
                self.csms.measure(self.clock())
            self.jobs.hear()
            self.jobs.tick()
            self.csms.deliver()


@contextmanager
def stage(count: int, make: Make, *, runs: bool, tells: bool) -> Iterator[Stage]:
    """The service on a port of its own, a park of charge points, and a utility that is connected."""
    clock, port = StoryClock(_start(make)), our_service.free_port()
    url = f"http://127.0.0.1:{port}"
    settings = ServiceSettings(
        insecure=True,
        database_url="memory:",
        plans_by_itself=runs,
        sample=False,
        public_url=url,
        peer_allow="127.0.0.0/8",
        secret_keys=new_key(),
    )
    cars = park(count, clock())
    with _service(settings, clock, port) as app, make(clock, tells=tells) as utility:
        csms = Csms(url, cars)
        jobs = Jobs(app.state.service, lambda work: work())
        try:
            csms.build()
            connect(csms, utility, url)
            if runs:
                clock.run()
            at = Stage(clock, cars, csms, jobs, utility)
            _prepare(at, runs=runs)
            csms.plug_in_everybody(clock(), ENERGY_PER_CAR_KWH, HOURS)
            csms.measure(clock())
            yield at
        finally:
            csms.close()
            jobs.close()


def _start(make: Make) -> datetime:
    """On a whole quarter of an hour; a utility that looks at the clock of the machine has the next one."""
    if make is not openadr2b:
        return FIVE
    return _quarter(datetime.now(UTC))


def _quarter(when: datetime) -> datetime:
    """The next one by the clock."""
    whole = when.replace(second=0, microsecond=0)
    return whole + timedelta(minutes=15 - whole.minute % 15)


def _prepare(at: Stage, *, runs: bool) -> None:
    """Defaults are at the charge points before the first car comes, so that no car draws all that it can."""
    quiet = 0
    for _ in range(300):
        if not runs:
            at.clock.pass_by(1.0)
            at.jobs.hear()
            at.jobs.tick()
        at.park.advance(at.clock())
        quiet = 0 if at.csms.deliver() else quiet + 1
        if at.csms.delivered >= len(at.park.stations) and quiet > QUIET_LOOKS and at.utility.is_ready():
            break
        sleep(0.2 if runs else 0.0)
    while not runs and at.clock().second:
        at.clock.pass_by(1.0)
    at.park.advance(at.clock())


@contextmanager
def _service(settings: ServiceSettings, clock: StoryClock, port: int) -> Iterator[Any]:
    from api.app import create_app

    app = create_app(settings, store=MemoryStore(), clock=clock)
    with our_service.running(app, port, lifespan="on"):
        yield app


def with_notice(
    count: int, make: Make, *, minutes: int = 60, before: int = 45, after: int = 45, look_s: float = LOOK_S
) -> Figures:
    """Some twenty minutes ahead, on a quarter of an hour, the utility asks for a third of what is drawn."""
    with stage(count, make, runs=False, tells=True) as at:
        at.look_s = look_s
        at.wait(60.0 * (before - 20))
        drawn_kw = at.park.power_kw()
        limit_kw = round(drawn_kw / 3.0, 1)
        start = _quarter(at.clock() + timedelta(minutes=20))
        end = start + timedelta(minutes=minutes)
        at.utility.call(limit_kw, start, end - start)
        replanned_s = _replanned(at)
        at.wait((end - at.clock()).total_seconds() + 60.0 * after)
        return _judged(at, limit_kw, start, end, replanned_s)


def _replanned(at: Stage) -> tuple[float, float]:
    """Real seconds from the event until it was heard, and from then on until commands of a new plan can be pulled.

    A utility that is polled is heard at the next poll. What explains a plan is worked out after its commands.
    """
    plans, began = len(at.csms.plans()), perf_counter()
    at.clock.pass_by(1.0)
    with ThreadPoolExecutor(max_workers=1) as service:
        for _ in range(60):
            at.jobs.hear()
            at.clock.pass_by(0.5)
            heard = perf_counter()
            looking = service.submit(at.jobs.tick)
            while not (seen := len(at.csms.plans()) > plans) and not looking.done():
                sleep(HTTP_LOOK_S)
            planned = perf_counter()
            looking.result()
            if seen:
                break
    at.clock.pass_by(at.look_s - at.clock().second % at.look_s - at.clock().microsecond / 1e6)
    at.csms.deliver()
    return heard - began, planned - heard


def _judged(at: Stage, limit_kw: float, start: datetime, end: datetime, replanned_s: tuple[float, float]) -> Figures:
    minutes = at.park.minutes()
    during = [kw for begin, kw in minutes if start <= begin < end]
    quarters = at.park.quarters()
    before_kw = max(at.park.noon_kw, *(kw for begin, kw in quarters if begin < start))
    after_kw = max(kw for begin, kw in quarters if begin >= end)
    over = [kw for kw in during if kw > limit_kw + EXACTLY_KW]
    status = at.csms.call("GET", f"/v1/connections/{CONNECTION}/status")
    count, within = len(at.park.stations), len(during) - len(over)
    lines = (
        f"{at.utility.name}, {count} connectors, with notice, {limit_kw:g} kW for {len(during)} min",
        f"  heard after {replanned_s[0]:.2f} s, planned anew in {replanned_s[1]:.2f} s; "
        f"{at.csms.delivered} profiles accepted in all",
        f"  {within} of {len(during)} full minutes at or under the limit, at most {max(during):.1f} kW",
        f"  quarters of an hour: the day's peak before {before_kw:.1f} kW, after at most {after_kw:.1f} kW",
        *(f"  {proof}" for proof in at.utility.proofs()),
        f"  {_settled(at, limit_kw, start, end)}",
        f"  alarms: {', '.join(alarm['message'] for alarm in status['alarms']) or 'none'}",
    )
    alarmed = any(not alarm["key"].startswith("site/") for alarm in status["alarms"])
    held = not over and after_kw <= before_kw + EXACTLY_KW and bool(at.utility.proofs()) and not alarmed
    return Figures(lines, held)


def _settled(at: Stage, limit_kw: float, start: datetime, end: datetime) -> str:
    """Over HTTP, by what was measured: against the mean of the half hour before, at 0.5 EUR for a kWh less."""
    before = [kw for begin, kw in at.park.minutes() if start - timedelta(minutes=30) <= begin < start]
    baseline_kw = sum(before) / len(before)
    called = {
        "kind": "event",
        "id": "relief",
        "start": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "end": f"{end:%Y-%m-%dT%H:%M:%SZ}",
        "direction": "reduce",
        "baseline_kw": baseline_kw,
        "committed_kw": baseline_kw - limit_kw,
        "payment_per_kwh": 0.5,
        "source": CONNECTION,
    }
    at.csms.call("PUT", f"/v1/sites/{SITE}/signals/relief", called)
    told = at.csms.call("GET", f"/v1/sites/{SITE}/settlements/relief")
    return f"settled below {baseline_kw:.1f} kW: {_statement(told)}"


def _statement(told: Any) -> str:
    (event,) = told["events"]
    kwh, short = event["delivered_kwh"], event["shortfall_kwh"]
    return f"{kwh:.1f} kWh delivered, {short:.1f} short, paid {event['total']} {event['currency']}"


def without_notice(count: int, make: Make, *, tells: bool = True) -> Figures:
    """It begins when it is called; the service runs by itself, and every second is a real one."""
    with stage(count, make, runs=True, tells=tells) as at:
        _until(at, lambda: at.park.power_kw() > 0.5 * at.park.limit_kw, PATIENCE_S)
        drawn_kw = at.park.power_kw()
        limit_kw = round(drawn_kw / 3.0, 1)
        promised_kw = drawn_kw - limit_kw
        plans, began = len(at.csms.plans()), perf_counter()
        at.utility.call(limit_kw, at.clock(), timedelta(hours=1))
        planned_s = _until(at, lambda: len(at.csms.plans()) > plans, PATIENCE_S)
        reached = {share: _until(at, _sheds(at, drawn_kw, share * promised_kw), PATIENCE_S, began) for share in ENOUGH}
        told = ", ".join(f"{share:.0%} after {took_s:.1f} s" for share, took_s in reached.items())
        lines = (
            f"{at.utility.name}, {count} connectors, without notice, {limit_kw:g} of {drawn_kw:.1f} kW are left",
            f"  planned anew {planned_s:.1f} s after the event; of the {promised_kw:.1f} kW: {told}",
        )
        return Figures(lines, all(took_s < PATIENCE_S for took_s in reached.values()))


def _sheds(at: Stage, drawn_kw: float, shed_kw: float) -> Callable[[], bool]:
    return lambda: drawn_kw - at.park.power_kw() >= shed_kw - EXACTLY_KW


def _until(at: Stage, done: Callable[[], bool], patience_s: float, began: float | None = None) -> float:
    """Seconds until something is so; the CSMS fetches and sends meanwhile, and cars follow five seconds later."""
    began = perf_counter() if began is None else began
    while True:
        at.park.advance(at.clock())
        if done() or perf_counter() - began > patience_s:
            return perf_counter() - began
        at.csms.deliver()
        sleep(0.2)
