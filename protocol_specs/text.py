"""Messages as plain data and as readable text.

Plain data is what JSON can hold: a struct is a dict of the version's own fields, by the protocol guide's names; bytes
and records are base64, a uuid is what Kafka prints. Tagged fields that have their default are left out, as on the wire;
unknown ones are under `unknown_tagged_fields`, by their tag.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from protocol_specs.layout import Layout, Struct
from protocol_specs.message import Member, Message
from protocol_specs.notation import uuid_text
from protocol_specs.tagged import is_default
from protocol_specs.wire_types import Array, Bytes, Records, WireError, WireType

__all__ = ["PLAIN", "Style", "Verbatim", "from_dict", "outline", "to_dict", "uuid_bytes"]

_UNKNOWN = "unknown_tagged_fields"


def _base64(content: Any) -> str:
    whole = b"".join(content) if isinstance(content, list) else content
    return base64.b64encode(whole).decode()


def _field_as_base64(name: str, content: Any) -> str:
    return _base64(content)


class Style(NamedTuple):
    """What stands for bytes, by the field's name and value, and for records."""

    bytes: Callable[[str, Any], Any] = _field_as_base64
    records: Callable[[Any], Any] = _base64


#: Everything is there, so `from_dict` can read it back.
PLAIN = Style()


def uuid_bytes(text: str) -> bytes:
    """The uuid that Kafka prints so.

    Raises:
        ValueError: it is none.
    """
    value = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if len(value) != 16:
        raise ValueError(f"{text!r} is no uuid")
    return value


def to_dict(layout: Layout, message: Message, style: Style = PLAIN) -> dict[str, Any]:
    """The message as plain data, with the fields of the layout's version."""
    return _struct_to_dict(layout.body, message, style)


def _struct_to_dict(struct: Struct, message: Message, style: Style) -> dict[str, Any]:
    data = {
        member.name: _plain(member.name, member.wire, getattr(message, member.name), style)
        for member in struct.present
    }
    if struct.tagged is not None:
        for member in struct.tagged.members:
            value = getattr(message, member.name)
            if not is_default(value, member):
                data[member.name] = _plain(member.name, member.wire, value, style)
        if message.unknown_tagged_fields:
            unknown = message.unknown_tagged_fields.items()
            data[_UNKNOWN] = {str(tag): style.bytes(_UNKNOWN, content) for tag, content in unknown}
    return data


def _plain(name: str, wire: WireType, value: Any, style: Style) -> Any:
    if value is None:
        return None
    if isinstance(wire, Struct):
        return _struct_to_dict(wire, value, style)
    if isinstance(wire, Array):
        return [_plain(name, wire.of, one, style) for one in value]
    if isinstance(wire, Records):
        return style.records(value)
    if isinstance(wire, Bytes):
        return style.bytes(name, value)
    return uuid_text(value) if wire.guide_name == "UUID" else value


def from_dict(layout: Layout, data: Mapping[str, Any]) -> Any:
    """The message that `to_dict` made this of. A tagged field that is not there has its default.

    Raises:
        WireError: a field is missing, unknown, or of the wrong kind; the text names its path.
    """
    return _struct_from_dict(layout.body, data, layout.title)


def _struct_from_dict(struct: Struct, data: Mapping[str, Any], path: str) -> Message:
    message: Message = struct.make.schema.make_default()
    tagged = [] if struct.tagged is None else struct.tagged.members
    members: dict[str, Member] = {member.name: member for member in [*struct.present, *tagged]}
    for name, value in data.items():
        if name == _UNKNOWN and struct.tagged is not None:
            message.unknown_tagged_fields = {int(tag): _from_base64(one, path) for tag, one in value.items()}
        elif name not in members:
            raise WireError("this version has no such field", path=f"{path} -> {name}")
        else:
            setattr(message, name, _from_plain(members[name].wire, value, f"{path} -> {name}"))
    for member in struct.present:
        if member.name not in data:
            raise WireError("the field was not given", path=f"{path} -> {member.name}")
    return message


def _from_plain(wire: WireType, value: Any, path: str) -> Any:
    if value is None:
        return None
    if isinstance(wire, Struct):
        return _struct_from_dict(wire, value, path)
    if isinstance(wire, Array):
        return [_from_plain(wire.of, one, f"{path}[{index}]") for index, one in enumerate(value)]
    if isinstance(wire, (Bytes, Records)):
        return _from_base64(value, path)
    if wire.guide_name == "UUID":
        try:
            return uuid_bytes(value)
        except (ValueError, TypeError) as error:
            raise WireError(str(error), path=path) from None
    return value


def _from_base64(text: str, path: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise WireError(f"{text!r} is no base64: {error}", path=path) from None


class Verbatim(str):
    """Text that `outline` prints without quotes."""

    __slots__ = ()


def _no_note(name: str, value: Any) -> str:
    return ""


def outline(data: Any, note: Callable[[str, Any], str] = _no_note, indent: str = "") -> str:
    """Plain data as indented text, a line for each value.

    Args:
        note: what to say behind a field's value, by its name and value.
    """
    return "".join(f"{line}\n" for line in _lines(data, note, indent))


def _lines(data: Any, note: Callable[[str, Any], str], indent: str) -> Iterator[str]:
    if isinstance(data, dict):
        for name, value in data.items():
            if value and isinstance(value, (dict, list)) and not _is_flat(value):
                yield f"{indent}{name}:"
                yield from _lines(value, note, indent + "  ")
            else:
                noted = note(name, value)
                yield f"{indent}{name}: {_inline(value)}{f'  ({noted})' if noted else ''}"
        return
    for value in data:
        if isinstance(value, dict) and value:
            first, *others = _lines(value, note, indent + "  ")
            yield f"{indent}- {first[len(indent) + 2 :]}"
            yield from others
        else:
            yield f"{indent}- {_inline(value)}"


def _is_flat(value: Any) -> bool:
    """Whether it is a list of numbers and the like, which goes onto one line."""
    return isinstance(value, list) and all(isinstance(one, (int, float)) or one is None for one in value)


def _inline(value: Any) -> str:
    return str(value) if isinstance(value, Verbatim) else json.dumps(value, ensure_ascii=False)
