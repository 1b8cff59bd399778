"""A scenario as JSON text that a person can read: one EVSE, one session, one price step a line."""

import json
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import UTC, date, datetime
from typing import Any

from models.domain.scenario import Scenario

KEY_WIDTH = 100
"""Longest value that stays on the line of its key. [characters]"""
ELEMENT_WIDTH = 480
"""Longest element of a list that stays on one line. [characters]"""


def render(scenario: Scenario) -> str:
    """The JSON document of a scenario, without what equals its default; its name comes first."""
    title = {"name": scenario.name, "description": scenario.description}
    return _text(title | _document(scenario), "", KEY_WIDTH) + "\n"


def render_value(told: Any) -> str:
    """The JSON document of any value of the domain, in the same manner."""
    return _text(_document(told), "", KEY_WIDTH) + "\n"


def _document(node: Any) -> Any:
    """Plain JSON values of a domain value."""
    if is_dataclass(node):
        return {field.name: _document(given) for field, given in _told(node)}
    if isinstance(node, tuple):
        return [_document(element) for element in node]
    if isinstance(node, datetime):
        return node.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(node, date):
        return node.isoformat()
    if isinstance(node, float) and node.is_integer():
        return int(node)
    return node


def _told(node: Any) -> Iterator[tuple[Field[Any], Any]]:
    """The fields that say more than their default."""
    for field in fields(node):
        given = getattr(node, field.name)
        if field.default is MISSING or given != field.default:
            yield field, given


def _text(node: Any, indent: str, width: int) -> str:
    flat = json.dumps(node, ensure_ascii=False)
    objects = isinstance(node, list) and any(isinstance(element, dict) for element in node)
    if not isinstance(node, list | dict) or (len(flat) <= width and (width == ELEMENT_WIDTH or not objects)):
        return flat
    inner = indent + "  "
    if isinstance(node, list):
        lines = [_text(element, inner, ELEMENT_WIDTH) for element in node]
    else:
        lines = [f"{json.dumps(key)}: {_text(child, inner, KEY_WIDTH)}" for key, child in node.items()]
    opening, closing = "[]" if isinstance(node, list) else "{}"
    return f"{opening}\n{inner}" + f",\n{inner}".join(lines) + f"\n{indent}{closing}"
