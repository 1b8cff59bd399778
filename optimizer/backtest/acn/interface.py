"""The only thing that a foreign algorithm is shown: questions of acnportal's ``Interface``, answered from messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.domain.prices import mean_prices
from models.domain.times import instant
from models.domain.units import hours_from_minutes
from models.domain.windows import holds
from optimizer.backtest.acn.infrastructure import InfrastructureInfo
from optimizer.backtest.acn.network import infrastructure_of
from optimizer.backtest.acn.sessions import SessionInfo
from optimizer.backtest.acn.state import State

Floats = NDArray[np.float64]
ABSOLUTE_A, RELATIVE = 1e-5, 1e-7
"""By how much a limit may be exceeded: the larger of both, as networks of acnportal have it. [A], or [kW] in a row of
kW"""


class Constraint(NamedTuple):
    """Limits of a network."""

    constraint_matrix: Floats
    magnitudes: Floats
    constraint_index: list[str]
    evse_index: list[str]


@dataclass(slots=True)
class SiteInterface:
    """Units and names are acnportal's: amperes, kWh, periods since the beginning; a station is an EVSE."""

    _state: State
    max_recompute_time: int | None
    """After so many periods the algorithm is asked again. None: at arrivals and departures only."""
    _infrastructure: tuple[float, InfrastructureInfo] | None = field(default=None)
    """The last one, and when it was made. [s]"""

    @property
    def period(self) -> float:
        """Length of a period. [min]"""
        return self._state.period_min

    @property
    def current_time(self) -> int:
        """The present period."""
        return self._state.period

    @property
    def current_datetime(self) -> datetime:
        """When it began, on the clock of the site."""
        return self._state.local(self.current_time)

    @property
    def last_applied_pilot_signals(self) -> dict[str, float]:
        """By session, of those that were there in the period before; 0 to whoever got none. [A]"""
        return dict(self._state.sent_a)

    @property
    def last_actual_charging_rate(self) -> dict[str, float]:
        """By session, between the last two readings of its meter. [A]"""
        return dict(self._state.drawn_a)

    def active_sessions(self) -> list[SessionInfo]:
        """Cars that are there and lack energy; the algorithm may change what it gets."""
        return self._state.sessions()

    def infrastructure_info(self) -> InfrastructureInfo:
        """Stations and limits of this period; the algorithm may change what it gets."""
        return infrastructure_of(self._state.stations, self._state.present())

    def allowable_pilot_signals(self, station_id: str) -> tuple[bool, list[float]]:
        """(whether any current between two ends can be offered, the ends or all levels). [A]"""
        stations, i = self._state.stations, self._position(station_id)
        return bool(stations.is_continuous[i]), stations.allowable_pilots[i].tolist()

    def max_pilot_signal(self, station_id: str) -> float:
        """[A]"""
        return float(self._state.stations.max_pilot[self._position(station_id)])

    def min_pilot_signal(self, station_id: str) -> float:
        """The smallest one other than 0; 0 where there is none. [A]"""
        return float(self._state.stations.min_pilot[self._position(station_id)])

    def evse_voltage(self, station_id: str) -> float:
        """As ``InfrastructureInfo`` has it. [V]"""
        return float(self._state.stations.voltages[self._position(station_id)])

    def evse_phase(self, station_id: str) -> float:
        """[degrees]"""
        return float(self._limits().phases[self._position(station_id)])

    def remaining_amp_periods(self, ev: SessionInfo) -> float:
        """What a session lacks. [A times periods]"""
        kwh_of_one = self._state.stations.kw_per_a[self._position(ev.station_id)] * hours_from_minutes(self.period)
        return float(ev.remaining_demand / kwh_of_one)

    def get_constraints(self) -> Constraint:
        """The limits of this period."""
        found = self.infrastructure_info()
        return Constraint(found.constraint_matrix, found.constraint_limits, found.constraint_ids, found.station_ids)

    def is_feasible(
        self,
        load_currents: Mapping[str, Sequence[float]],
        linear: bool = False,
        violation_tolerance: float | None = None,
        relative_tolerance: float | None = None,
    ) -> bool:
        """Whether currents by station, period by period, keep the limits of this period; ``linear`` adds up sizes. [A]

        Raises ValueError where they are not for equally many periods.
        """
        if len(counts := set(map(len, load_currents.values()))) > 1:
            raise ValueError(f"rows of {' and '.join(map(str, sorted(counts)))} periods: name equally many for all")
        limits = self._limits()
        currents = np.zeros((limits.num_stations, max(counts, default=0)))
        for station, row in load_currents.items():
            currents[self._position(station)] = row
        matrix = limits.constraint_matrix.astype(complex)
        turned = abs(matrix) if linear else matrix * np.exp(1j * np.deg2rad(limits.phases))
        absolute = ABSOLUTE_A if violation_tolerance is None else violation_tolerance
        relative = RELATIVE if relative_tolerance is None else relative_tolerance
        most = limits.constraint_limits + np.maximum(absolute, relative * limits.constraint_limits)
        return bool((abs(turned @ currents) <= most[:, None]).all())

    def get_prices(self, length: int, start: int | None = None) -> Floats:
        """Of energy in so many periods, from the present one where no other is named. [currency/kWh]"""
        first = self.current_time if start is None else start
        instants_s = np.array([self._state.begin_s(first + k) for k in range(length + 1)])
        return mean_prices(self._state.tariff.import_price, instants_s, self._state.calendar)

    def get_demand_charge(self, start: int | None = None) -> float:
        """Of all charges that count in a period together, a billing period. [currency/kW]"""
        at = instant(self._state.begin_s(self.current_time if start is None else start))
        calendar, charges = self._state.calendar, self._state.tariff.demand_charges
        return sum(one.rate_per_kw for one in charges if any(holds(window, at, calendar) for window in one.windows))

    def get_prev_peak(self) -> float:
        """Highest sum of charging currents so far, as metered. [A]"""
        return self._state.peak_a

    def _position(self, station_id: str) -> int:
        return self._state.stations.position[station_id]

    def _limits(self) -> InfrastructureInfo:
        """Those of this instant, which are not given away."""
        at_s = self._state.known.at_s
        if self._infrastructure is None or self._infrastructure[0] != at_s:
            self._infrastructure = (at_s, self.infrastructure_info())
        return self._infrastructure[1]
