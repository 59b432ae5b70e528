"""Structs and whole messages in one version.

A `Layout` is one message in one version: a tree of wire types with every version question already answered. It is
used in two ways:

- compiled (`protocol_specs.emit`): one flat function to parse and one to build, made on first use. That is the way
  every frame takes.
- interpreted: construct's own `_parse` and `_build`, which know the path of each field. A message that the compiled
  functions refuse goes through them once more, so that the error can name the field.

Encodings: the protocol guide, KIP-482 (tagged fields), KIP-893 (nullable structs).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import IO, Any, ClassVar

from protocol_specs.emit import Source, compile_build, compile_parse, pack_tags
from protocol_specs.wire_types import Fixed, WireError, WireType, read_exactly, read_uvarint

__all__ = ["Layout", "Member", "Message", "Struct", "is_default"]


class Message:
    """What a struct parses to, and is built from: one attribute for each field of any version.

    Each struct has a subclass of its own, made by `notation.Schema`. Fields that all versions have must be given; the
    others have Kafka's defaults. `unknown_tagged_fields` is None, or {tag: bytes} as they came.
    """

    __slots__ = ("unknown_tagged_fields",)
    fields: ClassVar[tuple[str, ...]] = ()
    unknown_tagged_fields: dict[int, bytes] | None

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{type(self).__name__} has no field {name!r}, or none that was set")

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.fields) and (
            (self.unknown_tagged_fields or None) == (other.unknown_tagged_fields or None)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.fields if hasattr(self, name))
        return f"{type(self).__name__}({values})"


class Member:
    """One field of a struct in one version."""

    __slots__ = ("default", "name", "tag", "type")

    def __init__(self, name: str, type: WireType | None, default: Any, tag: int | None) -> None:
        self.name = name
        #: None where the version lacks the field.
        self.type = type
        self.default = default
        self.tag = tag


class Struct(WireType):
    """Fields in order, then in flexible versions the tagged ones."""

    guide_name = "STRUCT"

    def __init__(
        self,
        make: type[Message],
        members: Sequence[Member],
        *,
        flexible: bool,
        nullable: bool = False,
    ) -> None:
        super().__init__()
        self.make = make
        self.flexible = flexible
        self.nullable = nullable
        self.present = [m for m in members if m.type is not None and m.tag is None]
        self.absent = [m for m in members if m.type is None]
        self.tagged = sorted((m for m in members if m.type is not None and m.tag is not None), key=_tag_of)

    def _parse(self, stream: IO[bytes], context: Any, path: str) -> Any:
        if self.nullable and read_exactly(stream, 1, path)[0] >= 0x80:
            return None
        message = self.make.__new__(self.make)
        for member in self.absent + self.tagged:
            setattr(message, member.name, member.default)
        for member in self.present:
            setattr(message, member.name, self._parse_member(member, stream, context, path))
        message.unknown_tagged_fields = None
        if self.flexible:
            self._parse_tags(message, stream, context, path)
        return message

    def _parse_member(self, member: Member, stream: IO[bytes], context: Any, path: str) -> Any:
        assert member.type is not None
        return member.type._parsereport(stream, context, f"{path} -> {member.name}")

    def _parse_tags(self, message: Message, stream: IO[bytes], context: Any, path: str) -> None:
        known = {member.tag: member for member in self.tagged}
        for _ in range(read_uvarint(stream, f"{path} -> tagged fields")):
            tag = read_uvarint(stream, f"{path} -> tagged fields")
            size = read_uvarint(stream, f"{path} -> tagged fields")
            if tag in known:
                setattr(message, known[tag].name, self._parse_member(known[tag], stream, context, path))
            else:
                unknown = message.unknown_tagged_fields or {}
                unknown[tag] = read_exactly(stream, size, f"{path} -> tag {tag}")
                message.unknown_tagged_fields = unknown

    def _build(self, obj: Any, stream: IO[bytes], context: Any, path: str) -> Any:
        if self.nullable:
            stream.write(b"\xff" if obj is None else b"\x01")
        elif obj is None:
            raise WireError("null where a struct may not be", path=path)
        if obj is None:
            return obj
        for member in self.present:
            assert member.type is not None
            member.type._build(_value(obj, member, path), stream, context, f"{path} -> {member.name}")
        if self.flexible:
            tags = dict(getattr(obj, "unknown_tagged_fields", None) or {})
            for member in self.tagged:
                assert member.tag is not None
                assert member.type is not None
                value = _value(obj, member, path)
                if not is_default(value, member.default):
                    content = io.BytesIO()
                    member.type._build(value, content, context, f"{path} -> {member.name}")
                    tags[member.tag] = content.getvalue()
            stream.write(pack_tags(tags))
        return obj

    def emit_parse(self, source: Source, target: str) -> None:
        if not self.nullable:
            self._emit_parse_present(source, target)
            return
        source.unpack("b", ["n"])
        with source.block("if n < 0:"):
            source.line(f"{target} = None")
        with source.block("else:"):
            self._emit_parse_present(source, target)

    def _emit_parse_present(self, source: Source, target: str) -> None:
        message = source.name("m")
        source.line(f"{message} = new({source.constant(self.make)})")
        for kind, run in _runs(self.present):
            if kind:
                source.unpack(kind, [f"{message}.{member.name}" for member in run])
            else:
                assert run[0].type is not None
                run[0].type.emit_parse(source, f"{message}.{run[0].name}")
        for member in self.absent + self.tagged:
            source.line(f"{message}.{member.name} = {source.constant(member.default)}")
        source.line(f"{message}.unknown_tagged_fields = None")
        if self.flexible:
            self._emit_parse_tags(source, message)
        source.line(f"{target} = {message}")

    def _emit_parse_tags(self, source: Source, message: str) -> None:
        source.line("n = data[at]")
        source.line("at += 1")
        with source.block("if n:"):
            source.line("if n > 127: n, at = uvarint(data, at - 1)")
            with source.block("for _ in range(n):"):
                tag, size = source.name("tag"), source.name("size")
                source.line(f"{tag}, at = uvarint(data, at)")
                source.line(f"{size}, at = uvarint(data, at)")
                for number, member in enumerate(self.tagged):
                    assert member.type is not None
                    with source.block(f"{'elif' if number else 'if'} {tag} == {member.tag}:"):
                        member.type.emit_parse(source, f"{message}.{member.name}")
                with source.block("else:" if self.tagged else "if True:"):
                    source.line(f"at = keep_tag({message}, {tag}, data, at, {size})")

    def emit_build(self, source: Source, value: str) -> None:
        if not self.nullable:
            self._emit_build_present(source, value)
            return
        with source.block(f"if {value} is None:"):
            source.line("out.append(255)")
        with source.block("else:"):
            source.line("out.append(1)")
            self._emit_build_present(source, value)

    def _emit_build_present(self, source: Source, value: str) -> None:
        message = source.name("m")
        source.line(f"{message} = {value}")
        for kind, run in _runs(self.present):
            if kind:
                source.pack(kind, [f"{message}.{member.name}" for member in run])
            else:
                assert run[0].type is not None
                run[0].type.emit_build(source, f"{message}.{run[0].name}")
        if self.flexible:
            self._emit_build_tags(source, message)

    def _emit_build_tags(self, source: Source, message: str) -> None:
        tags = source.name("tags")
        source.line(f"{tags} = {message}.unknown_tagged_fields")
        for member in self.tagged:
            assert member.type is not None
            value, outer = source.name("value"), source.name("outer")
            source.line(f"{value} = {message}.{member.name}")
            with source.block(f"if not is_default({value}, {source.constant(member.default)}):"):
                source.line(f"{outer} = out")
                source.line("out = bytearray()")
                member.type.emit_build(source, value)
                source.line(f"{tags} = {{**({tags} or {{}}), {member.tag}: out}}")
                source.line(f"out = {outer}")
        with source.block(f"if {tags}:"):
            source.line(f"out += pack_tags({tags})")
        with source.block("else:"):
            source.line("out.append(0)")


def is_default(value: Any, default: Any) -> bool:
    """Whether a tagged field is left out: it has its default, or None stands for a struct's."""
    if value is default or (value is None and isinstance(default, Message)):
        return True
    if default == () and value is not None:
        return len(value) == 0
    return bool(value == default)


