"""An algorithm for acnportal as one of ours: asked when acnportal would ask it, its amperes made setpoints."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.site import Site
from models.domain.tariff import Tariff
from optimizer.backtest.acn.interface import SiteInterface
from optimizer.backtest.acn.state import State
from optimizer.backtest.acn.stations import Stations
from optimizer.backtest.algorithm import Effort
from optimizer.backtest.messages import Arrival, Departure, Message, Setpoints

Currents = Mapping[str, Sequence[float]]
"""By station, from the present period on. [A]"""
HAIR_A = 1e-3
"""By how much a current may be beside what a station can be sent, as for EVSEs of acnportal: solvers round. [A]"""


class Foreign(Protocol):
    """What is asked of an algorithm; acnportal's ``BaseAlgorithm`` has it, and anything else may. Where it has ``run``
    as well, that is called in place of ``schedule``."""

    def register_interface(self, interface: Any) -> None:
        """Hear whom to ask."""
        ...

    def schedule(self, active_sessions: Any) -> Currents:
        """Currents of stations from the present period on; whoever is not named gets none."""
        ...


@dataclass(slots=True)
class AcnAlgorithm:
    """Asks at arrivals, at departures, and after ``max_recompute`` periods; in between it follows the last answer."""

    name: str
    foreign: Foreign
    state: State
    _interface: SiteInterface
    _asked: int | None = None
    """In which period it was asked last."""
    _answer: Currents = field(default_factory=dict)
    _answered: int = 0
    """In which period the answer in force begins."""
    _count: int = 0

    def decide(self, messages: Sequence[Message]) -> Setpoints:
        """What the algorithm gives everybody until the next batch.

        Raises:
            InvalidScenario: it fails, or answers what no station can be sent.
        """
        self.state.take(messages)
        if self._must_ask(messages):
            self._ask()
        return Setpoints(at_s=self.state.known.at_s, power_kw=self.state.send(self._currents()))

    def effort(self) -> Effort:
        """How often it was asked."""
        return Effort(plans=self._count)

    def _must_ask(self, messages: Sequence[Message]) -> bool:
        if self._asked is None or any(isinstance(one, Arrival | Departure) for one in messages):
            return True
        most = self._interface.max_recompute_time
        return most is not None and self.state.period - self._asked >= most

    def _ask(self) -> None:
        """An empty answer leaves the one before in force, as in acnportal."""
        run = getattr(self.foreign, "run", None)
        self._asked, self._count = self.state.period, self._count + 1
        try:
            answer = self.foreign.schedule(self._interface.active_sessions()) if run is None else run()
            answer = {station: [float(one) for one in row] for station, row in answer.items()}
        except Exception as error:  # it is anybody's code
            raise self._fault(f"failed: {type(error).__name__}: {error}", "mend it") from error
        self._refuse(answer)
        if answer:
            self._answer, self._answered = answer, self._asked

    def _refuse(self, answer: Currents) -> None:
        for station, row in answer.items():
            if station not in self.state.stations.position:
                raise self._fault(f"answered for a station {station!r}", "name stations as infrastructure_info() does")
            most_a = float(self.state.stations.max_pilot[self.state.stations.position[station]])
            if not all(-HAIR_A <= one <= most_a + HAIR_A for one in row):
                raise self._fault(f"answered {list(row)} for {station}", f"answer amperes from 0 to {most_a:g}")
        if len(set(map(len, answer.values()))) > 1:
            raise self._fault("answered rows of several lengths", "answer all stations for equally many periods")

    def _currents(self) -> dict[str, float]:
        """Of the last answer, what it has for the present; nothing beyond its end. [A]"""
        place = self.state.period - self._answered
        rows = ((car.session, self._answer.get(car.evse, ())) for car in self.state.known.here.values())
        return {session: max(0.0, row[place]) for session, row in rows if place < len(row)}

    def _fault(self, what: str, remedy: str) -> InvalidScenario:
        when = f"{self.state.local(self.state.period):%Y-%m-%d %H:%M}"
        return InvalidScenario([Finding(path=self.name, message=f"at {when} it {what}", remedy=remedy)])


@dataclass(frozen=True, slots=True)
class AcnMaker:
    """Puts an algorithm that ``make`` makes in charge of a site; to live in another process, ``make`` is pickled."""

    name: str
    """What it is called in messages."""
    make: Callable[[], Foreign]
    minutes: float = 5.0
    """Length of a period."""

    def __call__(self, site: Site, tariff: Tariff) -> AcnAlgorithm:
        """Made anew, with the interface registered.

        Raises:
            InvalidScenario: it cannot be made, or it is no algorithm of acnportal.
        """
        foreign = self._made()
        state = State(site, tariff, self.minutes, Stations(site))
        interface = SiteInterface(state, max_recompute_time=getattr(foreign, "max_recompute", None))
        foreign.register_interface(interface)
        return AcnAlgorithm(self.name, foreign, state, interface)

    def _made(self) -> Foreign:
        try:
            foreign = self.make()
        except Exception as error:  # it is anybody's code
            remedy = "name a class, or a function, that is called without arguments"
            raise self._no_algorithm(f"cannot be made: {type(error).__name__}: {error}", remedy) from error
        for method in ("register_interface", "schedule"):
            if not callable(getattr(foreign, method, None)):
                raise self._no_algorithm(f"has no method {method}", "take a subclass of acnportal's BaseAlgorithm")
        return foreign

    def _no_algorithm(self, what: str, remedy: str) -> InvalidScenario:
        return InvalidScenario([Finding(path=self.name, message=what, remedy=remedy)])
