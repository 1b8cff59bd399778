"""A VTN of OpenADR 2.0b: openleadr's server on a port of this machine, and what it was told."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from aiohttp import web
from openleadr import OpenADRServer
from openleadr.messaging import create_message, validate_xml_schema

VEN_ID = "VEN-1"


@dataclass
class Vtn20b:
    """The server, and every answer and value that came."""

    server: Any
    url: str
    answers: list[tuple[str, str]] = field(default_factory=list)
    """Event and opt."""
    measured: list[Any] = field(default_factory=list)
    offered: list[str] = field(default_factory=list)
    """Measurements of reports that were offered."""
    statuses: list[tuple[str, bool, bool]] = field(default_factory=list)
    """Report id, whether it is online, and whether it is overridden."""
    registrations: int = 0
    away: bool = False
    """Whether it answers 503 to everything."""
    loop: asyncio.AbstractEventLoop | None = None
    """Where it runs, when that is another thread."""

    def tell(self, *event: Any, **more: Any) -> None:
        """The same as ``event``, from another thread."""
        self._there(lambda: self.event(*event, **more))

    def cancel(self, event_id: str) -> None:
        self._there(lambda: self.server.cancel_event(ven_id=VEN_ID, event_id=event_id))

    def _there(self, act: Callable[[], None]) -> None:
        async def done() -> None:
            act()

        assert self.loop is not None, "it runs in this thread"
        asyncio.run_coroutine_threadsafe(done(), self.loop).result(10.0)

    def event(
        self, signal_name: str, signal_type: str, intervals: list[dict[str, Any]], event_id: str, **more: Any
    ) -> None:
        async def answered(ven_id: str, event_id: str, opt_type: str) -> None:
            self.answers.append((event_id, opt_type))

        self.server.add_event(
            ven_id=VEN_ID,
            signal_name=signal_name,
            signal_type=signal_type,
            intervals=intervals,
            callback=answered,
            event_id=event_id,
            market_context="http://example.com/dr",
            **more,
        )


@asynccontextmanager
async def serving() -> AsyncIterator[Vtn20b]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = OpenADRServer(
        vtn_id="VTN-1", http_port=port, http_host="127.0.0.1", requested_poll_freq=timedelta(hours=1)
    )
    vtn = Vtn20b(server, f"http://127.0.0.1:{port}/OpenADR2/Simple/2.0b")

    async def registered(registration_info: dict[str, Any]) -> tuple[str, str]:
        vtn.registrations += 1
        return VEN_ID, "REG-1"

    def reported(
        ven_id: str,
        resource_id: str,
        measurement: str,
        unit: str,
        scale: str,
        min_sampling_interval: timedelta,
        max_sampling_interval: timedelta,
    ) -> Any:
        vtn.offered.append(f"{measurement} {scale}{unit}")
        return received, min_sampling_interval

    async def received(data: list[tuple[Any, float]]) -> None:
        vtn.measured.extend(value for _, value in data)

    @web.middleware
    async def told_of_status(request: web.Request, handler: Any) -> Any:
        """The library's server has no words for a status, so it is read here, after the official schema."""
        content = await request.read()
        if b"oadrPayloadResourceStatus" not in content:
            return await handler(request)
        vtn.statuses += statuses_in(validate_xml_schema(content))
        response = {"response_code": 200, "response_description": "OK", "request_id": "1"}
        told = create_message("oadrUpdatedReport", response=response)
        return web.Response(text=told, content_type="application/xml")

    @web.middleware
    async def absent(request: web.Request, handler: Any) -> Any:
        return web.Response(status=503) if vtn.away else await handler(request)

    server.app.middlewares.extend((absent, told_of_status))
    server.add_handler("on_create_party_registration", registered)
    server.add_handler("on_register_report", reported)
    await server.run_async()
    try:
        yield vtn
    finally:
        await server.stop()


def statuses_in(tree: Any) -> list[tuple[str, bool, bool]]:
    """Of a report, payload by payload; one that names another report is refused."""
    names = {"oadr": "http://openadr.org/oadr-2.0b/2012/07", "ei": "http://docs.oasis-open.org/ns/energyinterop/201110"}
    assert tree.xpath("//ei:reportName/text()", namespaces=names) == ["TELEMETRY_STATUS"]
    told = []
    for payload in tree.xpath("//oadr:oadrReportPayload", namespaces=names):
        (r_id,) = payload.xpath("ei:rID/text()", namespaces=names)
        (online,) = payload.xpath(".//oadr:oadrOnline/text()", namespaces=names)
        (overridden,) = payload.xpath(".//oadr:oadrManualOverride/text()", namespaces=names)
        told.append((str(r_id), online == "true", overridden == "true"))
    return told


@contextmanager
def in_a_thread() -> Iterator[Vtn20b]:
    """For callers who have no loop: the server runs in one of its own."""
    ready, over = threading.Event(), asyncio.Event()
    found: list[Vtn20b] = []

    async def story() -> None:
        async with serving() as vtn:
            vtn.loop = asyncio.get_running_loop()
            found.append(vtn)
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(story()), daemon=True)
    thread.start()
    assert ready.wait(20.0), "the server did not start"
    try:
        yield found[0]
    finally:
        assert found[0].loop is not None
        found[0].loop.call_soon_threadsafe(over.set)
        thread.join(20.0)
