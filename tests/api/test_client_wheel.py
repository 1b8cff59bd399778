"""The client is a distribution of its own: one module that needs nothing of the service, and is not in its wheel."""

import ast
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "api" / "client"
OURS = {"models", "optimizer", "api"}


def built(project: Path, out: Path) -> Path:
    """A wheel, built with what is installed: nothing is fetched."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = out.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(CLIENT, tmp_path_factory.mktemp("client"))


def test_its_wheel_holds_one_module_and_says_that_it_is_typed(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        (metadata,) = [archive.read(name).decode() for name in archive.namelist() if name.endswith("/METADATA")]

    assert names == {"chargewright_client/__init__.py", "chargewright_client/py.typed"}
    assert "\nName: chargewright-client\n" in metadata
    assert [line for line in metadata.splitlines() if line.startswith("Requires-Dist")] == [
        "Requires-Dist: httpx2>=2.10"
    ]


def test_it_imports_the_standard_library_and_its_http_client_alone() -> None:
    tree = ast.parse((CLIENT / "chargewright_client" / "__init__.py").read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names) == {"httpx2"}


def test_what_was_built_runs_where_a_csms_has_its_own_models_and_api(wheel: Path, tmp_path: Path) -> None:
    for name in OURS:
        (tmp_path / f"{name}.py").write_text("THEIRS = True\n", encoding="utf-8")
    script = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "import models, optimizer, api, chargewright_client as cw\n"
        "assert models.THEIRS and optimizer.THEIRS and api.THEIRS\n"
        "assert cw.__file__.startswith(sys.argv[1]), cw.__file__\n"
        "cw.Client('http://127.0.0.1:9', tries=1, sleep=print).close()\n"
    )
    command = [sys.executable, "-I", "-c", script, str(wheel), str(tmp_path)]

    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr


def test_the_wheel_of_the_service_holds_its_three_packages_and_no_client(tmp_path: Path) -> None:
    with ZipFile(built(ROOT, tmp_path)) as archive:
        names = archive.namelist()

    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == OURS
    assert [name for name in names if "client/" in name] == []
    assert "api/app.py" in names
