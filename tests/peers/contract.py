"""An OpenAPI document as a judge of requests: addresses, parameters and bodies, with every unknown field refused."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker

METHODS = ("get", "post", "put", "delete")


@dataclass(frozen=True)
class Operation:
    """One method of one address."""

    path: str
    scopes: tuple[str, ...]
    query: Mapping[str, Mapping[str, Any]]
    required: frozenset[str]
    body: Mapping[str, Any] | None
    media_type: str | None


@cache
def contract(document: Path) -> "Contract":
    """Read once: the documents have thousands of lines."""
    return Contract(document)


class Contract:
    """What an OpenAPI 3.0 document allows."""

    def __init__(self, document: Path) -> None:
        self.tree = yaml.safe_load(document.read_text(encoding="utf-8"))
        self.schemas = {name: _closed(schema) for name, schema in self.tree["components"]["schemas"].items()}

    def operation(self, method: str, path: str) -> tuple[Operation | None, dict[str, str], bool]:
        """The operation, the parts of its path, and whether the address exists at all."""
        for template, item in sorted(self.tree["paths"].items(), key=lambda pair: pair[0].count("{")):
            found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template), path)
            if found:
                spec = item.get(method.lower())
                return (_operation(template, item, spec) if spec else None), found.groupdict(), True
        return None, {}, False

    def defects(self, operation: Operation, query: Sequence[tuple[str, str]], body: Any) -> Iterator[str]:
        """Everything in which a request is not what the document says."""
        for name in operation.required - {name for name, _ in query}:
            yield f"query: {name} is missing"
        for name in dict.fromkeys(name for name, _ in query):
            told = [value for key, value in query if key == name]
            yield from self._of_parameter(operation, name, told)
        if operation.body is not None:
            yield from self.body_defects(operation.body, body)
        elif body is not None:
            yield "body: there must be none"

    def body_defects(self, schema: Mapping[str, Any], body: Any) -> Iterator[str]:
        whole = {**_closed(schema), "components": {"schemas": self.schemas}}
        for error in Draft202012Validator(whole, format_checker=FormatChecker()).iter_errors(body):
            yield f"body{error.json_path[1:]}: {error.message}"

    def _of_parameter(self, operation: Operation, name: str, told: list[str]) -> Iterator[str]:
        if name not in operation.query:
            yield f"query: {name} is unknown"
            return
        schema = operation.query[name]
        value: Any = told if schema.get("type") == "array" else _number(told[-1], schema)
        for error in Draft202012Validator({**_closed(schema), "components": {"schemas": self.schemas}}).iter_errors(
            value
        ):
            yield f"query: {name}: {error.message}"


def _operation(template: str, item: Any, spec: Any) -> Operation:
    parameters = [p for p in (*item.get("parameters", []), *spec.get("parameters", [])) if p["in"] == "query"]
    content = spec.get("requestBody", {}).get("content", {})
    media_type = next(iter(content), None)
    security = spec.get("security", [])
    return Operation(
        path=template,
        scopes=tuple(scope for option in security for scope in option.get("oAuth2ClientCredentials", ())),
        query={p["name"]: p["schema"] for p in parameters},
        required=frozenset(p["name"] for p in parameters if p.get("required")),
        body=content[media_type]["schema"] if media_type else None,
        media_type=media_type,
    )


def _number(told: str, schema: Mapping[str, Any]) -> Any:
    if schema.get("type") == "integer" and re.fullmatch(r"-?\d+", told):
        return int(told)
    return {"true": True, "false": False}.get(told, told) if schema.get("type") == "boolean" else told


def _closed(schema: Any) -> Any:
    """OpenAPI 3.0 as JSON schema 2020-12: nullable spelled out, objects without room for what they do not name."""
    if isinstance(schema, list):
        return [_closed(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    told = {
        key: _closed(inner)
        for key, inner in schema.items()
        if key not in ("nullable", "example", "discriminator", "default")
    }
    if isinstance(told.get("exclusiveMaximum"), bool):
        told.pop("exclusiveMaximum")
        told["exclusiveMaximum"] = told.pop("maximum")
    if "properties" in told and "allOf" not in schema:
        told["unevaluatedProperties"] = False
    if "enum" in told and schema.get("nullable"):
        told["enum"] = [*told["enum"], None]
    if schema.get("nullable") and "type" in told:
        told["type"] = [told["type"], "null"]
    return told
