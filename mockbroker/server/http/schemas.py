"""JSON Schemas of what the verbs give, made from the types that they give."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from mockbroker.control.form import Field, schema

__all__ = ["DONE", "array", "fields_schema", "named", "named_types", "one_of_type", "result"]

_SIMPLE = {int: "integer", float: "number", str: "string", bool: "boolean", type(None): "null"}

#: A verb that has nothing to tell.
DONE: dict[str, Any] = {"type": "object", "properties": {}}

_named: dict[str, type] = {}


def named(view: type) -> dict[str, Any]:
    """A reference to the schema of a named tuple."""
    _named[view.__name__] = view
    return {"$ref": f"#/components/schemas/{view.__name__}"}


def named_types() -> Mapping[str, type]:
    """What has been referred to so far, by name."""
    return _named


def array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def result(**properties: dict[str, Any] | str) -> dict[str, Any]:
    """An object with these properties, all of them there; a text is the name of a JSON type."""
    shown = {name: {"type": each} if isinstance(each, str) else each for name, each in properties.items()}
    return {"type": "object", "properties": shown, "required": list(shown)}


def fields_schema(fields: Iterable[Field]) -> dict[str, Any]:
    """The schema of an object that has these fields and no others."""
    fields = list(fields)
    described: dict[str, Any] = {
        "type": "object",
        "properties": {field.name: schema(field) for field in fields},
        "additionalProperties": False,
    }
    required = [field.name for field in fields if field.required]
    return described | ({"required": required} if required else {})


@cache
def one_of_type(view: type) -> dict[str, Any]:
    """The schema of a named tuple. Bytes are text, or, with `_base64` behind the name, base64."""
    properties: dict[str, Any] = {}
    for name, hint in typing.get_type_hints(view).items():
        if hint is bytes or bytes in typing.get_args(hint):
            properties[name] = {"type": ["string", "null"]}
            properties[f"{name}_base64"] = {"type": "string", "contentEncoding": "base64"}
        else:
            properties[name] = _of(hint)
    return {"type": "object", "properties": properties}


def _of(hint: Any) -> dict[str, Any]:
    if hint in _SIMPLE:
        return {"type": _SIMPLE[hint]}
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is list:
        return array(_of(arguments[0]))
    if origin in (typing.Union, types.UnionType):
        kinds = [_of(each).get("type") for each in arguments]
        return {"type": [kind for kind in kinds if isinstance(kind, str)]}
    if isinstance(hint, type) and hasattr(hint, "_fields"):
        return named(hint)
    if origin is tuple and arguments == (str, int):
        return result(topic="string", partition="integer")
    if origin is tuple:
        return {"type": "array"}
    return {"type": "object"}
