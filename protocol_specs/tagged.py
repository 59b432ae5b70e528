"""The section of tagged fields with which every struct of a flexible version ends (KIP-482).

    TaggedFields => Count:uvarint [Tag:uvarint Size:uvarint Bytes]

A tagged field that has its default is left out. Fields that the version does not know are kept as bytes, in
`Message.unknown_tagged_fields`, and are written again. Tags ascend.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import IO, Any

from protocol_specs.emit import Build, Parse, Source, compile_build, compile_parse, pack_uvarint, uvarint
from protocol_specs.message import Member, Message, value_of
from protocol_specs.wire_types import read_exactly, read_uvarint

__all__ = ["TaggedFields", "is_default"]


def is_default(value: Any, member: Member) -> bool:
    """Whether a tagged field is left out: it has its default, or is None where it cannot be null."""
    if value is member.default:
        return True
    if value is None:
        return not member.wire.nullable
    if member.default == ():
        return len(value) == 0
    return bool(value == member.default)


def _pack(tags: dict[int, Any]) -> bytes:
    out = bytearray(pack_uvarint(len(tags)))
    for tag, content in sorted(tags.items()):
        out += pack_uvarint(tag)
        out += pack_uvarint(len(content))
        out += content
    return bytes(out)


class TaggedFields:
    """The tagged fields of one struct in one version.

    Args:
        members: those that the version knows.
    """

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = sorted(members, key=lambda member: member.tag or 0)
        self._by_tag = {member.tag: member for member in members}
        self._parsers: dict[int, Parse] = {}
        self._builders: dict[int, Build] = {}

    def interpret_parse(self, message: Message, stream: IO[bytes], path: str) -> None:
        """Read the section; fields that it does not name keep what they have."""
        here = f"{path} -> tagged fields"
        for _ in range(read_uvarint(stream, here)):
            tag, size = read_uvarint(stream, here), read_uvarint(stream, here)
            member = self._by_tag.get(tag)
            if member is None:
                _keep(message, tag, read_exactly(stream, size, f"{path} -> tag {tag}"))
            else:
                value = member.wire._parsereport(stream, None, f"{path} -> {member.name}")
                setattr(message, member.name, value)

    def interpret_build(self, message: Any, stream: IO[bytes], path: str) -> None:
        """Write the section."""
        tags = dict(getattr(message, "unknown_tagged_fields", None) or {})
        for member in self.members:
            value = value_of(message, member, path)
            if not is_default(value, member):
                content = io.BytesIO()
                member.wire._build(value, content, None, f"{path} -> {member.name}")
                tags[member.tag or 0] = content.getvalue()
        stream.write(_pack(tags))

    def emit_parse(self, source: Source, message: str) -> None:
        read = source.constant("read_tags", self.read)
        source.line(f"if data[at]: at = {read}({message}, data, at)")
        source.line("else: at += 1")

    def emit_build(self, source: Source, message: str) -> None:
        empty = [f"{message}.unknown_tagged_fields is None"]
        empty += [_absence(source, f"{message}.{member.name}", member) for member in self.members]
        source.line(f"if {' and '.join(empty)}: out.append(0)")
        source.line(f"else: {source.constant('write_tags', self.write)}({message}, out)")

    def read(self, message: Message, data: Any, at: int) -> int:
        """Parse the section that begins at `at`; gives where it ends. Used by emitted code."""
        count, at = uvarint(data, at)
        for _ in range(count):
            tag, at = uvarint(data, at)
            size, at = uvarint(data, at)
            member = self._by_tag.get(tag)
            if member is None:
                _keep(message, tag, bytes(data[at : at + size]))
                at += size
            else:
                parse = self._parsers.get(tag)
                if parse is None:
                    parse = self._parsers[tag] = compile_parse(member.wire, member.name)
                value, at = parse(data, at)
                setattr(message, member.name, value)
        return at

    def write(self, message: Any, out: bytearray) -> None:
        """Build the section onto `out`. Used by emitted code."""
        tags = dict(message.unknown_tagged_fields or {})
        for member in self.members:
            value = getattr(message, member.name)
            if is_default(value, member):
                continue
            tag = member.tag or 0
            build = self._builders.get(tag)
            if build is None:
                build = self._builders[tag] = compile_build(member.wire, member.name)
            tags[tag] = build(value, bytearray())[0]
        out += _pack(tags)


def _keep(message: Message, tag: int, content: bytes) -> None:
    if message.unknown_tagged_fields is None:
        message.unknown_tagged_fields = {}
    message.unknown_tagged_fields[tag] = content


def _absence(source: Source, value: str, member: Member) -> str:
    """A quick test that is true only where the field is left out; where it is false, `write` looks closer."""
    default = member.default
    if default is False or (default == () and not member.wire.nullable):
        return f"not {value}"
    if isinstance(default, (int, str, bytes, tuple)):
        return f"{value} == {source.constant(member.name, default)}"
    return f"{value} is {source.constant(member.name, default)}"
