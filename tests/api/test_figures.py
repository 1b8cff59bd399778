"""Figures of a document: what an array is told as is what each of its numbers is told as."""

from math import copysign, inf

import numpy as np
import pytest

from api.figures import finite_list, rounded, rounded_list

HALF = 5e-7


@pytest.mark.parametrize("size", [1e-6, 1e-3, 1.0, 50.0, 1e3, 1e6, 1e12])
def test_an_array_is_told_as_its_numbers_are(size: float) -> None:
    numbers = np.random.default_rng(1).normal(0.0, size, 20_000)
    assert rounded_list(numbers) == [rounded(number) for number in numbers.tolist()]


def test_numbers_halfway_between_two_digits_are_told_alike() -> None:
    whole = np.random.default_rng(2).integers(-(10**9), 10**9, 20_000) / 1e6
    halves = np.concatenate([whole + HALF, whole - HALF, np.nextafter(whole + HALF, inf)])
    assert rounded_list(halves) == [rounded(number) for number in halves.tolist()]


def test_there_is_no_negative_zero() -> None:
    assert [copysign(1.0, number) for number in rounded_list(np.array([-0.0, -1e-9]))] == [1.0, 1.0]


def test_what_has_no_limit_is_told_as_nothing() -> None:
    assert finite_list(np.array([1.25, inf])) == [1.25, None]
