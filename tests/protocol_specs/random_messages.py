"""Messages of any layout: first the ones at the edges, then random ones from a seed.

No two structs of one array share a number, a text or a uuid in the same field, since Java's classes keep some arrays as
sets that are keyed by some of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from protocol_specs.layout import Layout, Struct
from protocol_specs.message import Message
from protocol_specs.wire_types import Array, Bytes, Fixed, Records, String, WireType

__all__ = ["messages_of"]

_BITS = {"b": 8, "h": 16, "i": 32, "q": 64, "H": 16, "I": 32}
_TEXTS = ("", "a", "topic-1", "\u00fc\u6f22\U0001f600\x00", "x" * 126, "y" * 127, "z" * 128)
_LONGEST_TEXT = "w" * 0x7FFF
_CONTENTS = (b"", b"\x00", bytes(range(256)), b"k" * 126, b"l" * 127, b"m" * 128, b"n" * 16383, b"o" * 16384)
_FLOATS = (0.0, 1.5, -2.25, 1e300, -1e-300)


def messages_of(layout: Layout, seed: int, count: int, *, unknown_tags: bool = True) -> Iterator[Message]:
    """Three messages at the edges (everything smallest, greatest, default), then `count` random ones.

    Args:
        unknown_tags: whether some of them have tagged fields that no version knows.
    """
    random = Random(f"{layout.title} {seed}")
    yield _Maker(random, _Smallest()).struct(layout.body, 0)
    yield _Maker(random, _Greatest()).struct(layout.body, 0)
    yield _Maker(random, _Default()).struct(layout.body, 0)
    for _ in range(count):
        yield _Maker(random, _AtRandom(random, unknown_tags)).struct(layout.body, 0)


class _Choices:
    """How one message is to be: its nulls, its lengths, its values."""

    has_tags = True

    def is_null(self) -> bool:
        raise NotImplementedError

    def length(self, of: WireType, depth: int) -> int:
        raise NotImplementedError

    def number(self, low: int, high: int) -> int:
        raise NotImplementedError

    def one_of(self, values: tuple[Any, ...]) -> Any:
        raise NotImplementedError

    def unknown(self) -> dict[int, bytes] | None:
        return None

    def text(self) -> str:
        text: str = self.one_of(_TEXTS)
        return text


class _Smallest(_Choices):
    def is_null(self) -> bool:
        return True

    def length(self, of: WireType, depth: int) -> int:
        return 0

    def number(self, low: int, high: int) -> int:
        return low

    def one_of(self, values: tuple[Any, ...]) -> Any:
        return values[0]


class _Greatest(_Choices):
    def __init__(self) -> None:
        self._next_text = _LONGEST_TEXT

    def is_null(self) -> bool:
        return False

    def length(self, of: WireType, depth: int) -> int:
        return 2 if isinstance(of, Struct) else 130

    def number(self, low: int, high: int) -> int:
        return high

    def one_of(self, values: tuple[Any, ...]) -> Any:
        return values[-1]

    def text(self) -> str:
        """The longest that there may be, but only once, for speed."""
        text, self._next_text = self._next_text, _TEXTS[-1]
        return text


class _Default(_Smallest):
    """One of everything that is an array; tagged fields have their defaults."""

    has_tags = False

    def length(self, of: WireType, depth: int) -> int:
        return 1

    def number(self, low: int, high: int) -> int:
        return 0


class _AtRandom(_Choices):
    def __init__(self, random: Random, unknown_tags: bool) -> None:
        self.random = random
        self.unknown_tags = unknown_tags

    def is_null(self) -> bool:
        return self.random.random() < 0.25

    def length(self, of: WireType, depth: int) -> int:
        if not isinstance(of, Struct) and self.random.random() < 0.05:
            return 127 + self.random.randrange(3)
        return self.random.randrange(4 if depth < 3 else 3)

    def number(self, low: int, high: int) -> int:
        if self.random.random() < 0.5:
            return self.random.choice([low, high, max(low, -1), 0, 1])
        return self.random.randint(low, high)

    def one_of(self, values: tuple[Any, ...]) -> Any:
        return self.random.choice(values)

    def text(self) -> str:
        if self.random.random() < 0.5:
            return "".join(self.random.choices("abc.-_ \u00e9\u20ac", k=self.random.randrange(20)))
        return super().text()

    def unknown(self) -> dict[int, bytes] | None:
        if not self.unknown_tags or self.random.random() < 0.8:
            return None
        return {self.random.choice([99, 128, 100_000]): self.random.choice([b"", b"unknown", b"u" * 200])}


class _Maker:
    """Makes one message by walking the layout's tree."""

    def __init__(self, random: Random, choices: _Choices) -> None:
        self.random = random
        self.choices = choices

    def struct(self, struct: Struct, depth: int) -> Message:
        message: Message = struct.make.schema.make_default()
        for member in struct.present:
            setattr(message, member.name, self.value(member.wire, depth))
        if struct.tagged is not None:
            for member in struct.tagged.members if self.choices.has_tags else []:
                setattr(message, member.name, self.value(member.wire, depth))
            message.unknown_tagged_fields = self.choices.unknown()
        return message

    def value(self, wire: WireType, depth: int) -> Any:
        if wire.nullable and self.choices.is_null():
            return None
        if isinstance(wire, Struct):
            return self.struct(wire, depth + 1)
        if isinstance(wire, Array):
            return self.array(wire, depth + 1)
        if isinstance(wire, String):
            return self.choices.text()
        if isinstance(wire, (Bytes, Records)):
            return self.choices.one_of(_CONTENTS)
        assert isinstance(wire, Fixed)
        return self.fixed(wire.code)

    def fixed(self, code: str) -> Any:
        if code == "?":
            return self.choices.number(0, 1) != 0
        if code == "d":
            return self.choices.one_of(_FLOATS)
        if code == "16s":
            return self.choices.one_of((bytes(16), self.random.randbytes(16), b"\xff" * 16))
        bits = _BITS[code]
        low, high = (0, 2**bits - 1) if code.isupper() else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        return self.choices.number(low, high)

    def array(self, wire: Array, depth: int) -> list[Any]:
        values = [self.value(wire.of, depth) for _ in range(self.choices.length(wire.of, depth))]
        if isinstance(wire.of, Struct):
            self.tell_apart(wire.of, values)
        return values

    def tell_apart(self, struct: Struct, messages: list[Message]) -> None:
        """Give every simple field a different value in every message."""
        for member in struct.present:
            wire = member.wire
            if isinstance(wire, (String, Fixed)) and getattr(wire, "code", "") not in ("?", "d"):
                seen: set[Any] = set()
                for message in messages:
                    while getattr(message, member.name) in seen:
                        setattr(message, member.name, self.another(wire))
                    seen.add(getattr(message, member.name))

    def another(self, wire: String | Fixed) -> Any:
        if isinstance(wire, String):
            return "other " + "".join(self.random.choices("abcdefgh", k=8))
        if wire.code == "16s":
            return self.random.randbytes(16)
        return self.random.randrange(2 ** (_BITS[wire.code] - 1))
