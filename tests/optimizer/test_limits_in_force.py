"""For how long a limit of one height is told to have held a car back by one amount."""

import numpy as np

from optimizer.explain.limitations import _alike


def test_a_limit_is_told_anew_where_it_changes_or_the_car_could_take_another_power() -> None:
    limit_kw, could_kw = np.array([3.0, 3.0, 3.0, 5.0, 5.0]), np.array([7.0, 7.0, 4.0, 7.0, 5.0])
    assert list(_alike(limit_kw, could_kw)) == [(0, 2), (2, 3), (3, 4)], "the last one leaves the car all it could take"
