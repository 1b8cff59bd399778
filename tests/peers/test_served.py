"""A site through the HTTP service: a day in each mode, and handed back over websockets with nothing of ours left."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any

import pytest
from chargewright_client import Client

from models.domain.site import Site
from models.domain.wire import form_json
from models.ocpp.profile import Version
from tests.api.yards import Hands, Yard, service
from tests.peers.csms import Desk
from tests.peers.line import CsmsServer, StationLine
from tests.peers.link import Direct, Link, OverSocket
from tests.peers.served import ThroughService
from tests.peers.steering import Steering, utc
from tests.peers.stories import versions_of
from tests.peers.yard import HOUR_S, Stay, yard
from tests.peers.yard import Yard as Peers

MIDNIGHT_S = 1_772_409_600.0
"""2026-03-02T00:00:00Z."""
LIMIT_A = 20.0
STEP_S = 7200.0
THEIRS = {
    "id": 900,
    "stackLevel": 3,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Absolute",
    "chargingSchedule": [
        {
            "id": 900,
            "startSchedule": "2026-03-01T00:00:00Z",
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10.0}],
        }
    ],
}
"""What somebody else has left at a station that speaks 2.x."""


def peers() -> Peers:
    """Two stations of 16 A under 20 A; both cars are there in the morning, and again in the afternoon."""
    made = yard(1, MIDNIGHT_S, count=2, limit_a=LIMIT_A, rating_a=16.0, whole_offers=True)
    for station in made.stations.values():
        station.sample_s = STEP_S
    made.stays = [
        Stay(
            station=name,
            arrives_s=MIDNIGHT_S + begin * HOUR_S,
            leaves_s=MIDNIGHT_S + end * HOUR_S,
            max_a=16.0,
            phases=3,
            battery_kwh=60.0,
            soc=0.5,
        )
        for name in made.stations
        for begin, end in ((6, 10), (14, 20))
    ]
    return made


@contextmanager
def served(made: Peers, mode: str) -> Iterator[tuple[Yard, Steering, ThroughService]]:
    clock = Hands()
    clock.now = utc(MIDNIGHT_S)
    with service(clock=clock) as kept:
        api = Client("", http=kept.client)
        told: dict[str, Any] = json.loads(form_json(Site, made.site()))
        api.put_site("yard", told)
        api.put_tariff("yard", {"currency": "EUR", "import_price": 0.3})
        api.put_policy("yard", {"mode": mode})  # type: ignore[typeddict-item]
        desk = Desk()
        ours = ThroughService(api, clock, {name: Version(text) for name, text in versions_of(made).items()})
        links: dict[str, Link] = {name: Direct(station, desk) for name, station in made.stations.items()}
        yield kept, Steering(links=links, ours=ours), ours  # type: ignore[arg-type]


def play(made: Peers, steering: Steering, begin_h: float, end_h: float) -> float:
    """Two hours at a time, so that a day is short; the most that flowed on a phase. [A]"""
    worst_a, now_s = 0.0, MIDNIGHT_S + begin_h * HOUR_S
    while now_s < MIDNIGHT_S + end_h * HOUR_S:
        asyncio.run(steering.minute(utc(now_s)))
        for _ in range(int(STEP_S / 60.0)):
            for station in made.stations.values():
                station.advance(now_s + 60.0)
            worst_a = max(worst_a, made.worst_a())
            now_s += 60.0
        list(made.come_and_go(now_s - STEP_S, now_s))
    return worst_a


def held(made: Peers) -> set[int]:
    return {one.id for station in made.stations.values() for one in station.shelf.held}


def charged_kwh(made: Peers) -> float:
    return sum(station.outlets[0].register_wh for station in made.stations.values()) / 1000.0


@pytest.mark.parametrize("mode", ["observe", "advise"])
def test_a_day_without_control_leaves_stations_as_they_are(mode: str) -> None:
    made = peers()
    with served(made, mode) as (kept, steering, ours):
        worst_a = play(made, steering, 0.0, 24.0)
        plans = kept.get("/v1/sites/yard/plans?limit=500").json()["items"]

    assert worst_a == 32.0, "both cars at once, as nobody steers"
    assert held(made) == set()
    assert len(plans) == 12
    assert bool(ours.offered) == (mode == "advise")


def test_a_day_in_control_keeps_the_limit_and_charges_the_cars_and_the_evening_is_handed_back() -> None:
    """Each of four stays wants 35 % of 60 kWh, and takes it but for what two hours between plans cost."""
    made = peers()
    with served(made, "control") as (kept, steering, ours):
        worst_a = play(made, steering, 0.0, 18.0)
        assert held(made) != set()
        ours.api.hand_back("yard", reason="the season is over")
        play(made, Steering(links=steering.links, ours=_Silent(ours)), 18.0, 24.0)  # type: ignore[arg-type]
        after = len(kept.get("/v1/sites/yard/plans?limit=500").json()["items"])
        assert kept.post("/v1/sites/yard/plan", None).status_code == 409
        assert len(kept.get("/v1/sites/yard/plans?limit=500").json()["items"]) == after

    assert 12.0 < worst_a <= LIMIT_A + 1e-6
    assert held(made) == set()
    assert charged_kwh(made) > 0.8 * 4 * 21.0


class _Silent:
    """What a CSMS does with a site that is handed back: it carries out what there is, and asks for no plan."""

    def __init__(self, ours: ThroughService) -> None:
        self._ours = ours

    def plan_site(self, site: str, now: Any) -> None:
        return None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ours, name)


def test_handed_back_over_websockets_nothing_of_ours_is_left_and_what_was_there_is_again() -> None:
    """Three stations of three versions; two of them had a default of somebody else's, recorded and cleared."""
    made = three_stations()
    theirs = {name for name, station in made.stations.items() if station.version != "1.6"}

    async def look(kept: ThroughService, silent: Steering) -> None:
        kept.api.take_over("yard")
        await silent.minute(utc(MIDNIGHT_S))
        assert {one["profile"] for one in kept.api.list_foreign_profiles("yard") if one["restorable"]} == {900}
        assert kept.api.adopt_foreign_profiles("yard") == len(theirs)

    async def give_back(kept: ThroughService) -> None:
        assert 900 not in held(made)
        assert len(held(made)) > 1
        kept.api.hand_back("yard")

    faults = over_websockets(made, look, give_back)

    assert faults == []
    left = {name: [one.id for one in station.shelf.held] for name, station in made.stations.items()}
    assert left == {name: [900] if name in theirs else [] for name in made.stations}


