"""How a CSMS that carries out a script reaches a charge point: within the process, or over a websocket."""

from dataclasses import dataclass, field
from typing import Protocol

from tests.peers.csms import Desk
from tests.peers.line import CsmsServer, StationLine
from tests.peers.messages import Answer, Call, Payload, begins
from tests.peers.station import Station


class Link(Protocol):
    station: Station
    hold_s: float
    """How long the next answer to the begin of a transaction is held back."""

    async def call(self, call: Call) -> Answer | None: ...

    async def talk(self) -> list[tuple[Call, Payload]]: ...

    async def cut(self) -> None: ...

    async def restore(self) -> None: ...


@dataclass(slots=True)
class Direct:
    """Within the process."""

    station: Station
    desk: Desk = field(default_factory=Desk)
    hold_s: float = 0.0
    held: list[tuple[float, str, Payload]] = field(default_factory=list)

    async def call(self, call: Call) -> Answer | None:
        return self.station.handle(call.action, call.payload) if self.station.connected else None

    async def talk(self) -> list[tuple[Call, Payload]]:
        """What the charge point said, with the answers."""
        station, said = self.station, []
        for due_s, call_id, payload in [late for late in self.held if late[0] <= station.now_s]:
            self.held.remove((due_s, call_id, payload))
            station.answered(call_id, payload)
        while told := station.outgoing():
            for call in told:
                answer = self.desk.answer(station.id, station.version, call.action, call.payload, station.now_s)
                said.append((call, answer))
                if self.hold_s and begins(call):
                    self.held.append((station.now_s + self.hold_s, call.id, answer))
                    self.hold_s = 0.0
                else:
                    station.answered(call.id, answer)
        return said

    async def cut(self) -> None:
        self.station.disconnect()

    async def restore(self) -> None:
        if not self.station.connected and self.station.up:
            self.station.connect()


@dataclass(slots=True)
class OverSocket:
    """Over a websocket; the charge point gets late answers late, as if the CSMS had taken its time."""

    line: StationLine
    server: CsmsServer
    hold_s: float = 0.0

    @property
    def station(self) -> Station:
        return self.line.station

    async def call(self, call: Call) -> Answer | None:
        return await self.server.call(self.station.id, call)

    async def talk(self) -> list[tuple[Call, Payload]]:
        if self.hold_s:
            self.line.hold_s, self.hold_s = self.hold_s, 0.0
        return await self.line.talk()

    async def cut(self) -> None:
        await self.line.cut()

    async def restore(self) -> None:
        await self.line.keep()
