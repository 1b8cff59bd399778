"""A service as an operator starts it, in a process of its own, on a database that is dropped afterwards."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from api.security import keys
from api.security.keys import Scope
from api.store.migrating import upgrade
from api.store.opening import open_store
from tests.api.stores import connected, postgres_schema

DATABASES = ("sqlite", "postgresql")
TENANT = "bench"
START_S = 60.0
"""A service that has not answered by then never will. [s]"""


@dataclass(frozen=True)
class Served:
    """A service that answers, and a key for it."""

    port: int
    key: str
    address: str
    """Of its database."""
    process: "subprocess.Popen[bytes]"


@contextmanager
def serving(database: str, **settings: str) -> Iterator[Served]:
    """A service on a new database of this kind; ``settings`` as in the environment, without the prefix."""
    with tempfile.TemporaryDirectory() as folder, _address(database, Path(folder)) as address:
        key, port = _key(address), _free_port()
        given = {f"CHARGEWRIGHT_{name.upper()}": value for name, value in settings.items()}
        environment = os.environ | {"CHARGEWRIGHT_DATABASE_URL": address, "CHARGEWRIGHT_RATE_LIMIT": "1000000/second"}
        command = [sys.executable, "-m", "api.cli", "serve", "--port", str(port)]
        with (Path(folder) / "log").open("wb") as log:
            process = subprocess.Popen(command, env=environment | given, stdout=log, stderr=log)
            try:
                _wait(port)
                yield Served(port, key, address, process)
            finally:
                process.terminate()
                process.wait(timeout=30)


def _address(database: str, folder: Path) -> "nullcontext[str] | object":
    return postgres_schema() if database == "postgresql" else nullcontext(f"sqlite:///{folder / 'store.db'}")


def _key(address: str) -> str:
    if not address.startswith("sqlite"):
        with connected(address) as engine:
            upgrade(engine)
    store, now = open_store(address), datetime.now(UTC)
    with store.begin(now) as unit:
        _, text = keys.create(unit, now, TENANT, tuple(Scope), expires_at=None)
    store.close()
    return text


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait(port: int) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        try:
            with urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5):
                return
        except URLError:
            time.sleep(0.1)
    raise TimeoutError(f"nothing answered on port {port} within {START_S:g} s")
