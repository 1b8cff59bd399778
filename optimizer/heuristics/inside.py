"""What batteries of followed cars take while a plan is made period by period: charging curve, ceiling, capacity."""

import numpy as np

from optimizer.giving.discs import Floats
from optimizer.giving.room import Ints
from optimizer.instance import Instance


class Inside:
    """Energy in the batteries of followed sessions, by what they have charged so far; nothing is given back."""

    def __init__(self, instance: Instance) -> None:
        self._states, self._first = instance.states, instance.cells.first_period
        self._place = {int(s): k for k, s in enumerate(self._states.session)}
        self._energy = self._states.start_kwh.copy()
        self._room = _room_kwh(instance)

    @property
    def nobody(self) -> bool:
        """Whether no session is followed."""
        return not self._place

    def at_most(self, power_kw: Floats, sessions: Ints, hours: Floats, period: int) -> Floats:
        """Powers of some sessions in a period, or what each can take where that is less. [kW]"""
        if not self._place:
            return power_kw
        return np.minimum(power_kw, self.most_kw(sessions, hours, period))

    def most_kw(self, sessions: Ints, hours: Floats, period: int) -> Floats:
        """What each of some sessions can take throughout a period; inf where its energy is not followed. [kW]"""
        most = np.full(len(sessions), np.inf)
        for i, s in enumerate(sessions.tolist() if self._place else ()):
            k = self._place.get(s)
            if k is not None:
                most[i] = self._of_one(k, float(hours[i]), period - int(self._first[s]))
        return most

    def charged(self, sessions: Ints, energy_kwh: Floats) -> None:
        """Some sessions have charged so much, at evse. [kWh]"""
        if not self._place:
            return
        for s, energy in zip(sessions.tolist(), energy_kwh.tolist(), strict=True):
            k = self._place.get(s)
            if k is not None:
                self._energy[k] += self._states.charge_efficiency[k] * energy

    def _of_one(self, k: int, hours: float, cell: int) -> float:
        gain_h = float(self._states.charge_efficiency[k]) * hours
        room = self._room[self._states.offset[k] + cell + 1] - self._energy[k]
        curve = self._states.curves[k]
        allowed = np.inf if curve is None else curve.followable(float(self._energy[k]), gain_h)
        return float(max(0.0, min(allowed, room / gain_h)))


def _room_kwh(instance: Instance) -> Floats:
    """The most that may be inside at each instant, so that no later ceiling is broken (I,). [kWh]"""
    room = instance.states.high_kwh.copy()
    room[instance.states.offset[:-1]] = np.inf  # what is inside on arrival is no bound on what comes after
    for begin, end in zip(instance.states.offset[:-1], instance.states.offset[1:], strict=True):
        room[begin:end] = np.minimum.accumulate(room[begin:end][::-1])[::-1]
    return room
