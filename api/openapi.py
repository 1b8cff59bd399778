"""The OpenAPI document: what FastAPI derives from the routes, and the schema of scenarios."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema

from api.openapi_conventions import describe_conventions
from api.problems import INVALID_REQUEST, Problem, add_kind
from api.routes.bodies import FORMS
from models.domain.wire import asking_schema, json_schema

REFERENCES = "#/components/schemas/"


def openapi(app: FastAPI, routers: Sequence[APIRouter]) -> dict[str, Any]:
    """The document of an app with these routers, made once."""
    if app.openapi_schema is None:
        app.openapi_schema = _document(app, routers)
    return app.openapi_schema


def _document(app: FastAPI, routers: Sequence[APIRouter]) -> dict[str, Any]:
    told: dict[str, Any] = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    schemas = told["components"]["schemas"]
    told_by = (scenario_schemas().items(), signal_schemas().items(), problem_schemas().items(), form_schemas())
    for name, schema in chain(*told_by):
        if schemas.setdefault(name, schema) != schema:
            raise ValueError(f"two different schemas are called {name}; rename one in api/document.py")
    _leave_out_framework_errors(told)
    describe_conventions(told, routers)
    return told


def scenario_schemas() -> dict[str, Any]:
    """The schema of a scenario and of its parts, by name."""
    schema = _moved(json_schema())
    parts: dict[str, Any] = schema.pop("$defs", {})
    schema.pop("$schema", None)
    schema.pop("$id", None)
    return parts | {"ScenarioDocument": schema}


def signal_schemas() -> dict[str, Any]:
    """The schema of signals with the site that they ask, and of its parts, by name."""
    schema = _moved(asking_schema())
    parts: dict[str, Any] = schema.pop("$defs", {})
    return parts | {"AskingDocument": schema}


def form_schemas() -> Iterator[tuple[str, Any]]:
    """The schemas of all bodies that routes take, and of their parts, by name."""
    for name, form in FORMS.items():
        schema = _moved(TypeAdapter(form).json_schema())
        yield from schema.pop("$defs", {}).items()
        yield name, schema


def problem_schemas() -> dict[str, Any]:
    """The schema of error answers and of their parts, by name."""
    _, schema = models_json_schema([(Problem, "serialization")], ref_template=REFERENCES + "{model}")
    parts: dict[str, Any] = schema["$defs"]
    return parts


def _moved(schema: Any) -> Any:
    """The same schema with its references pointing into an OpenAPI document."""
    if isinstance(schema, dict):
        return {key: _moved_reference(key, value) for key, value in schema.items()}
    return [_moved(entry) for entry in schema] if isinstance(schema, list) else schema


def _moved_reference(key: str, value: Any) -> Any:
    if key == "$ref" and isinstance(value, str):
        return value.replace("#/$defs/", REFERENCES)
    return _moved(value)


def _leave_out_framework_errors(told: dict[str, Any]) -> None:
    """FastAPI describes its own shape of a validation error; this service answers with problems of its own."""
    for name in ("HTTPValidationError", "ValidationError"):
        told["components"]["schemas"].pop(name, None)
    for operation in (one for path in told["paths"].values() for one in path.values()):
        responses = operation["responses"]
        if "HTTPValidationError" in str(responses.get("422", "")):
            responses["422"] = {}
        if operation.get("parameters"):
            add_kind(responses.setdefault("422", {}), INVALID_REQUEST)
