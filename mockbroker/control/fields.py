"""Where requests and responses name topics, partitions, groups and transactional ids.

Found in the specs by the names of the fields, once for each message, so nothing is to be said of any API here: a
struct in an array is a topic's when it has a `topic_id`, a `topic` or a `topic_name`, or a `name` in an array of
topics; and so on. `places` walks a message by what was found.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from protocol_specs.schema import Schema

__all__ = [
    "GROUP",
    "OTHER",
    "PARTITION",
    "TOPIC",
    "TRANSACTIONAL_ID",
    "Node",
    "Place",
    "inside",
    "key_of",
    "kind_of",
    "nodes_of",
    "places",
    "root",
]

TOPIC = "topic"
PARTITION = "partition"
GROUP = "group"
TRANSACTIONAL_ID = "transactional_id"
#: An array whose elements have no name of their own, and things with names inside.
OTHER = "other"

_TOPIC_FIELDS = ("topic", "topic_name", "name")
_PARTITION_FIELDS = ("partition_index", "partition", "index", "partition_id")
_TRANSACTIONAL_FIELDS = ("transactional_id", "v3_and_below_transactional_id")

#: Arrays of bare names.
_BARE = {
    "topic_names": TOPIC,
    "subscribed_topic_names": TOPIC,
    "groups": GROUP,
    "groups_names": GROUP,
    "group_ids": GROUP,
    "coordinator_keys": GROUP,
    "transactional_ids": TRANSACTIONAL_ID,
}

_TOPIC_RESOURCE = 2
_ZERO_UUID = bytes(16)
_GROUP_KEY, _TRANSACTION_KEY = 0, 1


class Node(NamedTuple):
    """An array in a message.

    Attributes:
        kind: what its elements stand for: one of the constants of this module.
        field: the array's name.
        schema: of its elements; None where they are bare names and numbers.
        names: fields of the element that say which one it is.
        children: arrays in the elements.
    """

    kind: str
    field: str
    schema: Schema | None
    names: tuple[str, ...]
    children: tuple[Node, ...]


class Place(NamedTuple):
    """What an entry of a message is about; None where it does not say. `topic` is a name, or an id of 16 bytes."""

    topic: str | bytes | None = None
    partition: int | None = None
    group: str | None = None
    transactional_id: str | None = None


@cache
def nodes_of(schema: Schema) -> tuple[Node, ...]:
    """The arrays of a message that are worth looking into."""
    return tuple(node for name in schema.fields if (node := _node(schema, name)) is not None)


def _node(schema: Schema, name: str) -> Node | None:
    field = schema.fields[name]
    if field.type != "array" or name.startswith("forgotten"):
        return None
    if field.fields is None:
        kind = _bare_kind(name, field.array_of.type if field.array_of else "")
        return Node(kind, name, None, (), ()) if kind else None
    element: Schema = getattr(schema, name)
    kind, names = _kind(name, element)
    if kind == PARTITION:
        return Node(kind, name, element, names, ())
    children = nodes_of(element)
    return Node(kind, name, element, names, children) if names or children else None


def _bare_kind(name: str, type_name: str) -> str | None:
    if type_name == "int32" and name in ("partitions", "partition_indexes"):
        return PARTITION
    return _BARE.get(name) if type_name == "string" else None


def _kind(name: str, element: Schema) -> tuple[str, tuple[str, ...]]:
    fields = element.fields
    if "partition" in name:
        index = next((each for each in _PARTITION_FIELDS if each in fields), None)
        if index is not None and fields[index].type == "int32":
            return PARTITION, (index,)
    if "transactional_id" in fields:
        return TRANSACTIONAL_ID, ("transactional_id",)
    if "group_id" in fields:
        return GROUP, ("group_id",)
    if name == "coordinators":
        return GROUP, ("key",)
    if "resource_type" in fields and "resource_name" in fields:
        return TOPIC, ("resource_type", "resource_name")
    names = _topic_fields(name, element)
    return (TOPIC, names) if names else (OTHER, ())


def _topic_fields(name: str, element: Schema) -> tuple[str, ...]:
    fields = element.fields
    holds_partitions = any("partition" in each and fields[each].type == "array" for each in fields)
    is_topic = (
        "topic_id" in fields
        or "topic" in fields
        or "topic_name" in fields
        or ("name" in fields and ("topic" in name or holds_partitions))
        or element.name == "CreatePartitionsResponse.results"
    )
    if not is_topic:
        return ()
    found = next((each for each in _TOPIC_FIELDS if each in fields), None)
    return tuple(each for each in (found, "topic_id") if each in fields)


def key_of(node: Node, element: Any) -> Any:
    """Which one an element stands for: a topic's name, or its id where it has no name; None where it says nothing."""
    if node.schema is None:
        return element
    if node.names[:1] == ("resource_type",):
        return element.resource_name if element.resource_type == _TOPIC_RESOURCE else None
    for name in node.names:
        value = getattr(element, name)
        if value is not None and value != "" and value != _ZERO_UUID:
            return value
    return None


def kind_of(node: Node, message: Any) -> str:
    """What the elements of an array stand for in this message: FindCoordinator says of what kind its keys are."""
    if node.field != "coordinator_keys" or message.key_type == _GROUP_KEY:
        return node.kind
    return TRANSACTIONAL_ID if message.key_type == _TRANSACTION_KEY else OTHER


def root(message: Any) -> Place:
    """What a message says of itself as a whole."""
    fields = message.schema.fields
    group = message.group_id if "group_id" in fields else None
    name = next((each for each in _TRANSACTIONAL_FIELDS if each in fields), None)
    transactional_id = getattr(message, name) or None if name else None
    if "key_type" in fields and message.key:
        if message.key_type == _GROUP_KEY:
            group = message.key
        elif message.key_type == _TRANSACTION_KEY:
            transactional_id = message.key
    return Place(None, None, group or None, transactional_id)


def places(message: Any) -> Iterator[Place]:
    """All that a message is about: a place for each innermost entry, or one for the message itself."""
    start = root(message)
    found = False
    for node in nodes_of(message.schema):
        for place in _places_in(node, message, message, start):
            found = True
            yield place
    if not found:
        yield start


def _places_in(node: Node, holder: Any, message: Any, place: Place) -> Iterator[Place]:
    kind = kind_of(node, message)
    for element in getattr(holder, node.field) or ():
        here = place if kind == OTHER else inside(place, kind, key_of(node, element))
        inner = False
        for child in node.children:
            for deeper in _places_in(child, element, message, here):
                inner = True
                yield deeper
        if not inner:
            yield here


def inside(place: Place, kind: str, key: Any) -> Place:
    """The place of an entry in a place."""
    return place._replace(**{kind: key})
