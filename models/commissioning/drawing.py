"""Currents of a car from whatever its station's meter tells: currents, power, or nothing but a register."""

from dataclasses import dataclass
from itertools import pairwise

from models.commissioning.observations import WAITED, Observations
from models.commissioning.script import FOLLOWED_A, TAIL_A
from models.domain.events import Measured
from models.domain.units import amperes_from_kw, hours_from_seconds

SETTLED_S = 50.0
"""How long before the end of a wait a current counts as settled. [s]"""
DRAWS_A = 0.5
"""A smaller current is none. [A]"""
_PHASES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A current that held between two instants, or at one. [A]"""

    begin_s: float
    end_s: float
    current_a: float


def drawn(observations: Observations, evse: int) -> list[Drawn]:
    """The largest current on a phase, for every reading."""
    readings = observations.measured(evse)
    if any(measured.current_a for _, measured in readings):
        return [_at(at_s, max(m.current_a.values())) for at_s, m in readings if m.current_a]
    count, volts = phases_drawn(observations, evse) or _PHASES, observations.voltage_v
    if any(measured.power_kw is not None for _, measured in readings):
        return [_at(at_s, amperes_from_kw(m.power_kw, volts, count)) for at_s, m in readings if m.power_kw is not None]
    return [
        Drawn(begin_s=begin_s, end_s=end_s, current_a=amperes_from_kw(power_kw, volts, count))
        for begin_s, end_s, power_kw in rises(readings)
    ]


def rises(readings: list[tuple[float, Measured]]) -> list[tuple[float, float, float]]:
    """Begin, end and mean power between two readings of the register. [s, s, kW]"""
    register = [(at_s, m.energy_kwh) for at_s, m in readings if m.energy_kwh is not None]
    return [
        (begin_s, end_s, (after - before) / hours_from_seconds(end_s - begin_s))
        for (begin_s, before), (end_s, after) in pairwise(register)
        if end_s > begin_s and after >= before
    ]


def phases_drawn(observations: Observations, evse: int) -> int | None:
    """How many equal currents the energy that flowed is made of; None where it cannot be said.

    Beside a current, the register tells; alone, the power at the smallest limit at which the car drew.
    """
    readings, volts = observations.measured(evse), observations.voltage_v
    counts = [
        power_kw / (volts * max(m.current_a.values()) / 1000.0)
        for (begin_s, end_s, power_kw) in rises(readings)
        for at_s, m in readings
        if at_s == end_s and m.current_a and max(m.current_a.values()) > 2 * DRAWS_A
    ]
    if counts:
        return _between_1_and_3(sorted(counts)[len(counts) // 2])
    return _phases_by_power(observations, readings)


def _phases_by_power(observations: Observations, readings: list[tuple[float, Measured]]) -> int | None:
    limits = {f"follow-{number}": limit_a for number, limit_a in enumerate(FOLLOWED_A, start=1)} | {"tail": TAIL_A}
    for step, limit_a in sorted(limits.items(), key=lambda item: item[1]):
        window = settled_window(observations, step)
        powers = (
            []
            if window is None
            else [p for begin, end, p in _powers(readings) if begin >= window[0] and end <= window[1]]
        )
        drawn_a = [amperes_from_kw(power, observations.voltage_v) for power in powers]
        if limit_a > 0.0 and drawn_a and max(drawn_a) > DRAWS_A:
            return _between_1_and_3(max(drawn_a) / limit_a)
    return None


def _powers(readings: list[tuple[float, Measured]]) -> list[tuple[float, float, float]]:
    told = [(at_s, at_s, m.power_kw) for at_s, m in readings if m.power_kw is not None]
    return told or rises(readings)


def settled_window(observations: Observations, step: str) -> tuple[float, float] | None:
    """The end of the last wait of a step. [s]"""
    waits = observations.of_step(step, WAITED)
    return None if not waits else (waits[-1].at_s - SETTLED_S, waits[-1].at_s)


def settled(draws: list[Drawn], window: tuple[float, float] | None) -> float | None:
    """The largest current in a window; None where nothing was measured in it. [A]"""
    if window is None:
        return None
    inside = [d.current_a for d in draws if d.begin_s >= window[0] and d.end_s <= window[1] + 1.0]
    return max(inside) if inside else None


def _at(at_s: float, current_a: float) -> Drawn:
    return Drawn(begin_s=at_s, end_s=at_s, current_a=current_a)


def _between_1_and_3(count: float) -> int:
    return min(_PHASES, max(1, round(count)))
