"""Objects of OCPI as they lie in files: a list, an answer with ``data``, one object, or one object a line."""

import json
from typing import Any

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding


def objects_of(content: bytes) -> list[Any]:
    """All objects in a file, whatever version they are of.

    Raises:
        InvalidScenario: it is no JSON, or there is no object in it.
    """
    text = content.decode("utf-8-sig", errors="replace").strip()
    found = _listed(_parsed(text))
    if found:
        return found
    message, remedy = "there is no object in it", "export locations or CDRs as JSON, as the OCPI endpoint answers them"
    raise InvalidScenario([Finding(path="", message=message, remedy=remedy)])


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as whole:
        try:
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError:
            remedy = "export it as JSON: a list, an answer of the endpoint, or one object a line"
            raise InvalidScenario([Finding(path="", message=f"this is no JSON: {whole}", remedy=remedy)]) from None


def _listed(told: Any) -> list[Any]:
    if isinstance(told, dict):
        inside = told.get("data", told)
        told = inside if isinstance(inside, list) else [inside]
    if not isinstance(told, list):
        return []
    return [one for page in told for one in _page(page)]


def _page(told: Any) -> list[Any]:
    """An object, or all of a page that is one of several in a file."""
    if isinstance(told, dict) and isinstance(told.get("data"), list) and "status_code" in told:
        return list(told["data"])
    return [told]
