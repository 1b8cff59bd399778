"""A charge point of OCPP 1.6, 2.0.1 or 2.1 that does what its profiles say, but for its defects.

A state machine with an injected clock: ``advance`` lets time pass, ``handle`` answers a call, ``outgoing`` gives what
it wants to say, ``answered`` takes the answer. It knows no socket; ``tests.peers.line`` puts it on one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

from tests.peers import spelling2x, spelling16
from tests.peers.answering import answer
from tests.peers.defects import Defect
from tests.peers.messages import Answer, Call, Payload
from tests.peers.outlet import Outlet
from tests.peers.postbox import Postbox
from tests.peers.sampling import samples
from tests.peers.shelf import TRANSACTION, Held, Moment, Shelf
from tests.peers.spelling16 import Said
from tests.peers.vehicle import LEAST_OFFER_A, Car

BOOT_S, SLOW_BY_S, PATIENCE_S = 30.0, 240.0, 10.0
"""How long a boot takes, how far a slow clock lags, how long an impatient charge point waits for an answer. [s]"""
FALLS_ASLEEP_S = 30.0
HEARTBEAT_S = 300.0
MEANWHILE_S = 1.0
"""Between the answer to a Reset and the reset. [s]"""


@dataclass(slots=True, kw_only=True)
class Station:
    id: str
    version: str = "1.6"
    outlets: list[Outlet] = field(default_factory=lambda: [Outlet(number=1)])
    defects: frozenset[Defect] = frozenset()
    hides: bool = False
    """1.6 can be read so that a valid profile hides lower levels even where its schedule says nothing."""
    top_level: int = 8
    sample_s: float = 60.0
    step_s: float = 10.0
    now_s: float = 0.0
    connected: bool = False
    up_at_s: float = 0.0
    """When it has booted; 0 while it runs."""
    reboot_at_s: float | None = None
    heartbeat_at_s: float = 0.0
    shelf: Shelf = field(init=False)
    for_next: dict[int, Held] = field(default_factory=dict)
    """Profiles of remote starts, until their transaction has an id."""
    post: Postbox = field(init=False)
    _over_unnamed: dict[str, tuple[Outlet, float, str]] = field(default_factory=dict)
    _transactions: int = 0

    def __post_init__(self) -> None:
        self.post = Postbox(self.id)
        self.shelf = Shelf(level_hides_while_valid=self.hides, last_only=Defect.LAST_PROFILE_ONLY in self.defects)

    # What happens to it

    def advance(self, to_s: float) -> None:
        """Let time pass; draws are held for one step at a time."""
        while self.now_s < to_s:
            step_s = min(self.step_s, to_s - self.now_s)
            self._offer()
            for outlet in self.outlets:
                outlet.charge(self.draw_a(outlet), step_s)
                outlet.idle_s = outlet.idle_s + step_s if self._paused(outlet) else self._rested(outlet)
            self.now_s += step_s
            self._tick()
        self._offer()

    def plug(self, number: int, car: Car) -> None:
        """A car comes; its driver is known, so a transaction begins, with or without the CSMS."""
        outlet = self.outlet(number)
        outlet.plug(car)
        outlet.idle_s = 0.0
        self._tell_state(outlet)
        if self.up:
            self.begin(outlet)

    def unplug(self, number: int) -> Car:
        outlet = self.outlet(number)
        assert outlet.car is not None, f"{self.id}: there is no car at EVSE {number}"
        if outlet.in_session:
            self.end(outlet, "EVDisconnected")
        car, outlet.car = outlet.car, None
        self._tell_state(outlet)
        return car

    def connect(self) -> None:
        """The socket is open; what was not answered is said again."""
        self.connected = True
        self.post.regained()
        self._say(self.spelling.boot(self.id))
        for outlet in self.outlets:
            self._tell_state(outlet)

    def disconnect(self) -> None:
        self.connected = False
        self.post.lost()
        if Defect.DROPS_AT_DISCONNECT in self.defects:
            self.shelf.held.clear()

    def reboot(self) -> None:
        """Transactions end, profiles of transactions go; the others stay, unless it forgets them."""
        for outlet in self.outlets:
            if outlet.in_session:
                self.end(outlet, "Reboot")
        self.disconnect()
        self.for_next.clear()
        forgets = Defect.FACTORY_LIMITS_AFTER_REBOOT in self.defects
        self.shelf.drop(lambda held: forgets or held.purpose == TRANSACTION)
        self.up_at_s = self.now_s + BOOT_S

    def reboot_soon(self) -> None:
        """After the answer to the call that asked for it has left."""
        self.reboot_at_s = self.now_s + MEANWHILE_S

    # What it says and hears

    def outgoing(self) -> list[Call]:
        """What it has to say and has not said on this connection; nothing while it has none."""
        if not self.connected or not self.up:
            return []
        return self.post.take()

    def answered(self, call_id: str, payload: Payload) -> None:
        """The CSMS answered; in 1.6 that is where a transaction gets its id."""
        asked = self.post.answered(call_id)
        if asked is None:
            return
        call, outlet = asked[0], self.outlet(asked[1])
        if call.action == "StartTransaction":
            self._named(call, outlet, str(payload["transactionId"]))
        late = self.now_s - call.at_s > PATIENCE_S
        if late and Defect.ABORTS_WHEN_ANSWERED_LATE in self.defects and outlet.in_session:
            self.end(outlet, "Other")

    def handle(self, action: str, payload: Payload) -> Answer:
        """Answer a call of the CSMS; never raises."""
        return answer(self, action, payload)

    def _named(self, began: Call, outlet: Outlet, transaction: str) -> None:
        """In 1.6 a transaction may be over before the CSMS has given it an id."""
        over = self._over_unnamed.pop(began.id, None)
        if over is not None:
            left, clock_s, reason = over
            left.transaction = transaction
            self._say(self.spelling.ended(left, clock_s, reason), outlet.number, kept=True)
        elif outlet.in_session and outlet.began_with == began.id:
            outlet.transaction = transaction
            self.adopt(outlet)

    def report(self, request_id: int, found: Mapping[int, list[Mapping[str, Any]]]) -> None:
        """Profiles that a CSMS asked for, one message an EVSE."""
        for evse, profiles in found.items():
            told = {"requestId": request_id, "chargingLimitSource": "CSO", "evseId": evse}
            self._say(("ReportChargingProfiles", told | {"chargingProfile": profiles, "tbc": False}))

    def trigger(self, message: str) -> bool:
        """Say something that was asked for; whether it knows how."""
        if message == "BootNotification":
            self._say(self.spelling.boot(self.id))
        elif message == "Heartbeat":
            self._say(self.spelling.heartbeat())
        elif message == "StatusNotification":
            for outlet in self.outlets:
                self._tell_state(outlet)
        elif message in ("MeterValues", "TransactionEvent"):
            for outlet in self.outlets:
                if outlet.in_session:
                    self._sample(outlet)
        else:
            return False
        return True

    # What it is

    @property
    def spelling(self) -> ModuleType:
        return spelling16 if self.version == "1.6" else spelling2x

    @property
    def clock_s(self) -> float:
        """Its own time."""
        return self.now_s - (SLOW_BY_S if Defect.SLOW_CLOCK in self.defects else 0.0)

    @property
    def up(self) -> bool:
        return self.now_s >= self.up_at_s

    @property
    def units(self) -> tuple[str, ...]:
        only = {Defect.AMPERES_ONLY: ("A",), Defect.WATTS_ONLY: ("W",)}
        return next((units for defect, units in only.items() if defect in self.defects), ("A", "W"))

    @property
    def most_periods(self) -> int:
        return 4 if Defect.FEW_PERIODS in self.defects else 24

    def outlet(self, number: int) -> Outlet:
        return next(outlet for outlet in self.outlets if outlet.number == number)

    def draw_a(self, outlet: Outlet) -> float:
        """On each phase in use, now. [A]"""
        return outlet.current_a(asleep=self._asleep(outlet)) if self.up else 0.0

    def phase_currents(self) -> dict[str, float]:
        """What it takes from each phase of the site, now. [A]"""
        sums = dict.fromkeys(("L1", "L2", "L3"), 0.0)
        for outlet in self.outlets:
            for phase in outlet.phases_in_use():
                sums[phase] += self.draw_a(outlet)
        return sums

    def begin(self, outlet: Outlet) -> None:
        self._transactions += 1
        own = None if self.version == "1.6" else f"{self.id}-{self._transactions}"
        outlet.begin(self.clock_s, own)
        outlet.next_sample_s = self.now_s + self.sample_s
        said = self.spelling.began(outlet, self.clock_s, f"driver-of-{self.id}")
        outlet.began_with = self._say(said, outlet.number, kept=True)
        if own is not None:
            self.adopt(outlet)
        self._offer()

    def end(self, outlet: Outlet, reason: str) -> None:
        """The transaction is over and its profiles with it."""
        if outlet.transaction is None:
            self._over_unnamed[outlet.began_with] = (replace(outlet), self.clock_s, reason)
        else:
            self._say(self.spelling.ended(outlet, self.clock_s, reason), outlet.number, kept=True)
        self.shelf.drop(lambda held: held.purpose == TRANSACTION and held.evse == outlet.number)
        outlet.end()

    def adopt(self, outlet: Outlet) -> None:
        """The profile that came with a remote start, now that its transaction has an id."""
        waiting = self.for_next.pop(outlet.number, None)
        if waiting is not None:
            self.shelf.put(replace(waiting, transaction=outlet.transaction))

    def allowed_a(self, outlet: Outlet, clock_s: float) -> float:
        """What it would offer a car at this EVSE at a time of its clock, the station's maximum aside. [A]"""
        if Defect.IGNORES in self.defects:
            return outlet.rating_a
        moment = Moment(
            evse=outlet.number,
            clock_s=clock_s,
            transaction=outlet.transaction,
            in_session=outlet.in_session,
            session_start_s=outlet.session_start_s,
        )
        ignored = Defect.DEFAULT_IGNORED_IN_SESSION in self.defects and outlet.in_session
        said = self.shelf.session_a(moment, with_default=not ignored)
        return outlet.rating_a if said is None else max(0.0, min(said, outlet.rating_a))

    # Its inside

    def _offer(self) -> None:
        """Each EVSE gets what its profiles say; what the station's maximum lacks, the last ones lack."""
        maximum_a = None if Defect.IGNORES in self.defects else self.shelf.maximum_a(self.clock_s)
        left_a = maximum_a
        for outlet in self.outlets:
            allowed_a = self.allowed_a(outlet, self.clock_s) if outlet.in_session else 0.0
            if left_a is not None:
                allowed_a = min(allowed_a, left_a)
            outlet.offer_a = allowed_a if allowed_a >= LEAST_OFFER_A else 0.0
            if left_a is not None and Defect.MAXIMUM_PER_CONNECTOR not in self.defects:
                left_a -= outlet.offer_a

    def _tick(self) -> None:
        if self.reboot_at_s is not None and self.now_s >= self.reboot_at_s:
            self.reboot_at_s = None
            self.reboot()
        if self.now_s >= self.up_at_s > 0.0:
            self.up_at_s = 0.0
            self._woken_up()
        for outlet in self.outlets:
            if outlet.in_session and self.now_s >= outlet.next_sample_s and self.up:
                self._sample(outlet)
                outlet.next_sample_s += self.sample_s
        if self.now_s >= self.heartbeat_at_s and self.up:
            self._say(self.spelling.heartbeat())
            self.heartbeat_at_s = self.now_s + HEARTBEAT_S

    def _woken_up(self) -> None:
        for outlet in self.outlets:
            if outlet.car is not None:
                outlet.idle_s = 0.0
                self.begin(outlet)

    def _sample(self, outlet: Outlet) -> None:
        self._offer()
        told = list(samples(outlet, self.draw_a(outlet), self.defects, self.spelling))
        self._say(self.spelling.sampled(outlet, self.clock_s, told), outlet.number, kept=True)

    def _tell_state(self, outlet: Outlet) -> None:
        self._say(self.spelling.state(outlet, self.clock_s, self.draw_a(outlet) > 0.0), outlet.number)

    def _say(self, said: Said, number: int | None = None, *, kept: bool = False) -> str:
        return self.post.put(said, number, self.now_s, kept=kept, connected=self.connected)

    def _paused(self, outlet: Outlet) -> bool:
        return outlet.in_session and outlet.offer_a == 0.0 and self.up

    def _asleep(self, outlet: Outlet) -> bool:
        return Defect.SLEEPS_AT_ZERO in self.defects and outlet.idle_s >= FALLS_ASLEEP_S

    def _rested(self, outlet: Outlet) -> float:
        """A car that has fallen asleep stays so; any other forgets a short pause."""
        return outlet.idle_s if self._asleep(outlet) else 0.0
