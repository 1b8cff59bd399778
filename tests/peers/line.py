"""Charge points and a CSMS on real websockets; time stands still while they talk, so nothing here looks at a clock.

Every frame is checked against the JSON schemas of PyPI ``ocpp`` by whoever receives it; ``faults`` counts what failed.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from ocpp.exceptions import OCPPError
from ocpp.messages import Call as WireCall
from ocpp.messages import CallResult, validate_payload
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.peers.messages import Answer, Call, Payload, begins, frame
from tests.peers.station import Station

CALL, RESULT, ERROR = 2, 3, 4
_PROTOCOL = {"1.6": "ocpp1.6", "2.0.1": "ocpp2.0.1", "2.1": "ocpp2.1"}
_QUEUE_BYTES = 1 << 20

Heard = Callable[[str, str, str, Payload], Payload]
"""Station, version, action, payload; the answer."""


class Wire:
    """One end of a connection: calls wait for their answers, calls of the other end are answered at once."""

    def __init__(self, socket: ClientConnection | ServerConnection, version: str, faults: list[str]) -> None:
        self._socket, self._version, self._faults = socket, version, faults
        self._waiting: dict[str, tuple[str, asyncio.Future[Answer | None]]] = {}
        self.log: Callable[[str, list[Any]], None] = lambda direction, message: None

    async def call(self, call: Call) -> Answer | None:
        """The answer; None where the connection was lost before it came."""
        answered: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        self._waiting[call.id] = (call.action, answered)
        try:
            await self._send(frame(call))
        except ConnectionClosed:
            return None
        return await answered

    async def listen(self, respond: Callable[[str, Payload], Answer]) -> None:
        """Until the connection ends."""
        try:
            async for text in self._socket:
                await self._take(json.loads(text), respond)
        except ConnectionClosed:
            pass
        finally:
            for _, answered in self._waiting.values():
                if not answered.done():
                    answered.set_result(None)

    async def _take(self, message: list[Any], respond: Callable[[str, Payload], Answer]) -> None:
        self.log("received", message)
        kind, call_id = message[0], message[1]
        if kind == CALL:
            await self._check(WireCall(call_id, message[2], message[3]))
            await self._send(frame((call_id, respond(message[2], message[3]))))
            return
        action, answered = self._waiting.pop(call_id, ("", None))
        if answered is None:
            return
        if kind == RESULT:
            await self._check(CallResult(call_id, message[2], action=action))
        error = message[2] if kind == ERROR else None
        answered.set_result(Answer(payload={} if error else message[2], error=error))

    async def _send(self, message: list[Any]) -> None:
        self.log("sent", message)
        await self._socket.send(json.dumps(message, allow_nan=False))

    async def _check(self, message: WireCall | CallResult) -> None:
        try:
            await validate_payload(message, self._version)
        except OCPPError as fault:
            self._faults.append(f"{message.action}: {fault}")


class StationLine:
    """A charge point on a websocket."""

    def __init__(self, station: Station, url: str) -> None:
        self.station, self._url = station, url
        self.faults: list[str] = []
        self.hold_s = 0.0
        """How long the charge point waits for the next answer to the begin of a transaction."""
        self._held: list[tuple[float, str, Payload]] = []
        self._wire: Wire | None = None
        self._listening: asyncio.Task[None] | None = None

    async def open(self) -> None:
        protocol = _PROTOCOL[self.station.version]
        socket = await connect(f"{self._url}/{self.station.id}", subprotocols=[protocol], max_size=_QUEUE_BYTES)  # type: ignore[list-item]
        self._wire = Wire(socket, self.station.version, self.faults)
        self._socket = socket
        self._listening = asyncio.create_task(self._wire.listen(self.station.handle))
        self.station.connect()

    async def cut(self) -> None:
        """The connection is lost; the charge point notices."""
        if self._listening is None:
            return
        await self._socket.close()
        await self._listening
        self._wire = self._listening = None
        if self.station.connected:
            self.station.disconnect()

    async def keep(self) -> None:
        """A charge point that went down for a reboot comes back by itself."""
        if self._wire is not None and not self.station.connected:
            await self.cut()
        if self._wire is None and self.station.up:
            await self.open()

    async def talk(self) -> list[tuple[Call, Payload]]:
        """Say everything there is to say and hear the answers."""
        told = []
        for late in [late for late in self._held if late[0] <= self.station.now_s]:
            self._held.remove(late)
            self.station.answered(late[1], late[2])
        while self._wire is not None and (said := self.station.outgoing()):
            for call in said:
                answer = await self._wire.call(call)
                if answer is not None and answer.error is None:
                    told.append((call, answer.payload))
                    self._hear(call, answer.payload)
        return told

    def _hear(self, call: Call, payload: Payload) -> None:
        if self.hold_s and begins(call):
            self._held.append((self.station.now_s + self.hold_s, call.id, payload))
            self.hold_s = 0.0
        else:
            self.station.answered(call.id, payload)


class CsmsServer:
    """The other end of all lines."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self.faults: list[str] = []
        self.wires: dict[str, Wire] = {}
        self.versions: dict[str, str] = {}
        self.log: Callable[[str, str, list[Any]], None] = lambda station, direction, message: None

    async def __aenter__(self) -> "CsmsServer":
        self._server = await serve(self._serve, "127.0.0.1", 0, subprotocols=list(_PROTOCOL.values()))  # type: ignore[arg-type]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{next(iter(self._server.sockets)).getsockname()[1]}"

    async def call(self, station_id: str, call: Call) -> Answer | None:
        """None where there is no connection, or where it was lost before the answer came."""
        wire = self.wires.get(station_id)
        return None if wire is None else await wire.call(call)

    async def _serve(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        station_id = socket.request.path.lstrip("/")
        version = next(v for v, protocol in _PROTOCOL.items() if protocol == socket.subprotocol)
        wire = Wire(socket, version, self.faults)
        wire.log = lambda direction, message: self.log(station_id, direction, message)
        self.wires[station_id], self.versions[station_id] = wire, version
        await wire.listen(lambda action, payload: Answer(payload=self._heard(station_id, version, action, payload)))
        if self.wires.get(station_id) is wire:
            del self.wires[station_id]
