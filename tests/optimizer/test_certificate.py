"""The certificate accepts an optimum and nothing else, on programs whose answers are worked out by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse

from tests.oracle.certificate import Certificate, certify

Floats = NDArray[np.float64]
INF = np.inf


def floats(*values: float) -> Floats:
    return np.array(values, dtype=float)


def certified(x: Floats, y: Floats, z: Floats) -> Certificate:
    """Buy at least 4 kWh, at 2 a kWh up to 3 kWh and at 3 beyond: 3 + 1 kWh for 9. The dual of the need is 3."""
    return certify(
        sparse.csr_array(np.array([[1.0, 1.0]])),
        floats(2.0, 3.0),
        (floats(0.0, 0.0), floats(3.0, INF)),
        (floats(4.0), floats(INF)),
        (x, y, z),
    )


OPTIMUM = (floats(3.0, 1.0), floats(3.0), floats(-1.0, 0.0))


def test_the_cheapest_purchase_with_its_prices_is_certified() -> None:
    certificate = certified(*OPTIMUM)

    assert certificate == Certificate(primal=0.0, stationarity=0.0, dual_sign=0.0, gap=0.0)
    assert certificate.failures() == []


@pytest.mark.parametrize(
    ("answer", "condition"),
    [
        ((floats(0.0, 4.0), floats(3.0), floats(-1.0, 0.0)), "gap"),
        ((floats(3.0, 0.5), floats(3.0), floats(-1.0, 0.0)), "primal"),
        ((floats(3.5, 0.5), floats(3.0), floats(-1.0, 0.0)), "primal"),
        ((floats(3.0, 1.0), floats(2.0), floats(-1.0, 0.0)), "stationarity"),
        ((floats(3.0, 1.0), floats(4.0), floats(-2.0, -1.0)), "dual_sign"),
        ((floats(3.0, 1.0), floats(-1.0), floats(3.0, 4.0)), "dual_sign"),
        ((floats(3.0, 1.0), floats(2.0), floats(0.0, 1.0)), "gap"),
        ((floats(3.0, np.nan), floats(3.0), floats(-1.0, 0.0)), "gap"),
    ],
    ids=[
        "all bought at the dear price",
        "less than the need",
        "more than there is at the low price",
        "a dual that the prices do not explain",
        "a price that falls without a ceiling",
        "a need with the sign of a ceiling",
        "duals that prove too little",
        "an answer that is not a number",
    ],
)
def test_an_answer_that_is_not_proved_is_refused(answer: tuple[Floats, Floats, Floats], condition: str) -> None:
    failures = certified(*answer).failures()

    assert any(failure.startswith(condition) for failure in failures), failures
