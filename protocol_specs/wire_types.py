"""The wire types that are no struct: each a construct parser that can also write its own source.

Encodings: the protocol guide, and KIP-482 for the compact types.
"""

from __future__ import annotations

import re
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
    "Sized",
    "String",
    "WireError",
    "WireType",
    "read_exactly",
    "read_uvarint",
]

_LONGEST = 2**31 - 1

#: Half of a surrogate pair in UTF-8, for which Java puts one replacement character, and Python one for each byte.
_SURROGATE = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]?")


class WireError(construct.ConstructError):  # type: ignore[misc]
    """Bytes that are not this message, or a message that has no bytes. The text begins with the field's path."""

    def __init__(self, message: str, path: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path


class WireType(construct.Construct):  # type: ignore[misc]
    """A construct that can also emit its own source.

    Attributes:
        guide_name: its name in the protocol guide's grammar.
        nullable: whether its value may be None.
        holds_records: whether it has record batches somewhere inside.
        is_struct: whether its values are messages.
    """

    guide_name = ""
    nullable = False
    holds_records = False
    is_struct = False

    def emit_parse(self, source: Source, target: str) -> None:
        """Write lines that parse one value at `at` of `data` into `target`, and move `at`."""
        raise NotImplementedError

    def emit_build(self, source: Source, value: str) -> None:
        """Write lines that append the expression `value` to `out`."""
        raise NotImplementedError

    def _sizeof(self, context: Any, path: str) -> int:
        raise construct.SizeofError("its size depends on its value", path=path)

    # Code that construct itself compiles calls our types through construct's tables of linked functions.

    def _emitparse(self, code: Any) -> str:
        number = _link(code.linkedparsers, code, lambda io, this: self._parsereport(io, this, "(compiled)"))
        return f"linkedparsers[{number}](io, this)"

    def _emitbuild(self, code: Any) -> str:
        number = _link(
            code.linkedbuilders, code, lambda obj, io, this: self._build(obj, io, this, "(compiled)")
        )
        return f"linkedbuilders[{number}](obj, io, this)"


def _link(table: dict[int, Any], code: Any, function: Callable[..., Any]) -> int:
    number: int = code.allocateId()
    table[number] = function
    return number


def read_exactly(stream: IO[bytes], length: int, path: str) -> bytes:
    """So many bytes.

    Raises:
        WireError: fewer are left.
    """
    got = stream.read(length)
    if len(got) < length:
        raise WireError(f"the message ends here (bytes needed: {length}, left: {len(got)})", path=path)
    return got


def read_uvarint(stream: IO[bytes], path: str) -> int:
    """An unsigned varint, cut to 32 bits as Java does.

    Raises:
        WireError: it has more than five bytes, or the stream ends.
    """
    value = 0
    for shift in range(0, 35, 7):
        byte = read_exactly(stream, 1, path)[0]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFF
    raise WireError("a varint of more than five bytes", path=path)


def _read_compact_length(stream: IO[bytes], path: str) -> int:
    """A compact length, less the one by which it is more than it means: below 0 for null.

    One that Java holds negative is null too (`readUnsignedVarint() - 1`).

    Raises:
        WireError: as `read_uvarint`.
    """
    length = read_uvarint(stream, path)
    return length - 1 if length <= 1 << 31 else -1


class Fixed(WireType):
    """A value of fixed size: integers, boolean, float64, uuid (16 bytes).

    Args:
        code: as the struct module has it.
    """

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


class Sized(WireType):
    """A length, then so many bytes. Subclasses say how the length is written and what the bytes mean."""

    plain_length = "i"
    noun = ""
    longest: int | None = None

    def __init__(self, *, compact: bool, nullable: bool) -> None:
        super().__init__()
        self.compact = compact
        self.nullable = nullable
        self.guide_name = f"{'COMPACT_' * compact}{'NULLABLE_' * nullable}{self.noun}"

    def _parse(self, stream: IO[bytes], context: Any, path: str) -> Any:
        if self.compact:
            length = _read_compact_length(stream, path)
        else:
            size = struct.calcsize(f">{self.plain_length}")
            length = struct.unpack(f">{self.plain_length}", read_exactly(stream, size, path))[0]
        if length < 0:
            if self.nullable:
                return None
            raise WireError(f"null where {self.guide_name} may not be", path=path)
        if length > (self.longest or _LONGEST):
            raise WireError(f"a length of {length}, longer than {self.guide_name} may be", path=path)
        return self.decode(read_exactly(stream, length, path))

    def _build(self, obj: Any, stream: IO[bytes], context: Any, path: str) -> Any:
        if obj is None and not self.nullable:
            raise WireError(f"null where {self.guide_name} may not be", path=path)
        try:
            content = b"" if obj is None else self.encode(obj)
        except (AttributeError, TypeError, ValueError) as error:
            raise WireError(f"{obj!r} is no {self.guide_name}: {error}", path=path) from None
        length = -1 if obj is None else len(content)
        if length > (self.longest or _LONGEST):
            raise WireError(f"{length} bytes are longer than {self.guide_name} may be", path=path)
        prefix = pack_uvarint(length + 1) if self.compact else struct.pack(f">{self.plain_length}", length)
        stream.write(prefix + content)
        return obj

    def decode(self, content: bytes) -> Any:
        """The value of these bytes."""
        raise NotImplementedError

    def encode(self, value: Any) -> bytes:
        """The bytes of a value; raises AttributeError, TypeError or ValueError where it has none."""
        raise NotImplementedError

    def emit_parse(self, source: Source, target: str) -> None:
        source.parse_length(self.compact, self.plain_length, self.longest)
        self.emit_position(source, target)
        with source.block("if n:" if self.compact else "if n >= 0:"):
            source.line("stop = at + n - 1" if self.compact else "stop = at + n")
            source.line(f"{target} = {self.parse_expression('at:stop')}")
            source.line("at = stop")
        source.line("else: " + (f"{target} = None" if self.nullable else "raise Malformed"))

    def emit_position(self, source: Source, target: str) -> None:
        """Write a line that notes where the value begins, where somebody wants to know."""

    def parse_expression(self, piece: str) -> str:
        """An expression for the value, of the slice `piece` of `data` or `view`."""
        raise NotImplementedError

    def emit_build(self, source: Source, value: str) -> None:
        if not self.nullable:
            self.emit_build_present(source, value)
            return
        source.line(f"b = {value}")
        with source.block("if b is None:"):
            source.build_null(self.compact, self.plain_length)
        with source.block("else:"):
            self.emit_build_present(source, "b")

    def emit_build_present(self, source: Source, value: str) -> None:
        """Write the lines for a value that is not None."""
        source.line(f"b = {self.build_expression(value)}")
        source.build_length("len(b)", self.compact, self.plain_length, self.longest)
        source.line("out += b")

    def build_expression(self, value: str) -> str:
        """An expression for the bytes of a value."""
        raise NotImplementedError


class String(Sized):
    """Text in UTF-8. What is not UTF-8 is replaced, as Java's decoder does."""

    plain_length = "h"
    noun = "STRING"
    longest = 0x7FFF

    def decode(self, content: bytes) -> str:
        return _SURROGATE.sub(b"\xef\xbf\xbd", content).decode("utf-8", "replace")

    def encode(self, value: str) -> bytes:
        return value.encode()

    def parse_expression(self, piece: str) -> str:
        return f"data[{piece}].decode()"

    def build_expression(self, value: str) -> str:
        return f"{value}.encode()"


class Bytes(Sized):
    """Bytes, copied out of the frame."""

    noun = "BYTES"

    def decode(self, content: bytes) -> bytes:
        return content

    def encode(self, value: Any) -> bytes:
        return bytes(memoryview(value))

    def parse_expression(self, piece: str) -> str:
        return f"bytes(data[{piece}])"

    def build_expression(self, value: str) -> str:
        return value


class Records(Sized):
    """Record batches. Parsed to a view of the frame; built from a buffer or a list of them, none of them copied."""

    noun = "RECORDS"
    holds_records = True

    def decode(self, content: bytes) -> memoryview:
        return memoryview(bytearray(content))

    def encode(self, value: Any) -> bytes:
        return b"".join(value) if isinstance(value, list) else bytes(memoryview(value))

    def emit_position(self, source: Source, target: str) -> None:
        if "." in target:
            source.line(f"{target}_at = at")

    def parse_expression(self, piece: str) -> str:
        return f"view[{piece}]"

    def emit_build_present(self, source: Source, value: str) -> None:
        source.line(f"b = {value} if type({value}) is list else [{value}]")
        source.build_length("sum(map(len, b))", self.compact, self.plain_length)
        with source.block("if b:"):
            source.line("parts.append(out)")
            source.line("parts += b")
            source.line("out = bytearray()")


class Array(WireType):
    """A count, then so many values: a list, or None where null is allowed.

    In place of a message the list that is built may have its bytes, made before in the same version.
    """

    def __init__(self, of: WireType, *, compact: bool, nullable: bool) -> None:
        super().__init__()
        self.of = of
        self.compact = compact
        self.nullable = nullable
        self.holds_records = of.holds_records
        self.guide_name = f"{'COMPACT_' * compact}{'NULLABLE_' * nullable}ARRAY"
        #: The struct code of numbers, which are read and written all at once.
        self._numbers = of.code if isinstance(of, Fixed) and len(of.code) == 1 else None

    def _parse(self, stream: IO[bytes], context: Any, path: str) -> Any:
        if self.compact:
            count = _read_compact_length(stream, path)
        else:
            count = struct.unpack(">i", read_exactly(stream, 4, path))[0]
        if count < 0:
            if self.nullable:
                return None
            raise WireError("null where an array may not be", path=path)
        return [self.of._parsereport(stream, context, f"{path}[{index}]") for index in range(count)]

    def _build(self, obj: Any, stream: IO[bytes], context: Any, path: str) -> Any:
        if obj is None and not self.nullable:
            raise WireError("null where an array may not be", path=path)
        try:
            values = [] if obj is None else list(obj)
        except TypeError:
            raise WireError(f"{obj!r} is no array", path=path) from None
        count = -1 if obj is None else len(values)
        stream.write(pack_uvarint(count + 1) if self.compact else struct.pack(">i", count))
        for index, value in enumerate(values):
            if self.of.is_struct and value.__class__ is bytes:
                stream.write(value)
            else:
                self.of._build(value, stream, context, f"{path}[{index}]")
        return obj

    def emit_parse(self, source: Source, target: str) -> None:
        source.parse_length(self.compact, "i")
        with source.block("if n:" if self.compact else "if n >= 0:"):
            if self.compact:
                source.line("n -= 1")
            if self._numbers:
                source.unpack_numbers(self._numbers, target)
            else:
                values, value = source.name(target), source.name("one")
                source.line(f"{target} = {values} = []")
                with source.block("for _ in range(n):"):
                    self.of.emit_parse(source, value)
                    source.line(f"{values}.append({value})")
        source.line("else: " + (f"{target} = None" if self.nullable else "raise Malformed"))

    def emit_build(self, source: Source, value: str) -> None:
        values = source.name(value)
        source.line(f"{values} = {value}")
        if not self.nullable:
            self._emit_build_present(source, values)
            return
        with source.block(f"if {values} is None:"):
            source.build_null(self.compact, "i")
        with source.block("else:"):
            self._emit_build_present(source, values)

    def _emit_build_present(self, source: Source, values: str) -> None:
        source.build_length(f"len({values})", self.compact, "i")
        if self._numbers:
            source.pack_numbers(self._numbers, values)
        else:
            value = source.name("one")
            with source.block(f"for {value} in {values}:"):
                if self.of.is_struct:
                    with source.block(f"if {value}.__class__ is bytes:"):
                        source.line(f"out += {value}")
                        source.line("continue")
                self.of.emit_build(source, value)
