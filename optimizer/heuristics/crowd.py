"""Who is there in one period, what each is offered so far, and what every limit and cabinet leaves on top.

Loads are added up once and carried along, so that one more offer is a look at each limit and not at each car.
"""

import numpy as np

from optimizer.giving.discs import Complexes, Floats, reach, straight_reach
from optimizer.giving.room import Ints, Room
from optimizer.giving.rules import filled
from optimizer.instance.offers import Offers

_HAIR = 1e-10
"""Share by which a full limit may be exceeded, so that minima that fill it to the last watt do fit."""
FULL_SHARE = 1.0 + _HAIR
"""Of a limit, what offers may fill."""


class Crowd:
    """Offers of one period (n,), given out one by one; none is ever given that a limit has no room for."""

    def __init__(
        self, room: Room, kept_kw: Floats, soft: Floats, soft_kw: float, offers: Offers, sessions: Ints
    ) -> None:
        """``kept_kw`` of each member is counted by every limit already but on expected loads, whatever is offered."""
        self.given = np.zeros(len(sessions))
        """At evse. [kW]"""
        self._room, self._keeps = room, bool(kept_kw.any())
        self._kept = np.where(room.expected[:, None], 0.0, kept_kw) if self._keeps else np.zeros_like(room.length)
        """What each row counts of each member anyway (R, n). [kW]"""
        self._phasor, self._length, self._radius = room.phasor, room.length, room.radius * FULL_SHARE
        self._load: Complexes = room.beside.copy()
        self._used = np.zeros(len(room.radius))
        self._soft, self._soft_left = soft, soft_kw
        self._module_kw = offers.module_kw[sessions]
        self._cabinets = [_Cabinet(c.at_once, c.modules) for c in offers.cabinets]
        self._cabinet = self._cabinet_of_each(offers, sessions) if offers.cabinets else [None] * len(sessions)

    def _cabinet_of_each(self, offers: Offers, sessions: Ints) -> list["_Cabinet | None"]:
        number = {int(s): k for k, c in enumerate(offers.cabinets) for s in c.sessions}
        return [self._cabinets[number[s]] if s in number else None for s in sessions.tolist()]

    def most(self, k: int, *, within_peak: bool) -> float:
        """The highest offer that member k can have now, all in all. [kW]"""
        given, phasor, length = float(self.given[k]), self._phasor[:, k], self._length[:, k]
        left = np.maximum(0.0, self._radius - self._used)
        counted = np.maximum(given, self._kept[:, k])
        ahead = reach(self._load, left, phasor, length) if self._room.directed else straight_reach(left, length)
        most = float((counted + ahead).min(initial=np.inf))
        if within_peak and self._soft[k] > 0.0:
            most = min(most, given + max(0.0, self._soft_left) / float(self._soft[k]))
        cabinet = self._cabinet[k]
        return most if cabinet is None else min(most, self._cabinet_most(cabinet, k))

    def most_of_each(self) -> Floats:
        """The same within the peak for every member (n,), cabinets aside; it only falls while more is given. [kW]"""
        left = np.maximum(0.0, self._radius - self._used)[:, None]
        reached = reach(self._load[:, None], left, self._phasor, self._length) if self._room.directed else None
        ahead = straight_reach(left, self._length) if reached is None else reached
        most = (np.maximum(self.given, self._kept) + ahead).min(axis=0, initial=np.inf)
        peak = np.full_like(most, np.inf)
        np.divide(max(0.0, self._soft_left), self._soft, out=peak, where=self._soft > 0.0)
        return np.asarray(np.minimum(most, self.given + peak))

    def gives_all(self, wanted_kw: Floats) -> bool:
        """Offer all of these at once if every limit has room for them, whoever stops; says whether it has.

        Nothing may be offered before, and neither cabinets nor what is kept anyway may be there: these are looked at
        member by member.
        """
        alone = self._cabinets and any(cabinet is not None for cabinet in self._cabinet)
        if alone or (self._keeps and self._kept.any()):
            return False
        load, used, soft = self._load, self._length @ wanted_kw, float(self._soft @ wanted_kw)
        if self._room.directed:
            load = load + self._phasor @ wanted_kw
        if soft > self._soft_left or (abs(load) + used > self._radius).any():
            return False
        self.given, self._load, self._used = wanted_kw.copy(), load, used
        self._soft_left -= soft
        return True

    def shared(self, most_kw: Floats) -> Floats:
        """What everybody could have if whoever has least rises first: cars on all phases rise together. [kW]"""
        if self._keeps and self._kept.any():
            return most_kw
        return filled(self._room, self.given, np.maximum(self.given, most_kw))

    def give(self, k: int, power_kw: float) -> None:
        """Offer member k so much instead; the caller has looked at ``most``."""
        more, kept = power_kw - self.given[k], self._kept[:, k]
        counted = np.maximum(power_kw, kept) - np.maximum(self.given[k], kept)
        self._load += self._phasor[:, k] * counted
        self._used += self._length[:, k] * counted
        self._soft_left -= float(self._soft[k]) * more
        cabinet = self._cabinet[k]
        if cabinet is not None:
            cabinet.on += int(power_kw > 0.0) - int(self.given[k] > 0.0)
            cabinet.taken += self._modules(k, power_kw) - self._modules(k, self.given[k])
        self.given[k] = power_kw

    def _cabinet_most(self, cabinet: "_Cabinet", k: int) -> float:
        if self.given[k] == 0.0 and cabinet.on >= cabinet.at_once:
            return 0.0
        if cabinet.modules is None:
            return np.inf
        return float(self._module_kw[k] * (cabinet.modules - cabinet.taken + self._modules(k, self.given[k])))

    def _modules(self, k: int, power_kw: float) -> int:
        return int(np.ceil(power_kw / self._module_kw[k] - _HAIR))


class _Cabinet:
    def __init__(self, at_once: int, modules: int | None) -> None:
        self.at_once, self.modules = at_once, modules
        self.on, self.taken = 0, 0
