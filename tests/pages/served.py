"""The service as a newcomer starts it: a process of its own, on a port and a store of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).parents[2]
STARTS_WITHIN_S = 90.0
"""On a machine that is busy with other things."""
LOOKS_EVERY_S = 0.2


@contextmanager
def started(folder: Path, *options: str, **environment: str) -> Iterator[str]:
    """The address of a service that runs until the end of the block; what it said is in ``folder``."""
    port = _free_port()
    given = os.environ | {"PYTHONPATH": str(ROOT), "CHARGEWRIGHT_DATABASE_URL": f"sqlite:///{folder / 'store.db'}"}
    command = [sys.executable, "-m", "api.cli", "serve", "--port", str(port), *options]
    with (folder / "serve.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=given | environment, stderr=log, stdout=log)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_until_it_answers(address, process, folder)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=30)


def text_of(address: str) -> str:
    with urlopen(address, timeout=30) as answer:
        told: bytes = answer.read()
    return told.decode()


def _wait_until_it_answers(address: str, process: "subprocess.Popen[bytes]", folder: Path) -> None:
    end = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < end:
        assert process.poll() is None, (folder / "serve.log").read_text()
        try:
            text_of(f"{address}/health/live")
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(LOOKS_EVERY_S)
        else:
            return
    raise AssertionError((folder / "serve.log").read_text())


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
