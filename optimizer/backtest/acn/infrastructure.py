"""What an algorithm for acnportal is told of stations and of the network above them."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(slots=True)
class InfrastructureInfo:
    """N stations below M constraints: ``|constraint_matrix @ (e^j phases * amperes)| <= constraint_limits``."""

    constraint_matrix: Floats
    """(M, N)"""
    constraint_limits: Floats
    """(M,) what base load and others leave. [A], or [kW] where a row is named so"""
    phases: Floats
    """(N,) [degrees]"""
    voltages: Floats
    """(N,) power for one ampere on each conductor: 690 for three phases of 230 V. [V]"""
    constraint_ids: list[str]
    station_ids: list[str]
    max_pilot: Floats
    """(N,) [A]"""
    min_pilot: Floats
    """(N,) smallest one other than 0; 0 where there is none. [A]"""
    allowable_pilots: list[Floats]
    """All of them, or the two ends where any between is one. [A]"""
    is_continuous: NDArray[np.bool_]
    """(N,)"""
    _index: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._index = {name: i for i, name in enumerate(self.station_ids)}

    @property
    def num_stations(self) -> int:
        """How many there are."""
        return len(self.station_ids)

    def get_station_index(self, station_id: str) -> int:
        """The position of a station. Raises KeyError."""
        return self._index[station_id]
