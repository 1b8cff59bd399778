"""Guarantees of speed, equation (20): how much energy a session is to have at the ends of its first periods."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.domain.floors import floor_kw, has_floors
from models.domain.guarantees import Guarantees
from models.domain.scenario import Scenario
from models.domain.session import ChargingPreference, Session
from models.domain.site import Evse, MeasuringPoint
from models.domain.states import is_followed
from models.domain.stays import energy_at
from models.domain.units import hours_from_minutes, hours_from_seconds
from optimizer.instance.periods import Periods
from optimizer.instance.sessions import Cells, Sessions
from optimizer.instance.tree import Tree

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FLOOR, FIRST, AT_ONCE = 0, 1, 2
NAMES = ("floor", "first", "at_once")
"""Labels of the dim ``pace``."""
DUE_KWH = 1e-9
SHORTEST_H = 1e-9
"""Less is no time: half an hour of room is room enough, whatever the last digit of a division says. [h]"""


@dataclass(frozen=True, slots=True)
class Paces:
    """Every pace of every session (G,), and the rows that keep it (R,); all empty without guarantees."""

    session: Ints
    kind: Ints
    """``FLOOR``, ``FIRST`` or ``AT_ONCE``."""
    price_per_kwh: Floats
    """Of what the session is behind at most. [currency/kWh]"""
    waits: NDArray[np.bool_]
    """Whether it may be put off if that saves enough; else it is guaranteed."""
    pace: Ints
    """Of each row."""
    last_cell: Ints
    """Of each row: its energy is that of its session's cells up to and with this one."""
    due_kwh: Floats
    """Of each row: what that energy is to be. [kWh at evse]"""

    def behind_kwh(self, energy_kwh: Floats, cells: Cells) -> Floats:
        """What each pace is behind at most (G,), for the energies of all cells (N,)."""
        if not len(self.session):
            return np.zeros(0)
        so_far = np.concatenate([[0.0], np.cumsum(energy_kwh)])
        got = so_far[self.last_cell + 1] - so_far[cells.offset[self.session[self.pace]]]
        behind = np.zeros(len(self.session))
        np.maximum.at(behind, self.pace, self.due_kwh - got)
        return behind


_NONE = np.zeros(0, dtype=np.int64)
_NOTHING = Paces(_NONE, _NONE, np.zeros(0), np.zeros(0, dtype=bool), _NONE, _NONE, np.zeros(0))
"""Where nothing is guaranteed."""


@dataclass(frozen=True, slots=True)
class _Pace:
    """Energy at a rate from now on, up to an amount."""

    session: int
    kind: int
    rate_kw: float
    up_to_kwh: float
    price_per_kwh: float
    waits: bool = False


def paces(scenario: Scenario, where: Tree, who: Sessions, cells: Cells, span: Periods) -> Paces:
    """Of a completed scenario."""
    if not has_floors(scenario.site):
        return _NOTHING
    found = [one for one in _paces(scenario, where, who, span) if one.rate_kw > 0.0 and one.up_to_kwh > DUE_KWH]
    rows = [_rows(one, cells) for one in found]
    lengths = [len(due) for _, due in rows]
    return Paces(
        session=np.array([one.session for one in found], dtype=np.int64),
        kind=np.array([one.kind for one in found], dtype=np.int64),
        price_per_kwh=np.array([one.price_per_kwh for one in found], dtype=float),
        waits=np.array([one.waits for one in found], dtype=bool),
        pace=np.repeat(np.arange(len(found)), lengths),
        last_cell=np.concatenate([np.zeros(0, dtype=np.int64), *(cell for cell, _ in rows)]),
        due_kwh=np.concatenate([np.zeros(0), *(due for _, due in rows)]),
    )


def _rows(pace: _Pace, cells: Cells) -> tuple[Ints, Floats]:
    """Cells and energies due at their ends, up to the first at which all is due: later ones follow from it."""
    mine = np.arange(cells.offset[pace.session], cells.offset[pace.session + 1])
    due = np.minimum(pace.up_to_kwh, pace.rate_kw * np.cumsum(cells.hours[mine]))
    count = int(np.searchsorted(due, pace.up_to_kwh - DUE_KWH)) + 1
    return mine[:count], due[:count]


def _paces(scenario: Scenario, where: Tree, who: Sessions, span: Periods) -> Iterator[_Pace]:
    rules = scenario.site.guarantees or Guarantees()
    for s, session in enumerate(scenario.sessions):
        evse = where.evses[session.evse]
        if not is_followed(session, evse):
            yield from _of_session(s, session, evse, rules, who, span)


def _of_session(
    s: int, session: Session, evse: Evse, rules: Guarantees, who: Sessions, span: Periods
) -> Iterator[_Pace]:
    most_kw, need_kwh = float(who.max_power_kw[s]), float(who.remaining_kwh[s])
    price = float(who.value_per_kwh[s]) if rules.price_per_kwh is None else rules.price_per_kwh
    cheap = session.charging_preference is ChargingPreference.CHEAP
    if not (session.accepts_less or cheap):
        yield _Pace(s, FLOOR, min(floor_kw(evse, rules), most_kw), need_kwh, price)
    had_kwh = energy_at(MeasuringPoint.EVSE, session.delivered_kwh, session.measured_at, evse, session.vehicle)
    yield _Pace(s, FIRST, most_kw, min(need_kwh, rules.first_kwh - had_kwh), price)
    if rules.defer_gain_per_kwh is not None and most_kw > 0.0 and not cheap:
        left_h = hours_from_seconds(float(who.departure_s[s]) - max(float(who.arrival_s[s]), span.start_s))
        waits = left_h - need_kwh / most_kw >= hours_from_minutes(rules.defer_room_minutes) - SHORTEST_H
        yield _Pace(s, AT_ONCE, most_kw, need_kwh, rules.defer_gain_per_kwh if waits else price, waits)
