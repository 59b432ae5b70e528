"""A struct in all its versions: binds `field` descriptions to `layout` parsers, one version at a time, on first use."""

from __future__ import annotations

from typing import Any

from protocol_specs.field import FOREVER, Field, Fields
from protocol_specs.layout import Layout, Member, Message, Struct
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


def version_range(text: str) -> range:
    """Read "0-9" or "3" as a range."""
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


class Schema:
    """A struct in all its versions. Call it to make a message; index it for the parser of one version.

    Args:
        name: for errors and for printing.
        versions: the versions that there are, "0-9".
        flexible: the first flexible version, "6+"; None for none.
        fields: in wire order.
    """

    __slots__ = ("_children", "_layouts", "_type", "_versions", "fields", "flexible_from", "name", "span")

    def __init__(self, name: str, *, versions: str, fields: Fields, flexible: str | None = None) -> None:
        self.name = name
        self.span = versions
        self.fields = fields.fields
        self.flexible_from = int(flexible.rstrip("+")) if flexible else FOREVER
        self._versions: range | None = None
        self._type: type[Message] | None = None
        self._layouts: dict[int, Layout] = {}
        self._children: dict[str, Schema] | None = None

    @property
    def versions(self) -> range:
        """All versions of which there is a spec."""
        if self._versions is None:
            self._versions = version_range(self.span)
        return self._versions

    @property
    def type(self) -> type[Message]:
        """The class of its messages."""
        if self._type is None:
            self._type = _make_type(self)
        return self._type

    def __call__(self, **values: Any) -> Any:
        """A message.

        Raises:
            TypeError: a field is missing that all versions have, or one is given that there is not.
        """
        return (self._type or self.type)(**values)

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
        if name in Schema.__slots__:
            raise AttributeError(name)
        try:
            return self.children[name]
        except KeyError:
            raise AttributeError(f"{self.name} has no struct {name!r}") from None

    @property
    def children(self) -> dict[str, Schema]:
        """The schema of each field that is a struct or an array of them."""
        if self._children is None:
            flexible = None if self.flexible_from == FOREVER else f"{self.flexible_from}+"
            self._children = {
                name: Schema(
                    f"{self.name}.{name}", versions=self.span, fields=field.fields, flexible=flexible
                )
                for name, field in self.fields.items()
                if field.fields is not None
            }
        return self._children

    def bind(self, version: int, *, nullable: bool = False) -> Struct:
        """The struct as it is in one version."""
        members = [self._member(name, field, version) for name, field in self.fields.items()]
        return Struct(self.type, members, flexible=version >= self.flexible_from, nullable=nullable)

    def _member(self, name: str, field: Field, version: int) -> Member:
        present = field.start <= version <= field.last
        wire = self._wire_type(name, field, version) if present else None
        return Member(name, wire, self.default_of(name), field.number)

    def _wire_type(self, name: str, field: Field, version: int) -> WireType:
        nullable = field.null_from <= version <= field.null_until
        compact = version >= self.flexible_from and not field.never_compact
        if field.type == "array":
            return Array(self._element(name, field, version), compact=compact, nullable=nullable)
        if field.type == "struct":
            return self.children[name].bind(version, nullable=nullable)
        if field.type in _FIXED:
            return _FIXED[field.type]
        return _SIZED[field.type](compact=compact, nullable=nullable)

    def _element(self, name: str, field: Field, version: int) -> WireType:
        if field.array_of is None:
            return self.children[name].bind(version)
        return self._wire_type(name, field.array_of, version)

    def default_of(self, name: str) -> Any:
        """The value where the field is absent."""
        field = self.fields[name]
        if field.type == "struct" and field.null_from == FOREVER:
            return self.children[name].make_default()
        return field.absent_value()

    def make_default(self) -> Message:
        """A message in which every field has its default."""
        message = self.type.__new__(self.type)
        for name in self.fields:
            setattr(message, name, self.default_of(name))
        message.unknown_tagged_fields = None
        return message

    def is_required(self, field: Field) -> bool:
        """Whether every version has the field, so that a message must give it."""
        return field.number is None and field.start <= self.versions[0] and field.last >= self.versions[-1]


def _make_type(schema: Schema) -> type[Message]:
    """A slotted class with a keyword constructor, whose defaults are the schema's."""
    defaults: dict[str, Any] = {}
    parameters, lines = [], []
    for name, field in schema.fields.items():
        if schema.is_required(field):
            parameters.append(name)
        else:
            # A struct that is not given is left to the builder, which writes its defaults.
            defaults[f"_{name}"] = schema.default_of(name)
            parameters.append(f"{name}=_{name}")
        lines.append(f"    self.{name} = {name}\n")
    separator = ", *, " if parameters else ""
    head = f"def __init__(self{separator}{', '.join(parameters)}, unknown_tagged_fields=None):\n"
    if not parameters:
        head = "def __init__(self, *, unknown_tagged_fields=None):\n"
    namespace: dict[str, Any] = dict(defaults)
    exec(head + "".join(lines) + "    self.unknown_tagged_fields = unknown_tagged_fields\n", namespace)
    return type(
        schema.name,
        (Message,),
        {
            "__slots__": tuple(schema.fields),
            "__init__": namespace["__init__"],
            "fields": tuple(schema.fields),
        },
    )
