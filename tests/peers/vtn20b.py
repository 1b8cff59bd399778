"""A VTN of OpenADR 2.0b: openleadr's server on a port of this machine, and what it was told."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from openleadr import OpenADRServer

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

    server.add_handler("on_create_party_registration", registered)
    server.add_handler("on_register_report", reported)
    await server.run_async()
    try:
        yield vtn
    finally:
        await server.stop()
