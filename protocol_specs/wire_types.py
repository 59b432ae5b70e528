"""The wire types that are no struct: each a construct parser that can also write its own source.

Encodings: the protocol guide, and KIP-482 for the compact types.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import IO, Any

import construct

from protocol_specs.emit import Source, pack_uvarint

__all__ = [
    "Array",
    "Bytes",
    "Fixed",
    "Records",
    "String",
    "WireError",
    "WireType",
    "read_exactly",
    "read_uvarint",
]


class WireError(construct.ConstructError):  # type: ignore[misc]
    """Bytes that are not this message, or a message that has no bytes. The text names the field's path."""


class WireType(construct.Construct):  # type: ignore[misc]
    """A construct that can also emit its own source."""

    #: Its name in the protocol guide's grammar.
    guide_name = ""

    def emit_parse(self, source: Source, target: str) -> None:
        """Write lines that parse one value at `at` of `data` into `target`, and move `at`."""
        raise NotImplementedError

    def emit_build(self, source: Source, value: str) -> None:
        """Write lines that append the expression `value` to `out`."""
        raise NotImplementedError

    def _sizeof(self, context: Any, path: str) -> int:
        raise construct.SizeofError("its size depends on its value", path=path)

    def _emitparse(self, code: Any) -> str:
        return _link(code, "linkedparsers", lambda io, this: self._parsereport(io, this, "(compiled)"))

    def _emitbuild(self, code: Any) -> str:
        return _link(code, "linkedbuilders", lambda obj, io, this: self._build(obj, io, this, "(compiled)"))


def _link(code: Any, table: str, function: Callable[..., Any]) -> str:
    """Let code that construct compiles call `function`, through construct's own tables."""
    number = code.allocateId()
    getattr(code, table)[number] = function
    arguments = "io, this" if table == "linkedparsers" else "obj, io, this"
    return f"{table}[{number}]({arguments})"


def read_exactly(stream: IO[bytes], length: int, path: str) -> bytes:
    got = stream.read(length)
    if len(got) < length:
        raise WireError(f"the message ends here: {length} bytes are needed, {len(got)} are left", path=path)
    return got


def read_uvarint(stream: IO[bytes], path: str) -> int:
    value = 0
    for shift in range(0, 35, 7):
        byte = read_exactly(stream, 1, path)[0]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFF
    raise WireError("a varint of more than five bytes", path=path)


class Fixed(WireType):
    """A value of fixed size: integers, boolean, float64, uuid (16 bytes)."""

    def __init__(self, guide_name: str, code: str) -> None:
        super().__init__()
        self.guide_name = guide_name
        self.code = code
        self._struct = struct.Struct(f">{code}")

    def _parse(self, stream: IO[bytes], context: Any, path: str) -> Any:
        return self._struct.unpack(read_exactly(stream, self._struct.size, path))[0]

    def _build(self, obj: Any, stream: IO[bytes], context: Any, path: str) -> Any:
        try:
            stream.write(self._struct.pack(obj))
        except struct.error as error:
            raise WireError(f"{obj!r} is no {self.guide_name}: {error}", path=path) from None
        return obj

    def _sizeof(self, context: Any, path: str) -> int:
        return self._struct.size

    def emit_parse(self, source: Source, target: str) -> None:
        source.unpack(self.code, [target])

    def emit_build(self, source: Source, value: str) -> None:
        source.pack(self.code, [value])


class _Sized(WireType):
    """A length, then so many bytes. Subclasses say how the length is written and what the bytes mean."""

    plain_length = "i"
    noun = ""
    longest = 2**31 - 1

    def __init__(self, *, compact: bool, nullable: bool) -> None:
        super().__init__()
        self.compact = compact
        self.nullable = nullable

    @property
    def guide_name(self) -> str:  # type: ignore[override]
        return ("COMPACT_" if self.compact else "") + ("NULLABLE_" if self.nullable else "") + self.noun

    def _parse(self, stream: IO[bytes], context: Any, path: str) -> Any:
        if self.compact:
            length = read_uvarint(stream, path) - 1
        else:
            size = struct.calcsize(f">{self.plain_length}")
            length = struct.unpack(f">{self.plain_length}", read_exactly(stream, size, path))[0]
        if length < 0:
            if self.nullable:
                return None
            raise WireError(f"null where {self.guide_name} may not be", path=path)
        if length > self.longest:
            raise WireError(f"a length of {length}, longer than {self.guide_name} may be", path=path)
        return self.decode(read_exactly(stream, length, path))

    def _build(self, obj: Any, stream: IO[bytes], context: Any, path: str) -> Any:
        if obj is None and not self.nullable:
            raise WireError(f"null where {self.guide_name} may not be", path=path)
        try:
            content = b"" if obj is None else self.encode(obj)
            length = -1 if obj is None else len(content)
            prefix = (
                pack_uvarint(length + 1) if self.compact else struct.pack(f">{self.plain_length}", length)
            )
        except (AttributeError, TypeError, ValueError, struct.error) as error:
            raise WireError(f"{obj!r} is no {self.guide_name}: {error}", path=path) from None
        stream.write(prefix + content)
        return obj

    def decode(self, content: bytes) -> Any:
        raise NotImplementedError

    def encode(self, value: Any) -> bytes:
        raise NotImplementedError

    def emit_parse(self, source: Source, target: str) -> None:
        source.parse_length(self.compact, self.plain_length)
        with source.block(f"if n {'>' if self.compact else '>='} 0:"):
            if self.longest < 2**31 - 1 and self.compact:
                source.line(f"if n > {self.longest + 1}: raise Malformed")
            source.line(f"stop = at + n{' - 1' if self.compact else ''}")
            source.line(f"{target} = {self.parse_expression('at:stop')}")
            source.line("at = stop")
        with source.block("else:"):
            source.line(f"{target} = None" if self.nullable else "raise Malformed")

    def parse_expression(self, piece: str) -> str:
        raise NotImplementedError

    def emit_build(self, source: Source, value: str) -> None:
        if self.nullable:
            with source.block(f"if {value} is None:"):
                source.line(
                    "out.append(0)" if self.compact else f"out += {source.packed(self.plain_length, -1)}"
                )
            with source.block("else:"):
                self._emit_build_present(source, value)
        else:
            self._emit_build_present(source, value)

    def _emit_build_present(self, source: Source, value: str) -> None:
        source.line(f"b = {self.build_expression(value)}")
        source.build_length("len(b)", self.compact, self.plain_length)
        source.line("out += b")

    def build_expression(self, value: str) -> str:
        raise NotImplementedError


