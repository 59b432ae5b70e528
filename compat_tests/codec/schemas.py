"""The message schemas that lie in every kafka-clients jar, and ours, both told in the same words.

A message of one version is told as a line for each field: its path, its type, whether it may be null, its tag, and its
default where something can be left out.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from protocol_specs.field import FOREVER
from protocol_specs.layout import Layout, Struct
from protocol_specs.message import Message
from protocol_specs.notation import uuid_text
from protocol_specs.wire_types import Array, Fixed, WireType

__all__ = ["schemas_in", "snake_case", "stable_versions", "tell_ours", "tell_theirs"]

Schema = Mapping[str, Any]


def schemas_in(jar: Path) -> dict[str, Schema]:
    """All message schemas of a jar, by name."""
    schemas = {}
    with zipfile.ZipFile(jar) as archive:
        for name in archive.namelist():
            if name.startswith("common/message/") and name.endswith(".json"):
                text = re.sub(r"^\s*//.*$|(?<=[\],}])\s*//[^\"\n]*$", "", archive.read(name).decode(), flags=re.M)
                schema = json.JSONDecoder().raw_decode(text.strip())[0]
                schemas[schema["name"]] = schema
    return schemas


def snake_case(name: str) -> str:
    """The protocol guide's spelling of a schema's name (`MessageGenerator.toSnakeCase`)."""
    words = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", words).lower()


def _range(text: str | None) -> range:
    if text is None or text == "none":
        return range(0)
    if text.endswith("+"):
        return range(int(text[:-1]), FOREVER)
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def stable_versions(request: Schema) -> range:
    """Of the API of a request's schema."""
    versions = _range(request["validVersions"])
    return versions[:-1] if request.get("latestVersionUnstable") else versions


def tell_theirs(schema: Schema, version: int) -> list[str]:
    """One version of a schema of Kafka's."""
    structs = {struct["name"]: struct["fields"] for struct in schema.get("commonStructs", [])}
    flexible = version in _range(schema["flexibleVersions"])
    return list(_their_fields(schema["fields"], structs, version, flexible, "", optional=False))


def _their_fields(
    fields: Any, structs: Mapping[str, Any], version: int, flexible: bool, path: str, optional: bool
) -> Iterator[str]:
    for field in sorted(fields, key=lambda field: version in _range(field.get("taggedVersions"))):
        if version not in _range(field["versions"]):
            continue
        element = field["type"].removeprefix("[]")
        is_array, is_struct = element != field["type"], element[0].isupper()
        nullable = version in _range(field.get("nullableVersions"))
        is_tagged = version in _range(field.get("taggedVersions"))
        compact = version in _range(field["flexibleVersions"]) if "flexibleVersions" in field else flexible
        name = f"{path}{snake_case(field['name'])}"
        words = [name, "array of" if is_array else "", "struct" if is_struct else element]
        if is_array or element in ("string", "bytes", "records"):
            words.append("compact" if compact else "plain")
        words += ["nullable" if nullable else "", f"tag {field['tag']}" if is_tagged else ""]
        if (optional or is_tagged) and not (is_struct and not is_array):
            words.append(f"default {_their_default(field, element, is_array)!r}")
        yield " ".join(word for word in words if word)
        if is_struct:
            inside = field.get("fields") or structs[element]
            optional_inside = not is_array and (optional or is_tagged)
            yield from _their_fields(inside, structs, version, flexible, f"{name}.", optional_inside)


def _their_default(field: Schema, element: str, is_array: bool) -> Any:
    given = field.get("default")
    if given == "null":
        return None
    if is_array:
        return ()
    if element == "bool":
        return str(given).lower() == "true"
    if element == "string":
        return given or ""
    if element == "uuid":
        return "AAAAAAAAAAAAAAAAAAAAAA"
    return float(given or 0) if element == "float64" else int(str(given or 0), 0)


def tell_ours(layout: Layout) -> list[str]:
    """One version of a message of ours."""
    return list(_our_fields(layout.body, layout.body.make.schema.default, "", optional=False))


def _our_fields(struct: Struct, default: Message | None, path: str, optional: bool) -> Iterator[str]:
    tagged = [] if struct.tagged is None else struct.tagged.members
    for member in [*struct.present, *tagged]:
        wire = member.wire
        element = wire.of if isinstance(wire, Array) else wire
        is_array, is_struct = element is not wire, isinstance(element, Struct)
        name = f"{path}{member.name}"
        words = [name, "array of" if is_array else "", "struct" if is_struct else _noun(element)]
        if hasattr(wire, "compact"):
            words.append("compact" if wire.compact else "plain")
        words += ["nullable" if wire.nullable else "", f"tag {member.tag}" if member.tag is not None else ""]
        is_optional = optional or member.tag is not None
        if is_optional and not (is_struct and not is_array):
            words.append(f"default {_our_default(getattr(default, member.name), element)!r}")
        yield " ".join(word for word in words if word)
        if isinstance(element, Struct):
            inner = element.make.schema.default
            yield from _our_fields(element, inner, f"{name}.", not is_array and is_optional)


def _noun(wire: WireType) -> str:
    if isinstance(wire, Fixed):
        return {"boolean": "bool"}.get(wire.guide_name.lower(), wire.guide_name.lower())
    return str(getattr(wire, "noun", "?")).lower()


def _our_default(value: Any, wire: WireType) -> Any:
    return uuid_text(value) if isinstance(value, bytes) and wire.guide_name == "UUID" else value
