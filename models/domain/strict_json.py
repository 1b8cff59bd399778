"""JSON as RFC 8259 means it: what Python's reader lets pass is found here, with the path to it.

Duplicate keys, NaN and Infinity, numbers beyond floats, lone surrogates, invalid UTF-8, nesting without end.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.paths import LONGEST_SHOWN, Part, path_text, shown

DEEPEST = 32
"""Levels of objects and lists; a scenario has eight."""
MOST_DIGITS = 400
"""Of a number; a float has at most 17 that count, and an exponent."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document that could be read, and what it should not contain."""

    tree: Any
    text: str
    findings: tuple[Finding, ...]

    def repaired(self) -> bytes:
        """The document with NaN for what is no number and ? for half characters, to look for what else is wrong."""
        if not self.findings:
            return self.text.encode()
        return json.dumps(self.tree, ensure_ascii=False, default=lambda _: nan).encode("utf-8", "replace")


class _Object(dict[str, Any]):
    """An object that remembers which keys were written twice."""

    repeated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _NotANumber:
    """Written where a number should be: ``NaN``, ``Infinity``, or one that no float can hold."""

    text: str


def read_json(data: bytes | str) -> Document:
    """A document and its defects; raises InvalidScenario when it cannot be read at all."""
    text = _text(data)
    try:
        tree = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_NotANumber,
            parse_float=_number,
            parse_int=_integer,
        )
    except json.JSONDecodeError as unreadable:
        raise InvalidScenario([_syntax(unreadable)]) from unreadable
    except RecursionError as too_deep:
        raise InvalidScenario([_depth(())]) from too_deep
    return Document(tree, text, () if _is_sound(tree, text) else tuple(_defects(tree)))


def _text(data: bytes | str) -> str:
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as invalid:
        line = data.count(b"\n", 0, invalid.start) + 1
        message = f"byte 0x{data[invalid.start]:02x} in line {line} is not UTF-8"
        finding = Finding(path="", message=message, remedy="save the document as UTF-8")
        raise InvalidScenario([finding]) from invalid


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    found = _Object(pairs)
    if len(found) < len(pairs):
        found.repeated = tuple(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
    return found


def _number(text: str) -> float | _NotANumber:
    number = float(text)
    return number if isfinite(number) else _NotANumber(text)


def _integer(text: str) -> int | _NotANumber:
    return int(text) if len(text) <= MOST_DIGITS and isfinite(float(text)) else _NotANumber(text)


def _is_sound(tree: Any, text: str) -> bool:
    """Whether a look level by level, without places, finds nothing to tell: a fifth of the time of ``_defects``."""
    if not text.isascii() or "\\u" in text:
        return False  # there may be halves of characters
    level = [tree]
    for _ in range(DEEPEST):
        inside = [item for one in level for item in _inside(one)]
        kinds = set(map(type, inside))
        if _NotANumber in kinds or any(type(one) is _Object and one.repeated for one in level):
            return False
        level = [item for item in inside if type(item) is list or type(item) is _Object]
        if not level:
            return type(tree) is not _NotANumber
    return False


def _inside(one: Any) -> Iterable[Any]:
    """What an object or a list holds."""
    if type(one) is _Object:
        return one.values()
    return one if type(one) is list else ()


def _defects(tree: Any) -> Iterator[Finding]:
    """In the order of the document; a loop, because the depth is not known yet. Raises InvalidScenario for depth."""
    waiting: list[tuple[tuple[Part, ...], Any]] = [((), tree)]
    while waiting:
        where, found = waiting.pop()
        if isinstance(found, _NotANumber):
            yield _not_a_number(where, found)
        elif isinstance(found, str):
            yield from _surrogates(where, found)
        elif isinstance(found, list | dict) and len(where) >= DEEPEST:
            raise InvalidScenario([_depth(where)])
        elif isinstance(found, list):
            waiting += reversed([((*where, i), item) for i, item in enumerate(found)])
        elif isinstance(found, _Object):
            yield from _keys(where, found)
            waiting += reversed([((*where, key), item) for key, item in found.items()])


def _keys(where: tuple[Part, ...], found: _Object) -> Iterator[Finding]:
    for key in found.repeated:
        message = f"the key {shown(key)} is there twice in one object"
        yield Finding(path=path_text((*where, key)), message=message, remedy="keep one of them")
    for key in found:
        yield from _surrogates((*where, key), key)


def _not_a_number(where: tuple[Part, ...], found: _NotANumber) -> Finding:
    text = found.text if len(found.text) <= LONGEST_SHOWN else f"{found.text[:LONGEST_SHOWN]}..."
    known = found.text.lstrip("-") in ("NaN", "Infinity")
    message = f"{text} is not a number in JSON" if known else f"{text} is beyond all numbers that can be computed with"
    remedy = "write a finite number, or leave the field out if it is unknown or unlimited"
    return Finding(path=path_text(where), message=message, remedy=remedy)


def _surrogates(where: tuple[Part, ...], text: str) -> Iterator[Finding]:
    lone = next((c for c in text if "\ud800" <= c <= "\udfff"), None) if not text.isascii() else None
    if lone is not None:
        message = f"the text contains the lone surrogate {shown(lone)}, half of a character"
        yield Finding(path=path_text(where), message=message, remedy="write the whole character, or leave it out")


def _depth(where: tuple[Part, ...]) -> Finding:
    message = f"objects and lists are nested more than {DEEPEST} deep"
    remedy = "a scenario needs eight levels: check for brackets that are not closed"
    return Finding(path=path_text(where), message=message, remedy=remedy)


def _syntax(unreadable: json.JSONDecodeError) -> Finding:
    message = f"not JSON: {unreadable.msg} in line {unreadable.lineno}, column {unreadable.colno}"
    return Finding(
        path="", message=message, remedy="correct the document there; JSON has no comments or trailing commas"
    )
