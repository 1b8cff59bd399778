"""Watches the solver while tests run: every optimum that it reports must come with its proof."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from optimizer.backends.highs import Solver, SolverAnswer
from tests.oracle.certificate import Certificate, certify


@dataclass
class Watch:
    """The certificates of everything that was solved."""

    certificates: list[Certificate] = field(default_factory=list)


@contextmanager
def every_answer_certified() -> Iterator[Watch]:
    """Inside, an answer of the solver without a proof of its optimality is an AssertionError."""
    watch, run = Watch(), Solver.run

    def checked_run(solver: Solver) -> SolverAnswer:
        answer = run(solver)
        certificate = certificate_of(solver, answer)
        watch.certificates.append(certificate)
        assert not certificate.failures(), certificate.failures()
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Solver, "run", checked_run)
        yield watch


def certificate_of(solver: Solver, answer: SolverAnswer) -> Certificate:
    """Against the program as the solver holds it, with every row and bound that came later."""
    program = solver._highs.getLp()
    bounds = [np.array(v) for v in (program.col_lower_, program.col_upper_, program.row_lower_, program.row_upper_)]
    return certify(
        matrix_of(program),
        np.array(program.col_cost_),
        (bounds[0], bounds[1]),
        (bounds[2], bounds[3]),
        (answer.values, answer.row_duals, answer.reduced_costs),
    )


def matrix_of(program: Any) -> sparse.csr_array:
    """The coefficients, however the solver keeps them."""
    a, shape = program.a_matrix_, (program.num_row_, program.num_col_)
    parts = (np.array(a.value_), np.array(a.index_), np.array(a.start_))
    if "kColwise" in str(a.format_):
        return sparse.csr_array(sparse.csc_array(parts, shape=shape))
    return sparse.csr_array(parts, shape=shape)
