"""Our side is killed at many moments of one day: each time the yard goes on alone, in a world of its own.

At a moment some commands may be on their way; a random part of them arrives. Then nobody is in contact any more:
stations boot, cars come and go, and what flows through the connection is measured to the end.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from api.operating.live import Command
from tests.peers.day import TOLERANCE_A, Aftermath, Day, forked, worst_after
from tests.peers.steering import Loss


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """One moment, and what came of it."""

    seed: int
    at: datetime
    on_their_way: int
    arrived: int
    worst_a: float


@dataclass(slots=True)
class Killer:
    """Watches a day and tries a share of its moments."""

    day: Day
    seed: int
    share: float
    """Of the moments at which something may be on its way, or nothing is."""
    hours: float = 6.0
    most: int = 1_000_000
    deaths: list[Death] = field(default_factory=list)
    told: Callable[["Killer"], None] = lambda killer: None
    """Called after each death."""
    _draw: Random = field(init=False)

    def __post_init__(self) -> None:
        self._draw = Random(self.seed)
        self.day.steering.wave = self.moment

    def moment(self, commands: Sequence[Command], now: datetime) -> None:
        if len(self.deaths) < self.most and self._draw.random() < self.share:
            self.deaths.append(self._killed(commands, now))
            self.told(self)

    def _killed(self, commands: Sequence[Command], now: datetime) -> Death:
        seed = self._draw.randrange(1 << 30)
        draw, alone = Random(seed), forked(self.day.yard)
        arrives = [command for command in commands if draw.random() < 0.5]
        draw.shuffle(arrives)
        for command in arrives:
            station = alone.stations[command.station]
            if station.connected and station.up:
                station.handle(command.action, command.payload)
        worst_a = worst_after(alone, self.day.now_s, Aftermath(seed, hours=self.hours))
        return Death(seed=seed, at=now, on_their_way=len(commands), arrived=len(arrives), worst_a=worst_a)

    def broken(self) -> list[Death]:
        return [death for death in self.deaths if death.worst_a > self.day.yard.limit_a + TOLERANCE_A]


def losing(seed: int, share: float) -> "Lossy":
    return Lossy(Random(seed), share)


@dataclass(slots=True)
class Lossy:
    """Loses a share of calls, and as many answers."""

    draw: Random
    share: float

    def __call__(self) -> Loss | None:
        chance = self.draw.random()
        if chance < self.share:
            return Loss.CALL
        return Loss.ANSWER if chance < 2.0 * self.share else None
