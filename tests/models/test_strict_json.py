"""A quick look at a document finds it sound exactly where a search for defects finds none."""

import json

import pytest

from models.domain.errors import InvalidScenario
from models.domain.strict_json import DEEPEST, read_json

DEEP = "[" * DEEPEST + "1" + "]" * DEEPEST


@pytest.mark.parametrize(
    "text",
    ['{"a": {"b": [1, 2.5, "x", null, true]}}', "[]", '"word"', "3", '{"a": "é"}', '{"a": "\\u00e9"}', DEEP],
)
def test_a_sound_document_has_no_findings(text: str) -> None:
    document = read_json(text)
    assert document.findings == ()
    assert document.tree == json.loads(text)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("NaN", ""),
        ('{"a": [0, {"b": NaN}]}', "a[1].b"),
        ('{"a": [0, {"b": -Infinity}]}', "a[1].b"),
        ('{"a": 1e999}', "a"),
        ('[{"a": {"b": 1, "b": 2}}]', "[0].a.b"),
        ('{"a": 1, "a": 2}', "a"),
        ('{"a": ["\\ud800"]}', "a[0]"),
    ],
)
def test_a_defect_is_found_where_it_is(text: str, path: str) -> None:
    assert [finding.path for finding in read_json(text).findings] == [path]


def test_a_document_that_is_nested_too_deep_is_refused() -> None:
    with pytest.raises(InvalidScenario):
        read_json(f"[{DEEP}]")