class String(_Sized):
    """Text in UTF-8. What is not UTF-8 is replaced, as Java's decoder does."""

    plain_length = "h"
    noun = "STRING"
    longest = 0x7FFF

    def decode(self, content: bytes) -> str:
        return content.decode("utf-8", "replace")

    def encode(self, value: str) -> bytes:
        content = value.encode()
        if len(content) > self.longest:
            raise ValueError(f"{len(content)} bytes are more than {self.longest}")
        return content

    def parse_expression(self, piece: str) -> str:
        return f'data[{piece}].decode("utf-8", "replace")'

    def build_expression(self, value: str) -> str:
        return f"{value}.encode()"

    def _emit_build_present(self, source: Source, value: str) -> None:
        if not self.compact:
            super()._emit_build_present(source, value)
            return
        source.line(f"b = {value}.encode()")
        with source.block("if len(b) < 127:"):
            source.line("out.append(len(b) + 1)")
        with source.block("else:"):
            source.line(f"if len(b) > {self.longest}: raise Malformed")
            source.line("out += pack_uvarint(len(b) + 1)")
        source.line("out += b")


class Bytes(_Sized):
    """Bytes, copied out of the frame."""

    noun = "BYTES"

    def decode(self, content: bytes) -> bytes:
        return content

    def encode(self, value: Any) -> bytes:
        return bytes(value)

    def parse_expression(self, piece: str) -> str:
        return f"bytes(view[{piece}])"

    def build_expression(self, value: str) -> str:
        return value


class Records(_Sized):
    """Record batches. Parsed to a view of the frame; built from a buffer or a list of them, none of them copied."""

    noun = "RECORDS"

    def decode(self, content: bytes) -> memoryview:
        return memoryview(content)

    def encode(self, value: Any) -> bytes:
        return b"".join(value) if isinstance(value, list) else bytes(value)

    def parse_expression(self, piece: str) -> str:
        return f"view[{piece}]"

    def _emit_build_present(self, source: Source, value: str) -> None:
        source.line(f"b = {value}")
        source.line("if type(b) is not list: b = [b]")
        source.build_length("sum(map(len, b))", self.compact, self.plain_length)
        with source.block("if b:"):
            source.line("parts.append(out)")
            source.line("parts += b")
            source.line("out = bytearray()")


class Array(WireType):
    """A count, then so many values: a list, or None where null is allowed."""

    def __init__(self, of: WireType, *, compact: bool, nullable: bool) -> None:
        super().__init__()
        self.of = of
        self.compact = compact
        self.nullable = nullable

    def _parse(self, stream: IO[bytes], context: Any, path: str) -> Any:
        count = (
            read_uvarint(stream, path) - 1
            if self.compact
            else struct.unpack(">i", read_exactly(stream, 4, path))[0]
        )
        if count < 0:
            if self.nullable:
                return None
            raise WireError("null where an array may not be", path=path)
        return [self.of._parsereport(stream, context, f"{path}[{index}]") for index in range(count)]

    def _build(self, obj: Any, stream: IO[bytes], context: Any, path: str) -> Any:
        if obj is None and not self.nullable:
            raise WireError("null where an array may not be", path=path)
        count = -1 if obj is None else len(obj)
        stream.write(pack_uvarint(count + 1) if self.compact else struct.pack(">i", count))
        for index, value in enumerate(obj or ()):
            self.of._build(value, stream, context, f"{path}[{index}]")
        return obj

    def emit_parse(self, source: Source, target: str) -> None:
        source.parse_length(self.compact, "i")
        with source.block(f"if n {'>' if self.compact else '>='} 0:"):
            if self.compact:
                source.line("n -= 1")
            if isinstance(self.of, Fixed) and self.of.code != "16s":
                size = struct.calcsize(f">{self.of.code}")
                source.line(f"{target} = list(unpack_from(f'>{{n}}{self.of.code}', data, at))")
                source.line(f"at += n * {size}")
            else:
                values, value = source.name("values"), source.name("value")
                source.line(f"{values} = []")
                with source.block("for _ in range(n):"):
                    self.of.emit_parse(source, value)
                    source.line(f"{values}.append({value})")
                source.line(f"{target} = {values}")
        with source.block("else:"):
            source.line(f"{target} = None" if self.nullable else "raise Malformed")

    def emit_build(self, source: Source, value: str) -> None:
        values, item = source.name("values"), source.name("value")
        source.line(f"{values} = {value}")
        if self.nullable:
            with source.block(f"if {values} is None:"):
                source.line("out.append(0)" if self.compact else f"out += {source.packed('i', -1)}")
            with source.block("else:"):
                self._emit_build_present(source, values, item)
        else:
            self._emit_build_present(source, values, item)

    def _emit_build_present(self, source: Source, values: str, item: str) -> None:
        source.build_length(f"len({values})", self.compact, "i")
        with source.block(f"for {item} in {values}:"):
            self.of.emit_build(source, item)
