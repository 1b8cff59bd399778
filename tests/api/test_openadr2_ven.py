"""The VEN of OpenADR 2.0b over HTTP, at the server of the library that it is built on."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

pytest.importorskip("openleadr", reason="the extra openadr2 is not installed")

from typer.testing import CliRunner

from api.cli import app
from api.edges.openadr2 import Ven20b
from api.edges.openadr2_vtn import Vtn20b
from models.domain.errors import EdgeError
from models.domain.timeline import fold
from models.domain.utility_signal import FOREVER, SignalKind, UtilitySignal
from models.openadr.v20b import Answer, Channel20b, Code
from tests.peers.vtn20b import serving

# The library's scheduler and server still use what Python 3.12 deprecates.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore:It is recommended to use web.AppKey"),
]

SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)


class Journal:
    """What the VEN handed on."""

    def __init__(self) -> None:
        self.signals: list[UtilitySignal] = []
        self.answers: list[Answer] = []

    async def accept(self, signals: Sequence[UtilitySignal], answers: Sequence[Answer]) -> None:
        self.signals += signals
        self.answers += answers

    def held(self) -> list[tuple[str, float | None]]:
        return [(lane.kind, each.value) for lane, held in fold(self.signals, SOON, FOREVER).lanes for each in held]


def level(number: float) -> list[dict[str, Any]]:
    return [{"dtstart": SOON, "duration": timedelta(hours=1), "signal_payload": number}]


def ven(url: str, journal: Journal, **more: Any) -> Ven20b:
    channel = Channel20b(source="utility", power_in_kw=1.0)
    return Ven20b(
        Vtn20b(url=url, ven_name="chargewright", sampling=timedelta(seconds=1)),
        channel,
        journal.accept,
        lambda: datetime.now(UTC),
        **more,
    )


def test_an_event_is_polled_accepted_and_answered() -> None:
    async def story() -> None:
        async with serving() as vtn:
            journal = Journal()
            mine = ven(vtn.url, journal)
            await mine.start()
            vtn.event("SIMPLE", "level", level(2.0), "e1")
            await mine.poll()
            await mine.stop()
            assert journal.held() == [(SignalKind.LEVEL, 2.0)]
            assert vtn.answers == [("e1", "optIn")]

    asyncio.run(story())


def test_an_event_that_is_decided_against_is_opted_out_of_and_asks_nothing() -> None:
    async def story() -> None:
        async with serving() as vtn:
            journal = Journal()
            mine = ven(vtn.url, journal, decide=lambda answer: False)
            await mine.start()
            vtn.event("SIMPLE", "level", level(2.0), "e1")
            await mine.poll()
            await mine.stop()
            assert journal.held() == []
            assert vtn.answers == [("e1", "optOut")]

    asyncio.run(story())


def test_a_signal_that_is_not_supported_is_opted_out_of_with_its_code() -> None:
    async def story() -> None:
        async with serving() as vtn:
            journal = Journal()
            mine = ven(vtn.url, journal)
            await mine.start()
            vtn.event("BID_PRICE", "price", level(2.0), "e1")
            await mine.poll()
            await mine.stop()
            assert [answer.code for answer in journal.answers] == [Code.SIGNAL_NOT_SUPPORTED]
            assert vtn.answers == [("e1", "optOut")]

    asyncio.run(story())


def test_a_cancellation_ends_the_event() -> None:
    async def story() -> None:
        async with serving() as vtn:
            journal = Journal()
            mine = ven(vtn.url, journal)
            await mine.start()
            vtn.event("LOAD_DISPATCH", "setpoint", level(80.0), "e1")
            await mine.poll()
            assert journal.held() == [(SignalKind.DISPATCH, 80.0)]
            vtn.server.cancel_event(ven_id="VEN-1", event_id="e1")
            await mine.poll()
            await mine.stop()
            assert journal.held() == []

    asyncio.run(story())


def test_usage_and_status_are_offered_and_reported() -> None:
    async def story() -> None:
        async with serving() as vtn:
            mine = ven(vtn.url, Journal())
            mine.measures("yard", lambda: 42.0, lambda: 7.5)
            mine.tells_status("yard", lambda: True, lambda: False)
            await mine.start()
            for _ in range(50):
                await asyncio.sleep(0.1)
                if {42.0, 7.5} <= {told for told in vtn.measured if isinstance(told, float)}:
                    break
            await mine.stop()
            assert vtn.offered == ["RealPower kW", "RealEnergy kWh", "Status NoneNone"]
            assert {42.0, 7.5} <= set(vtn.measured)

    asyncio.run(story())


def test_a_vtn_that_is_not_there_is_told_of() -> None:
    async def story() -> None:
        mine = ven("http://127.0.0.1:9/OpenADR2/Simple/2.0b", Journal())
        with pytest.raises(EdgeError):
            await mine.start()

    asyncio.run(story())


def test_events_are_answered_once_from_the_command_line() -> None:
    async def story() -> tuple[str, list[tuple[str, str]]]:
        async with serving() as vtn:
            vtn.event("LOAD_DISPATCH", "setpoint", level(80.0), "e1")
            words = ["ven", "events20b", vtn.url, "--name", "chargewright", "--power-in-kw", "1"]
            done = await asyncio.to_thread(CliRunner().invoke, app, words)
            return done.output, vtn.answers

    output, answers = asyncio.run(story())
    assert "e1: optIn 200" in output
    assert "dispatch set import http://example.com/dr" in output
    assert answers == [("e1", "optIn")]
