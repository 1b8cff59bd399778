"""Where a command finds its scenario, a file, ``sample:NAME``, or ``-`` for standard input; and its other files."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from models import samples
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.scenario import Scenario
from models.domain.wire import read_scenario

SAMPLE = "sample:"
STDIN = "-"


def scenario_from(source: str, now: datetime) -> Scenario:
    """The scenario that ``source`` names; raises InvalidScenario, also for a file that cannot be read."""
    if source.startswith(SAMPLE):
        return samples.load(source.removeprefix(SAMPLE))
    return read_scenario(sys.stdin.buffer.read() if source == STDIN else content(Path(source)), now=now)


def content(path: Path) -> bytes:
    """The bytes of a file; raises InvalidScenario when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidScenario([_unreadable(path, error.strerror or str(error))]) from error
    except ValueError as error:  # a null byte in the name
        raise InvalidScenario([_unreadable(path, str(error))]) from error


def json_of(path: Path) -> Any:
    """JSON values of a file, as tolerantly read as what stations say; raises InvalidScenario where it has none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as unread:
        finding = Finding(path="", message=f"{path} cannot be read as JSON: {unread}", remedy="give a JSON file")
        raise InvalidScenario((finding,)) from unread


def _unreadable(path: Path, reason: str) -> Finding:
    choices = ", ".join(SAMPLE + name for name in samples.names())
    return Finding(
        path="",
        message=f"{str(path)!r} cannot be read: {reason}",
        remedy=f"give a JSON file, - for standard input, or one of {choices}",
    )
