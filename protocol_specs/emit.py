"""Writes the source of a layout's two functions, and compiles it.

What is emitted is flat: nested structs and arrays become nested blocks, neighbours of fixed size become one
`struct.Struct` call, and there is no context object and no dispatch. A parse function takes the frame's buffer and
a position; a build function appends to one bytearray, and sets record bytes between the pieces as they are. Only
the sections of tagged fields, which are empty in nearly every message, are left to functions of their own
(`protocol_specs.tagged`).

Bounds: a read past the end raises IndexError or struct.error by itself. A slice that comes out short is found at the
end, where the position stands beyond the buffer. So no length needs a test of its own.

What the emitted code cannot do it refuses with any exception, and the interpreter goes over it once more. So it need
not say why, nor take every rare turn: text that is not UTF-8 is the interpreter's.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from protocol_specs.wire_types import WireType

__all__ = [
    "Build",
    "Malformed",
    "Parse",
    "Source",
    "compact_length",
    "compile_build",
    "compile_parse",
    "pack_uvarint",
    "uvarint",
]

#: `parse(data, at) -> (value, end)`
Parse = Callable[[Any, int], tuple[Any, int]]
#: `build(value, out) -> [buffers]`
Build = Callable[[Any, bytearray], list[Any]]


#: Below so many numbers in an array they are read and written with a struct that was made beforehand.
_FEW = 16


class Malformed(Exception):
    """Raised by emitted code. The interpreter then says what is wrong, and where."""


def uvarint(data: Any, at: int) -> tuple[int, int]:
    """An unsigned varint and where it ends (five bytes at most, cut to 32 bits as Java does).

    Raises:
        Malformed: a sixth byte would follow.
        IndexError: the data ends early.
    """
    value = data[at]
    at += 1
    if value < 0x80:
        return value, at
    byte = data[at]
    at += 1
    value += (byte - 1) << 7
    if byte < 0x80:
        return value, at
    value &= 0x3FFF
    for shift in (14, 21, 28):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFF, at
    raise Malformed


def compact_length(data: Any, at: int) -> tuple[int, int]:
    """A compact length as it stands, one more than it means, and where it ends; 0 for one that Java holds negative.

    Raises:
        Malformed, IndexError: as `uvarint`.
    """
    length, at = uvarint(data, at)
    return (0 if length > 1 << 31 else length), at


def pack_uvarint(value: int) -> bytes:
    """The unsigned varint of a number that is not negative."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


@cache
def _for_few(method: str, code: str) -> tuple[Callable[..., Any], ...]:
    """The method of the structs of no number, one, two ... of that code."""
    return tuple(getattr(struct.Struct(f">{count}{code}"), method) for count in range(_FEW))


