"""Statements of conformance: every line is proved by a test that exists, or says that it is not supported."""

import json
import re
from pathlib import Path

import pytest

from models.domain.wire import read_rules, read_signals

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "conformance").glob("*.md"))


def rows(page: Path) -> list[tuple[str, str]]:
    """Requirement and proof, without head and rule."""
    lines = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return [(requirement, proof) for requirement, proof in cells]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_line_is_proved_or_not_supported(page: Path) -> None:
    assert len(rows(page)) > 5
    for requirement, proof in rows(page):
        if proof.startswith("not supported"):
            continue
        named = re.fullmatch(r"`(tests/[\w/]+\.py)::(test_\w+)`", proof)
        assert named, f"{requirement}: {proof}"
        assert f"def {named[2]}(" in (ROOT / named[1]).read_text(encoding="utf-8"), requirement


def test_every_statement_is_on_the_page_of_demand_response() -> None:
    page = (ROOT / "docs" / "demand-response.md").read_text(encoding="utf-8")
    assert {f"conformance/{page.name}" for page in PAGES} == set(re.findall(r"\((conformance/\w+\.md)\)", page))


def test_the_examples_of_the_page_can_be_read() -> None:
    page = (ROOT / "docs" / "demand-response.md").read_text(encoding="utf-8")
    signals, rules, *others = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert read_signals(signals)[0].id == "evening"
    assert len(read_rules(rules).meanings) == 3
    from api.commands.guard import guard_log, lines
    from api.commands.oscp import oscp_file
    from api.ven_settings import ven_settings

    ven, oscp, log, *_ = others
    assert ven_settings(ven.encode()).programme == "capacity limits"
    assert oscp_file(oscp.encode()).groups == ["yard"]
    assert lines(guard_log(log.encode()))[-1].endswith("failsafe             8 kW")
    assert all(json.loads(text) for text in others)
