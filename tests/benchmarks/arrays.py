"""A linear program as the plain arrays that HiGHS alone is given."""

import numpy as np

from optimizer.program import LinearProgram


def arrays_of(program: LinearProgram) -> dict[str, np.ndarray]:
    """By the names that ``highs_alone`` reads."""
    return {
        "cost": program.cost,
        "col_lower": program.col_lower,
        "col_upper": program.col_upper,
        "row_lower": program.row_lower,
        "row_upper": program.row_upper,
        "indptr": program.matrix.indptr,
        "indices": program.matrix.indices,
        "data": program.matrix.data,
    }
