"""A CSMS that carries out a commissioning script on a charge point and writes down what it sees."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from models.commissioning import START, TRANSACTION, Doing, Request, Step, Task
from tests.peers.link import Link
from tests.peers.messages import Answer, Call, frame
from tests.peers.shelf import wire_time
from tests.peers.vehicle import Car

TICK_S = 5.0
BACKDATED_S = 60.0


@dataclass(slots=True)
class Commissioner:
    link: Link
    car: dict[str, Any] = field(default_factory=dict)
    log: list[dict[str, Any]] = field(default_factory=list)
    _step: str = ""
    _count: int = 0

    async def run(self, steps: tuple[Step, ...]) -> list[dict[str, Any]]:
        for step in steps:
            self._step = step.id
            self._note("step")
            for task in step.tasks:
                await self._do(task)
        return self.log

    async def _do(self, task: Task) -> None:
        station = self.link.station
        if task.doing is Doing.SEND:
            await self._send(task.requests)
        elif task.doing is Doing.WAIT:
            await self._pass(task.seconds)
            self._note("waited")
        elif task.doing is Doing.PLUG:
            station.plug(task.evse, Car(**({"soc": 0.1, "battery_kwh": 300.0} | self.car)))
            self._note("plugged", evse=task.evse)
            await self._hear()
        elif task.doing is Doing.UNPLUG and station.outlet(task.evse).car is not None:
            station.unplug(task.evse)
            self._note("unplugged", evse=task.evse)
            await self._hear()
        elif task.doing is Doing.START and not station.outlet(task.evse).in_session:
            await self._send(task.requests)
            await self._hear()
        elif task.doing is Doing.ANSWER_LATE:
            self.link.hold_s = task.seconds
        elif task.doing is Doing.CUT:
            await self._cut(task.seconds)

    async def _cut(self, seconds: float) -> None:
        await self.link.cut()
        self._note("cut")
        self.link.station.advance(self.link.station.now_s + seconds)
        await self.link.restore()
        self._note("back")
        await self._hear()

    async def _pass(self, seconds: float) -> None:
        station, end_s = self.link.station, self.link.station.now_s + seconds
        while station.now_s < end_s:
            station.advance(min(end_s, station.now_s + TICK_S))
            await self.link.restore()
            await self._hear()

    async def _hear(self) -> None:
        for call, answer in await self.link.talk():
            self._note("received", message=frame(call))
            self._note("sent", message=frame((call.id, Answer(payload=answer))))

    async def _send(self, requests: tuple[Request, ...]) -> None:
        for request in requests:
            self._count += 1
            call = Call(id=f"c{self._count}", action=request.action, payload=self._filled(request.payload), at_s=0.0)
            self._note("sent", message=frame(call))
            answer = await self.link.call(call)
            if answer is None:
                return
            self._note("received", message=frame((call.id, answer)))
            if answer.error is None and answer.payload.get("status", "Accepted") == "Accepted":
                return

    def _filled(self, value: Any) -> Any:
        """With times and the transaction of EVSE 1 in it."""
        station = self.link.station
        if isinstance(value, dict):
            return {name: self._filled(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._filled(inner) for inner in value]
        if value == TRANSACTION:
            told = station.outlet(1).transaction or "0"
            return int(told) if station.version == "1.6" else told
        return wire_time(station.now_s - BACKDATED_S) if value == START else value

    def _note(self, event: str, **more: Any) -> None:
        at = datetime.fromtimestamp(self.link.station.now_s, UTC).isoformat()
        self.log.append({"at": at, "step": self._step, "event": event} | more)
