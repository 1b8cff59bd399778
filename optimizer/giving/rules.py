"""Rules by which power is given out where not everybody can have what they could take.

Limits are monotone: giving one member less never takes room from another. So nobody is asked twice once there is no
room for them.
"""

import numpy as np

from optimizer.giving.discs import Floats
from optimizer.giving.room import Ints, Room

NOTHING_KW = 1e-6
"""A milliwatt: less room than this is none. [kW]"""
QUANTUM_KW = 0.25
"""What round robin gives at a time: about 1 A at 230 V. [kW]"""


def everything(room: Room, most_kw: Floats, order: Ints) -> Floats:
    """Whatever the limits say."""
    return most_kw


def one_after_the_other(room: Room, most_kw: Floats, order: Ints) -> Floats:
    """Everybody in order takes as much as there is room for; only who may not get all of it is looked at alone."""
    given, asked = np.zeros_like(most_kw), order[most_kw[order] > 0.0]
    sure = room.surely_fit(most_kw, asked)
    given[asked[:sure]] = most_kw[asked[:sure]]
    for k in asked[sure:]:
        given[k] = min(most_kw[k], room.of(given, k))
    return given


def equally(room: Room, most_kw: Floats, order: Ints) -> Floats:
    """Max-min: nobody can have more unless somebody with less or the same gets less."""
    return filled(room, np.zeros_like(most_kw), most_kw)


def filled(room: Room, least_kw: Floats, most_kw: Floats) -> Floats:
    """Water filling from ``least_kw``, which fits: whoever has least rises, until a limit or ``most_kw`` stops them."""
    given, open_ = least_kw.copy(), least_kw < most_kw - NOTHING_KW
    while (open_ := open_ & (room.each(given) > NOTHING_KW)).any():
        level = given[open_].min()
        rising = open_ & (given <= level + NOTHING_KW)
        next_level = given[open_ & ~rising].min(initial=np.inf)
        rise = min(room.together(given, rising), next_level - level)
        given = np.where(rising, np.minimum(given + rise, most_kw), given)
        open_ &= given < most_kw - NOTHING_KW
    return given


def in_quanta(room: Room, most_kw: Floats, order: Ints) -> Floats:
    """Everybody in turn gets a quantum, round after round; who has no room for one more is passed over from then on.

    The last quantum before ``most_kw`` may be a smaller one. As the round robin of ACN-Sim with continuous pilots
    (Lee et al., 2021). Rounds in which everybody gets a whole quantum are given at once.
    """
    given, open_ = np.zeros_like(most_kw), most_kw > NOTHING_KW
    while open_.any():
        quantum = np.minimum(QUANTUM_KW, most_kw - given)
        open_ &= room.each(given) >= quantum - NOTHING_KW
        whole_rounds = _whole_rounds(room, given, most_kw, open_)
        given = given + whole_rounds * QUANTUM_KW * open_
        if whole_rounds == 0:
            for k in order[open_[order]]:
                left_kw = room.of(given, k)
                given[k] += min(quantum[k], left_kw) if left_kw >= quantum[k] - NOTHING_KW else 0.0
        open_ &= most_kw - given > 2 * NOTHING_KW
    return given


def _whole_rounds(room: Room, given: Floats, most_kw: Floats, open_: np.ndarray) -> int:
    """Rounds in which every open member gets a whole quantum."""
    wanted = (most_kw - given)[open_].min(initial=np.inf)
    return int(min(room.together(given, open_), wanted) // QUANTUM_KW) if open_.any() else 0
