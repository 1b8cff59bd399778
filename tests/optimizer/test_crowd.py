"""What a crowd is given at once: all of it where every limit has room for all, and else nothing."""

import numpy as np
import pytest

from models.domain.setpoints import SetpointRules
from optimizer.giving.room import Room
from optimizer.heuristics.crowd import Crowd
from optimizer.instance.offers import Offers, Outlets

LIMIT_KW = 10.0
PEAK_KW = 8.0
NOTHING = np.zeros(2)


def crowd(*, peak_kw: float = PEAK_KW, kept_kw: np.ndarray = NOTHING, cabinets: tuple[Outlets, ...] = ()) -> Crowd:
    """Two cars under 10 kW, and a peak of 8 kW that is not to be exceeded."""
    limit = np.array([LIMIT_KW])
    room = Room(
        np.zeros((1, 2), dtype=complex),
        np.ones((1, 2)),
        limit,
        np.array([False]),
        np.zeros(1, dtype=complex),
        directed=False,
    )
    return Crowd(room, kept_kw, np.ones(2), peak_kw, offers(cabinets), np.arange(2))


def offers(cabinets: tuple[Outlets, ...]) -> Offers:
    no, start = np.zeros(2, dtype=bool), np.full(2, -np.inf)
    return Offers(
        rules=SetpointRules(),
        near=0,
        steered=~no,
        ladders=(),
        module_kw=np.full(2, np.inf),
        wait_h=NOTHING,
        on=no,
        since_s=start,
        starts=np.zeros(2, dtype=np.int64),
        cabinets=cabinets,
    )


def test_what_fits_is_given_and_counted() -> None:
    both = crowd()

    assert both.gives_all(np.array([3.0, 4.0]))
    assert both.given.tolist() == [3.0, 4.0]
    assert both.most(0, within_peak=True) == pytest.approx(4.0)  # a kW of the peak is left
    assert both.most(0, within_peak=False) == pytest.approx(6.0)  # and three of the limit


@pytest.mark.parametrize("peak_kw", [PEAK_KW, np.inf], ids=["above the peak", "above the limit"])
def test_what_does_not_fit_is_not_given(peak_kw: float) -> None:
    both = crowd(peak_kw=peak_kw)

    assert not both.gives_all(np.array([5.0, min(peak_kw, LIMIT_KW) - 4.9]))
    assert both.given.tolist() == [0.0, 0.0]
    assert both.gives_all(np.array([5.0, min(peak_kw, LIMIT_KW) - 5.0]))


def test_what_is_kept_anyway_is_looked_at_car_by_car() -> None:
    """7 of 10 kW are counted for the first whatever it is offered: 3 + 4 kW would be 7 + 4."""
    assert not crowd(kept_kw=np.array([7.0, 0.0])).gives_all(np.array([3.0, 4.0]))


def test_a_cabinet_that_feeds_one_outlet_is_looked_at_car_by_car() -> None:
    one = Outlets(sessions=np.arange(2), at_once=1, modules=None)

    assert not crowd(cabinets=(one,)).gives_all(np.array([3.0, 4.0]))
