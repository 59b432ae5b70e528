"""Fields, and the versions that have them: the words of `protocol_specs.notation`."""

from __future__ import annotations

from copy import copy
from typing import Any

FOREVER = 1 << 15
_NOT_GIVEN: Any = object()


class Fields:
    """The fields of one struct, not yet bound to versions."""

    __slots__ = ("fields",)

    def __init__(self, fields: dict[str, Field]) -> None:
        self.fields = fields


class Field:
    """One field: its type, the versions that have it, and its default."""

    __slots__ = (
        "_default",
        "array_of",
        "fields",
        "last",
        "never_compact",
        "null_from",
        "null_until",
        "number",
        "start",
        "type",
    )

    def __init__(self, type: str, *, fields: Fields | None = None, array_of: Field | None = None) -> None:
        self.type = type
        self.fields = fields
        self.array_of = array_of
        self.start = 0
        self.last = FOREVER
        self.number: int | None = None
        self.null_from = FOREVER
        self.null_until = FOREVER
        self.never_compact = False
        self._default: Any = _NOT_GIVEN

    def default(self, value: Any) -> Field:
        """What stands where the field is absent."""
        field = copy(self)
        field._default = value
        return field

    def nullable(self, *, since: int = 0, until: int = FOREVER) -> Field:
        """May be null, in these versions."""
        field = copy(self)
        field.null_from, field.null_until = since, until
        return field

    def plain(self) -> Field:
        """Keeps its plain length in flexible versions too."""
        field = copy(self)
        field.never_compact = True
        return field

    def absent_value(self) -> Any:
        """The default: a struct's is None here, and becomes a message of defaults when bound."""
        if self._default is not _NOT_GIVEN:
            return self._default
        if self.null_from < FOREVER:
            return None
        return _EMPTY.get(self.type)


class Versions:
    """`since(3)`, `until(12)`, `tag(0, since=9)`: give the type next, as an attribute."""

    __slots__ = ("_last", "_number", "_start")

    def __init__(self, start: int, last: int, number: int | None) -> None:
        self._start = start
        self._last = last
        self._number = number

    def until(self, last: int) -> Versions:
        """Up to this version, which still has it."""
        return Versions(self._start, last, self._number)

    def _bind(self, field: Field) -> Field:
        field = copy(field)
        field.start, field.last, field.number = self._start, self._last, self._number
        return field

    def __getattr__(self, type_name: str) -> Field:
        if type_name not in _TYPES:
            raise AttributeError(f"no type of the notation: {type_name}")
        return self._bind(_TYPES[type_name])

    def array(self, of: Field | Fields | None = None, /, **fields: Field) -> Field:
        return self._bind(array(of, **fields))

    def struct(self, of: Fields | None = None, /, **fields: Field) -> Field:
        return self._bind(Field("struct", fields=of or Fields(fields)))


def since(version: int) -> Versions:
    """From this version on."""
    return Versions(version, FOREVER, None)


def until(version: int) -> Versions:
    """Up to this version, which still has it."""
    return Versions(0, version, None)


def tag(number: int, *, since: int) -> Versions:
    """A tagged field (KIP-482), from this version on."""
    return Versions(since, FOREVER, number)


def array(of: Field | Fields | None = None, /, **fields: Field) -> Field:
    """An array of one type, or of structs of these fields."""
    if isinstance(of, Field):
        return Field("array", array_of=of)
    return Field("array", fields=of or Fields(fields))


def struct(**fields: Field) -> Fields:
    """Fields in wire order."""
    return Fields(fields)


def nested(of: Fields | None = None, /, **fields: Field) -> Field:
    """A struct in a struct, in all versions."""
    return Field("struct", fields=of or Fields(fields))


_EMPTY: dict[str, Any] = {
    "array": (),
    "boolean": False,
    "bytes_": b"",
    "float64": 0.0,
    "int8": 0,
    "int16": 0,
    "int32": 0,
    "int64": 0,
    "records": None,
    "string": "",
    "uint16": 0,
    "uint32": 0,
    "uuid": bytes(16),
}

boolean = Field("boolean")
float64 = Field("float64")
int8 = Field("int8")
int16 = Field("int16")
int32 = Field("int32")
int64 = Field("int64")
uint16 = Field("uint16")
uint32 = Field("uint32")
uuid = Field("uuid")
string = Field("string")
bytes_ = Field("bytes_")
records = Field("records").nullable()
nullable_string = string.nullable()
nullable_bytes = bytes_.nullable()

_TYPES = {
    "boolean": boolean,
    "bytes_": bytes_,
    "float64": float64,
    "int8": int8,
    "int16": int16,
    "int32": int32,
    "int64": int64,
    "nullable_bytes": nullable_bytes,
    "nullable_string": nullable_string,
    "records": records,
    "string": string,
    "uint16": uint16,
    "uint32": uint32,
    "uuid": uuid,
}
