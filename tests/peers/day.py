"""A day at a yard, minute by minute, steered by us: what flowed, what was planned, what was found."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from api.operating.operations import Operations
from models.domain.session import Session, Vehicle
from tests.peers.link import Link
from tests.peers.steering import SITE, Steering, utc
from tests.peers.vehicle import WH_PER_KWH
from tests.peers.yard import Stay, Yard

MINUTE_S = 60.0
TOLERANCE_A = 1e-6
FULL_ENOUGH = 0.85
"""State of charge that drivers ask for: below it no car tapers."""


@dataclass(slots=True)
class Day:
    yard: Yard
    steering: Steering
    now_s: float
    over: list[tuple[datetime, float]] = field(default_factory=list)
    """When more flowed than the connection carries, and how much. [A]"""
    worst_a: float = 0.0
    planned_kwh: dict[str, float] = field(default_factory=dict)
    measured_kwh: dict[str, float] = field(default_factory=dict)
    """By station, of the minutes in which its car had a plan that had reached it."""
    ever: dict[str, set[str]] = field(default_factory=dict)
    """By station, every flaw that was found at any time."""
    each_minute: Callable[["Day"], None] = lambda day: None

    @property
    def ours(self) -> Operations:
        return self.steering.ours

    async def run(self, until_s: float) -> None:
        self.steering.watch = lambda now: self.look(now)
        while self.now_s < until_s:
            await self.minute()
            self._remember()
            self.each_minute(self)

    async def minute(self) -> None:
        before = {name: station.outlets[0].register_wh for name, station in self.yard.stations.items()}
        plans = self._planned()
        begin_s, self.now_s = self.now_s, self.now_s + MINUTE_S
        for station in self.yard.stations.values():
            station.advance(self.now_s)
        self.look(utc(self.now_s))
        self._count(before, plans)
        for name in self.yard.come_and_go(begin_s, self.now_s):
            self._wish(name)
        self.look(utc(self.now_s))
        await self.steering.minute(utc(self.now_s))

    def look(self, now: datetime) -> None:
        flows_a = self.yard.worst_a()
        self.worst_a = max(self.worst_a, flows_a)
        if flows_a > self.yard.limit_a + TOLERANCE_A:
            self.over.append((now, flows_a))

    def kept_kwh(self) -> tuple[float, float]:
        """What obedient charge points drew, and what they were planned to draw. [kWh]"""
        obedient = [name for name, station in self.yard.stations.items() if not station.defects]
        return sum(self.measured_kwh.get(n, 0.0) for n in obedient), sum(self.planned_kwh.get(n, 0.0) for n in obedient)

    def _remember(self) -> None:
        for name, record in self.ours.store.load(SITE).state.evses.items():
            self.ever.setdefault(name, set()).update(verdict.flaw.value for verdict in record.verdicts)

    def _wish(self, name: str) -> None:
        """What an app tells of a car that has come."""
        stay = self._stay(name)
        if stay is not None:
            self.ours.wish(SITE, wish(stay))

    def _stay(self, name: str) -> Stay | None:
        here = [s for s in self.yard.stays if s.station == name and s.arrives_s <= self.now_s < s.leaves_s]
        return here[0] if here else None

    def _planned(self) -> Mapping[str, float]:
        """What each car is to get in the next minute, by the last plan. [kWh]"""
        answer = self.steering.plans[-1].answer if self.steering.plans else None
        if answer is None:
            return {}
        schedule, at_s = answer.schedule, self.now_s
        found = {}
        for plan in schedule.sessions:
            period = int((schedule.instants_s <= at_s).sum()) - 1 - plan.first_period
            if 0 <= period < len(plan.charge_power_kw):
                found[plan.evse_id] = float(plan.charge_power_kw[period]) * MINUTE_S / 3600.0
        return found

    def _count(self, before: Mapping[str, float], plans: Mapping[str, float]) -> None:
        for name, planned_kwh in plans.items():
            station = self.yard.stations[name]
            if station.outlets[0].car is None:
                continue
            drawn_kwh = (station.outlets[0].register_wh - before[name]) / WH_PER_KWH
            self.planned_kwh[name] = self.planned_kwh.get(name, 0.0) + planned_kwh
            self.measured_kwh[name] = self.measured_kwh.get(name, 0.0) + drawn_kwh


def wish(stay: Stay) -> Session:
    """When it leaves, what it needs, and what kind of car it is."""
    return Session(
        id=f"wish-{stay.station}",
        evse=stay.station,
        arrival=utc(stay.arrives_s),
        departure=utc(stay.leaves_s),
        energy_target_kwh=round(max(0.0, FULL_ENOUGH - stay.soc) * stay.battery_kwh, 1),
        vehicle=Vehicle(id=stay.station, max_current_a=stay.max_a, phases=stay.phases),
    )


def day_at(yard: Yard, links: Mapping[str, Link], ours: Operations, start_s: float) -> Day:
    return Day(yard=yard, steering=Steering(links=links, ours=ours), now_s=start_s)


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What happens once we are gone."""

    seed: int
    hours: float = 6.0
    reboots: float = 0.3
    """Share of the stations that boot, at any time."""
    arrivals: float = 0.5
    """Share of the empty EVSEs to which a car comes, at any time."""
    connected: bool = False


def worst_after(yard: Yard, now_s: float, story: Aftermath) -> float:
    """The largest current through the connection from now on, with nobody in contact. [A]

    The yard is used up. Cars that were due to come and to leave do so, and others come.
    """
    draw, stations = Random(story.seed), list(yard.stations.values())
    for station in stations:
        station.disconnect()
        station.sample_s = float("inf")
        for outlet in station.outlets:
            outlet.next_sample_s = float("inf")
    span_s = story.hours * 3600.0
    boots = {s.id: now_s + draw.uniform(0.0, span_s / 2.0) for s in stations if draw.random() < story.reboots}
    yard.stays = [*yard.stays, *_more(draw, yard, now_s, story)]
    worst_a, end_s = yard.worst_a(), now_s + span_s
    while now_s < end_s:
        next_s = now_s + MINUTE_S
        for station in stations:
            if now_s < boots.get(station.id, -1.0) <= next_s:
                station.reboot()
            station.advance(next_s)
        worst_a = max(worst_a, yard.worst_a())
        list(yard.come_and_go(now_s, next_s))
        now_s = next_s
        worst_a = max(worst_a, yard.worst_a())
    return worst_a


def _more(draw: Random, yard: Yard, now_s: float, story: Aftermath) -> list[Stay]:
    empty = [name for name, station in yard.stations.items() if station.outlets[0].car is None]
    chosen = [name for name in empty if draw.random() < story.arrivals]
    return [
        Stay(
            station=name,
            arrives_s=now_s + draw.uniform(1.0, story.hours * 1800.0),
            leaves_s=now_s + story.hours * 3600.0 + 1.0,
            max_a=32.0,
            phases=3,
            battery_kwh=100.0,
            soc=0.1,
        )
        for name in chosen
    ]


def forked(yard: Yard) -> Yard:
    """A yard of its own in the same state."""
    return deepcopy(yard)
