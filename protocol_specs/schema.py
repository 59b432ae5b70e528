"""A struct in all its versions: binds `field` descriptions to `layout` parsers, one version at a time, on first use."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, cached_property
from typing import Any

from protocol_specs.field import FOREVER, Field, Fields
from protocol_specs.layout import Layout, Struct
from protocol_specs.message import Member, Message
from protocol_specs.wire_types import Array, Bytes, Fixed, Records, String, WireType

__all__ = ["Schema", "version_range"]

_FIXED: dict[str, WireType] = {
    "boolean": Fixed("BOOLEAN", "?"),
    "float64": Fixed("FLOAT64", "d"),
    "int8": Fixed("INT8", "b"),
    "int16": Fixed("INT16", "h"),
    "int32": Fixed("INT32", "i"),
    "int64": Fixed("INT64", "q"),
    "uint16": Fixed("UINT16", "H"),
    "uint32": Fixed("UINT32", "I"),
    "uuid": Fixed("UUID", "16s"),
}
_SIZED: dict[str, type[String] | type[Bytes] | type[Records]] = {
    "string": String,
    "bytes_": Bytes,
    "records": Records,
}


@cache
def _sized(type_name: str, compact: bool, nullable: bool) -> WireType:
    return _SIZED[type_name](compact=compact, nullable=nullable)


def version_range(text: str) -> range:
    """Read "0-9" or "3" as a range."""
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


class Schema:
    """A struct in all its versions. Call it to make a message; index it for the parser of one version.

    The schema of a field that is a struct, or an array of structs, is the attribute of that name.

    Args:
        name: for errors and for printing.
        versions: the versions that there are, "0-9".
        flexible: the first flexible version, "6+"; None for none.
        fields: in wire order.
    """

    def __init__(self, name: str, *, versions: str, fields: Fields, flexible: str | None = None) -> None:
        self.name = name
        self.span = versions
        self.fields = fields.fields
        self.flexible_from = int(flexible.rstrip("+")) if flexible else FOREVER
        self._layouts: dict[int, Layout] = {}

    def __call__(self, **values: Any) -> Any:
        """A message.

        Raises:
            TypeError: a field is missing that all versions have, or one is given that there is not.
        """
        return self.make(**values)

    def __getitem__(self, version: int) -> Layout:
        """The parser of one version.

        Raises:
            KeyError: there is no such version.
        """
        layout = self._layouts.get(version)
        if layout is None:
            if version not in self.versions:
                raise KeyError(f"{self.name} has versions {self.span}, not {version}")
            layout = self._layouts[version] = Layout(f"{self.name} v{version}", version, self.bind(version))
        return layout

    def __getattr__(self, name: str) -> Schema:
        """The schema of a field that is a struct or an array of structs; from then on a plain attribute."""
        field = self.__dict__["fields"].get(name) if "fields" in self.__dict__ else None
        if field is None or field.fields is None:
            raise AttributeError(f"{self.__dict__.get('name')} has no struct {name!r}")
        flexible = None if self.flexible_from == FOREVER else f"{self.flexible_from}+"
        child = Schema(f"{self.name}.{name}", versions=self.span, fields=field.fields, flexible=flexible)
        setattr(self, name, child)
        return child

    @cached_property
    def versions(self) -> range:
        """All versions of which there is a spec."""
        return version_range(self.span)

    @cached_property
    def type(self) -> type[Message]:
        """The class of its messages."""
        slots = (*self.fields, *(f"{name}_at" for name in self.record_fields))
        return type(self.name, (Message,), {"__slots__": slots, "schema": self})

    @cached_property
    def record_fields(self) -> list[str]:
        """The fields that hold record batches."""
        return [name for name, field in self.fields.items() if field.type == "records"]

    @cached_property
    def make(self) -> Callable[..., Any]:
        """The function behind a call of the schema: the same, at half the price, for handlers that are in a hurry."""
        return _write_maker(self)

    @cached_property
    def default(self) -> Message:
        """The message in which every field has its default. All share it, so it refuses to be changed."""
        frozen = type(self.name, (self.type,), {"__slots__": (), "__setattr__": _refuse_change})
        return self._fill(frozen())

    def make_default(self) -> Any:
        """A message of one's own in which every field has its default."""
        return self._fill(self.type())

    def _fill(self, message: Message) -> Message:
        for name in self.fields:
            object.__setattr__(message, name, self.default_of(name))
        for name in self.record_fields:
            object.__setattr__(message, f"{name}_at", None)
        object.__setattr__(message, "unknown_tagged_fields", None)
        return message

    def default_of(self, name: str) -> Any:
        """The value of a field where it is absent."""
        field = self.fields[name]
        if field.type == "struct" and (field.null_start == FOREVER or field.is_filled):
            child: Schema = getattr(self, name)
            return child.default
        return field.absent_value

    def is_required(self, name: str) -> bool:
        """Whether every version has the field, so that a message must give it."""
        field = self.fields[name]
        return field.tag is None and field.start <= self.versions[0] and field.last >= self.versions[-1]

    def bind(self, version: int, *, nullable: bool = False, tagged: bool = False) -> Struct:
        """The struct as it is in one version; see `Struct`."""
        members = [
            Member(name, self._wire_type(name, field, version), self.default_of(name), field.tag)
            for name, field in self.fields.items()
        ]
        flexible = version >= self.flexible_from
        return Struct(self.type, members, flexible=flexible, nullable=nullable, tagged=tagged)

    def _wire_type(self, name: str, field: Field, version: int) -> WireType | None:
        if not field.start <= version <= field.last:
            return None
        nullable = field.null_start <= version <= field.null_last
        compact = version >= self.flexible_from and not field.is_plain
        if field.type in _FIXED:
            return _FIXED[field.type]
        if field.type in _SIZED:
            return _sized(field.type, compact, nullable)
        if field.type == "struct":
            struct: Schema = getattr(self, name)
            return struct.bind(version, nullable=nullable, tagged=field.tag is not None)
        element = self._wire_type(name, field.array_of or Field("struct"), version)
        assert element is not None
        return Array(element, compact=compact, nullable=nullable)


def _refuse_change(message: Message, name: str, value: Any) -> None:
    raise AttributeError(
        f"{message.schema.name}.default is everybody's; make a message of your own to set {name}"
    )


def _write_maker(schema: Schema) -> Callable[..., Any]:
    """A function of keywords whose defaults are the schema's; written out, since messages are made all the time."""
    names: dict[str, Any] = {"Message": schema.type}
    parameters, lines = [], ["    message = Message()"]
    for name in schema.fields:
        if schema.is_required(name):
            parameters.append(name)
        else:
            names[f"default_{name}"] = schema.default_of(name)
            parameters.append(f"{name}=default_{name}")
        lines.append(f"    message.{name} = {name}")
    lines += [f"    message.{name}_at = None" for name in schema.record_fields]
    lines += ["    message.unknown_tagged_fields = unknown_tagged_fields", "    return message"]
    head = f"def make(*, {', '.join([*parameters, 'unknown_tagged_fields=None'])}):"
    exec("\n".join([head, *lines]), names)
    make: Callable[..., Any] = names["make"]
    make.__qualname__ = schema.name
    return make
