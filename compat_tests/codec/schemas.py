"""The message schemas that lie in every kafka-clients jar, and ours, both told in the same words.

A message of one version is told as a line for each field: its path, its type, whether it may be null, its tag, and its
default where it can be left out.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from protocol_specs.field import FOREVER
from protocol_specs.layout import Layout, Struct
from protocol_specs.message import Message
from protocol_specs.notation import Schema, uuid_text
from protocol_specs.wire_types import Array, Fixed, WireType

__all__ = [
    "ADDED_LATER",
    "TheirSchema",
    "name_in",
    "name_of_today",
    "our_defaults",
    "schemas_in",
    "snake_case",
    "stable_versions",
    "tell_ours",
    "tell_theirs",
    "their_defaults",
]

#: A schema as it stands in the jar.
TheirSchema = Mapping[str, Any]

#: What older releases called otherwise: by message and by path there, the name of today.
_RENAMED: dict[str, dict[str, str]] = {
    "AddPartitionsToTxnRequest": {
        "transactional_id": "v3_and_below_transactional_id",
        "producer_id": "v3_and_below_producer_id",
        "producer_epoch": "v3_and_below_producer_epoch",
        "topics": "v3_and_below_topics",
    },
    "AddPartitionsToTxnResponse": {
        "results": "results_by_topic_v3_and_below",
        "results.results": "results_by_partition",
        "results.results.error_code": "partition_error_code",
    },
    "DescribeLogDirsRequest": {"topics.partition_index": "partitions"},
    "ElectLeadersRequest": {"topic_partitions.partition_id": "partitions"},
    "FetchResponse": {
        "responses.partition_responses": "partitions",
        "responses.partition_responses.partition": "partition_index",
        "responses.partition_responses.record_set": "records",
    },
    "ListClientMetricsResourcesResponse": {
        "client_metrics_resources": "config_resources",
        "client_metrics_resources.name": "resource_name",
    },
    "OffsetCommitRequest": {"generation_id": "generation_id_or_member_epoch"},
    "VoteRequest": {
        "topics.partitions.candidate_epoch": "replica_epoch",
        "topics.partitions.candidate_id": "replica_id",
        "topics.partitions.candidate_directory_id": "replica_directory_id",
    },
}

#: Tagged fields that a release does not know yet in a version that it has.
ADDED_LATER = {("2.8.2", "ApiVersionsResponse"): {"zk_migration_ready"}}


#: Messages that older releases called otherwise.
_FORMER_NAMES = {
    "ListConfigResourcesRequest": "ListClientMetricsResourcesRequest",
    "ListConfigResourcesResponse": "ListClientMetricsResourcesResponse",
}


def name_in(names: Collection[str], message: str) -> str | None:
    """What a release that has these messages calls one of ours; None where it has none."""
    former = _FORMER_NAMES.get(message, message)
    return message if message in names else former if former in names else None


def name_of_today(message: str, path: str) -> str:
    """What a field is called now, by its path in the release."""
    return _RENAMED.get(message, {}).get(path) or path.rpartition(".")[2]


def schemas_in(jar: Path) -> dict[str, TheirSchema]:
    """All message schemas of a jar, by name."""
    schemas = {}
    with zipfile.ZipFile(jar) as archive:
        for name in archive.namelist():
            if name.startswith("common/message/") and name.endswith(".json"):
                comments = r"^\s*//.*$|(?<=[\],}])\s*//[^\"\n]*$"
                text = re.sub(comments, "", archive.read(name).decode(), flags=re.MULTILINE)
                schema = json.JSONDecoder().raw_decode(text.strip())[0]
                schemas[schema["name"]] = schema
    return schemas


def snake_case(name: str) -> str:
    """The protocol guide's spelling of a schema's name (`MessageGenerator.toSnakeCase`)."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name[:1].upper() + name[1:]).lower()


def _range(text: str | None) -> range:
    if text is None or text == "none":
        return range(0)
    if text.endswith("+"):
        return range(int(text[:-1]), FOREVER)
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def stable_versions(request: TheirSchema) -> range:
    """Of the API of a request's schema."""
    versions = _range(request["validVersions"])
    return versions[:-1] if request.get("latestVersionUnstable") else versions


def _structs(schema: TheirSchema) -> dict[str, Any]:
    return {struct["name"]: struct["fields"] for struct in schema.get("commonStructs", [])}


def tell_theirs(schema: TheirSchema, version: int) -> list[str]:
    """One version of a schema of Kafka's, with the names of today."""
    return list(_Story(schema, version).fields(schema["fields"], "", "", optional=False))


