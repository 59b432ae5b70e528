"""Structs and whole messages in one version.

A `Layout` is one message in one version: a tree of wire types with every version question already answered. It is
used in two ways:

- compiled (`protocol_specs.emit`): one flat function to parse and one to build, made on first use. That is the way
  every frame takes.
- interpreted: construct's own `_parse` and `_build`, which know the path of each field. What the compiled functions
  refuse goes through them once more, so that the error can name the field.

Encodings: the protocol guide, KIP-482 (flexible versions), KIP-893 (nullable structs).
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from typing import IO, Any

from protocol_specs.emit import Build, Parse, Source, compile_build, compile_parse
from protocol_specs.message import Member, Message, value_of
from protocol_specs.tagged import TaggedFields
from protocol_specs.wire_types import Fixed, Records, WireError, WireType, read_exactly

__all__ = ["Layout", "Struct"]

_INT8 = struct.Struct(">b")


class Struct(WireType):
    """Fields in order, then in flexible versions the tagged ones.

    Args:
        make: the class of its messages.
        members: all fields of any version, in the spec's order.
        tagged: whether it is a tagged field itself: then 0 stands for null, elsewhere -1.
    """

    guide_name = "STRUCT"
    is_struct = True

    def __init__(
        self,
        make: type[Message],
        members: Sequence[Member],
        *,
        flexible: bool,
        nullable: bool = False,
        tagged: bool = False,
    ) -> None:
        super().__init__()
        self.make = make
        self.nullable = nullable
        self._null = 0 if tagged else -1
        self.present = [m for m in members if m.wire is not None and m.tag is None]
        last = [m for m in members if m.wire is not None and m.tag is not None]
        #: None in versions that are not flexible.
        self.tagged = TaggedFields(last) if flexible else None
        self._unread = [m for m in members if m.wire is None or m.tag is not None]
        self.holds_records = any(m.wire.holds_records for m in self.present)
        self._records = [m.name for m in self.present if isinstance(m.wire, Records)]
        if last and not flexible:
            raise TypeError(f"{make.__name__}.{last[0].name} is tagged in a version that is not flexible")
        if any(m.wire.holds_records for m in last):
            raise TypeError(f"{make.__name__} has records in a tagged field")

    def _parse(self, stream: IO[bytes], context: Any, path: str) -> Any:
        if self.nullable and _INT8.unpack(read_exactly(stream, 1, path))[0] <= self._null:
            return None
        message = self.make()
        for member in self._unread:
            setattr(message, member.name, member.default)
        for name in self._records:
            setattr(message, f"{name}_at", None)
        for member in self.present:
            value = member.wire._parsereport(stream, context, f"{path} -> {member.name}")
            setattr(message, member.name, value)
        message.unknown_tagged_fields = None
        if self.tagged is not None:
            self.tagged.interpret_parse(message, stream, path)
        return message

    def _build(self, obj: Any, stream: IO[bytes], context: Any, path: str) -> Any:
        if self.nullable:
            stream.write(_INT8.pack(self._null if obj is None else 1))
        elif obj is None:
            raise WireError("null where a struct may not be", path=path)
        if obj is None:
            return obj
        for member in self.present:
            member.wire._build(value_of(obj, member, path), stream, context, f"{path} -> {member.name}")
        if self.tagged is not None:
            self.tagged.interpret_build(obj, stream, path)
        return obj

    def emit_parse(self, source: Source, target: str) -> None:
        if not self.nullable:
            self._emit_parse_present(source, target)
            return
        source.unpack("b", ["n"])
        with source.block(f"if n <= {self._null}:"):
            source.line(f"{target} = None")
        with source.block("else:"):
            self._emit_parse_present(source, target)

    def _emit_parse_present(self, source: Source, target: str) -> None:
        message = source.name(target) if "." in target else target
        source.line(f"{message} = {source.constant('Message', self.make)}()")
        for code, run in _runs(self.present):
            if code:
                source.unpack(code, [f"{message}.{member.name}" for member in run])
            else:
                run[0].wire.emit_parse(source, f"{message}.{run[0].name}")
        for member in self._unread:
            source.line(f"{message}.{member.name} = {source.constant(member.name, member.default)}")
        source.line(f"{message}.unknown_tagged_fields = None")
        if self.tagged is not None:
            self.tagged.emit_parse(source, message)
        if message != target:
            source.line(f"{target} = {message}")

    def emit_build(self, source: Source, value: str) -> None:
        message = value
        if "." in value:
            message = source.name(value)
            source.line(f"{message} = {value}")
        if not self.nullable:
            self._emit_build_present(source, message)
            return
        with source.block(f"if {message} is None:"):
            source.line(f"out.append({self._null & 0xFF})")
        with source.block("else:"):
            source.line("out.append(1)")
            self._emit_build_present(source, message)

    def _emit_build_present(self, source: Source, message: str) -> None:
        for code, run in _runs(self.present):
            if code:
                source.pack(code, [f"{message}.{member.name}" for member in run])
            else:
                run[0].wire.emit_build(source, f"{message}.{run[0].name}")
        if self.tagged is not None:
            self.tagged.emit_build(source, message)
        elif not self.present:
            source.line("pass")


def _runs(members: Sequence[Member]) -> Iterator[tuple[str, list[Member]]]:
    """Neighbours of fixed size together, with their struct codes; the others alone, with an empty code."""
    code, run = "", []
    for member in members:
        if isinstance(member.wire, Fixed):
            code += member.wire.code
            run.append(member)
            continue
        if run:
            yield code, run
        code, run = "", []
        yield "", [member]
    if run:
        yield code, run


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
        self._compiled_parse: Parse | None = None
        self._compiled_build: Build | None = None

    def __repr__(self) -> str:
        return f"<Layout {self.title}>"

    @property
    def compiled_parse(self) -> Parse:
        """The emitted function, made now if it has not been used; raises anything on bytes that it refuses."""
        if self._compiled_parse is None:
            self._compiled_parse = compile_parse(self.body, self.title)
        return self._compiled_parse

    @property
    def compiled_build(self) -> Build:
        """The emitted function, made now if it has not been used; raises anything on messages that it refuses."""
        if self._compiled_build is None:
            self._compiled_build = compile_build(self.body, self.title)
        return self._compiled_build

    def read(self, data: bytes | bytearray, at: int = 0) -> tuple[Any, int]:
        """Parse at `at`; gives the message and where it ended. Record fields are views of `data`.

        Raises:
            WireError: the bytes end early, or hold what the type may not.
        """
        parse = self._compiled_parse or self.compiled_parse
        try:
            return parse(data, at)
        except Exception:
            stream = io.BytesIO(data)
            stream.seek(at)
            return self.body._parse(stream, None, self.title), stream.tell()

    def write(self, message: Any, out: bytearray | None = None) -> list[Any]:
        """Build onto the end of `out`; gives the buffers to send, `out` the first, record bytes never copied.

        Raises:
            WireError: a field was not given or has a value that its type cannot hold. `out` is then of no use.
        """
        build = self._compiled_build or self.compiled_build
        try:
            return build(message, bytearray() if out is None else out)
        except Exception as error:
            raise self._explain(message, error) from error

    def _explain(self, message: Any, cause: Exception) -> WireError:
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
            raise WireError(f"bytes left over: {len(whole) - end}", path=self.title)
        return message

    def build(self, obj: Any, **contextkw: Any) -> bytes:
        """The bytes of one message.

        Raises:
            WireError: as `write`.
        """
        return b"".join(self.write(obj))

    def _parse(self, stream: IO[bytes], context: Any, path: str) -> Any:
        return self.body._parse(stream, context, path)

    def _build(self, obj: Any, stream: IO[bytes], context: Any, path: str) -> Any:
        return self.body._build(obj, stream, context, path)
