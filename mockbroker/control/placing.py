"""Puts an error where an API puts it: at the top, or in the entry of a topic, partition, group or transactional id.

All of it follows from the specs (`control.fields`). Messages are never changed here: what differs is copied.

- `split` takes a request apart: the entries that are meant, and the others.
- `Placement.refusal` makes the answer to entries that were refused (`AbstractRequest.getErrorResponse`).
- `Placement.spoil` turns entries of an answer into errors, and `merge` adds entries to it.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from copy import copy
from typing import Any

from mockbroker.control.fields import OTHER, Node, Place, inside, key_of, kind_of, nodes_of, root
from protocol_specs.schema import Schema

__all__ = ["Placement", "blank", "error_field", "has_entries_with_errors", "has_field", "merge", "split"]

Meant = Callable[[Place], bool]

_ERRORS = ("error_code", "partition_error_code", "acknowledge_error_code")

#: What an entry says where there is nothing to say, by the field's name.
_UNKNOWN = frozenset(
    {
        "base_offset",
        "committed_leader_epoch",
        "committed_offset",
        "end_offset",
        "generation_id",
        "high_watermark",
        "last_stable_offset",
        "leader_epoch",
        "leader_id",
        "log_append_time_ms",
        "log_start_offset",
        "low_watermark",
        "node_id",
        "offset",
        "port",
        "timestamp",
    }
)
_EMPTIED: dict[str, Any] = {"records": b"", "aborted_transactions": None, "acquired_records": ()}


def has_field(schema: Schema, name: str, version: int) -> bool:
    """Whether a struct has a field in this version."""
    field = schema.fields.get(name)
    return field is not None and field.start <= version <= field.last


def error_field(schema: Schema | None, version: int) -> str | None:
    """The field for a struct's own error; None where it has none."""
    if schema is None:
        return None
    return next((name for name in _ERRORS if has_field(schema, name, version)), None)


def has_entries_with_errors(response: Schema, version: int) -> bool:
    """Whether a response has entries that can have an error each."""
    return any(
        error_field(node.schema, version) is not None or has_entries_with_errors(node.schema, version)
        for node in nodes_of(response)
        if node.schema is not None and has_field(response, node.field, version)
    )


def blank(response: Schema, version: int) -> Any:
    """A response that says nothing, in a version in which fewer things may be null."""
    reply = response.make_default()
    for name, field in response.fields.items():
        if name in _UNKNOWN:
            setattr(reply, name, -1)
        elif field.type == "string" and not field.null_start <= version <= field.null_last:
            setattr(reply, name, getattr(reply, name) or "")
    return reply


def split(message: Any, is_meant: Meant) -> tuple[Any, Any]:
    """The message with the entries that are meant, and with the others; None where there are none of the kind.

    A message without entries is meant, or not, as a whole.
    """
    place = root(message)
    if not any(getattr(message, node.field) for node in nodes_of(message.schema)):
        return (message, None) if is_meant(place) else (None, message)
    return _split(message, nodes_of(message.schema), message, place, is_meant)


def _split(
    holder: Any, nodes: tuple[Node, ...], message: Any, place: Place, is_meant: Meant
) -> tuple[Any, Any]:
    meant, others = copy(holder), copy(holder)
    found = [False, False]
    for node in nodes:
        elements = getattr(holder, node.field)
        if not elements:
            continue
        parts: tuple[list[Any], list[Any]] = ([], [])
        for element in elements:
            kind = kind_of(node, message)
            here = place if kind == OTHER else inside(place, kind, key_of(node, element))
            if any(getattr(element, child.field) for child in node.children):
                pieces = _split(element, node.children, message, here, is_meant)
            else:
                pieces = (element, None) if is_meant(here) else (None, element)
            for part, piece in zip(parts, pieces, strict=True):
                if piece is not None:
                    part.append(piece)
        for at, (whole, part) in enumerate(zip((meant, others), parts, strict=True)):
            setattr(whole, node.field, part)
            found[at] = found[at] or bool(part)
    return (meant if found[0] else None), (others if found[1] else None)


