"""A message in the protocol guide's grammar, as Apache Kafka 4.3's own guide prints it (`Protocol.schemaToBnfHtml`)."""

from __future__ import annotations

from collections.abc import Iterator

from protocol_specs.layout import Struct
from protocol_specs.message import Member
from protocol_specs.wire_types import Array, WireType

__all__ = ["grammar"]


def grammar(title: str, body: Struct) -> str:
    """The rules of one message: its fields in order on the first line, what each of them is below.

    Arrays stand in square brackets, compact ones in round ones, structs in braces; `?` marks what may be null.
    """
    return "".join(f"{line}\n" for line in _rules(title, body, "  "))


def _rules(name: str, struct: Struct, indent: str) -> Iterator[str]:
    fields = [_mention(member) for member in struct.present]
    tagged = [] if struct.tagged is None else struct.tagged.members
    fields += [_mention_tagged(member) for member in tagged]
    opening = "?{" if struct.nullable else "{"
    yield f"{indent[2:]}{name} => {opening} {''.join(f'{field} ' for field in fields)}}}"
    seen = set()
    for member in [*struct.present, *tagged]:
        name = member.name if member.tag is None else f"{member.name}<tag: {member.tag}>"
        if name in seen:
            continue
        seen.add(name)
        element = member.wire.of if isinstance(member.wire, Array) else member.wire
        if isinstance(element, Struct):
            yield from _rules(name, element, indent + "  ")
        else:
            yield f"{indent}{name} => {_type_name(element)}"


def _mention(member: Member) -> str:
    """A field in the first line."""
    wire = member.wire
    if not isinstance(wire, Array):
        return member.name
    left, right = ("(", ")") if wire.compact else ("[", "]")
    return f"{'?' * wire.nullable}{left}{member.name}{right}"


def _mention_tagged(member: Member) -> str:
    return f"{member.name}<tag: {member.tag}>"


def _type_name(wire: WireType) -> str:
    if isinstance(wire, Array):
        return f"{wire.guide_name}({_type_name(wire.of)})"
    return wire.guide_name