class _Story:
    """One version of a schema of Kafka's, while it is told."""

    def __init__(self, schema: TheirSchema, version: int) -> None:
        self.message = schema["name"]
        self.structs = _structs(schema)
        self.version = version
        self.is_flexible = self.has(schema, "flexibleVersions")

    def has(self, described: TheirSchema, what: str) -> bool:
        return self.version in _range(described.get(what))

    def fields(self, fields: Any, theirs: str, ours: str, *, optional: bool) -> Iterator[str]:
        """The lines of one struct, whose path in the release is `theirs`; tagged fields last, as in our layouts."""
        for field in sorted(fields, key=lambda field: self.has(field, "taggedVersions")):
            if not self.has(field, "versions"):
                continue
            element = field["type"].removeprefix("[]")
            is_lone_struct = field["type"][0].isupper()
            path = f"{theirs}{snake_case(field['name'])}"
            name = f"{ours}{name_of_today(self.message, path)}"
            is_optional = optional or self.has(field, "taggedVersions")
            words = [name, *self.words(field, element)]
            if is_optional and not is_lone_struct:
                words.append(f"default {_their_default(field)!r}")
            yield " ".join(words)
            if element[0].isupper():
                inside = field.get("fields") or self.structs[element]
                yield from self.fields(
                    inside, f"{path}.", f"{name}.", optional=is_optional and is_lone_struct
                )

    def words(self, field: TheirSchema, element: str) -> Iterator[str]:
        if field["type"] != element:
            yield "array of"
        yield "struct" if element[0].isupper() else element
        if field["type"] != element or element in ("string", "bytes", "records"):
            is_flexible = (
                self.has(field, "flexibleVersions") if "flexibleVersions" in field else self.is_flexible
            )
            yield "compact" if is_flexible else "plain"
        if self.has(field, "nullableVersions"):
            yield "nullable"
        if self.has(field, "taggedVersions"):
            yield f"tag {field['tag']}"


def _their_default(field: TheirSchema) -> Any:
    given, type_name = field.get("default"), field["type"]
    if given == "null":
        return None
    if type_name.startswith("[]"):
        return ()
    if type_name == "bool":
        return str(given).lower() == "true"
    if type_name == "string":
        return given or ""
    if type_name in ("bytes", "records"):
        return b""
    if type_name == "uuid":
        return uuid_text(bytes(16))
    return float(given or 0) if type_name == "float64" else int(str(given or 0), 0)


def their_defaults(schema: TheirSchema) -> dict[str, Any]:
    """The default of every field that is no lone struct, by its path."""
    return dict(_their_defaults(schema.get("fields", []), _structs(schema), ""))


def _their_defaults(fields: Any, structs: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    for field in fields:
        element = field["type"].removeprefix("[]")
        name = f"{path}{snake_case(field['name'])}"
        if element[0].isupper():
            yield from _their_defaults(field.get("fields") or structs[element], structs, f"{name}.")
        if not field["type"][0].isupper():
            yield name, _their_default(field)


def our_defaults(schema: Schema, path: str = "") -> Iterator[tuple[str, Any]]:
    """The default of every field that is no lone struct and that some version lacks, by its path."""
    for name, field in schema.fields.items():
        if field.fields is not None:
            yield from our_defaults(getattr(schema, name), f"{path}{name}.")
        if field.type != "struct" and not schema.is_required(name):
            value = schema.default_of(name)
            yield f"{path}{name}", uuid_text(value) if field.type == "uuid" else value


def tell_ours(layout: Layout) -> list[str]:
    """One version of a message of ours."""
    return list(_our_fields(layout.body, "", optional=False))


def _our_fields(struct: Struct, path: str, *, optional: bool) -> Iterator[str]:
    default: Message = struct.make.schema.default
    tagged = [] if struct.tagged is None else struct.tagged.members
    for member in [*struct.present, *tagged]:
        wire = member.wire
        element = wire.of if isinstance(wire, Array) else wire
        is_lone_struct = isinstance(wire, Struct)
        name = f"{path}{member.name}"
        is_optional = optional or member.tag is not None
        words = [name, *_our_words(wire, element)]
        if member.tag is not None:
            words.append(f"tag {member.tag}")
        if is_optional and not is_lone_struct:
            value = getattr(default, member.name)
            words.append(f"default {uuid_text(value)!r}" if _noun(wire) == "uuid" else f"default {value!r}")
        yield " ".join(words)
        if isinstance(element, Struct):
            yield from _our_fields(element, f"{name}.", optional=is_optional and is_lone_struct)


def _our_words(wire: WireType, element: WireType) -> Iterator[str]:
    if wire is not element:
        yield "array of"
    yield "struct" if isinstance(element, Struct) else _noun(element)
    if hasattr(wire, "compact"):
        yield "compact" if wire.compact else "plain"
    if wire.nullable:
        yield "nullable"


def _noun(wire: WireType) -> str:
    if isinstance(wire, Fixed):
        return wire.guide_name.lower().replace("boolean", "bool")
    return str(getattr(wire, "noun", "")).lower()
