"""From one valid request, every odd one: each field in turn, whatever the spec says of it, takes values at its edges.

A request is a tree here: a dict for a struct, a list for an array; a field that is not given has its default. `encode`
is not the codec under test: it also writes what no message may hold, a null where none is allowed, and `Raw` bytes.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from protocol_specs.emit import pack_uvarint
from protocol_specs.layout import Layout, Struct
from protocol_specs.message import Member, Message
from protocol_specs.wire_types import Array, Fixed, Sized, WireType

__all__ = ["MANY", "UNKNOWN_ID", "Raw", "Variant", "encode", "variants"]

#: How many entries are "too many".
MANY = 60
#: An id that no topic, directory or client has.
UNKNOWN_ID = bytes(range(1, 17))

_BITS = {"b": 8, "h": 16, "i": 32, "q": 64}
_UNKNOWN = "unknown_tagged_fields"
#: What a request may bring that a newer client knows of.
_TAGGED = {77: b"from the future", 1000: b""}
_TEXTS = ("", "absent", "bad name", "\u00e9\u20ac \U0001f600", "x" * 256)
#: Milliseconds in which a busy controller is in time, or is not.
_SHORT = (1, 2, 3)
_FLOATS = (0.0, -1.0, math.nan, math.inf, -math.inf, 1e300, 5e-324)


class Raw(NamedTuple):
    """Bytes that are written as they are."""

    content: bytes


class Variant(NamedTuple):
    """One odd request: another value at a path of a valid one."""

    label: str
    path: tuple[Any, ...]
    value: Any

    def apply(self, base: Any) -> Any:
        """A request that is odd in this one way."""
        return _with(base, self.path, self.value)


def encode(layout: Layout, tree: Any) -> bytes:
    """The body of a request."""
    out = bytearray()
    _write(layout.body, tree, out)
    return bytes(out)


def _write(wire: WireType, value: Any, out: bytearray) -> None:
    if isinstance(value, Raw):
        out += value.content
    elif isinstance(wire, Struct):
        _write_struct(wire, value, out)
    elif isinstance(wire, Array):
        _write_length(wire.compact, "i", value, out)
        for one in value or ():
            _write(wire.of, one, out)
    elif isinstance(wire, Sized):
        content = value.encode() if isinstance(value, str) else value
        _write_length(wire.compact, wire.plain_length, content, out)
        out += content or b""
    else:
        assert isinstance(wire, Fixed)
        out += struct.pack(f">{wire.code}", value)


def _write_length(compact: bool, code: str, value: Any, out: bytearray) -> None:
    length = -1 if value is None else len(value)
    out += pack_uvarint(length + 1) if compact else struct.pack(f">{code}", length)


def _write_struct(wire: Struct, value: Any, out: bytearray) -> None:
    if wire.nullable:
        out += b"\xff" if value is None else b"\x01"
        if value is None:
            return
    for member in wire.present:
        _write(member.wire, _held(value, member), out)
    if wire.tagged is None:
        return
    tags: dict[int, bytes] = dict(_held_tags(value))
    for member in wire.tagged.members:
        if isinstance(value, dict) and member.name in value:
            content = bytearray()
            _write(member.wire, value[member.name], content)
            assert member.tag is not None
            tags[member.tag] = bytes(content)
    out += pack_uvarint(len(tags))
    for tag, given in sorted(tags.items()):
        out += pack_uvarint(tag) + pack_uvarint(len(given)) + given


def _held(value: Any, member: Member) -> Any:
    if isinstance(value, Message):
        return getattr(value, member.name)
    return value.get(member.name, member.default)


def _held_tags(value: Any) -> dict[int, bytes]:
    return value.get(_UNKNOWN, {}) if isinstance(value, dict) else {}


def variants(layout: Layout, base: Any) -> Iterator[Variant]:
    """Each field of a request at its edges, one at a time."""
    for path, label, value in _of_struct(layout.body, base, ()):
        yield Variant(f"{_text_of(path)} {label}", path, value)
    yield Variant("all defaults", (), {})


Path = tuple[Any, ...]


def _of_struct(wire: Struct, tree: Any, path: Path) -> Iterator[tuple[Path, str, Any]]:
    for member in [*wire.present, *(wire.tagged.members if wire.tagged else ())]:
        here = (*path, member.name)
        given = _held(tree, member)
        for label, value in _edges(
            member.wire, given, is_timeout=member.name in ("timeout_ms", "max_wait_ms")
        ):
            yield here, label, value
        yield from _inside(member.wire, given, here)
    if wire.tagged is not None:
        yield (*path, _UNKNOWN), "from the future", _TAGGED


def _inside(wire: WireType, given: Any, path: Path) -> Iterator[tuple[Path, str, Any]]:
    """What is below a field: of an array, its first element."""
    if isinstance(wire, Struct):
        yield from _of_struct(wire, given or {}, path)
    elif isinstance(wire, Array) and isinstance(wire.of, Struct):
        yield from _of_struct(wire.of, given[0] if given else {}, (*path, 0))
    elif isinstance(wire, Array):
        for label, value in _edges(wire.of, given[0] if given else None):
            yield (*path, 0), label, value


def _with(tree: Any, path: Path, value: Any) -> Any:
    """A copy with another value at a path; what was not given before is there then."""
    if not path:
        return value
    first, *rest = path
    if isinstance(first, int):
        values = list(tree or [{}])
        values[first] = _with(values[first], tuple(rest), value)
        return values
    whole = dict(tree) if isinstance(tree, dict) else {}
    whole[first] = _with(whole.get(first), tuple(rest), value)
    return whole


def _text_of(path: Path) -> str:
    return ".".join(str(one) for one in path)


def _edges(wire: WireType, given: Any, *, is_timeout: bool = False) -> Iterator[tuple[str, Any]]:
    """Values of one type, but the one that is given."""
    if isinstance(wire, Fixed):
        for value in _fixed(wire):
            if value != given and not (is_timeout and value in _SHORT):
                yield repr(value) if not isinstance(value, bytes) else value.hex(), value
    elif isinstance(wire, Array):
        yield from _arrays(wire, given)
    elif isinstance(wire, Struct):
        if wire.nullable or given is not None:
            yield "null", (None if wire.nullable else Raw(b"\xff"))
        yield "defaults", {}
    else:
        assert isinstance(wire, Sized)
        values: Sequence[Any] = _TEXTS if wire.noun == "STRING" else (b"", b"\0", b"garbage" * 20)
        for value in (None, *values):
            if value != given or value is None:
                yield _brief(value), value
        yield "longer than the rest", Raw(_lie(wire.compact, wire.plain_length, 20_000))
        yield "of length -2", Raw(_lie(wire.compact, wire.plain_length, -2))


def _fixed(wire: Fixed) -> Sequence[Any]:
    if wire.code in _BITS:
        top = 1 << (_BITS[wire.code] - 1)
        within = range(-2, 7) if wire.code == "b" else (-2, -1, 0, 1, 2, 3)
        more = (16, 32) if wire.code == "b" else ()
        return (-top, *within, *more, top - 1)
    return {
        "?": (False, True, Raw(b"\x02")),
        "d": _FLOATS,
        "H": (0, 1, 65535),
        "16s": (bytes(16), bytes(15) + b"\x01", UNKNOWN_ID),
    }[wire.code]


def _arrays(wire: Array, given: Any) -> Iterator[tuple[str, Any]]:
    yield "null", None
    if given != []:
        yield "empty", []
    if given:
        yield "twice the same", [*given, given[0]]
        yield "thrice, another between", [given[0], _numbered(wire.of, given[0], 1), given[0]]
        yield "many", [_numbered(wire.of, given[0], number) for number in range(MANY)]
    yield "longer than the rest", Raw(_lie(wire.compact, "i", 2**31 - 2))
    yield "of length -2", Raw(_lie(wire.compact, "i", -2))


def _numbered(wire: WireType, value: Any, number: int) -> Any:
    """Another one of the same kind: what names it is another."""
    if isinstance(wire, Struct):
        plain = [one for one in wire.present if isinstance(one.wire, (Sized, Fixed))]
        for member in sorted(plain, key=_namelike):
            held = _held(value, member)
            if held is not None:
                return {**value, member.name: _numbered(member.wire, held, number)}
        return value
    if isinstance(value, str):
        return f"{value}-{number}"
    if isinstance(value, int):
        return number
    return bytes(15) + bytes([number + 100]) if isinstance(value, bytes) else value


def _namelike(member: Member) -> int:
    """What is the likelier to name a thing comes first."""
    noun = member.wire.noun if isinstance(member.wire, Sized) else member.wire.guide_name
    order = ("STRING", "UUID", "INT32", "INT16", "INT8", "INT64")
    return order.index(noun) if noun in order else len(order)


def _lie(compact: bool, code: str, length: int) -> bytes:
    return pack_uvarint((length + 1) & 0xFFFFFFFF) if compact else struct.pack(f">{code}", length)


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 30 else f"{text[:20]}... of {len(value)}"
