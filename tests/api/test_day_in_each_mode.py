"""A simulated site in each mode: two charge points of the peers, whose CSMS sends what it pulls, or does not.

Six hours in the fast suite; ``CHARGEWRIGHT_DAYS=1`` plays the whole day.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.yards import SITE, Yard, service
from tests.peers.shelf import Moment, Shelf, read_profile

BEGIN = datetime(2026, 3, 2, 16, tzinfo=UTC)
HOURS = 24 if os.environ.get("CHARGEWRIGHT_DAYS") else 6
STEP = timedelta(minutes=15)
SERVED = 0.99
"""Of what is wanted: offers are rounded down to a tenth of an ampere, and none is below 6 A."""
LIMIT_KW, RATING_KW, KW_PER_A = 16.0, 11.0, 0.69
STAYS = (
    ("bay-1", "a", 0, 5, 22.0),
    ("bay-2", "b", 1, 6, 22.0),
    ("bay-1", "c", 6, 16, 33.0),
    ("bay-2", "d", 7, 23, 33.0),
)
"""EVSE, session, hours of coming and leaving, what is wanted [kWh]: together more than 16 kW at once."""


@dataclass
class Bay:
    """A charge point with one EVSE: profiles, and the car that is there."""

    shelf: Shelf = field(default_factory=Shelf)
    session: str | None = None
    wants_kwh: float = 0.0
    got_kwh: float = 0.0

    def offer_kw(self, now: datetime) -> float:
        """The least of what its profiles say; without any it offers all it has."""
        asked = Moment(evse=1, clock_s=now.timestamp(), transaction=self.session, in_session=self.session is not None)
        said = [self.shelf.session_a(asked), self.shelf.maximum_a(asked.clock_s)]
        return min([RATING_KW, *(KW_PER_A * a for a in said if a is not None)])

    def draw(self, now: datetime) -> float:
        """For a step from now on; the mean. [kW]"""
        if self.session is None:
            return 0.0
        hours = STEP / timedelta(hours=1)
        kw = min(self.offer_kw(now), (self.wants_kwh - self.got_kwh) / hours)
        self.got_kwh += kw * hours
        return kw

    def take(self, action: str, payload: Any) -> None:
        if action == "SetChargingProfile":
            self.shelf.put(read_profile(payload["evseId"], payload["chargingProfile"]))
        elif action == "ClearChargingProfile":
            self.shelf.drop(lambda held: held.id == payload["chargingProfileId"])


class World:
    """The site, its CSMS and its meter."""

    def __init__(self, yard: Yard, *, obeys: bool = True) -> None:
        self.yard, self.obeys = yard, obeys
        self.bays = {name: Bay() for name in ("bay-1", "bay-2")}
        self.loads: list[float] = []
        self.served: dict[str, float] = {}
        self.pulled = 0

    def play(self, begin_h: float, end_h: float) -> None:
        now, end = BEGIN + timedelta(hours=begin_h), BEGIN + timedelta(hours=end_h)
        while now < end:
            self.yard.clock.now = now
            self._come_and_go(now)
            self.yard.post("/v1/sites/yard/plan", None)
            self.send()
            drawn = [bay.draw(now) for bay in self.bays.values()]
            self.loads.append(sum(drawn))
            now += STEP
            self.yard.clock.now = now
            self._measure(now)

    def send(self) -> None:
        """Until nothing is left that waited for what came before it."""
        for _ in range(5):
            commands = self.yard.get("/v1/sites/yard/commands").json()["commands"]
            self.pulled += len(commands)
            taken = [one for one in commands if self.obeys]
            if not taken:
                return
            for one in taken:
                self.bays[one["station"]].take(one["action"], one["payload"])
            told = [{"command": one["id"], "outcome": "accepted"} for one in taken]
            self.yard.post("/v1/sites/yard/commands/ack", {"acknowledgements": told})

    def profiles(self) -> dict[str, int]:
        return {name: len(bay.shelf.held) for name, bay in self.bays.items()}

    def _come_and_go(self, now: datetime) -> None:
        for name, session, come_h, leave_h, kwh in STAYS:
            bay = self.bays[name]
            if now == BEGIN + timedelta(hours=leave_h) and bay.session == session:
                self.yard.post(f"/v1/sites/yard/sessions/{session}/unplug", {})
                self.served[session] = bay.got_kwh
                bay.session = None
                bay.shelf.drop(lambda held: held.transaction is not None)
            if now == BEGIN + timedelta(hours=come_h):
                bay.session, bay.wants_kwh, bay.got_kwh = session, kwh, 0.0
                self.yard.plug_in(
                    session=session,
                    evse=name,
                    plugged_in_at=f"{now:%Y-%m-%dT%H:%M:%SZ}",
                    departure=f"{BEGIN + timedelta(hours=leave_h):%Y-%m-%dT%H:%M:%SZ}",
                    energy_target_kwh=kwh,
                    register_kwh=0.0,
                    transaction_id=session,
                    vehicle={"id": session, "phases": 3},
                )

    def _measure(self, now: datetime) -> None:
        seen = [
            {"at": f"{now:%Y-%m-%dT%H:%M:%SZ}", "session": bay.session, "register_kwh": round(bay.got_kwh, 4)}
            for bay in self.bays.values()
            if bay.session is not None
        ]
        if seen:
            self.yard.post("/v1/sites/yard/measurements", {"measurements": seen})


@pytest.fixture
def yard() -> Iterator[Yard]:
    with service() as served:
        served.clock.now = BEGIN
        served.build(nodes=[{**SITE["nodes"][0], "import_limit_kw": LIMIT_KW}])
        yield served


def in_mode(yard: Yard, mode: str, **more: Any) -> None:
    assert yard.put("/v1/sites/yard/policy", {"mode": mode, **more}).status_code == 201


def report(yard: Yard, hours: float = 0.0) -> Any:
    return yard.get(f"/v1/sites/yard/reports/{BEGIN + timedelta(hours=hours):%Y-%m-%d}").json()


@pytest.mark.parametrize("mode", ["control", "advise"])
def test_whoever_sends_what_is_told_keeps_the_limit_and_serves_everybody(yard: Yard, mode: str) -> None:
    in_mode(yard, mode)
    world = World(yard)

    world.play(0, HOURS)

    assert max(world.loads) <= LIMIT_KW + 0.01
    wanted = {session: kwh for _, session, _, _, kwh in STAYS}
    assert set(world.served) >= {"a"}
    assert {name for name, kwh in world.served.items() if kwh < SERVED * wanted[name]} == set()
    assert report(yard)["saved"] >= 0.0


def test_advice_that_nobody_follows_leaves_stations_as_they_were(yard: Yard) -> None:
    in_mode(yard, "advise")
    world = World(yard, obeys=False)

    world.play(0, min(HOURS, 3))

    assert world.pulled > 0
    assert world.profiles() == {"bay-1": 0, "bay-2": 0}
    assert max(world.loads) > LIMIT_KW


def test_who_is_watched_is_sent_nothing_and_told_what_it_would_have_been(yard: Yard) -> None:
    in_mode(yard, "observe")
    world = World(yard)

    world.play(0, HOURS)

    assert world.pulled == 0
    assert world.profiles() == {"bay-1": 0, "bay-2": 0}
    assert max(world.loads) > LIMIT_KW, "others steer it, or nobody"
    told = report(yard)
    assert all(one["would_have_been_sent"] > 0 for one in told["evses"])
    assert told["missed_kwh"] == pytest.approx(0.0, abs=0.1)
    assert told["saved"] >= 0.0


def test_a_share_is_steered_beside_what_others_draw(yard: Yard) -> None:
    in_mode(yard, "control", canary={"share": 0.5, "rest": "observe"})
    world = World(yard)

    world.play(0, min(HOURS, 4))

    (steered,) = [name for name, count in world.profiles().items() if count]
    assert max(world.loads) <= LIMIT_KW + 0.01, "11 kW of the other one are counted"
    assert sorted(world.profiles().values())[0] == 0
    assert steered in world.bays


def test_handing_back_leaves_no_profile_of_ours_at_any_station(yard: Yard) -> None:
    in_mode(yard, "control")
    world = World(yard)
    world.play(0, 2)
    assert all(world.profiles().values())

    yard.post("/v1/sites/yard/hand-back?reason=fair", None)
    world.send()

    assert world.profiles() == {"bay-1": 0, "bay-2": 0}
    pulled = world.pulled
    world.play(2, 4)
    assert world.pulled == pulled
    assert world.profiles() == {"bay-1": 0, "bay-2": 0}
