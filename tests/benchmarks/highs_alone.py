"""Solves the arrays of a linear program with nothing but numpy and highspy, and prints its peak memory:
after its imports, and after all. [KiB]

    python highs_alone.py program.npz

Run by ``tests.benchmarks.memory`` in a process of its own; it imports nothing of the project on purpose. How long
``solve`` takes is measured by ``tests.benchmarks.speed``.
"""

import resource
import sys
from collections.abc import Mapping
from pathlib import Path

import highspy
import numpy as np


def main(path: str) -> None:
    imports_kib = peak_kib()
    solve(np.load(path))
    print(imports_kib, peak_kib())


def solve(arrays: Mapping[str, np.ndarray]) -> highspy.HighsSolution:
    """Pass, run, fetch; with every option as it comes but for the output and one thread."""
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
    return solution


def peak_kib() -> int:
    """Highest memory of this process so far. [KiB]

    From the kernel's VmHWM where there is one: the figure of getrusage is handed down from the process that started
    this one, so that a small child of a large parent looks large.
    """
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    told = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(told[0]) if told else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main(sys.argv[1])
