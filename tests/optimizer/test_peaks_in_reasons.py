"""What reasons say that a kW at a peak is worth."""

import numpy as np

from optimizer.explain.peaks import Peaks


def two_windows_of_two_intervals() -> Peaks:
    """One kW less is worth 1 and 2 in the intervals of the first window, 4 and 8 in those of the second."""
    row = np.arange(4)
    return Peaks(
        full=np.ones(4, dtype=bool),
        worth=np.array([1.0, 2.0, 4.0, 8.0]),
        row=row,
        period=row % 2,
        share=np.ones(4),
        window=row // 2,
        windows=((0, 1), (0, 1)),
    )


def test_only_the_windows_that_are_asked_for_count() -> None:
    peaks = two_windows_of_two_intervals()
    assert peaks.worth_of((0,), np.array([0, 1])) == 3.0
    assert peaks.worth_of((1,), np.array([0, 1])) == 12.0
    assert peaks.worth_of((0, 1), np.array([1])) == 10.0
    assert peaks.worth_of((), np.array([0, 1])) == 0.0


def test_a_kw_throughout_a_period_counts_in_every_window_that_it_meets() -> None:
    assert two_windows_of_two_intervals().cost(2).tolist() == [5.0, 10.0]
