"""The rows of a program against scipy, which the core does without."""

import subprocess
import sys

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse

from optimizer.sparse import Floats, Rows

SEEDS = range(20)


def drawn(seed: int) -> tuple[Floats, tuple[NDArray[np.int64], NDArray[np.int64]], tuple[int, int]]:
    """Triplets in any order, a few of them at the same place, some of these adding up to zero."""
    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(1, 9)), int(rng.integers(1, 9)))
    count = int(rng.integers(0, 30))
    places = rng.integers(shape[0], size=count), rng.integers(shape[1], size=count)
    return rng.integers(-2, 3, size=count).astype(float), places, shape


def by_scipy(rows: Rows) -> sparse.csr_array:
    return sparse.csr_array((rows.data, rows.indices, rows.indptr), shape=rows.shape)


@pytest.mark.parametrize("seed", SEEDS)
def test_triplets_give_the_arrays_that_scipy_gives(seed: int) -> None:
    values, places, shape = drawn(seed)
    oracle = sparse.coo_array((values, places), shape=shape).tocsr()
    oracle.eliminate_zeros()

    ours = Rows.from_triplets(values, places, shape)

    assert ours.indptr.tolist() == oracle.indptr.tolist()
    assert ours.indices.tolist() == oracle.indices.tolist()
    assert ours.data.tolist() == oracle.data.tolist()
    assert (ours.shape, ours.nnz) == (shape, oracle.nnz)
    assert (ours.indptr.dtype, ours.indices.dtype, ours.data.dtype) == (np.int32, np.int32, np.float64)


def test_equal_places_add_up_and_what_adds_up_to_zero_is_left_out() -> None:
    rows = Rows.from_triplets([1.0, 5.0, 2.0, -5.0], ([1, 0, 1, 0], [2, 0, 2, 0]), (2, 3))

    assert rows.row(0)[1].tolist() == []
    assert [part.tolist() for part in rows.row(1)] == [[2], [3.0]]


def test_a_coefficient_that_is_not_a_number_is_kept_for_the_solver_view_to_refuse() -> None:
    rows = Rows.from_triplets([np.nan, 0.0], ([0, 0], [0, 1]), (1, 2))

    assert np.isnan(rows.data).tolist() == [True]


@pytest.mark.parametrize("seed", SEEDS)
def test_rows_put_below_others_are_as_stacked_by_scipy(seed: int) -> None:
    values, places, (count, columns) = drawn(seed)
    first = Rows.from_triplets(values, places, (count, columns))
    second = Rows.from_triplets(values[::2], (places[0][::2], places[1][::2]), (count, columns))
    oracle = sparse.vstack([by_scipy(first), by_scipy(second)], format="csr")

    both = first.above(second)

    assert both.shape == oracle.shape
    assert by_scipy(both).toarray().tolist() == oracle.toarray().tolist()
    assert both.row_of.tolist() == oracle.tocoo().row.tolist()


def test_rows_of_other_width_are_not_put_below() -> None:
    with pytest.raises(ValueError, match="rows of 3 columns below rows of 2"):
        Rows.from_triplets([], ([], []), (1, 2)).above(Rows.from_triplets([], ([], []), (1, 3)))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_matrix_times_values_is_as_by_scipy_and_new_columns_add_nothing(seed: int) -> None:
    values, places, shape = drawn(seed)
    rows = Rows.from_triplets(values, places, shape)
    x = np.random.default_rng(seed + 1000).normal(size=shape[1] + 2)

    assert rows @ x[:-2] == pytest.approx(by_scipy(rows) @ x[:-2])
    assert rows.widened(2).shape == (shape[0], shape[1] + 2)
    assert rows.widened(2) @ x == pytest.approx(by_scipy(rows) @ x[:-2])


def test_a_plan_needs_none_of_the_packages_that_fill_memory() -> None:
    heavy = ["scipy", "pandas", "pydantic", "pyomo", "numpy.random", "numpy.testing", "numpy.f2py"]
    asks = f"import sys, optimizer.optimize; print([name for name in {heavy} if name in sys.modules])"

    told = subprocess.run([sys.executable, "-c", asks], check=True, capture_output=True, text=True)

    assert told.stdout.strip() == "[]"
