"""A page that tells a story in curl and in Python: read into steps, and played with a service and two charge points.

What the page shows is compared with what is answered; what it sends is carried out by charge points that share no code
with us, and what flows is measured every minute.
"""

import json
import re
import shlex
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import chargewright_client as cw
import httpx2

from api.jobs import Jobs
from api.security.keys import Scope
from tests.api.stores import opened
from tests.api.yards import NOW, Hands, Yard, key_for, service
from tests.peers.outlet import Outlet
from tests.peers.station import BOOT_S, Station
from tests.peers.vehicle import Car

CW, AUTH = "http://127.0.0.1:8080", "$AUTH"
LIMIT_KW, VOLTAGE_V = 16.0, 230.0
MOMENT = re.compile(r"\*\*(\d\d):(\d\d)(, the next day)?(?:, (we are|the CSMS is) (away|back))?\*\*")
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
SAVED = re.compile(r"Save this as `([\w.]+)`")
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Moment:
    at: datetime
    who: str | None
    """``we are`` or ``the CSMS is``, where one of them goes or comes."""
    turn: str | None
    """``away`` or ``back``."""


@dataclass(frozen=True, slots=True)
class Block:
    language: str
    text: str
    saved_as: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    steps: tuple[Moment | Block, ...]


def sections(page: str) -> list[Section]:
    """What stands under each heading with a number."""
    parts = re.split(r"^## (\d\. .*)$", page, flags=re.MULTILINE)[1:]
    return [Section(title, tuple(_steps(text))) for title, text in zip(parts[::2], parts[1::2], strict=True)]


def _steps(text: str) -> Iterator[Moment | Block]:
    found = [*MOMENT.finditer(text), *BLOCK.finditer(text)]
    for match in sorted(found, key=lambda one: one.start()):
        if match.re is BLOCK:
            names = SAVED.findall(text[: match.start()].rpartition("```")[2])
            yield Block(match[1], match[2], names[-1] if names else None)
        else:
            day = NOW + timedelta(days=1 if match[3] else 0)
            yield Moment(day.replace(hour=int(match[1]), minute=int(match[2])), match[4], match[5])


@dataclass
class World(httpx2.BaseTransport):
    """A service that can go away, its jobs, and two charge points; requests of the page come in here."""

    folder: Path
    clock: Hands = field(default_factory=Hands)
    yard: Yard | None = None
    jobs: Jobs | None = None
    key: str = ""
    stations: dict[str, Station] = field(default_factory=dict)
    highest_kw: float = 0.0
    answers: dict[str, Any] = field(default_factory=dict)
    """Of stations, by command."""
    _open: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        for name, version in (("east", "1.6"), ("west", "2.0.1")):
            outlet = Outlet(number=1, rating_a=16.0)
            station = Station(id=name, version=version, outlets=[outlet], now_s=NOW.timestamp(), step_s=60.0)
            station.connect()
            self.stations[name] = station

    def __enter__(self) -> "World":
        self.come_back()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_away()

    def come_back(self) -> None:
        store = self._open.enter_context(opened("sqlite", self.folder))
        self.yard = self._open.enter_context(service(store, self.clock, insecure=False))
        if not self.key:
            self.key = key_for(self.yard, "acme", *Scope)["Authorization"].removeprefix("Bearer ")
        self.jobs = Jobs(self.yard.client.app.state.service, lambda work: work())

    def go_away(self) -> None:
        self.yard = self.jobs = None
        self._open.close()

    def live_until(self, moment: datetime) -> None:
        """Minute by minute; what is due is planned, and what flows is measured."""
        while self.clock.now < moment:
            self.clock.now = min(moment, self.clock.now + timedelta(minutes=1))
            if self.yard is None:
                self._come_and_go()
            for station in self.stations.values():
                station.advance(self.clock.now.timestamp())
            flows_a = max(sum(one.phase_currents()[phase] for one in self.stations.values()) for phase in PHASES)
            self.highest_kw = max(self.highest_kw, flows_a * len(PHASES) * VOLTAGE_V / 1000.0)
            if self.jobs is not None:
                self.jobs.tick()

    def _come_and_go(self) -> None:
        """While we are away drivers do as they like: for half the day both bays charge, and nobody tells us."""
        for at, name in UNSEEN:
            if at == self.clock.now:
                station = self.stations[name]
                station.unplug(1) if station.outlets[0].car else station.plug(1, new_car())
                station.outgoing()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        if self.yard is None or self.jobs is None:
            raise httpx2.ConnectError("[Errno 111] Connection refused")
        if "wait" in request.url.params:
            self.clock.pass_by(seconds=1)
            self.jobs.tick()  # what is waited for is there now
            request.url = request.url.copy_set_param("wait", "0")
        self._happen(request)
        response = self.yard.client._transport.handle_request(request)
        response.read()
        for command in _commands(response):
            self._carry_out(command)
        return response

    def _happen(self, request: httpx2.Request) -> None:
        """What a CSMS forwards has happened at a charge point."""
        station = self.stations.get(request.url.params.get("station", ""))
        action = request.url.path.rpartition("/")[2]
        if station is not None and action == "BootNotification":
            station.reboot()
            self.live_until(self.clock.now + timedelta(seconds=BOOT_S))
            station.connect()
        if station is None or (begins := action in BEGINS and json.loads(request.content)) is False:
            return
        outlet = station.outlets[0]
        if request.url.params.get("answer") == "true":
            station.answered(outlet.began_with, begins)
        elif begins.get("eventType") == "Ended" and outlet.car is not None:
            station.unplug(1)
        elif begins.get("eventType", "Started") == "Started" and outlet.car is None:
            station.plug(1, new_car())
            station.outgoing()

    def _carry_out(self, command: Any) -> None:
        if command["id"] not in self.answers:
            station = self.stations[command["station"]]
            self.answers[command["id"]] = station.handle(command["action"], command["payload"])


