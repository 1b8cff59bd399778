"""Days as they are played: within the process, or over real websockets after commissioning."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack

from models.commissioning import Record, declared
from tests.peers.commissioned import records_of
from tests.peers.csms import Desk
from tests.peers.day import Day, day_at
from tests.peers.line import CsmsServer, StationLine
from tests.peers.link import Direct, OverSocket
from tests.peers.steering import operations_for
from tests.peers.yard import HOUR_S, Yard

MOMENTS_A_MINUTE = 1.0
"""At which our side may die: at least one, and some more where messages are on their way."""


def versions_of(made: Yard) -> dict[str, str]:
    return {name: station.version for name, station in made.stations.items()}


def day_within_the_process(made: Yard, *, commissioned: bool = False) -> Day:
    """With charge points that were commissioned before, or that are taken for obedient."""
    site = declared(made.site(), records_of(made)) if commissioned else made.site()
    desk = Desk()
    links = {name: Direct(station, desk) for name, station in made.stations.items()}
    now_s = next(iter(made.stations.values())).now_s
    return day_at(made, links, operations_for(site, versions_of(made)), now_s)


def over_websockets(made: Yard, hours: float, begin_s: float) -> tuple[Day, Mapping[str, Record], list[str]]:
    """The day, what commissioning found before it, and frames that did not fit the JSON schemas of OCPP."""
    records = records_of(made)
    ours = operations_for(declared(made.site(), records), versions_of(made))
    desk = Desk()

    def heard(station: str, version: str, action: str, payload: Mapping[str, object]) -> Mapping[str, object]:
        return desk.answer(station, version, action, payload, made.stations[station].now_s)

    async def story() -> tuple[Day, list[str]]:
        async with CsmsServer(heard) as server, AsyncExitStack() as stack:
            lines = {name: StationLine(station, server.url) for name, station in made.stations.items()}
            for line in lines.values():
                stack.push_async_callback(line.cut)
            day = day_at(made, {name: OverSocket(line, server) for name, line in lines.items()}, ours, begin_s)
            await day.run(begin_s + hours * HOUR_S)
            return day, [*server.faults, *(fault for line in lines.values() for fault in line.faults)]

    day, faults = asyncio.run(story())
    return day, records, faults


def found(day: Day, records: Mapping[str, Record], name: str) -> Iterator[str]:
    """What was named of a station: its grade and flaws by commissioning, and what the day itself showed."""
    yield f"grade {records[name].grade}"
    yield from records[name].flaws
    yield from sorted(f"seen: {flaw}" for flaw in day.ever.get(name, ()))
