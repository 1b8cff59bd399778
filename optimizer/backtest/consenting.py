"""Which drivers of a course consent to V2G, and with which batteries: no data set tells, so it is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np

from models.domain.electrical import evse_max_power_kw
from models.domain.site import Evse, Site
from models.domain.states import EFFICIENCY, RESERVE_SOC
from optimizer.backtest.battery import Battery
from optimizer.backtest.course import Car, Course
from optimizer.backtest.messages import Consent

SIZES_KWH = (40.0, 60.0, 80.0)
"""Batteries of cars that are sold with V2G. [kWh]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class V2gShare:
    """How many consent, and what they bring. Each car is drawn from the seed and its name, whoever else is there."""

    share: float
    """Of the drivers who say what they want and when they leave. 0 to 1"""
    sizes_kwh: tuple[float, ...] = SIZES_KWH
    """Each as likely as any other of those that have room for what a driver wants. [kWh]"""
    price_per_kwh: float | None = None
    """Paid for energy given back, at evse. None: what the driver paid for it. [currency/kWh]"""
    reserve_soc: float = RESERVE_SOC
    seed: int = 0


def with_v2g(course: Course, v2g: V2gShare) -> Course:
    """The course with some drivers who consent, at EVSEs that take back what they can give."""
    cars = tuple(_consenting(car, v2g) if _consents(car, v2g) else car for car in course.cars)
    return replace(course, cars=cars, site=_bidirectional(course.site))


def _consents(car: Car, v2g: V2gShare) -> bool:
    """A larger share has all cars of a smaller one."""
    fits = EFFICIENCY * car.need_kwh <= max(v2g.sizes_kwh)
    says = car.stated_departure_s is not None and car.stated_kwh is not None
    return fits and says and float(_draws(v2g, "consents", car).random()) < v2g.share


def _consenting(car: Car, v2g: V2gShare) -> Car:
    """It comes with its reserve at least where that leaves room for its need, and with no more than that leaves."""
    wants_kwh = EFFICIENCY * car.need_kwh
    capacity_kwh = float(_draws(v2g, "size", car).choice([kwh for kwh in v2g.sizes_kwh if kwh >= wants_kwh]))
    most = 1.0 - wants_kwh / capacity_kwh
    least = min(most, v2g.reserve_soc)
    soc = least + (most - least) * float(_draws(v2g, "soc", car).random())
    battery = Battery(
        capacity_kwh=capacity_kwh,
        energy_kwh=soc * capacity_kwh,
        power_kw=car.power_kw,
        tapers_from=1.0,
        charge_efficiency=EFFICIENCY,
        discharge_efficiency=EFFICIENCY,
        discharge_kw=car.power_kw,
        reserve_kwh=v2g.reserve_soc * capacity_kwh,
    )
    consent = Consent(
        capacity_kwh=capacity_kwh,
        soc=soc,
        discharge_kw=car.power_kw,
        reserve_soc=v2g.reserve_soc,
        price_per_kwh=v2g.price_per_kwh,
    )
    return replace(car, battery=battery, consent=consent)


def _bidirectional(site: Site) -> Site:
    """EVSEs take back what their site says, or as much as they give where it says nothing. [kW]"""
    volts = site.voltage_v or 0.0
    return replace(site, evses=tuple(_taking_back(evse, evse_max_power_kw(evse, None, volts)) for evse in site.evses))


def _taking_back(evse: Evse, most_kw: float) -> Evse:
    return evse if evse.max_discharge_kw is not None else replace(evse, max_discharge_kw=most_kw)


def _draws(v2g: V2gShare, what: str, car: Car) -> np.random.Generator:
    return np.random.default_rng([v2g.seed, crc32(f"{what}|{car.id}".encode())])


def consenting(cars: Sequence[Car]) -> tuple[Car, ...]:
    """Those whose drivers consent."""
    return tuple(car for car in cars if car.consent is not None)
