"""What an EVSE really offers when it is sent a setpoint."""

from bisect import bisect_right
from dataclasses import dataclass, field

from models.domain.electrical import kw_per_ampere, min_current_a
from models.domain.site import Site

_HAIR = 1e-6
"""A setpoint that lacks less than this share of a level means the level."""


@dataclass(slots=True)
class Offering:
    """The pilot levels of all EVSEs of a site."""

    site: Site
    levels: bool
    """False: any power is offered."""
    _steps_kw: dict[str, tuple[float, ...]] = field(default_factory=dict)
    _least_kw: dict[str, float] = field(default_factory=dict)
    _back_kw: dict[str, float] = field(default_factory=dict)
    """What each takes back at most. [kW]"""

    def __post_init__(self) -> None:
        volts = self.site.voltage_v or 0.0
        for evse in self.site.evses if self.levels else ():
            of_one_a = kw_per_ampere(evse, None, volts)
            self._steps_kw[evse.id] = _with_nothing(tuple(a * of_one_a for a in evse.pilot_levels_a or ()))
        self._back_kw = {evse.id: evse.max_discharge_kw or 0.0 for evse in self.site.evses}
        self._least_kw = {e.id: min_current_a(e) * kw_per_ampere(e, None, volts) for e in self.site.evses}

    def possible_kw(self, evse: str, setpoint_kw: float) -> float:
        """The highest level that is not above the setpoint; nothing below the least current of an EVSE. What is to be
        given back has no levels. [kW]"""
        if setpoint_kw < 0.0:
            return -min(-setpoint_kw, self._back_kw[evse])
        if not self.levels:
            return setpoint_kw
        steps = self._steps_kw[evse]
        if not steps:
            return setpoint_kw if setpoint_kw >= self._least_kw[evse] * (1.0 - _HAIR) else 0.0
        return steps[max(0, bisect_right(steps, setpoint_kw * (1.0 + _HAIR)) - 1)]


def _with_nothing(steps_kw: tuple[float, ...]) -> tuple[float, ...]:
    """Levels with 0 among them, which every EVSE can offer, named or not; none where any power is offered. [kW]"""
    return tuple(sorted({0.0, *steps_kw})) if steps_kw else ()
