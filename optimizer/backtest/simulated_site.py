"""A site that is not there: cars come, follow setpoints as well as they can, and leave; meters tell of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from models.domain.electrical import conversion_efficiency
from models.domain.schedule import Floats
from models.domain.series import values
from models.domain.site import Evse
from models.domain.units import hours_from_seconds, seconds_from_minutes
from optimizer.backtest.course import Car, Course
from optimizer.backtest.disturbances import Disturbances, Noise
from optimizer.backtest.messages import (
    Arrival,
    Departure,
    EventCalled,
    Forecast,
    Message,
    MeterReading,
    SiteReading,
    Tick,
)
from optimizer.backtest.offers import Offering

_DONE_KWH = 1e-9


@dataclass(slots=True)
class Plugged:
    """A car that is there."""

    car: Car
    got_kwh: float = 0.0
    """What it drew, less what makes up for what it gave back. [kWh]"""
    offer_kw: float = 0.0
    drew_kwh: float = 0.0
    """As its meter counts. [kWh]"""
    given_back_kwh: float = 0.0
    """The same. [kWh]"""
    told_kwh: float = 0.0
    """What its last reading said that it drew. [kWh]"""
    told_back_kwh: float = 0.0
    """The same of what it gave back. [kWh]"""
    told_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """What happened from one instant to the next. Mean powers, by session, measured at evse, below 0 what is given
    back. [kW]"""

    start_s: float
    end_s: float
    offered_kw: Mapping[str, float]
    drawn_kw: Mapping[str, float]
    import_kw: float
    """Of the whole site, measured at grid; charging and base load less sun. [kW]"""


@dataclass(slots=True)
class SimulatedSite:
    """The state of a course; only ``messages`` go out of it, only setpoints come in."""

    course: Course
    noise: Noise
    here: dict[str, Plugged] = field(default_factory=dict)
    got_kwh: dict[str, float] = field(default_factory=dict)
    """By session, of those who have left or are there. [kWh]"""
    given_back_kwh: dict[str, float] = field(default_factory=dict)
    """By session, of those who gave anything back. [kWh]"""
    _coming: list[Car] = field(default_factory=list)
    _import_kw: float = 0.0
    _unsaid: list[Departure] = field(default_factory=list)
    _unknown: set[str] = field(default_factory=set)
    """Sessions whose arrival nobody could be told yet."""
    _uncalled: list[EventCalled] = field(default_factory=list)
    _evses: dict[str, Evse] = field(default_factory=dict)
    _offering: Offering = field(init=False)

    def __post_init__(self) -> None:
        self._coming = sorted(self.course.cars, key=lambda car: (-car.arrival_s, car.id))
        self._uncalled = sorted(self.course.events, key=lambda call: (-call.at_s, call.event.id))
        self._evses = {evse.id: evse for evse in self.course.site.evses}
        self._offering = Offering(self.course.site, levels=self.course.levels)

    def messages(self, at_s: float) -> tuple[Message, ...]:
        """What the site tells at an instant: who left, who came, what meters show, and the time last."""
        told: list[Message] = [*self._departures(at_s), *self._arrivals(at_s), *self._readings(at_s)]
        if self._import_kw or at_s > self.course.start_s:
            told.append(SiteReading(at_s=at_s, import_kw=self._import_kw))
        told += self._forecasts(at_s)
        while self._uncalled and self._uncalled[-1].at_s <= at_s:
            told.append(self._uncalled.pop())
        return (*told, Tick(at_s=at_s))

    def follow(self, setpoints: Mapping[str, float], at_s: float) -> None:
        """Take new offers, as far as EVSEs can be reached; whoever is not named is offered nothing."""
        for name, plugged in self.here.items():
            evse = self._evses[plugged.car.evse]
            if not self.noise.is_silent(evse.id, at_s):
                plugged.offer_kw = self._offering.possible_kw(evse.id, setpoints.get(name, 0.0))

    def advance(self, start_s: float, end_s: float) -> Interval:
        """Let time pass, in which nobody comes or leaves."""
        hours = hours_from_seconds(end_s - start_s)
        offered = {name: plugged.offer_kw for name, plugged in self.here.items() if plugged.offer_kw != 0.0}
        drawn = {name: self._moved(self.here[name], hours) / hours for name in offered}
        grid_kw = sum(self._at_grid(name, kw) for name, kw in drawn.items())
        self._import_kw = grid_kw + self._other_kw(start_s, end_s)
        return Interval(start_s=start_s, end_s=end_s, offered_kw=offered, drawn_kw=drawn, import_kw=self._import_kw)

    def _evse(self, session: str) -> Evse:
        return self._evses[self.here[session].car.evse]

    def _at_grid(self, session: str, power_kw: float) -> float:
        """Losses of conversion are paid either way. [kW]"""
        efficiency = conversion_efficiency(self._evse(session))
        return power_kw / efficiency if power_kw > 0.0 else power_kw * efficiency

    def _moved(self, plugged: Plugged, hours: float) -> float:
        """What a car takes of its offer; below 0 what it gives back. [kWh]"""
        moved_kwh = self._draw(plugged, hours) if plugged.offer_kw > 0.0 else -self._give_back(plugged, hours)
        self.got_kwh[plugged.car.id] = plugged.got_kwh
        return moved_kwh

    def _give_back(self, plugged: Plugged, hours: float) -> float:
        """Nothing without consent. [kWh]"""
        car = plugged.car
        if car.consent is None or car.battery is None:
            return 0.0
        inside_kwh = car.battery.inside_kwh(plugged.got_kwh)
        given_kwh = car.battery.given_kwh(inside_kwh, -plugged.offer_kw * car.follows, hours)
        plugged.got_kwh -= car.battery.made_up_kwh(given_kwh)
        plugged.given_back_kwh += given_kwh
        self.given_back_kwh[car.id] = plugged.given_back_kwh
        return given_kwh

    def _draw(self, plugged: Plugged, hours: float) -> float:
        """Never more than it needs. [kWh]"""
        car = plugged.car
        offer_kw = min(plugged.offer_kw * car.follows, car.power_kw)
        if car.battery is None:
            taken_kwh = offer_kw * hours
        else:
            taken_kwh = car.battery.taken_kwh(car.battery.inside_kwh(plugged.got_kwh), offer_kw, hours)
        taken_kwh = max(0.0, min(taken_kwh, car.need_kwh - plugged.got_kwh))
        plugged.got_kwh += taken_kwh
        plugged.drew_kwh += taken_kwh
        return taken_kwh

    def _departures(self, at_s: float) -> Iterator[Departure]:
        for name in [name for name, plugged in self.here.items() if plugged.car.departure_s <= at_s]:
            del self.here[name]
            if name in self._unknown:
                self._unknown.discard(name)
            else:
                self._unsaid.append(Departure(session=name, at_s=at_s))
        cars = {car.id: car for car in self.course.cars} if self._unsaid else {}
        later = [gone for gone in self._unsaid if self.noise.is_silent(cars[gone.session].evse, at_s)]
        yield from (gone for gone in self._unsaid if gone not in later)
        self._unsaid = later

    def _arrivals(self, at_s: float) -> Iterator[Arrival]:
        while self._coming and self._coming[-1].arrival_s <= at_s:
            car = self._coming.pop()
            self.here[car.id] = Plugged(car, told_s=at_s)
            self.got_kwh[car.id] = 0.0
            self._unknown.add(car.id)
        for name in sorted(self._unknown):
            car = self.here[name].car
            if not self.noise.is_silent(car.evse, at_s):
                self._unknown.discard(name)
                yield Arrival(
                    session=name,
                    evse=car.evse,
                    at_s=car.arrival_s,
                    power_kw=car.power_kw if car.tells_power else None,
                    stated_departure_s=car.stated_departure_s,
                    stated_kwh=car.stated_kwh,
                    minimum_kwh=car.minimum_kwh,
                    consent=car.consent,
                )

    def _readings(self, at_s: float) -> Iterator[MeterReading]:
        for name, plugged in self.here.items():
            if at_s > plugged.told_s and not self.noise.is_silent(plugged.car.evse, at_s):
                yield self._reading(name, plugged, at_s)

    def _reading(self, name: str, plugged: Plugged, at_s: float) -> MeterReading:
        """What its meter shows, and what the car tells if its driver consents to V2G."""
        drew_kwh = self.noise.metered_kwh(name, plugged.drew_kwh, plugged.told_kwh)
        back_kwh = self.noise.metered_kwh(f"{name} back", plugged.given_back_kwh, plugged.told_back_kwh)
        moved_kwh = (drew_kwh - plugged.told_kwh) - (back_kwh - plugged.told_back_kwh)
        power_kw = moved_kwh / hours_from_seconds(at_s - plugged.told_s)
        plugged.told_kwh, plugged.told_back_kwh, plugged.told_s = drew_kwh, back_kwh, at_s
        return MeterReading(
            session=name,
            at_s=at_s,
            energy_kwh=drew_kwh,
            power_kw=power_kw,
            given_back_kwh=back_kwh,
            soc=_soc(plugged) if plugged.car.consent is not None else None,
        )

    def _forecasts(self, at_s: float) -> Iterator[Forecast]:
        site = self.course.site
        hour_begins = (at_s - self.course.start_s) % seconds_from_minutes(60.0) == 0.0
        if (site.base_loads or site.pv_plants) and hour_begins:
            yield Forecast(
                at_s=at_s,
                base_loads=tuple(self.noise.load_forecast(one, at_s) for one in site.base_loads),
                pv_plants=tuple(self.noise.sun_forecast(one, at_s) for one in site.pv_plants),
            )

    def _other_kw(self, start_s: float, end_s: float) -> float:
        """Base load less sun, really. [kW]"""
        span: Floats = np.array([start_s, end_s])
        load = sum(float(values(one.expected_kw, span)[0]) for one in self.course.site.base_loads)
        return load - sum(float(values(one.expected_kw, span)[0]) for one in self.course.site.pv_plants)


def _soc(plugged: Plugged) -> float:
    """As a car tells that has a battery. 0 to 1"""
    battery = plugged.car.battery
    assert battery is not None, "who consents has one"
    return battery.inside_kwh(plugged.got_kwh) / battery.capacity_kwh


def instants(course: Course) -> list[tuple[float, float]]:
    """Neighbouring instants of a course: full periods, and whenever a car comes or leaves. [s]"""
    period_s = seconds_from_minutes(course.period_min)
    regular = np.arange(course.start_s, course.last_s + period_s, period_s)
    events = [at for car in course.cars for at in (car.arrival_s, car.departure_s)]
    inside = [at for at in events if course.start_s <= at <= regular[-1]]
    ends: Sequence[float] = np.unique(np.concatenate([regular, inside])).tolist()
    return list(pairwise(ends))


def site_of(course: Course, disturbances: Disturbances, seed: int) -> SimulatedSite:
    """A course with its disturbances drawn."""
    noise = Noise(disturbances, seed)
    return SimulatedSite(noise.disturbed(course), noise)
