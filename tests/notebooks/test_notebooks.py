"""Notebooks run from a clean kernel and keep no outputs."""

import os
from pathlib import Path
from time import perf_counter

import pytest

nbformat = pytest.importorskip("nbformat", reason="nbformat is missing: pip install -e '.[dev]'")
nbclient = pytest.importorskip("nbclient", reason="nbclient is missing: pip install -e '.[dev]'")

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
FAST = {"01-from-scenario-to-plan-to-ocpp"}
"""Part of every run; CHARGEWRIGHT_NOTEBOOKS=all runs the others as well."""
LONGEST_S = 60.0
"""A notebook that takes longer is not read to its end."""


def name(notebook: Path) -> str:
    return notebook.stem


def test_the_notebooks_of_every_run_exist() -> None:
    assert {path.stem for path in NOTEBOOKS} >= FAST


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=name)
def test_a_notebook_keeps_no_outputs(notebook: Path) -> None:
    cells = [cell for cell in nbformat.read(notebook, as_version=4).cells if cell.cell_type == "code"]

    assert cells
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)


@pytest.mark.filterwarnings("default")  # of Jupyter's own machinery, not ours
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=name)
def test_a_notebook_runs_from_a_clean_kernel_in_a_minute(notebook: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if notebook.stem not in FAST and os.environ.get("CHARGEWRIGHT_NOTEBOOKS") != "all":
        pytest.skip("only with CHARGEWRIGHT_NOTEBOOKS=all")
    # The packages come from this checkout, also where nobody installed them.
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    document = nbformat.read(notebook, as_version=4)
    client = nbclient.NotebookClient(document, timeout=LONGEST_S, resources={"metadata": {"path": str(ROOT)}})

    started = perf_counter()
    client.execute()

    assert perf_counter() - started < LONGEST_S
    assert any(cell.outputs for cell in document.cells if cell.cell_type == "code")
