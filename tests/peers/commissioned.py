"""A yard whose charge points were commissioned one by one before it opened, as an operator would."""

import asyncio
from dataclasses import replace

from models.commissioning import Record, Subject, judge, read_observations, script
from models.commissioning.spelling import read_keys
from models.ocpp.profile import Version
from models.ocpp.station import Capability, Identity, capability
from tests.peers.commissioner import Commissioner
from tests.peers.link import Direct
from tests.peers.outlet import Outlet
from tests.peers.station import Station
from tests.peers.yard import Yard


def records_of(yard: Yard) -> dict[str, Record]:
    """By station, from answers and meter values of a twin of each: nothing is left behind at the yard's own."""
    return {name: _record(station) for name, station in yard.stations.items()}


def _record(station: Station) -> Record:
    """A second EVSE shows whether the station's maximum is shared."""
    outlets = [replace(station.outlets[0]), Outlet(number=2)]
    twin = Station(
        id=station.id,
        version=station.version,
        outlets=[replace(outlet, rating_a=32.0) for outlet in outlets],
        defects=station.defects,
        hides=station.hides,
        now_s=station.now_s,
        step_s=5.0,
    )
    twin.connect()
    subject = Subject(version=Version(twin.version), capability=_told(twin), evses=2)
    log = asyncio.run(Commissioner(Direct(twin)).run(script(subject)))
    return judge(read_observations({"station": twin.id, "version": twin.version, "evses": 2, "log": log}))


def _told(station: Station) -> Capability:
    """What it answers when it is asked for its keys, before the script is written."""
    version = Version(station.version)
    asked = read_keys(version)
    return capability(Identity(station_id=station.id), version, station.handle(asked.action, asked.payload).payload)
