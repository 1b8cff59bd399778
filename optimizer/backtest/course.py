"""What will happen at a site, which no algorithm is shown: cars with their true needs and departures, load and sun."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import floor

from models.datasets.recorded import RecordedSession
from models.domain.electrical import evse_max_power_kw
from models.domain.session import Session
from models.domain.site import Site
from models.domain.tariff import Tariff
from models.domain.times import instant
from models.domain.units import hours_from_seconds, seconds_from_minutes
from optimizer.backtest.battery import Battery, fitted
from optimizer.backtest.messages import Consent, EventCalled
from optimizer.backtest.v2g import with_consent

LONGEST_STAY_H = 12.0
"""Published runs cut stays here: 144 periods of 5 minutes. [h]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Car:
    """One stay as it really is. Energies and powers are measured at evse."""

    id: str
    evse: str
    arrival_s: float
    departure_s: float
    need_kwh: float
    power_kw: float
    """What car and EVSE can do together. [kW]"""
    stated_departure_s: float | None = None
    stated_kwh: float | None = None
    minimum_kwh: float = 0.0
    """Of its need, what its driver was promised. [kWh]"""
    tells_power: bool = True
    battery: Battery | None = None
    """None: it takes what it is offered until it has what it needs."""
    follows: float = 1.0
    """Share of an offer that it draws."""
    consent: Consent | None = None
    """None: it gives nothing back. Else it has a battery, and what it has given back it needs again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A stretch of time at a site."""

    name: str
    site: Site
    """Its base loads and plants are what really happens."""
    tariff: Tariff
    cars: tuple[Car, ...]
    start_s: float
    end_s: float
    """New cars come until here; those that are there then stay until they leave."""
    period_min: float = 5.0
    levels: bool = False
    """Whether EVSEs can offer their pilot levels only."""
    retail_per_kwh: float | None = None
    """What drivers pay. None: nothing that counts. [currency/kWh]"""
    events: tuple[EventCalled, ...] = ()
    """Calls of utilities, told when they are due."""
    history: tuple[RecordedSession, ...] = ()
    """Earlier sessions of the site, which an algorithm may be told."""

    @property
    def last_s(self) -> float:
        """When the last car has left. [s]"""
        return max([self.end_s, *(car.departure_s for car in self.cars)])


def cars_of(
    recorded: Sequence[RecordedSession],
    site: Site,
    start_s: float,
    *,
    period_min: float = 5.0,
    longest_h: float = LONGEST_STAY_H,
    tapered: bool = False,
) -> tuple[Car, ...]:
    """Cars as arXiv 2012.02636 has them: times on full periods, stays and energies cut, everything said on arrival."""
    powers = _powers(site)
    period_s = seconds_from_minutes(period_min)
    found = []
    for one in recorded:
        first, last = (floor((t.timestamp() - start_s) / period_s) for t in (one.arrival, one.departure))
        count = min(last - first, round(longest_h / hours_from_seconds(period_s)))
        if count > 0 and one.evse in powers:
            stay_h = hours_from_seconds(count * period_s)
            need_kwh = min(one.energy_kwh, powers[one.evse] * stay_h)
            found.append(
                Car(
                    id=one.id,
                    evse=one.evse,
                    arrival_s=start_s + first * period_s,
                    departure_s=start_s + (first + count) * period_s,
                    need_kwh=need_kwh,
                    power_kw=powers[one.evse],
                    stated_departure_s=start_s + (first + count) * period_s,
                    stated_kwh=need_kwh,
                    battery=fitted(need_kwh, stay_h, powers[one.evse]) if tapered else None,
                )
            )
    return tuple(found)


def with_statements(cars: Sequence[Car], recorded: Sequence[RecordedSession]) -> tuple[Car, ...]:
    """The same cars with what their drivers really said, which is often wrong, or nothing."""
    said = {one.id: one for one in recorded}
    return tuple(
        replace(
            car,
            stated_departure_s=told.timestamp() if (told := said[car.id].stated_departure) is not None else None,
            stated_kwh=said[car.id].stated_energy_kwh,
        )
        for car in cars
    )


def with_promises(cars: Sequence[Car], first_kwh: float) -> tuple[Car, ...]:
    """The same cars with drivers who are promised their first kWh, or all that they need where that is less."""
    return tuple(replace(car, minimum_kwh=min(first_kwh, car.need_kwh)) for car in cars)


def session_of(car: Car, retail_per_kwh: float | None) -> Session:
    """A car as a session of which everything is known: for optima in hindsight."""
    known = Session(
        id=car.id,
        evse=car.evse,
        arrival=instant(car.arrival_s),
        departure=instant(car.departure_s),
        energy_target_kwh=car.need_kwh,
        energy_minimum_kwh=car.minimum_kwh,
        retail_price_per_kwh=retail_per_kwh,
    )
    return known if car.consent is None else with_consent(known, car.consent, 0.0, car.power_kw)


def _powers(site: Site) -> dict[str, float]:
    """Highest power of each EVSE. [kW]"""
    volts = site.voltage_v or 0.0
    return {evse.id: evse_max_power_kw(evse, None, volts) for evse in site.evses}