class Source:
    """Lines of one function, and the constants that they name."""

    def __init__(self, **names: Any) -> None:
        self.lines: list[str] = []
        self.names = names
        self._indent = 1
        self._count = 0

    def line(self, text: str) -> None:
        self.lines.append("    " * self._indent + text)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """The lines that stand indented under `head`."""
        self.line(head)
        self._indent += 1
        yield
        self._indent -= 1

    def name(self, expression: str) -> str:
        """A local name that nothing else has, after the attribute that `expression` ends with."""
        self._count += 1
        return f"{expression.rpartition('.')[2].rstrip('0123456789_')}_{self._count}"

    def constant(self, stem: str, value: Any) -> str:
        """An expression for a value that was made before."""
        if value is None or isinstance(value, (bool, int, str)) or value == ():
            return repr(value)
        name = self.name(stem)
        self.names[name] = value
        return name

    def _struct(self, method: str, code: str) -> str:
        name = f"{method}_{code.replace('?', 'bool')}"
        if name not in self.names:
            self.names[name] = getattr(struct.Struct(f">{code}"), method)
        return name

    def _numbers(self, method: str, code: str, count: str, arguments: str) -> str:
        """An expression: `count` numbers at once. For the usual few the struct is made beforehand."""
        name = f"{method}_{code.replace('?', 'bool')}_times"
        self.names[name] = _for_few(method, code)
        many = f"{method}(f'>{{{count}}}{code}', {arguments})"
        return f"{name}[{count}]({arguments}) if {count} < {_FEW} else {many}"

    def unpack_numbers(self, code: str, target: str) -> None:
        """`n` numbers as a list, into `target`."""
        self.line(f"{target} = list({self._numbers('unpack_from', code, 'n', 'data, at')})")
        self.line(f"at += n * {struct.calcsize('>' + code)}")

    def pack_numbers(self, code: str, values: str) -> None:
        """All numbers of the list or tuple `values`."""
        self.line(f"n = len({values})")
        self.line(f"out += {self._numbers('pack', code, 'n', f'*{values}')}")

    def unpack(self, code: str, targets: list[str]) -> None:
        """Values of fixed size, into `targets`."""
        names = ", ".join(targets) + ("," if len(targets) == 1 else "")
        self.line(f"{names} = {self._struct('unpack_from', code)}(data, at)")
        self.line(f"at += {struct.calcsize('>' + code)}")

    def pack(self, code: str, values: list[str]) -> None:
        """Values of fixed size, from expressions."""
        self.line(f"out += {self._struct('pack', code)}({', '.join(values)})")

    def parse_length(self, compact: bool, code: str, longest: int | None = None) -> None:
        """Into `n`: the length as it stands, which for compact types is one more than it means."""
        if not compact:
            self.unpack(code, ["n"])
            return
        self.line("n = data[at]")
        self.line("at += 1")
        with self.block("if n > 127:"):
            self.line("n, at = compact_length(data, at - 1)")
            if longest is not None:
                self.line(f"if n > {longest + 1}: raise Malformed")

    def build_length(self, length: str, compact: bool, code: str, longest: int | None = None) -> None:
        """From the expression `length`."""
        if not compact:
            self.pack(code, [length])
            return
        self.line(f"n = {length} + 1")
        with self.block("if n < 128:"):
            self.line("out.append(n)")
        with self.block("else:"):
            if longest is not None:
                self.line(f"if n > {longest + 1}: raise Malformed")
            self.line("out += pack_uvarint(n)")

    def build_null(self, compact: bool, code: str) -> None:
        """The length that means null."""
        self.line("out.append(0)" if compact else f"out += {struct.pack('>' + code, -1)!r}")

    def compile(self, head: str, title: str) -> Callable[..., Any]:
        """The function, with its source as its docstring."""
        text = "\n".join([head, *self.lines]) + "\n"
        exec(compile(text, f"<{title}>", "exec"), self.names)
        function: Callable[..., Any] = self.names[head.split()[1].partition("(")[0]]
        function.__doc__ = text
        return function


def compile_parse(wire: WireType, title: str) -> Parse:
    """`parse(data, at)` for one type; `data` is bytes or a bytearray, of which record fields are views."""
    source = Source(
        Malformed=Malformed, uvarint=uvarint, compact_length=compact_length, unpack_from=struct.unpack_from
    )
    if wire.holds_records:
        source.line("view = memoryview(data)")
    wire.emit_parse(source, "value")
    source.line("if at > len(data): raise Malformed")
    source.line("return value, at")
    return source.compile("def parse(data, at):", f"parse {title}")


def compile_build(wire: WireType, title: str) -> Build:
    """`build(value, out)` for one type: appends to `out`, and gives it with the record buffers in their places."""
    source = Source(Malformed=Malformed, pack=struct.pack, pack_uvarint=pack_uvarint)
    if wire.holds_records:
        source.line("parts = []")
        wire.emit_build(source, "value")
        source.line("parts.append(out)")
        source.line("return parts")
    else:
        wire.emit_build(source, "value")
        source.line("return [out]")
    return source.compile("def build(value, out):", f"build {title}")
