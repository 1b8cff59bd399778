"""One EVSE of a charge point: its car, its transaction, its meter."""

from dataclasses import dataclass

from tests.peers.vehicle import VOLTAGE_V, Car


@dataclass(slots=True, kw_only=True)
class Outlet:
    number: int
    """evseId in 2.x, connectorId in 1.6."""
    rating_a: float = 32.0
    phases: tuple[str, ...] = ("L1", "L2", "L3")
    """The site's phases in the order of its terminals."""
    car: Car | None = None
    in_session: bool = False
    transaction: str | None = None
    """None in 1.6 until StartTransaction is answered."""
    session_start_s: float | None = None
    session_wh: float = 0.0
    register_wh: float = 0.0
    offer_a: float = 0.0
    idle_s: float = 0.0
    """How long it has offered 0 A in this session. [s]"""
    next_sample_s: float = 0.0
    sequence: int = 0
    began_with: str = ""
    """The message that told of this transaction."""

    def plug(self, car: Car) -> None:
        assert self.car is None, f"EVSE {self.number} has a car"
        self.car = car

    def begin(self, clock_s: float, transaction: str | None) -> None:
        self.in_session, self.transaction, self.session_start_s = True, transaction, clock_s
        self.session_wh, self.idle_s, self.sequence = 0.0, 0.0, 0

    def end(self) -> None:
        self.in_session, self.transaction, self.session_start_s, self.offer_a = False, None, None, 0.0

    def current_a(self, *, asleep: bool = False) -> float:
        """On each phase in use. [A]"""
        if self.car is None or not self.in_session or asleep:
            return 0.0
        return self.car.draw_a(min(self.offer_a, self.rating_a))

    def phases_in_use(self) -> tuple[str, ...]:
        return self.phases[: 0 if self.car is None else self.car.phases]

    def charge(self, current_a: float, seconds: float) -> None:
        if self.car is None or current_a == 0.0:
            return
        carried = len(self.phases_in_use()) / self.car.phases
        energy_wh = self.car.take(current_a * carried, seconds)
        self.register_wh += energy_wh
        self.session_wh += energy_wh

    def power_w(self, current_a: float) -> float:
        return current_a * VOLTAGE_V * len(self.phases_in_use())
