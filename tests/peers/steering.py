"""A CSMS that has its charge points steered by us: it passes on what they say and sends what we want sent.

It does so as a real one would: answers of its own wait for nobody, and a plan is asked for when one is due.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum

from api.operating.live import Command, LiveSite
from api.operating.memory import MemorySites
from api.operating.operations import Operations
from api.operating.planning import Planned
from models.domain.site import Site
from models.ocpp.profile import Version
from optimizer.rolling import opening
from optimizer.rolling.due import EVERY
from tests.peers.link import Link
from tests.peers.messages import Answer, Call, frame

SITE = "yard"


class Loss(Enum):
    """What does not arrive of a command."""

    CALL = "call"
    ANSWER = "answer"
    """The station does what it is told, and we do not hear of it."""


Watch = Callable[[datetime], None]


def operations_for(site: Site, versions: Mapping[str, str]) -> Operations:
    """A live site of which nothing was heard yet."""
    spoken = {name: Version(version) for name, version in versions.items()}
    live = LiveSite(site=site, state=opening(site), versions=spoken)
    return Operations(store=MemorySites({SITE: live}))


@dataclass(slots=True)
class Steering:
    links: Mapping[str, Link]
    ours: Operations
    watch: Watch = lambda now: None
    """Called after every message that may change what flows."""
    wave: Callable[[Sequence[Command], datetime], None] = lambda commands, now: None
    """Called before commands go out that wait for nothing, and once where none do."""
    loses: Callable[[], Loss | None] = lambda: None
    """What is lost of the next command."""
    connected: set[str] = field(default_factory=set)
    plans: list[Planned] = field(default_factory=list)
    planned_at: datetime | None = None
    due: list[str] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)

    async def minute(self, now: datetime) -> None:
        """Hear everything, plan if a plan is due, send what may be sent, until nothing more is to be said."""
        for name, link in self.links.items():
            await self._hear(name, link, now)
        if self.due or self.planned_at is None or now - self.planned_at >= EVERY:
            self.plan(now)
        await self.send(now)

    def plan(self, now: datetime) -> None:
        self.due.clear()
        self.planned_at = now
        self.plans.append(self.ours.plan_site(SITE, now))

    async def send(self, now: datetime) -> None:
        """Wave by wave: what waits for an acknowledgement goes out once it is there."""
        while commands := self.ours.commands(SITE, now):
            self.wave(commands, now)
            for command in commands:
                await self._send(command, now)
            for name, link in self.links.items():
                await self._hear(name, link, now)
        self.wave((), now)

    async def _send(self, command: Command, now: datetime) -> None:
        self.commands.append(command)
        loss = self.loses()
        if loss is Loss.CALL:
            return
        call = Call(id=command.id, action=command.action, payload=command.payload, at_s=now.timestamp())
        answer = await self.links[command.station].call(call)
        if answer is not None and loss is not Loss.ANSWER:
            self._tell(command.station, frame((command.id, answer)), now)
        self.watch(now)

    async def _hear(self, name: str, link: Link, now: datetime) -> None:
        was = link.station.connected
        await link.restore()
        if name in self.connected and not was:
            self._note(self.ours.disconnected(SITE, name, now))
        if link.station.connected and not (name in self.connected and was):
            self.connected.add(name)
            self._note(self.ours.connected(SITE, name, now))
        for call, answer in await link.talk():
            self._tell(name, frame(call), now)
            self._tell(name, frame((call.id, Answer(payload=answer))), now)

    def _tell(self, name: str, message: list[object], now: datetime) -> None:
        self._note(self.ours.hear(SITE, name, message, now))

    def _note(self, heard: object) -> None:
        self.due += getattr(heard, "due", ())


def utc(at_s: float) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)
