"""What makes a real site differ from its data: drivers change their minds, meters and forecasts err, radio is lost.

Everything is drawn from a seed and the name of what it happens to, so that one car's fate does not depend on another's.
"""

from dataclasses import dataclass, replace
from math import exp
from zlib import crc32

import numpy as np

from models.domain.schedule import Floats
from models.domain.series import values
from models.domain.site import BaseLoad, PvPlant
from models.domain.times import instant
from models.domain.units import seconds_from_hours, seconds_from_minutes
from models.domain.value import Series, Step
from optimizer.backtest.course import Car, Course

FORECAST_H = 24
_SHORTEST_STAY_S = seconds_from_minutes(5.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbances:
    """Sizes of what may go wrong; all zero: nothing does."""

    departure_h: float = 0.0
    """Standard deviation of the true departure from that of the data. [h]"""
    request_share: float = 0.0
    """The same of what is asked for, as a share of it, in the logarithm."""
    load_share: float = 0.0
    """Of forecasts of base load an hour ahead; it grows with the square root of time."""
    sun_share: float = 0.0
    meter_share: float = 0.0
    """Of what a meter adds from one reading to the next."""
    follows_share: float = 0.0
    """How far below an offer a car may stay: uniform from 0 to this share."""
    silent_share: float = 0.0
    """Share of hours in which an EVSE can be neither heard nor reached."""


@dataclass(frozen=True, slots=True)
class Noise:
    """Disturbances, drawn."""

    sizes: Disturbances
    seed: int

    def disturbed(self, course: Course) -> Course:
        """The course with cars as they really behave; nobody stays where the next car has come already."""
        cars = sorted(map(self._car, course.cars), key=lambda car: car.arrival_s)
        next_s: dict[str, float] = {}
        kept = []
        for car in reversed(cars):
            kept.append(replace(car, departure_s=min(car.departure_s, next_s.get(car.evse, car.departure_s))))
            next_s[car.evse] = car.arrival_s
        return replace(course, cars=tuple(reversed(kept)))

    def is_silent(self, evse: str, at_s: float) -> bool:
        """Whether an EVSE is out of reach in this hour."""
        if self.sizes.silent_share == 0.0:
            return False
        hour = int(at_s // seconds_from_hours(1.0))
        return bool(self._draws("silent", evse, hour).random() < self.sizes.silent_share)

    def metered_kwh(self, session: str, energy_kwh: float, before_kwh: float) -> float:
        """What a meter shows, never less than before. [kWh]"""
        if self.sizes.meter_share == 0.0:
            return energy_kwh
        error = self._draws("meter", session, round(1e6 * energy_kwh)).normal(0.0, self.sizes.meter_share)
        return max(before_kwh, energy_kwh + float(error) * (energy_kwh - before_kwh))

    def load_forecast(self, load: BaseLoad, at_s: float) -> BaseLoad:
        """What a forecast says of a load for a day, hour by hour; its high estimate keeps its distance."""
        expected = self._forecast(load.expected_kw, load.node, at_s, self.sizes.load_share)
        return replace(load, expected_kw=expected)

    def sun_forecast(self, plant: PvPlant, at_s: float) -> PvPlant:
        """The same of a plant."""
        return replace(plant, expected_kw=self._forecast(plant.expected_kw, plant.id, at_s, self.sizes.sun_share))

    def _forecast(self, truth: Series, name: str, at_s: float, share: float) -> Series:
        if share == 0.0:
            return truth
        ends_s: Floats = at_s + seconds_from_hours(1.0) * np.arange(FORECAST_H + 1, dtype=np.float64)
        walk = np.cumsum(self._draws("forecast", name, int(at_s)).normal(0.0, share, FORECAST_H))
        told = values(truth, ends_s) * np.exp(walk)
        return tuple(Step(start=instant(s), value=float(kw)) for s, kw in zip(ends_s[:-1], told, strict=True))

    def _car(self, car: Car) -> Car:
        sizes = self.sizes
        if sizes.departure_h:
            late_s = float(self._draws("leaves", car.id).normal(0.0, seconds_from_hours(sizes.departure_h)))
            car = replace(car, departure_s=max(car.arrival_s + _SHORTEST_STAY_S, car.departure_s + late_s))
        if sizes.request_share and car.stated_kwh is not None:
            wrong = float(self._draws("asks", car.id).normal(0.0, sizes.request_share))
            car = replace(car, stated_kwh=car.stated_kwh * exp(wrong))
        if sizes.follows_share:
            car = replace(car, follows=1.0 - sizes.follows_share * float(self._draws("follows", car.id).random()))
        return car

    def _draws(self, what: str, name: str, number: int = 0) -> np.random.Generator:
        return np.random.default_rng([self.seed, crc32(f"{what}|{name}".encode()), number])
