"""What an algorithm for acnportal is told of a car that is there and lacks energy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(slots=True, kw_only=True)
class SessionInfo:
    """Times in periods since the beginning; algorithms may change it, for each is given one of its own."""

    station_id: str
    session_id: str
    requested_energy: float
    """What its driver said, or what the site takes where nothing was said. [kWh]"""
    energy_delivered: float
    """As metered. [kWh]"""
    arrival: int
    departure: int
    """As said: nobody knows the true one."""
    current_time: int
    min_rates: Floats
    """One for each period that is left. [A]"""
    max_rates: Floats
    """The same; inf where the car told none. [A]"""

    @property
    def estimated_departure(self) -> int:
        """As said."""
        return self.departure

    @property
    def remaining_demand(self) -> float:
        """[kWh]"""
        return self.requested_energy - self.energy_delivered

    @property
    def arrival_offset(self) -> int:
        """Periods until it comes: it is there."""
        return max(self.arrival - self.current_time, 0)

    @property
    def remaining_time(self) -> int:
        """Periods until it leaves."""
        return max(min(self.departure - self.arrival, self.departure - self.current_time), 0)


def session_info(
    *,
    station_id: str,
    session_id: str,
    requested_energy: float,
    energy_delivered: float,
    arrival: int,
    departure: int,
    current_time: int,
    most_a: float,
) -> SessionInfo:
    """A session with rates from 0 to the most that its car takes. [kWh, A]"""
    left = departure - max(arrival, current_time)
    return SessionInfo(
        station_id=station_id,
        session_id=session_id,
        requested_energy=requested_energy,
        energy_delivered=energy_delivered,
        arrival=arrival,
        departure=departure,
        current_time=current_time,
        min_rates=np.zeros(left),
        max_rates=np.full(left, most_a),
    )
