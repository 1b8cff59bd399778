"""Errors of the wire's type checker told in words: where, what is wrong, and what to write instead.

Works on plain mappings (type, loc, input, ctx) and on the JSON schema, so that only models.domain.wire knows pydantic.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from models.domain.findings import Finding
from models.domain.paths import LONGEST_SHOWN, Part, path_text, plain, shown

Schema = Mapping[str, Any]
MOST_FINDINGS = 200
"""Nobody reads more; the last one says how many there are."""

_BRANCHES = frozenset({"float", "tuple[Step, ...]", "PhaseSeries", "TimeOfUse", "PriceSeries", "TimeClasses"})
"""Parts of a location that name a member of a union, not a field."""
_UNKNOWN = frozenset({"unexpected_keyword_argument", "extra_forbidden"})
_STRUCTURE = _UNKNOWN | {"missing"}
_UNTOLD, _NO_SUCH_TAG = "union_tag_not_found", "union_tag_invalid"
"""Of a union whose members are told apart by a field: it is missing, or names no member."""
_WORDS = {"number": "a number", "integer": "a whole number", "string": "a text", "boolean": "true or false"}
_FORMATS = {
    "date-time": "a date and time with its offset, as in 2026-03-02T17:00:00+01:00",
    "date": "a date, as in 2026-03-02",
}
_SHORT = _WORDS | {"date-time": "a date and time", "date": "a date", "object": "an object", "array": "a list"}


@dataclass(frozen=True, slots=True)
class _Error:
    """One error of the type checker."""

    kind: str
    loc: tuple[Part, ...]
    found: Any
    reason: str = ""


def findings_of(errors: Sequence[Mapping[str, Any]], tree: Any, schema: Schema) -> tuple[Finding, ...]:
    """One finding for each thing to mend, in the order of the document's types."""
    settled = list(_settled([_error(error, schema) for error in errors], tree))
    told = [_finding(error, tree, schema) for error in settled[:MOST_FINDINGS]]
    if len(settled) > MOST_FINDINGS:
        message = f"there are {len(settled) - MOST_FINDINGS} more findings"
        told.append(Finding(path="", message=message, remedy="mend these first"))
    return tuple(told)


def _error(error: Mapping[str, Any], schema: Schema) -> _Error:
    reason = error.get("ctx", {}).get("error", "")
    return _Error(error["type"], _untagged(tuple(error["loc"]), schema), error["input"], str(reason))


def _untagged(loc: tuple[Part, ...], schema: Schema) -> tuple[Part, ...]:
    """A location without the parts that name a member of a union by its tag: documents have no such level."""
    kept: list[Part] = []
    here, tagged = _members(schema, schema), "discriminator" in schema
    for part in loc:
        if tagged:
            tagged = False
            continue
        inner = _inside(here, part)
        here = [member for found in inner for member in _members(found, schema)]
        tagged = any("discriminator" in found for found in inner)
        kept.append(part)
    return tuple(kept)


def _settled(errors: Sequence[_Error], tree: Any) -> Iterator[_Error]:
    """Of the errors in the members of a union only those in the member that was meant; one for all if none was."""
    unions: dict[tuple[Part, ...], list[_Error]] = {}
    for error in errors:
        place = _union_of(error)
        if place is None:
            yield error
        else:
            unions.setdefault(error.loc[:place], []).append(error)
    for where, alternatives in unions.items():
        yield from _settled(_meant(where, alternatives, _at(tree, where)), tree)


def _union_of(error: _Error) -> int | None:
    """Where in its location the first member of a union is named; an unknown field may have such a name itself."""
    loc = error.loc[:-1] if error.kind in _UNKNOWN else error.loc
    return next((i for i, part in enumerate(loc) if part in _BRANCHES), None)


def _meant(where: tuple[Part, ...], errors: Sequence[_Error], found: Any) -> list[_Error]:
    """The errors of the one member that fits the shape of what was found, without its name; else one for all."""
    members: dict[Part, list[_Error]] = {}
    for error in errors:
        members.setdefault(error.loc[len(where)], []).append(error)
    chosen = _member(members, found)
    if chosen is None:
        return [_Error("union", where, found)]
    return [replace(error, loc=(*where, *error.loc[len(where) + 1 :])) for error in members[chosen]]


def _member(members: Mapping[Part, Sequence[_Error]], found: Any) -> Part | None:
    if isinstance(found, list):
        return "tuple[Step, ...]" if "tuple[Step, ...]" in members else None
    if not isinstance(found, dict):
        errors = members.get("float", ())
        return "float" if any(error.kind == "finite_number" for error in errors) else None
    misfits = {
        name: sum(error.kind in _STRUCTURE for error in errors)
        for name, errors in members.items()
        if name not in ("float", "tuple[Step, ...]")
    }
    best = [name for name, count in misfits.items() if count == min(misfits.values())]
    return best[0] if len(best) == 1 else None


