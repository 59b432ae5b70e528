"""The control plane described in OpenAPI 3.1, made from the table of routes."""

from __future__ import annotations

from functools import cache
from typing import Any

from mockbroker.control.form import schema
from mockbroker.server.http.problems import PROBLEM_TYPE
from mockbroker.server.http.route import ANYTHING, Route
from mockbroker.server.http.routes import ROUTES
from mockbroker.server.http.schemas import fields_schema, named_types, one_of_type
from mockbroker.version import VERSION

__all__ = ["document"]

_PROBLEM = {
    "type": "object",
    "description": "RFC 9457",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "field": {"type": "string", "description": "what is wrong"},
        "choices": {"type": "array", "items": {"type": "string"}, "description": "what would be right"},
        "error": {"type": "string", "description": "Kafka's code, where Kafka refuses"},
    },
    "required": ["type", "title", "status", "detail"],
}
_NUMBERS = ("partition", "broker", "fault", "snapshot", "scenario", "cluster", "number")


@cache
def document() -> dict[str, Any]:
    """The whole description."""
    paths: dict[str, Any] = {}
    for route in ROUTES:
        paths.setdefault(f"/v1{route.path}", {})[route.method.lower()] = _operation(route)
    schemas: dict[str, Any] = {"Problem": _PROBLEM}
    # What is referred to may refer to more.
    while missing := [name for name in named_types() if name not in schemas]:
        schemas |= {name: one_of_type(named_types()[name]) for name in missing}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mockbroker control plane",
            "version": VERSION,
            "description": "See and steer a mock Kafka cluster. Further clusters have all of this under their path.",
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _operation(route: Route) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "tags": [route.parts[0]],
        "responses": _responses(route),
    }
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "integer" if name in _NUMBERS else "string"},
        }
        for name in route.names
    ]
    for field in route.query:
        shown = schema(field._replace(about=""))
        shown = {"type": "array", "items": shown} if field.repeats else shown
        parameters.append(
            {"name": field.name, "in": "query", "required": field.required, "schema": shown}
            | ({"description": field.about} if field.about else {})
        )
    if parameters:
        described["parameters"] = parameters
    if route.body:
        body = (route.described or {}) if route.body is ANYTHING else fields_schema(route.body)
        described["requestBody"] = {
            "required": route.body is ANYTHING or any(field.required for field in route.body),
            "content": {"application/json": {"schema": body}},
        }
    return described


def _responses(route: Route) -> dict[str, Any]:
    refused = {
        "description": "a problem document that names the field and lists the choices",
        "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if route.path.endswith("/events"):
        content: dict[str, Any] = {"text/event-stream": {"schema": {"type": "string"}}}
    elif route.path.endswith("/export"):
        content = {"application/jsonl": {}, "application/vnd.tcpdump.pcap": {}}
    else:
        content = {"application/json": {"schema": route.result or {"type": "object"}}}
    if route.result is None and route.method != "GET":
        return {"204": {"description": "done"}, "4XX": refused}
    return {str(route.status): {"description": route.summary, "content": content}, "4XX": refused}


def _operation_id(route: Route) -> str:
    words = [part.strip("{}").replace("-", "_") for part in route.parts]
    return "_".join([route.method.lower(), *words])
