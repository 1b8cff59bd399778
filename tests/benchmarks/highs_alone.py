"""Solves the arrays of a linear program with nothing but numpy and highspy, and prints its peak memory. [KiB]

    python highs_alone.py program.npz

Run by ``tests.benchmarks.memory`` in a process of its own; it imports nothing of the project on purpose.
"""

import resource
import sys

import highspy
import numpy as np


def main(path: str) -> None:
    arrays = np.load(path)
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("threads", 1)
    columns = len(arrays["cost"])
    highs.passModel(
        columns,
        len(arrays["row_lower"]),
        len(arrays["data"]),
        int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMinimize),
        0.0,
        arrays["cost"],
        arrays["col_lower"],
        arrays["col_upper"],
        arrays["row_lower"],
        arrays["row_upper"],
        arrays["indptr"],
        arrays["indices"],
        arrays["data"],
        np.zeros(columns, dtype=np.int32),
    )
    highs.run()
    solution = highs.getSolution()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal or not solution.value_valid:
        sys.exit(f"HiGHS ended as {highs.getModelStatus().name}")
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


if __name__ == "__main__":
    main(sys.argv[1])