def _finding(error: _Error, tree: Any, schema: Schema) -> Finding:
    here = _schemas(schema, error.loc)
    expected = _expected(here, schema)
    if error.kind in (_UNTOLD, _NO_SUCH_TAG):
        return _tag_finding(error, tree, schema)
    if error.kind in _UNKNOWN:
        owners = _told_apart(_schemas(schema, error.loc[:-1]), _at(tree, error.loc[:-1]))
        message, remedy = _unknown(str(error.loc[-1]), owners)
    elif error.kind == "missing":
        message, remedy = f"{error.loc[-1]} is missing", f"add it: {expected}"
    elif error.kind == "finite_number":
        message, remedy = f"{shown(error.found)} is not a finite number", f"write {expected}"
    else:
        because = f" ({error.reason})" if error.reason else ""
        message, remedy = f"{shown(error.found)} is not {_kind(here)}{because}", f"write {expected}"
    return Finding(path=path_text(error.loc), message=message, remedy=remedy, ids=_ids(tree, error.loc))


def _tag_finding(error: _Error, tree: Any, schema: Schema) -> Finding:
    known = ", ".join(member["properties"]["kind"]["const"] for member in _schemas(schema, error.loc))
    found = error.found.get("kind") if isinstance(error.found, dict) else None
    message = "kind is missing" if error.kind == _UNTOLD else f"{shown(found)} is no kind that is known"
    path = path_text((*error.loc, "kind"))
    return Finding(path=path, message=message, remedy=f"write one of {known}", ids=_ids(tree, error.loc))


def _told_apart(owners: Sequence[Schema], found: Any) -> Sequence[Schema]:
    """Of the members of a union that are told apart by a field, the one that a document names."""
    kind = found.get("kind") if isinstance(found, dict) else None
    named = [owner for owner in owners if owner.get("properties", {}).get("kind", {}).get("const") == kind]
    return named if kind is not None and named else owners


def _unknown(name: str, owners: Sequence[Schema]) -> tuple[str, str]:
    fields = dict.fromkeys(field for owner in owners for field in owner.get("properties", {}))
    close = get_close_matches(name[:LONGEST_SHOWN], fields, n=1)
    known = f"write {close[0]}" if close else f"remove it; known are {', '.join(fields)}"
    return f"unknown field {plain(name)}", known


def _ids(tree: Any, loc: tuple[Part, ...]) -> tuple[str, ...]:
    """The id of the innermost thing around a place."""
    for length in range(len(loc), -1, -1):
        found = _at(tree, loc[:length])
        if isinstance(found, dict) and isinstance(found.get("id"), str):
            return (plain(found["id"]),)
    return ()


def _at(tree: Any, loc: tuple[Part, ...]) -> Any:
    """What a document has at a place; None where it has nothing."""
    for part in loc:
        known = tree if isinstance(tree, dict) else range(len(tree) if isinstance(tree, list) else 0)
        if part not in known:
            return None
        tree = tree[part]
    return tree


def _schemas(schema: Schema, loc: tuple[Part, ...]) -> list[Schema]:
    """What may stand at a place: one schema, or the members of a union."""
    here = _members(schema, schema)
    for part in loc:
        here = [member for found in _inside(here, part) for member in _members(found, schema)]
    return here


def _inside(here: Sequence[Schema], part: Part) -> list[Schema]:
    """What stands one level below."""
    inner = (s.get("items") if isinstance(part, int) else s.get("properties", {}).get(part) for s in here)
    return [found for found in inner if found is not None]


def _members(found: Schema, schema: Schema) -> list[Schema]:
    """Itself, or the members of a union, with references followed."""
    if "anyOf" in found or "oneOf" in found:
        options = found.get("anyOf") or found["oneOf"]
        return [member for option in options for member in _members(option, schema)]
    if "$ref" in found:
        return _members(schema["$defs"][found["$ref"].rpartition("/")[2]], schema)
    return [found]


def _expected(here: Sequence[Schema], schema: Schema) -> str:
    """``a number, or a list of objects with start, value``."""
    words = dict.fromkeys(_word(option, schema) for option in here if option.get("type") != "null")
    optional = ", or leave it out" if any(option.get("type") == "null" for option in here) else ""
    return (", or ".join(words) or "what the schema names") + optional


def _kind(here: Sequence[Schema]) -> str:
    """``a number or a list``."""
    return " or ".join(dict.fromkeys(_short(option) for option in here if option.get("type") != "null"))


def _short(option: Schema) -> str:
    if "enum" in option:
        return "one of the known words"
    return _SHORT.get(option.get("format", ""), _SHORT.get(option.get("type", ""), "a value"))


def _word(option: Schema, schema: Schema) -> str:
    if "enum" in option:
        return f"one of {', '.join(option['enum'])}"
    if option.get("type") == "object":
        return f"an object with {', '.join(option.get('required') or option.get('properties', {}))}"
    if option.get("type") == "array":
        plural = _expected(_members(option.get("items", {}), schema), schema)
        return f"a list, each item {plural}"
    return _FORMATS.get(option.get("format", ""), _WORDS.get(option.get("type", ""), "a value"))
