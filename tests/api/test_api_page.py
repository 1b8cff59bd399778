"""What docs/api.md shows is what the service answers."""

import json
import re
import shlex
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import chargewright_client as cw
import pytest

from tests.api.yards import Yard, service

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
EVENING = re.search(r'```json\n(\{\n  "start".*?)```', PAGE, re.DOTALL)
SERVICE = "http://127.0.0.1:8080"


@pytest.fixture
def yard() -> Iterator[Yard]:
    with service() as served:
        yield served


def commands() -> list[list[str]]:
    """Every curl of the page, in order, as its words."""
    blocks = re.findall(r"```\n(curl.*?)```", PAGE, re.DOTALL)
    lines = re.split(r"\n(?=curl)", "\n".join(block.replace("\\\n", " ") for block in blocks))
    return [shlex.split(line) for line in lines]


def sent(yard: Yard, words: list[str]) -> Any:
    """What the service answers to a curl of the page."""
    assert EVENING is not None
    (address,) = [word for word in words if word.startswith(SERVICE)]
    body = next((words[words.index(flag) + 1] for flag in ("-d", "--data") if flag in words), None)
    content = EVENING[1] if body == "@evening.json" else body
    method = words[words.index("-X") + 1] if "-X" in words else "POST" if body else "GET"
    headers = {"Content-Type": "application/json"} if body else {}
    return yard.client.request(method, address.removeprefix(SERVICE), content=content, headers=headers)


def test_every_request_of_the_page_is_answered(yard: Yard) -> None:
    """All but the last, which shows a refusal."""
    answers = [sent(yard, words) for words in commands()]

    assert [answer.status_code for answer in answers] == [200, 201, 201, 200, 200, 422]
    assert answers[-1].json() == json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[-1])
    assert answers[-2].json()["commands"]


def test_every_figure_of_the_shortened_plan_is_in_the_whole_one(yard: Yard) -> None:
    answer = sent(yard, commands()[0]).json()
    shortened = re.search(r"answers with the plan. Shortened:\n\n```\n(.*?)```", PAGE, re.DOTALL)
    assert shortened is not None

    shown = set(re.findall(r'"(\w+)": ("[^"]*"|-?[\d.]+|null|true)', shortened[1]))

    assert len(shown) > 60
    assert {(name, json.loads(told)) for name, told in shown} - set(leaves("", answer)) == set()


def leaves(name: str, thing: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(thing, dict):
        for key, value in thing.items():
            yield from leaves(key, value)
    elif isinstance(thing, list):
        for value in thing:
            yield from leaves(name, value)
    else:
        yield name, thing


def test_the_python_of_the_page_runs_after_its_requests(yard: Yard, monkeypatch: Any, capsys: Any) -> None:
    """No tariff is told, so energy costs nothing."""
    for words in commands()[:-1]:
        sent(yard, words)
    monkeypatch.setattr(cw, "Client", partial(cw.Client, http=yard.client))

    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, {})

    assert capsys.readouterr().out.splitlines()[-1].endswith(" EUR")
