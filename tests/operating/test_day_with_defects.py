"""Two hours of a site whose stations misbehave: each is named from what it says, and the others keep the limit."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from api.operating.live import LiveSite
from api.operating.memory import MemorySites
from api.operating.operations import Operations
from models.domain.signal import Cap
from models.domain.site import Evse, GridNode, NodeKind, SessionDefaults, Site
from optimizer.rolling import Flaw, opening
from tests.operating import stations as sim
from tests.operating.live_site import NOON
from tests.operating.stations import SimulatedStation

LIMIT_A = 64.0
"""On each phase, for EVSEs of 32 A each."""


@dataclass(slots=True)
class Yard:
    """A site that is played minute by minute; ``loads_a`` is what flows on its fullest phase."""

    stations: dict[str, SimulatedStation]
    operations: Operations
    loads_a: list[float] = field(default_factory=list)

    def hear(self, station: str, action: str, payload: dict[str, object], now: datetime) -> bool:
        return bool(self.operations.hear("yard", station, [2, "x", action, payload], now).due)

    def minute(self, now: datetime, *, silent: frozenset[str] = frozenset()) -> None:
        """Cars draw, meters tell, plans are made where something changed, commands go out wave by wave."""
        due = now.minute % 15 == 0
        for station in self.stations.values():
            station.step(now, 60.0)
            if station.transaction is not None and station.id not in silent:
                due |= self.hear(station.id, "MeterValues", station.meter_values(now), now)
        self.loads_a.append(sum(station.drawn_a for station in self.stations.values()))
        if due:
            self.operations.plan_site("yard", now)
        self.send(now)

    def send(self, now: datetime) -> None:
        while commands := self.operations.commands("yard", now):
            for command in commands:
                answer = self.stations[command.station].answer(command.action, command.payload, now)
                self.operations.hear("yard", command.station, [3, command.id, answer], now)

    def start(self, station: str, transaction: int, now: datetime) -> None:
        box = self.stations[station]
        told = {"connectorId": 1, "idTag": "card", "meterStart": int(box.energy_wh), "timestamp": now.isoformat()}
        self.operations.hear("yard", station, [2, f"s{transaction}", "StartTransaction", told], now)
        box.transaction = transaction
        answer = {"transactionId": transaction, "idTagInfo": {"status": "Accepted"}}
        self.operations.hear("yard", station, [3, f"s{transaction}", answer], now)

    def flaws(self, station: str) -> set[Flaw]:
        return {v.flaw for v in self.operations.verdicts("yard") if v.evse == station}


def yard(*stations: SimulatedStation, cap_kw: float | None = None) -> Yard:
    """With ``cap_kw`` the site may import no more than that from the 10th to the 20th minute."""
    grid = GridNode(id="grid", kind=NodeKind.CONNECTION, current_limit_a=LIMIT_A, continuous_factor=1.0)
    evses = tuple(Evse(id=one.id, node="grid", max_current_a=32.0) for one in stations)
    defaults = SessionDefaults(stay_h=4.0, energy_target_kwh=60.0)
    site = Site(id="yard", nodes=(grid,), evses=evses, voltage_v=230.0, session_defaults=defaults)
    store = MemorySites()
    start, end = NOON + timedelta(minutes=10), NOON + timedelta(minutes=20)
    caps = () if cap_kw is None else (Cap(id="cap", start=start, end=end, import_limit_kw=cap_kw),)
    store.save(LiveSite(site=site, state=opening(site), signals=caps))
    return Yard({one.id: one for one in stations}, Operations(store=store, token_key=b"k"))


def played(
    *stations: SimulatedStation, minutes: int, boot: dict[int, str] | None = None, cap_kw: float | None = None
) -> Yard:
    """All cars come at noon; ``boot`` says who boots in which minute."""
    place = yard(*stations, cap_kw=cap_kw)
    place.operations.plan_site("yard", NOON)
    for number, name in enumerate(place.stations):
        place.start(name, number, NOON)
    place.operations.plan_site("yard", NOON)
    place.send(NOON)
    for k in range(1, minutes + 1):
        now = NOON + timedelta(minutes=k)
        if boot and k in boot:
            place.stations[boot[k]].boot()
            place.hear(boot[k], "BootNotification", {"chargePointVendor": "v", "chargePointModel": "m"}, now)
            place.send(now)
        place.minute(now)
    return place


def test_obedient_stations_share_the_limit_and_use_it() -> None:
    place = played(*(SimulatedStation(id=name) for name in "abcd"), minutes=30)

    assert max(place.loads_a) <= LIMIT_A + 0.01
    assert min(place.loads_a[5:]) >= 0.95 * LIMIT_A
    assert place.operations.verdicts("yard") == ()


@pytest.mark.parametrize(
    ("defect", "flaw"),
    [
        (sim.IGNORES, Flaw.IGNORES_LIMIT),
        (sim.REFUSES, Flaw.REFUSES),
        (sim.ONE_PHASE_TOLD, Flaw.ONE_PHASE_TOLD),
    ],
)
def test_a_defect_is_named_and_the_others_make_room_for_it(defect: str, flaw: Flaw) -> None:
    """Of 64 A the bad one may take 32; two obedient ones have the rest, from a few minutes on."""
    bad = SimulatedStation(id="bad", defect=defect)
    place = played(*(SimulatedStation(id=name) for name in "ab"), bad, minutes=25)

    assert flaw in place.flaws("bad")
    assert place.flaws("a") | place.flaws("b") == set()
    assert max(place.loads_a[4:]) <= LIMIT_A + 0.01


def test_a_station_that_forgets_is_sent_again_what_it_had_and_is_trusted_when_it_says_so() -> None:
    bad = SimulatedStation(id="bad", defect=sim.FORGETS)
    place = played(*(SimulatedStation(id=name) for name in "ab"), bad, minutes=20, boot={10: "bad"})

    assert place.flaws("bad") == set()
    assert bad.limit_a(NOON + timedelta(minutes=20)) < 32.0
    assert max(place.loads_a) <= LIMIT_A + 0.01


def test_a_car_on_one_phase_that_takes_little_leaves_its_room_to_the_others() -> None:
    little = SimulatedStation(id="little", wants_a=8.0, phases=1)
    place = played(little, *(SimulatedStation(id=name) for name in "abc"), minutes=30)

    record = place.operations.store.load("yard").state.evses["little"]
    assert record.session is not None
    assert record.session.phases == 1
    assert place.loads_a[-1] >= 0.95 * LIMIT_A - 1.6


def test_a_car_that_does_not_wake_after_a_pause_is_named_and_its_room_is_used() -> None:
    """1 kW for ten minutes is a pause for all; one car sleeps on."""
    place = played(SimulatedStation(id="a"), SimulatedStation(id="bad", defect=sim.SLEEPS), minutes=30, cap_kw=1.0)

    assert place.flaws("bad") == {Flaw.SLEEPS_AT_ZERO}
    assert max(place.loads_a[11:19]) == 0.0
    assert place.stations["a"].drawn_a == 32.0


def test_a_station_that_gives_twice_its_limit_is_told_from_one_that_ignores_it_by_a_second_small_limit() -> None:
    """12 A at 6 A could be all that the car takes; 18 A at 9 A cannot."""
    bad = SimulatedStation(id="bad", defect=sim.DOUBLES)
    place = played(*(SimulatedStation(id=name) for name in "ab"), bad, minutes=40)

    (verdict,) = (v for v in place.operations.verdicts("yard") if v.evse == "bad")
    assert (verdict.flaw, verdict.factor) == (Flaw.MIS_SCALES, pytest.approx(2.0))
    assert max(place.loads_a[4:]) <= LIMIT_A + 0.01


def test_every_plan_of_a_kept_limit_is_kept_also_at_the_edges_of_a_cap() -> None:
    """12 kW on three phases are 17.4 A; two cars go down at its start and up after its end."""
    place = played(*(SimulatedStation(id=name) for name in "ab"), minutes=30, cap_kw=12.0)

    assert max(place.loads_a[10:19]) <= 17.4
    assert min(place.loads_a[22:]) >= 0.95 * LIMIT_A
