"""A car park of charge points, its cars, and the meter of its connection, which is read minute by minute."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from tests.peers.outlet import Outlet
from tests.peers.station import Station
from tests.peers.vehicle import VOLTAGE_V, WH_PER_KWH, Car

SITE = "park"
RATING_A = 32.0
STEP_S = 5.0
"""A car follows a new limit within so long (IEC 61851-1). [s]"""
MINUTES = 15
KW_PER_CONNECTOR = 8.0
"""Of the connection; a car takes up to 22 kW."""


@dataclass(slots=True)
class Park:
    stations: dict[str, Station]
    readings: list[tuple[datetime, float]] = field(default_factory=list)
    """Time, and the register of the connection. [kWh]"""

    @property
    def limit_kw(self) -> float:
        return KW_PER_CONNECTOR * len(self.stations)

    @property
    def noon_kw(self) -> float:
        """The highest quarter of an hour of the day until now, as it is billed."""
        return 0.8 * self.limit_kw

    def advance(self, now: datetime) -> None:
        for station in self.stations.values():
            station.advance(now.timestamp())

    def register_kwh(self) -> float:
        return sum(station.outlets[0].register_wh for station in self.stations.values()) / WH_PER_KWH

    def power_kw(self) -> float:
        """Just now."""
        return sum(power_kw(station) for station in self.stations.values())

    def read(self, now: datetime) -> None:
        self.readings.append((now, self.register_kwh()))

    def minutes(self) -> list[tuple[datetime, float]]:
        """Mean power of every full minute, by the energy that came through. [kW]"""
        return [
            (begin, (after - before) / ((end - begin) / timedelta(hours=1)))
            for (begin, before), (end, after) in pairwise(self.readings)
        ]

    def quarters(self) -> list[tuple[datetime, float]]:
        """The same of every full quarter of an hour by the clock, as demand is metered. [kW]"""
        told: dict[datetime, list[float]] = {}
        for begin, kw in self.minutes():
            told.setdefault(begin - timedelta(minutes=begin.minute % 15), []).append(kw)
        return [(begin, sum(kw) / len(kw)) for begin, kw in told.items() if len(kw) == MINUTES]

    def site(self) -> dict[str, Any]:
        """As its operator declares it."""
        evses = [
            {"id": name, "node": "grid", "station": name, "max_current_a": RATING_A, "max_power_kw": 22.0}
            for name in self.stations
        ]
        grid = {"id": "grid", "kind": "connection", "import_limit_kw": self.limit_kw, "continuous_factor": 1.0}
        return {
            "id": SITE,
            "time_zone": "Europe/Berlin",
            "voltage_v": 230.0,
            "nodes": [grid],
            "evses": evses,
            "stations": [{"id": name, "ocpp_version": "2.0.1"} for name in self.stations],
            "setpoints": {},
            "fail_safe": {"offline": "default", "arrivals": 0},
        }


def power_kw(station: Station) -> float:
    """Just now."""
    return sum(station.phase_currents().values()) * VOLTAGE_V / 1000.0


def park(count: int, now: datetime) -> Park:
    """Charge points of OCPP 2.0.1 that do what they are told, without a car."""
    return Park(
        {
            f"bay-{k:02d}": Station(
                id=f"bay-{k:02d}",
                version="2.0.1",
                outlets=[Outlet(number=1, rating_a=RATING_A)],
                now_s=now.timestamp(),
                step_s=STEP_S,
                connected=True,
            )
            for k in range(count)
        }
    )


def car() -> Car:
    return Car(max_a=RATING_A, phases=3, battery_kwh=77.0, soc=0.2)
