"""The table of docs/configuration.md, out of the settings: ``python -m api.configuration_page`` prints it."""

from collections.abc import Iterator
from typing import Any

from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from api.settings import ServiceSettings
from api.settings_files import PREFIX

HEAD = "| setting | variable | unless set | what it is |\n|---|---|---|---|"
MADE = {"replica": "made anew", "solves_at_once": "as many as there are cores"}
"""Defaults that are another value on every machine."""
SIGNS = ((Ge, "ge", "at least"), (Gt, "gt", "more than"), (Le, "le", "at most"), (Lt, "lt", "less than"))


def table() -> str:
    """One line for each setting, in the order in which they are declared."""
    return "\n".join([HEAD, *_lines()])


def _lines() -> Iterator[str]:
    for name, field in ServiceSettings.model_fields.items():
        told = " ".join((field.description or "").split()).replace("``", "`")
        also = " or `DATABASE_URL`" if name == "database_url" else ""
        yield f"| `{name}` | `{PREFIX}{name.upper()}`{also} | {_default(name, field)} | {told}{_range(field)} |"


def _default(name: str, field: FieldInfo) -> str:
    if name in MADE:
        return MADE[name]
    told: Any = field.default
    if told is PydanticUndefined or told is None:
        return "not set"
    text = told.get_secret_value() if hasattr(told, "get_secret_value") else told
    if isinstance(text, bool):
        return f"`{str(text).lower()}`"
    return "empty" if text == "" else f"`{text:g}`" if isinstance(text, float) else f"`{text}`"


def _range(field: FieldInfo) -> str:
    found = [
        f"{words} {getattr(one, name):g}"
        for one in field.metadata
        for kind, name, words in SIGNS
        if isinstance(one, kind)
    ]
    return f" ({', '.join(found)})" if found else ""


if __name__ == "__main__":
    print(table())
