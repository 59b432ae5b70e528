"""Fields, and the versions that have them: the words of `protocol_specs.notation`.

A field is never changed: `default()`, `nullable()`, `plain()` and the version words give a new one.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "FOREVER",
    "Field",
    "Fields",
    "Versions",
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
]

#: Above every version.
FOREVER = 1 << 15
_NOT_GIVEN: Any = object()


class Fields:
    """The fields of one struct, in wire order."""

    __slots__ = ("fields",)

    def __init__(self, fields: dict[str, Field]) -> None:
        self.fields = fields


class Field:
    """One field: its type, the versions that have it, and its default.

    Attributes:
        type: a word of the notation; "array" and "struct" for those.
        fields: of a struct, or of an array of structs; else None.
        array_of: what an array that is not of structs holds; else None.
        start, last: the versions that have the field.
        tag: of a tagged field; else None.
        null_start, null_last: the versions in which it may be null.
        is_plain: whether its length stays as it was in flexible versions too.
        is_filled: whether a struct that may be null is one of defaults where it is absent.
    """

    # What most fields have stands on the class, so that a copy is cheap: there are thousands.
    array_of: Field | None = None
    fields: Fields | None = None
    start = 0
    last = FOREVER
    tag: int | None = None
    null_start = FOREVER
    null_last = FOREVER
    is_plain = False
    is_filled = False
    given_default: Any = _NOT_GIVEN

    def __init__(self, type: str, **traits: Any) -> None:
        self.__dict__ = {"type": type, **traits}

    type: str

    def _but(self, **traits: Any) -> Field:
        return Field(**{**self.__dict__, **traits})

    def __repr__(self) -> str:
        return f"<Field {self.type}>"

    def default(self, value: Any) -> Field:
        """What stands where the field is absent."""
        return self._but(given_default=value)

    def nullable(self, *, since: int = 0, until: int = FOREVER) -> Field:
        """May be null, in these versions."""
        return self._but(null_start=since, null_last=until)

    def filled(self) -> Field:
        """A struct that may be null, but is one of defaults where it is absent."""
        return self._but(is_filled=True)

    def plain(self) -> Field:
        """Keeps its plain length in flexible versions too."""
        return self._but(is_plain=True)

    @property
    def absent_value(self) -> Any:
        """The default; None for every struct."""
        if self.given_default is not _NOT_GIVEN:
            return self.given_default
        if self.null_start < FOREVER:
            return None
        return _EMPTY.get(self.type)


class Versions:
    """`since(3)`, `until(12)`, `tag(0, since=9)`: give the type next, as an attribute."""

    __slots__ = ("_traits",)

    def __init__(self, **traits: int) -> None:
        self._traits = traits

    def until(self, last: int) -> Versions:
        """Up to this version, which still has it."""
        return Versions(**self._traits, last=last)

    def __getattr__(self, type_name: str) -> Field:
        if type_name not in _TYPES:
            raise AttributeError(f"no type of the notation: {type_name}")
        return _TYPES[type_name]._but(**self._traits)

    def array(self, of: Field | Fields | None = None, /, **fields: Field) -> Field:
        """An array of one type, or of structs of these fields."""
        return array(of, **fields)._but(**self._traits)

    def struct(self, of: Fields | None = None, /, **fields: Field) -> Field:
        """A struct in a struct."""
        return nested(of, **fields)._but(**self._traits)


def since(version: int) -> Versions:
    """From this version on."""
    return Versions(start=version)


def until(version: int) -> Versions:
    """Up to this version, which still has it."""
    return Versions(last=version)


def tag(number: int, *, since: int) -> Versions:
    """A tagged field (KIP-482), from this version on."""
    return Versions(start=since, tag=number)


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
    "records": b"",
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
records = Field("records")
nullable_string = string.nullable()
nullable_bytes = bytes_.nullable()
nullable_records = records.nullable()

_TYPES = {
    "boolean": boolean,
    "bytes_": bytes_,
    "float64": float64,
    "int8": int8,
    "int16": int16,
    "int32": int32,
    "int64": int64,
    "nullable_bytes": nullable_bytes,
    "nullable_records": nullable_records,
    "nullable_string": nullable_string,
    "records": records,
    "string": string,
    "uint16": uint16,
    "uint32": uint32,
    "uuid": uuid,
}