def new_car() -> Car:
    """One that takes all that it is offered, for as long as the page lasts."""
    return Car(max_a=16.0, phases=3, battery_kwh=300.0, soc=0.1)


PHASES = ("L1", "L2", "L3")
UNSEEN = (
    (NOW.replace(hour=14), "west"),
    (NOW.replace(hour=15, minute=10), "east"),
    (NOW.replace(hour=15, minute=30), "east"),
    (NOW.replace(hour=8) + timedelta(days=1), "east"),
)
"""At these times a car leaves there, or comes where none is."""
BEGINS = {"StartTransaction", "TransactionEvent"}


def _commands(response: httpx2.Response) -> list[Any]:
    if "json" not in response.headers.get("content-type", "") or response.is_error:
        return []
    told = response.json()
    return list(told.get("commands", [])) if isinstance(told, dict) and isinstance(told.get("commands"), list) else []


def in_curl(world: World, section: Section) -> list[str]:
    """Play the curl lines of a section; what the page shows and was not answered."""
    wrong: list[str] = []
    answer: Any = None
    http = httpx2.Client(transport=world, base_url=CW)
    for step in section.steps:
        if isinstance(step, Moment):
            _turn(world, step)
        elif step.saved_as:
            (world.folder / step.saved_as).write_text(step.text, encoding="utf-8")
        elif step.language == "sh":
            for line in _curls(step.text):
                answer = _asked(world, http, line)
        elif step.language == "json":
            wrong += [f"{section.title}: {one}" for one in missing(json.loads(step.text), answer)]
    return wrong


def in_python(world: World, section: Section, names: dict[str, Any]) -> list[str]:
    """Play the Python of a section; what the page shows and was not printed."""
    wrong: list[str] = []
    printed = ""
    client = partial(cw.Client, http=httpx2.Client(transport=world, base_url=CW), sleep=lambda seconds: None)
    for step in section.steps:
        if isinstance(step, Moment):
            _turn(world, step)
        elif step.saved_as:
            (world.folder / step.saved_as).write_text(step.text, encoding="utf-8")
        elif step.language == "python":
            out = StringIO()
            environment = {"CHARGEWRIGHT_KEY": world.key}
            names["print"] = partial(print, file=out)  # logs of the service go to standard output too
            with patch.object(cw, "Client", client), patch.dict("os.environ", environment):
                exec(compile(step.text, f"<{section.title}>", "exec"), names)
            printed = out.getvalue()
        elif step.language == "text" and printed != step.text:
            wrong.append(f"{section.title}: printed\n{printed}instead of\n{step.text}")
    return wrong


def missing(shown: Any, answer: Any, place: str = "") -> Iterator[str]:
    """What is shown and is not in an answer: objects may have more fields, lists go on after a last ``"..."``."""
    if isinstance(shown, dict) and isinstance(answer, dict):
        for name, part in shown.items():
            yield from missing(part, answer.get(name, "nothing"), f"{place}.{name}")
    elif isinstance(shown, list) and isinstance(answer, list):
        goes_on = shown[-1:] == ["..."]
        parts = shown[:-1] if goes_on else shown
        if len(answer) < len(parts) or (not goes_on and len(answer) > len(parts)):
            yield f"{place} has {len(answer)} parts: {json.dumps(answer)}"
        for i, (part, told) in enumerate(zip(parts, answer, strict=False)):
            yield from missing(part, told, f"{place}[{i}]")
    elif shown != answer:
        yield f"{place} is {json.dumps(answer)}"


def _turn(world: World, moment: Moment) -> None:
    """Stations have no connection while their CSMS is away."""
    world.live_until(moment.at)
    if moment.who == "we are":
        world.go_away() if moment.turn == "away" else world.come_back()
    elif moment.who == "the CSMS is":
        for station in world.stations.values():
            station.disconnect() if moment.turn == "away" else station.connect()


def _curls(text: str) -> list[list[str]]:
    """Every curl of a block, as its words."""
    words = shlex.split(text.replace("\\\n", " "), comments=True)
    starts = [i for i, word in enumerate(words) if word == "curl"]
    return [words[i:j] for i, j in zip(starts, [*starts[1:], len(words)], strict=True)]


def _asked(world: World, http: httpx2.Client, words: list[str]) -> Any:
    (address,) = [word for word in words if word.startswith("$CW")]
    body = next((words[words.index(flag) + 1] for flag in ("-d", "--data") if flag in words), None)
    content = (world.folder / body[1:]).read_text(encoding="utf-8") if body and body.startswith("@") else body
    method = words[words.index("-X") + 1] if "-X" in words else "POST" if body else "GET"
    assert AUTH in words, "every line of the page shows its key"
    told = [words[i + 1] for i, word in enumerate(words) if word == "-H" and words[i + 1] not in (AUTH, "$JSON")]
    headers = dict(line.split(": ", 1) for line in told) | {"Authorization": f"Bearer {world.key}"}
    if body is not None:
        assert "$JSON" in words, "every body of the page says that it is JSON"
        headers["Content-Type"] = "application/json"
    response = http.request(method, address.removeprefix("$CW"), content=content, headers=headers)
    assert response.status_code < 300, (words, response.text)
    return response.json() if "json" in response.headers.get("content-type", "") else response.text