def test_what_stood_at_a_station_is_recorded_before_our_first_profile_without_being_asked_for() -> None:
    """Nobody takes over: 2.x stations are asked first and get back what was cleared; of 1.6 what it came to is told."""
    made = three_stations()
    theirs = {name for name, station in made.stations.items() if station.version != "1.6"}
    (old,) = set(made.stations) - theirs
    schedule = {"chargingRateUnit": "A", "startSchedule": "2026-03-01T00:00:00Z"}
    default = {
        "chargingProfileId": 800,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": schedule | {"chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10.0}]},
    }
    set_there = made.stations[old].handle("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": default})
    assert set_there.payload["status"] == "Accepted"
    told: list[Any] = []

    async def nothing(kept: ThroughService, silent: Steering) -> None:
        pass

    async def give_back(kept: ThroughService) -> None:
        foreign = kept.api.list_foreign_profiles("yard")
        assert {one["station"] for one in foreign if one["profile"] == 900} == theirs
        assert kept.api.adopt_foreign_profiles("yard") == len(theirs)
        assert len(held(made)) > 1
        (seen,) = [one for one in foreign if one["station"] == old]
        assert (seen["profile"], seen["restorable"]) == (None, False)
        assert seen["comes_to"][0]["power_kw"] == pytest.approx(10 * 3 * 0.23)
        answer = kept.api._http.post("/v1/sites/yard/hand-back").json()
        told.extend(answer["left_behind"])

    faults = over_websockets(made, nothing, give_back)

    assert faults == []
    assert [one["station"] for one in told] == [old]
    assert {name for name, s in made.stations.items() if 900 in {one.id for one in s.shelf.held}} == theirs


def three_stations() -> Peers:
    """Of three versions; those that speak 2.x have a default of somebody else's."""
    made = yard(2, MIDNIGHT_S, count=3, limit_a=LIMIT_A, rating_a=16.0, first_cars_h=(0.1, 0.3), whole_offers=True)
    for station in made.stations.values():
        if station.version != "1.6":
            answer = station.handle("SetChargingProfile", {"evseId": 1, "chargingProfile": THEIRS})
            assert answer.payload["status"] == "Accepted"
    return made


def over_websockets(
    made: Peers,
    look: Callable[[ThroughService, Steering], Awaitable[None]],
    give_back: Callable[[ThroughService], Awaitable[None]],
) -> list[str]:
    """A quarter of an hour in control between the two, then what is sent after handing back; what went wrong."""

    async def story(kept: ThroughService) -> list[str]:
        desk = Desk()

        def heard(station: str, version: str, action: str, payload: Any) -> Any:
            return desk.answer(station, version, action, payload, made.stations[station].now_s)

        async with CsmsServer(heard) as server, AsyncExitStack() as stack:
            lines = {name: StationLine(station, server.url) for name, station in made.stations.items()}
            for line in lines.values():
                stack.push_async_callback(line.cut)
            links: dict[str, Link] = {name: OverSocket(line, server) for name, line in lines.items()}
            silent = Steering(links=links, ours=_Silent(kept))  # type: ignore[arg-type]
            await silent.minute(utc(MIDNIGHT_S))
            await look(kept, silent)
            steering = Steering(links=links, ours=kept, connected=set(lines))  # type: ignore[arg-type]
            for minute in range(1, 13):
                now_s = MIDNIGHT_S + 60.0 * minute
                for station in made.stations.values():
                    station.advance(now_s)
                list(made.come_and_go(now_s - 60.0, now_s))
                await steering.minute(utc(now_s))
            await give_back(kept)
            await Steering(links=links, ours=_Silent(kept), connected=set(lines)).send(utc(now_s))  # type: ignore[arg-type]
            return [*server.faults, *(fault for line in lines.values() for fault in line.faults)]

    with served(made, "control") as (_, _steering, ours):
        return asyncio.run(story(ours))
