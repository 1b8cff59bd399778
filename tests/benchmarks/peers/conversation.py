"""A peer in an environment of its own, which makes a run whenever it is asked to (``answering.py``)."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Any

import numpy as np

from tests.benchmarks import clocks
from tests.benchmarks.independent import Draws
from tests.benchmarks.scenarios import PEAK_PRICE_PER_KW, VALUE_PER_KWH

SCRIPTS = Path(__file__).parent
ENVIRONMENTS = Path(".venv-peers")
"""Where `make bench-peers` makes one for each peer, of ``<name>.txt``."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a peer took to prepare and to model and solve [s], and its cost [currency]."""

    prepare_s: float
    solve_s: float
    cost: float


@dataclass(frozen=True, slots=True)
class Peer:
    """A running peer: its versions and options, and a run whenever it is asked for one."""

    versions: dict[str, str]
    options: str
    _process: subprocess.Popen[str]
    _errors: IO[str]

    def run(self) -> Run:
        """Raises RuntimeError with what the peer said when it fails."""
        assert self._process.stdin is not None
        print(file=self._process.stdin, flush=True)
        return Run(**_answer(self._process, self._errors))


def interpreter(name: str) -> Path:
    """That of the environment of a peer, whether it is there or not."""
    return ENVIRONMENTS / name / "bin" / "python"


@contextmanager
def started(name: str, draws: Draws, python: Path | str) -> Iterator[Peer]:
    """A peer that has read the draws, with the prices that go with them; it ends with the context.

    Raises RuntimeError with what it said when it does not come up.
    """
    with TemporaryDirectory() as folder, TemporaryFile("w+") as errors:
        path = Path(folder) / "draws.npz"
        np.savez(path, **draws, peak_price=PEAK_PRICE_PER_KW, value_per_kwh=VALUE_PER_KWH)  # type: ignore[arg-type]
        command = [str(python), "-W", "ignore", str(SCRIPTS / f"peer_{name}.py"), str(path), clocks.name()]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=errors, text=True) as process:
            yield Peer(**_answer(process, errors), _process=process, _errors=errors)


def _answer(process: subprocess.Popen[str], errors: IO[str]) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        errors.seek(0)
        raise RuntimeError(f"a peer failed; `make bench-peers` makes its environment\n{errors.read()}")
    return dict(json.loads(line))