class Placement:
    """An error, and how deep it goes.

    Args:
        code: the error.
        version: of the answer.
        depth: kinds of entries that the error is to be put into even where an outer one could have it.
    """

    def __init__(self, code: int, version: int, depth: Container[str] = ()) -> None:
        self._code = code
        self._version = version
        self._depth = depth

    def refusal(self, response: Schema, request: Any) -> Any:
        """An answer with the error for each entry of a request; None where the answer has no place for it."""
        reply = response.make_default()
        nodes = nodes_of(request.schema)
        return reply if self._refuse(reply, nodes_of(response), request, nodes, request) else None

    def spoil(self, reply: Any, request: Any, is_meant: Meant) -> tuple[Any, int]:
        """The answer with the error in each entry that is meant, and how many those are.

        What the answer does not say of itself, such as the group of an OffsetCommit, the request does.
        """
        own, asked = root(reply), root(request)
        place = Place(
            group=own.group or asked.group,
            transactional_id=own.transactional_id or asked.transactional_id,
        )
        return self._spoil(reply, nodes_of(reply.schema), place, is_meant)

    def _refuse(
        self, reply: Any, nodes: tuple[Node, ...], holder: Any, asked: tuple[Node, ...], message: Any
    ) -> bool:
        made = False
        for node in nodes:
            if node.schema is None or not has_field(reply.schema, node.field, self._version):
                continue
            entries = []
            for like, element in _counterparts(node, holder, asked, message):
                entry = node.schema.make_default()
                _name(entry, node, like, element)
                if self._is_inside(node, like.children) and self._refuse(
                    entry, node.children, element, like.children, message
                ):
                    entries.append(entry)
                elif error_field(node.schema, self._version) is not None:
                    entries.append(self._failed(entry, node))
            if entries:
                setattr(reply, node.field, entries)
                made = True
        return made

    def _spoil(self, holder: Any, nodes: tuple[Node, ...], place: Place, is_meant: Meant) -> tuple[Any, int]:
        changed = copy(holder)
        count = 0
        for node in nodes:
            elements = getattr(holder, node.field)
            if not elements or node.schema is None:
                continue
            goes_on = bool(node.children) and self._is_inside(node, node.children)
            made = []
            for element in elements:
                here = place if node.kind == OTHER else inside(place, node.kind, key_of(node, element))
                if goes_on:
                    part, inner = self._spoil(element, node.children, here, is_meant)
                    count += inner
                elif error_field(node.schema, self._version) is not None and is_meant(here):
                    part = self._failed(copy(element), node)
                    count += 1
                else:
                    part = element
                made.append(part)
            setattr(changed, node.field, made)
        return changed, count

    def _is_inside(self, node: Node, entries: tuple[Node, ...]) -> bool:
        """Whether the error's place is in the entries of this one."""
        return error_field(node.schema, self._version) is None or any(
            kind in self._depth for kind in _kinds(entries)
        )

    def _failed(self, entry: Any, node: Node) -> Any:
        setattr(entry, error_field(node.schema, self._version) or "", self._code)
        for name in entry.schema.fields:
            if name in _UNKNOWN and name not in node.names:
                setattr(entry, name, -1)
            elif name in _EMPTIED:
                setattr(entry, name, _EMPTIED[name])
        for child in node.children:
            setattr(entry, child.field, [])
        return entry


def _counterparts(node: Node, holder: Any, asked: tuple[Node, ...], message: Any) -> list[tuple[Node, Any]]:
    """The entries of a request that are answered in this array of the response."""
    found: list[tuple[Node, Any]] = []
    for like in asked:
        elements = getattr(holder, like.field) or ()
        if like.kind == OTHER and node.kind != OTHER:
            for element in elements:
                found += _counterparts(node, element, like.children, message)
        elif like.kind == node.kind and (node.kind != OTHER or node.field == like.field):
            found += [(like, element) for element in elements]
    return found


def _kinds(nodes: tuple[Node, ...]) -> list[str]:
    return [kind for node in nodes for kind in (node.kind, *_kinds(node.children))]


def _name(entry: Any, node: Node, like: Node, element: Any) -> None:
    """Have an entry of the response say what the entry of the request is about."""
    if like.schema is None:
        setattr(entry, node.names[0], element)
        return
    for name in like.names:
        value = getattr(element, name)
        if name in node.names:
            setattr(entry, name, value)
        elif name != "topic_id" and value is not None:
            setattr(entry, node.names[0], value)


def merge(reply: Any, more: Any) -> Any:
    """The answer with the entries of another one added."""
    return _merge_in(reply, more, nodes_of(reply.schema))


def _merge_in(holder: Any, more: Any, nodes: tuple[Node, ...]) -> Any:
    merged = copy(holder)
    for node in nodes:
        extra = getattr(more, node.field)
        if not extra:
            continue
        entries = list(getattr(holder, node.field) or ())
        count = len(entries)
        for entry in extra:
            at = next(
                (at for at in range(count) if node.children and _are_same(node, entries[at], entry)), None
            )
            if at is None:
                entries.append(entry)
            else:
                entries[at] = _merge_in(entries[at], entry, node.children)
        setattr(merged, node.field, entries)
    return merged


def _are_same(node: Node, one: Any, other: Any) -> bool:
    """Whether two entries stand for the same; a handler may name a topic where a request has its id alone."""
    if node.kind == OTHER or node.names[:1] == ("resource_type",):
        return bool(key_of(node, one) == key_of(node, other))
    pairs = [(getattr(one, name), getattr(other, name)) for name in node.names]
    return any(own == its and own not in (None, "", bytes(16)) for own, its in pairs)
