"""What a utility's server says right now, asked once."""

from collections.abc import Callable, Sequence
from datetime import datetime

from api.edges.openadr2 import Ven20b
from api.edges.openadr2_vtn import Vtn20b
from api.edges.openadr3.ven import VenClient
from api.ven_settings import VenSettings
from models.domain.errors import EdgeError
from models.domain.utility_signal import UtilitySignal
from models.openadr.v3.feed import Feed, Heard, polled
from models.openadr.v20b import Answer, Channel20b


def heard_once(client: VenClient, settings: VenSettings, now: Callable[[], datetime]) -> Heard:
    """Events of the programme of the settings; raises EdgeError, also where there is no such programme."""
    programs = [p for p in client.programs() if settings.programme in ("", p.program_name)]
    if len(programs) != 1:
        message = f"{len(programs)} programmes are called {settings.programme!r}; `chargewright ven check` lists them"
        raise EdgeError(message, peer=client.connection.peer, retryable=False)
    asked_at = now()
    events = client.events(programs[0].id, settings.targets)
    return polled(Feed(channel=settings.channel()), events, asked_at, now(), programs[0])


async def answered_once(
    vtn: Vtn20b, channel: Channel20b, now: Callable[[], datetime], *, opt_in: bool
) -> tuple[Answer, ...]:
    """Registers, answers every event of a VTN of 2.0b, and leaves; raises EdgeError."""
    found: list[Answer] = []

    async def accept(signals: Sequence[UtilitySignal], answers: Sequence[Answer]) -> None:
        found.extend(answers)

    ven = Ven20b(vtn, channel, accept, now, decide=lambda answer: opt_in)
    try:
        await ven.start()
    finally:
        await ven.stop()
    return tuple({answer.event_id: answer for answer in found}.values())
