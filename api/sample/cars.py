"""Cars of the sample: who comes when, for how long, with what need, and what it takes of an offer. Pure and seeded."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from api.sample.place import VISITOR_BAY
from models.domain.electrical import NOMINAL_VOLTAGE_V, evse_max_power_kw
from models.domain.site import Evse, Site
from models.domain.units import hours_from_minutes, hours_from_seconds
from models.domain.value import value
from optimizer.backtest.battery import fitted

MOST_LONG_STAYS = 4
"""Else bays would fill up with cars that stay, and nothing would change any more."""
LONG_SHARE = 0.4
LONG_MIN, SHORT_MIN = (100.0, 400.0), (9.0, 25.0)
"""Length of a stay. [min]"""
APART_S = (50.0, 150.0)
"""Between two arrivals. [s]"""
CAR_POWERS_KW = (7.4, 11.0, 11.0, 22.0, 48.0)
FILLED_SHARE = (0.35, 0.8)
"""Of what could be taken in a stay, what is wanted."""
TAPERED = 1.15
"""So much longer than at full power throughout takes what is wanted, as a battery takes less towards full."""
MOST_KWH = 45.0
SETTLED_SHARE = 0.4
"""Of its stay, what is over for a car that is there from the beginning."""
REGISTER_KWH = 1000.0
"""What every meter shows when a car comes. [kWh]"""


@value
class SampleCar:
    """A car that is there. Energies and powers are measured at evse."""

    session: str
    evse: str
    arrived_at: datetime
    leaves_at: datetime
    need_kwh: float
    power_kw: float
    """The most that it and its EVSE can do together. [kW]"""
    tells: bool
    """Whether its driver says when it leaves and how much it wants."""
    got_kwh: float = 0.0
    drawn_kw: float = 0.0
    """Mean since the tick before. [kW]"""
    register_kwh: float = REGISTER_KWH
    """What the meter showed when it came. [kWh]"""

    @property
    def is_long(self) -> bool:
        return self.leaves_at - self.arrived_at > timedelta(minutes=SHORT_MIN[1])


def newcomer(seed: int, number: int, site: Site, here: tuple[SampleCar, ...], now: datetime) -> SampleCar | None:
    """The car of this number, told by the seed alone where the same cars are there; None where no bay is free."""
    draw = Random(f"{seed}/{number}")
    taken = {car.evse for car in here} | {VISITOR_BAY}
    free = [evse for evse in site.evses if evse.id not in taken]
    if not free:
        return None
    evse = draw.choice(free)
    stays_long = draw.random() < LONG_SHARE and sum(car.is_long for car in here) < MOST_LONG_STAYS
    minutes = draw.uniform(*(LONG_MIN if stays_long else SHORT_MIN))
    power_kw = min(draw.choice(CAR_POWERS_KW), _rating_kw(evse, site))
    need_kwh = min(MOST_KWH, draw.uniform(*FILLED_SHARE) * power_kw * hours_from_minutes(minutes))
    return SampleCar(
        session=f"car-{number}",
        evse=evse.id,
        arrived_at=now,
        leaves_at=now + timedelta(minutes=minutes),
        need_kwh=round(need_kwh, 1),
        power_kw=power_kw,
        tells=draw.random() < 0.8,
    )


def settled(car: SampleCar) -> SampleCar:
    """The same car, come a while ago: at a site that lives, not all cars have just arrived."""
    passed = SETTLED_SHARE * (car.leaves_at - car.arrived_at)
    got_kwh = round(SETTLED_SHARE * car.need_kwh / 2.0, 1)
    return replace(car, arrived_at=car.arrived_at - passed, leaves_at=car.leaves_at - passed, got_kwh=got_kwh)


def next_arrival(seed: int, number: int, now: datetime) -> datetime:
    """When the car after this one comes."""
    return now + timedelta(seconds=Random(f"{seed}/{number}/gap").uniform(*APART_S))


def drawn(car: SampleCar, offer_kw: float, seconds: float) -> SampleCar:
    """The car after some seconds under an offer: full power, less at the end, nothing once it has what it wants."""
    hours = hours_from_seconds(seconds)
    if hours <= 0.0:
        return car
    battery = fitted(car.need_kwh, TAPERED * car.need_kwh / car.power_kw, car.power_kw)
    could_kwh = battery.taken_kwh(battery.energy_kwh + car.got_kwh, min(offer_kw, car.power_kw), hours)
    taken_kwh = max(0.0, min(could_kwh, car.need_kwh - car.got_kwh))
    return replace(car, got_kwh=car.got_kwh + taken_kwh, drawn_kw=taken_kwh / hours)


def _rating_kw(evse: Evse, site: Site) -> float:
    return evse_max_power_kw(evse, None, site.voltage_v or NOMINAL_VOLTAGE_V)