def _tag_of(member: Member) -> int:
    return member.tag or 0


def _value(obj: Any, member: Member, path: str) -> Any:
    try:
        return getattr(obj, member.name)
    except AttributeError:
        raise WireError("the field was not given", path=f"{path} -> {member.name}") from None


def _runs(members: Sequence[Member]) -> list[tuple[str, list[Member]]]:
    """Neighbours of fixed size together, with their struct codes; the others alone, with an empty code."""
    runs: list[tuple[str, list[Member]]] = []
    for member in members:
        if isinstance(member.type, Fixed):
            if runs and runs[-1][0]:
                code, run = runs[-1]
                runs[-1] = (code + member.type.code, [*run, member])
            else:
                runs.append((member.type.code, [member]))
        else:
            runs.append(("", [member]))
    return runs


class Layout(WireType):
    """One message in one version.

    `parse(bytes)` and `build(message)` are construct's, and whole: bytes left over are an error. `read` and `write` are
    what the broker uses.
    """

    def __init__(self, title: str, version: int, body: Struct) -> None:
        super().__init__()
        self.title = title
        self.version = version
        self.body = body
        self._read: Callable[[Any, int], tuple[Any, int]] | None = None
        self._write: Callable[[Any, bytearray], list[Any]] | None = None

    def read(self, data: bytes | bytearray, at: int = 0) -> tuple[Any, int]:
        """Parse at `at`; gives the message and where it ended. Record fields are views of `data`.

        Raises:
            WireError: the bytes end early, or hold what the type may not.
        """
        if self._read is None:
            self._read = compile_parse(self.body, self.title)
        try:
            return self._read(data, at)
        except Exception as error:
            raise self._explain(bytes(data[at:]), error) from None

    def write(self, message: Any, out: bytearray | None = None) -> list[Any]:
        """Build onto the end of `out`; gives the buffers to send, `out` the first, record bytes never copied.

        Raises:
            WireError: a field was not given or has a value that its type cannot hold.
        """
        if self._write is None:
            self._write = compile_build(self.body, self.title)
        try:
            return self._write(message, bytearray() if out is None else out)
        except Exception as error:
            raise self._explain_build(message, error) from None

    def _explain(self, data: bytes, cause: Exception) -> WireError:
        try:
            self.body._parse(io.BytesIO(data), None, self.title)
        except WireError as error:
            return error
        return WireError(f"cannot be parsed: {cause!r}", path=self.title)

    def _explain_build(self, message: Any, cause: Exception) -> WireError:
        try:
            self.body._build(message, io.BytesIO(), None, self.title)
        except WireError as error:
            return error
        return WireError(f"cannot be built: {cause!r}", path=self.title)

    def parse(self, data: Any, **contextkw: Any) -> Any:
        """Parse all of `data`.

        Raises:
            WireError: also when bytes are left over.
        """
        whole = data if isinstance(data, (bytes, bytearray)) else bytes(data)
        message, end = self.read(whole)
        if end != len(whole):
            raise WireError(f"{len(whole) - end} bytes are left over", path=self.title)
        return message

    def build(self, obj: Any, **contextkw: Any) -> bytes:
        """The bytes of one message."""
        return b"".join(self.write(obj))

    def _parse(self, stream: IO[bytes], context: Any, path: str) -> Any:
        return self.body._parse(stream, context, path)

    def _build(self, obj: Any, stream: IO[bytes], context: Any, path: str) -> Any:
        return self.body._build(obj, stream, context, path)
