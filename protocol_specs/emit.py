"""Writes the source of a layout's two functions, and compiles it.

What is emitted is flat: nested structs and arrays become nested blocks, neighbours of fixed size become one
`struct.Struct` call, and there is no context object and no dispatch. A parse function takes the frame's buffer and
a position; a build function appends to one bytearray, and sets record bytes between the pieces as they are.

Bounds: a read past the end raises IndexError or struct.error by itself. A slice that comes out short is found at the
end, where the position stands beyond the buffer. So no length needs a test of its own.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from protocol_specs.layout import Message, Struct

__all__ = ["Malformed", "Source", "compile_build", "compile_parse", "pack_tags", "pack_uvarint", "uvarint"]


class Malformed(Exception):
    """Raised by emitted code. The interpreted parser then says what is wrong, and where."""


def uvarint(data: Any, at: int) -> tuple[int, int]:
    """An unsigned varint and where it ends (five bytes at most, cut to 32 bits as Java does)."""
    value = 0
    for shift in (0, 7, 14, 21, 28):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFF, at
    raise Malformed


def pack_uvarint(value: int) -> bytes:
    """The unsigned varint of a number that is not negative."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def pack_tags(tags: dict[int, Any]) -> bytes:
    """A tag section, by ascending tag."""
    out = bytearray(pack_uvarint(len(tags)))
    for tag in sorted(tags):
        out += pack_uvarint(tag)
        out += pack_uvarint(len(tags[tag]))
        out += tags[tag]
    return bytes(out)


def _keep_tag(message: Message, tag: int, data: Any, at: int, size: int) -> int:
    unknown = message.unknown_tagged_fields
    if unknown is None:
        unknown = message.unknown_tagged_fields = {}
    unknown[tag] = bytes(data[at : at + size])
    return at + size


class Source:
    """Lines of one function, and the constants that they name."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {}
        self._indent = 1
        self._count = 0

    def line(self, text: str) -> None:
        self.lines.append("    " * self._indent + text)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        self.line(head)
        self._indent += 1
        yield
        self._indent -= 1

    def name(self, stem: str) -> str:
        """A local name that nothing else has."""
        self._count += 1
        return f"{stem}{self._count}"

    def constant(self, value: Any) -> str:
        """An expression for a value that was made before."""
        if value is None or value is True or value is False or isinstance(value, (int, str)) or value == ():
            return repr(value)
        name = self.name("c")
        self.names[name] = value
        return name

    def _struct(self, code: str, method: str) -> str:
        name = f"{method}_{code.replace('?', 'bool')}"
        self.names[name] = getattr(struct.Struct(f">{code}"), method)
        return name

    def unpack(self, code: str, targets: list[str]) -> None:
        names = ", ".join(targets) + ("," if len(targets) == 1 else "")
        self.line(f"{names} = {self._struct(code, 'unpack_from')}(data, at)")
        self.line(f"at += {struct.calcsize('>' + code)}")

    def pack(self, code: str, values: list[str]) -> None:
        self.line(f"out += {self._struct(code, 'pack')}({', '.join(values)})")

    def packed(self, code: str, value: int) -> str:
        return repr(struct.pack(f">{code}", value))

    def parse_length(self, compact: bool, code: str) -> None:
        """Into `n`: the length as it stands, which for compact types is one more than it means."""
        if compact:
            self.line("n = data[at]")
            self.line("at += 1")
            self.line("if n > 127: n, at = uvarint(data, at - 1)")
        else:
            self.unpack(code, ["n"])

    def build_length(self, length: str, compact: bool, code: str) -> None:
        if compact:
            self.line(f"n = {length} + 1")
            with self.block("if n < 128:"):
                self.line("out.append(n)")
            with self.block("else:"):
                self.line("out += pack_uvarint(n)")
        else:
            self.pack(code, [length])

    def compile(self, head: str, title: str) -> Callable[..., Any]:
        text = "\n".join([head, *self.lines]) + "\n"
        exec(compile(text, f"<{title}>", "exec"), self.names)
        function: Callable[..., Any] = self.names[head.split()[1].partition("(")[0]]
        function.__doc__ = text
        return function


def compile_parse(body: Struct, title: str) -> Callable[[Any, int], tuple[Any, int]]:
    """`parse(data, at) -> (message, end)` for one struct."""
    source = Source()
    source.names.update(
        Malformed=Malformed,
        keep_tag=_keep_tag,
        new=object.__new__,
        uvarint=uvarint,
        unpack_from=struct.unpack_from,
    )
    source.line("view = memoryview(data)")
    body.emit_parse(source, "message")
    source.line("if at > len(data): raise Malformed")
    source.line("return message, at")
    return source.compile("def parse(data, at):", f"{title} parse")


def compile_build(body: Struct, title: str) -> Callable[[Any, bytearray], list[Any]]:
    """`build(message, out) -> [buffers]` for one struct."""
    from protocol_specs.layout import is_default

    source = Source()
    source.names.update(
        Malformed=Malformed, is_default=is_default, pack_tags=pack_tags, pack_uvarint=pack_uvarint
    )
    source.line("parts = []")
    body.emit_build(source, "message")
    source.line("parts.append(out)")
    source.line("return parts")
    return source.compile("def build(message, out):", f"{title} build")
