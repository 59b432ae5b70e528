"""The vocabulary in which specs are written.

One spec for each API, in wire order, under the protocol guide's type names. The plain field costs nothing; what differs
between versions is said beside the field's name, and nowhere else:

    HEARTBEAT = Api(
        key=12,
        name="Heartbeat",
        versions="0-4",
        flexible="4+",
        request=struct(
            group_id=string,
            generation_id=int32,
            member_id=string,
            group_instance_id=since(3).nullable_string,
        ),
        response=struct(throttle_time_ms=since(1).int32, error_code=int16),
    )

- `HEARTBEAT.request[3]` is one construct parser for one version (`layout.Layout`).
- `HEARTBEAT.request(group_id=..., ...)` makes a message; nested structs are reached by the field's name:
  `PRODUCE.response.responses.partition_responses(...)`. Where messages are made all the time, `schema.make` is the
  same function without the detour.
- A field that all versions have must be given; a field that some lack has a default: `default()`'s, else null where it
  is nullable (unless it is `filled()`), else empty or zero. A field that a version lacks is not written, and parses to
  its default.
- A tagged field is left out where it has its default. A struct's default is its fields' defaults, so those of a tagged
  struct are said even though they must be given.
- Compact lengths and the tag section follow from `flexible`; nobody writes them.

Nothing is made at import but the description: classes and parsers are made on first use.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

from protocol_specs.field import (
    Field,
    Fields,
    array,
    boolean,
    bytes_,
    float64,
    int8,
    int16,
    int32,
    int64,
    nested,
    nullable_bytes,
    nullable_records,
    nullable_string,
    records,
    since,
    string,
    struct,
    tag,
    uint16,
    uint32,
    until,
    uuid,
)
from protocol_specs.schema import Schema

__all__ = [
    "Api",
    "Field",
    "Schema",
    "array",
    "boolean",
    "bytes_",
    "float64",
    "int8",
    "int16",
    "int32",
    "int64",
    "nested",
    "nullable_bytes",
    "nullable_records",
    "nullable_string",
    "records",
    "since",
    "string",
    "struct",
    "tag",
    "uint16",
    "uint32",
    "until",
    "uuid",
    "uuid_text",
]


def uuid_text(value: bytes) -> str:
    """A uuid as Kafka prints it: base64url without padding (`org.apache.kafka.common.Uuid`)."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


class Api:
    """One API: its key, its versions, its request and its response.

    Args:
        key: the API key.
        name: as the protocol guide has it.
        versions: every version of which there is a spec, "0-9"; more than a broker of one release serves.
        flexible: the first flexible version, "6+"; None for none.
    """

    __slots__ = ("flexible_from", "key", "name", "request", "response", "span")

    def __init__(
        self,
        *,
        key: int,
        name: str,
        versions: str,
        flexible: str | None,
        request: Fields,
        response: Fields,
    ) -> None:
        self.key = key
        self.name = name
        self.span = versions
        self.request = Schema(f"{name}Request", versions=versions, fields=request, flexible=flexible)
        self.response = Schema(f"{name}Response", versions=versions, fields=response, flexible=flexible)
        self.flexible_from = self.request.flexible_from

    @property
    def versions(self) -> range:
        return self.request.versions

    def __repr__(self) -> str:
        return f"<Api {self.key} {self.name} {self.span}>"

    def __iter__(self) -> Iterator[Schema]:
        return iter((self.request, self.response))
