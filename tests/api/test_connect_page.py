"""What docs/connect-your-csms.md shows is answered, carried out by charge points, and keeps the site's limit."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chargewright_client as cw
import pytest

from tests.api.walkthrough import AUTH, LIMIT_KW, Block, World, in_curl, in_python, sections

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "connect-your-csms.md").read_text(encoding="utf-8")
SECTIONS = sections(PAGE)
REJECTED = 1
"""The plan of a transaction that a boot has ended, as the page says."""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.chdir(tmp_path)
    with World(tmp_path) as played:
        yield played


def test_there_are_seven_sequences_told_in_both_ways() -> None:
    assert [section.title[0] for section in SECTIONS] == list("1234567")
    for section in SECTIONS:
        languages = {step.language for step in section.steps if isinstance(step, Block) and not step.saved_as}
        assert {"sh", "json", "python", "text"} <= languages, section.title


def test_every_sequence_in_curl_is_answered_as_shown(world: World) -> None:
    wrong = [one for section in SECTIONS for one in in_curl(world, section)]

    assert wrong == []
    answers = [answer.payload.get("status") for answer in world.answers.values()]
    assert answers.count("Rejected") == REJECTED
    assert set(answers) == {"Accepted", "Rejected"}
    told = world.answers["yard-19"].payload["chargingSchedule"]
    assert told["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 7.2}], "as the page forwards it"
    assert LIMIT_KW - 0.2 < world.highest_kw <= LIMIT_KW, "both bays charged at their shares while we were away"


def test_every_sequence_in_python_prints_what_is_shown(world: World) -> None:
    names: dict[str, Any] = {}

    wrong = [one for section in SECTIONS for one in in_python(world, section, names)]

    assert wrong == []
    assert LIMIT_KW - 0.2 < world.highest_kw <= LIMIT_KW


def test_the_shell_of_the_first_sequence_starts_a_service_that_answers(tmp_path: Path) -> None:
    """A key, a process of its own and curl; nothing is installed anew, and its port is one that is free."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shell = "\n".join(re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL))
    lines = [line for line in shell.splitlines() if "venv" not in line and not line.startswith("pip ")]
    script = "\n".join(lines).replace("8080", str(port)).replace("serve &", "serve >serve.log 2>&1 & echo $! >pid")
    wait = "for i in $(seq 300); do curl -sf -o /dev/null $CW/health/ready && break; sleep 0.1; done\n"
    script = script.replace("curl -sS $CW/health/ready", f"{wait}curl -sS $CW/health/ready")
    asking = f'\necho; curl -sS -H "{AUTH}" $CW/v1/sites\n'
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "CHARGEWRIGHT_PORT": str(port),
    }

    done = subprocess.run(
        ["bash", "-c", script + asking],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGTERM)

    ready, sites = done.stdout.strip().splitlines()
    assert '"status":"ready"' in ready
    assert sites == '{"items":[],"next":null}', done.stderr
    assert cw.__version__
