"""A car park of charge points under one tight limit: who stands there, which cars come, what flows in truth."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from models.domain.failsafe import FailSafe
from models.domain.installed import OfflineBehaviour
from models.domain.setpoints import SetpointRules
from models.domain.site import Evse, GridNode, NodeKind, Phase, Site
from models.domain.site import Station as SiteStation
from models.ocpp.profile import Version
from tests.peers.defects import Defect
from tests.peers.outlet import Outlet
from tests.peers.station import Station
from tests.peers.vehicle import Car

VERSIONS = ("1.6", "2.0.1", "2.1")
ROTATIONS = ((Phase.L1, Phase.L2, Phase.L3), (Phase.L2, Phase.L3, Phase.L1), (Phase.L3, Phase.L1, Phase.L2))
HOUR_S = 3600.0
RATING_A = 32.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A car at a charge point."""

    station: str
    arrives_s: float
    leaves_s: float
    max_a: float
    phases: int
    battery_kwh: float
    soc: float

    def car(self) -> Car:
        return Car(max_a=self.max_a, phases=self.phases, battery_kwh=self.battery_kwh, soc=self.soc)


@dataclass(slots=True, kw_only=True)
class Yard:
    """Charge points with one EVSE each."""

    stations: dict[str, Station]
    limit_a: float
    """Of the connection, on each phase. [A]"""
    stays: list[Stay] = field(default_factory=list)
    rating_a: float = RATING_A
    """Of each EVSE. [A]"""
    whole_offers: bool = False
    """Whether plans hold only what EVSEs can offer, 0 or at least 6 A; else what is less becomes 0 when it is sent."""
    arrivals: int | None = None
    """How many cars may come between two plans. None: one to every EVSE that is empty."""

    def site(self) -> Site:
        """As its operator declares it; defects are not declared."""
        grid = GridNode(id="grid", kind=NodeKind.CONNECTION, current_limit_a=self.limit_a, continuous_factor=1.0)
        evses = tuple(
            Evse(
                id=name,
                node="grid",
                station=name,
                max_current_a=self.rating_a,
                phases=tuple(Phase(phase) for phase in station.outlets[0].phases),
            )
            for name, station in self.stations.items()
        )
        told = tuple(
            SiteStation(id=name, ocpp_version=Version(station.version), max_periods=station.most_periods)
            for name, station in self.stations.items()
        )
        # A boot takes the plan of a transaction away and leaves the default, so both count until plans end.
        rules = FailSafe(arrivals=self.arrivals, offline=OfflineBehaviour.DEFAULT)
        return Site(
            id="yard",
            nodes=(grid,),
            evses=evses,
            stations=told,
            voltage_v=230.0,
            time_zone="UTC",
            fail_safe=rules,
            setpoints=SetpointRules() if self.whole_offers else None,
        )

    def currents_a(self) -> dict[str, float]:
        """What flows through the connection, on each phase. [A]"""
        sums = dict.fromkeys(("L1", "L2", "L3"), 0.0)
        for station in self.stations.values():
            for phase, current_a in station.phase_currents().items():
                sums[phase] += current_a
        return sums

    def worst_a(self) -> float:
        return max(self.currents_a().values())

    def come_and_go(self, begin_s: float, end_s: float) -> Iterator[str]:
        """Cars that leave, then cars that arrive; the stations at which something happened."""
        for stay in self.stays:
            if begin_s < stay.leaves_s <= end_s and self.stations[stay.station].outlets[0].car is not None:
                self.stations[stay.station].unplug(1)
                yield stay.station
        for stay in self.stays:
            if begin_s < stay.arrives_s <= end_s and self.stations[stay.station].outlets[0].car is None:
                self.stations[stay.station].plug(1, stay.car())
                yield stay.station


def yard(
    seed: int,
    start_s: float,
    *,
    count: int = 20,
    limit_a: float = 100.0,
    rating_a: float = RATING_A,
    defects: tuple[Defect, ...] = (),
    first_cars_h: tuple[float, float] = (0.2, 9.0),
    whole_offers: bool = False,
) -> Yard:
    """Versions by turns, random defects at random charge points, one or two cars a day at each."""
    draw = Random(seed)
    at = dict(zip(draw.sample(range(count), len(defects)), defects, strict=True))
    stations = {}
    for k in range(count):
        name, version = f"cp{k:02d}", VERSIONS[k % 3]
        outlet = Outlet(number=1, rating_a=rating_a, phases=tuple(str(phase) for phase in ROTATIONS[k % 3]))
        stations[name] = Station(
            id=name,
            version=version,
            outlets=[outlet],
            defects=frozenset({at[k]} if k in at else ()),
            hides=version == "1.6" and draw.random() < 0.5,
            now_s=start_s,
            step_s=60.0,
        )
    stays = [stay for name in stations for stay in _stays(draw, name, start_s, draw.uniform(*first_cars_h))]
    return Yard(stations=stations, limit_a=limit_a, stays=stays, rating_a=rating_a, whole_offers=whole_offers)


def _stays(draw: Random, name: str, start_s: float, hour: float) -> Iterator[Stay]:
    """On whole minutes, one after the other, within a day."""
    while hour < 21.0:
        stay_h = draw.uniform(2.0, 8.0)
        arrives_s = start_s + round(hour * 60.0) * 60.0
        yield Stay(
            station=name,
            arrives_s=arrives_s,
            leaves_s=arrives_s + round(stay_h * 60.0) * 60.0,
            max_a=draw.choice((16.0, 16.0, 32.0)),
            phases=draw.choice((1, 2, 3, 3, 3)),
            battery_kwh=draw.uniform(40.0, 80.0),
            soc=draw.uniform(0.1, 0.6),
        )
        hour += stay_h + draw.uniform(0.3, 6.0)
