"""Random and edge messages of every version that kio knows, through kio and back.

kio gives some fields types of its own, which hold less than the wire does: error codes are an enumeration, times are
not negative and pass through a float. The messages are made to fit those before they are compared.
"""

from __future__ import annotations

import datetime
import io
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from compat_tests.support.toolchains import do_without
from protocol_specs import APIS, CONTROLLER_APIS
from protocol_specs.layout import Layout, Struct
from protocol_specs.message import Member
from protocol_specs.notation import Api
from protocol_specs.wire_types import Array
from tests.protocol_specs.random_messages import messages_of

if TYPE_CHECKING:
    from dataclasses import Field

SEED = 30
RANDOM_MESSAGES = 4

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MILLISECOND = datetime.timedelta(milliseconds=1)
#: The last day of the year 9999.
_LATEST_MS = 253_402_214_400_000


@pytest.fixture(scope="module", autouse=True)
def _kio_is_installed() -> None:
    try:
        import kio  # noqa: F401
    except ImportError:
        do_without("not installed: kio, of the test extra")


def layouts_known_to_kio() -> Iterator[tuple[Layout, Any]]:
    """Each layout with kio's class for it."""
    from kio.index import UnknownAPIKey, UnknownEntity, load_request_schema, load_response_schema

    apis: list[Api] = [*APIS.values(), *CONTROLLER_APIS.values()]
    for api in apis:
        for version in api.versions:
            try:
                yield api.request[version], load_request_schema(api.key, version)
                yield api.response[version], load_response_schema(api.key, version)
            except (UnknownAPIKey, UnknownEntity):
                continue


def pairs(struct: Struct, kio_class: Any) -> Iterator[tuple[Member, Field[Any]]]:
    """Our fields and kio's, by their order, or their tag."""
    from dataclasses import fields

    theirs = fields(kio_class)
    plain = [field for field in theirs if "tag" not in field.metadata]
    assert len(plain) == len(struct.present), (
        f"{kio_class}: {len(plain)} fields, we have {len(struct.present)}"
    )
    yield from zip(struct.present, plain, strict=True)
    tagged = {field.metadata["tag"]: field for field in theirs if "tag" in field.metadata}
    members = [] if struct.tagged is None else struct.tagged.members
    assert {member.tag for member in members} == set(tagged)
    for member in members:
        yield member, tagged[member.tag]


def inner_class(kio_class: Any, field: Field[Any]) -> Any:
    """The class of the structs that a field holds."""
    from kio.serial._introspect import classify_field

    return classify_field(field).type_


def fit(struct: Struct, message: Any, kio_class: Any) -> None:
    """Change what kio cannot hold."""
    for member, field in pairs(struct, kio_class):
        value = getattr(message, member.name)
        element = member.wire.of if isinstance(member.wire, Array) else member.wire
        if isinstance(element, Struct):
            for one in value if isinstance(value, (list, tuple)) else [] if value is None else [value]:
                if one is not element.make.schema.default:
                    fit(element, one, inner_class(kio_class, field))
        elif isinstance(value, list):
            setattr(message, member.name, [fitting(field, one) for one in value])
        else:
            setattr(message, member.name, fitting(field, value))


def fitting(field: Field[Any], value: Any) -> Any:
    from kio.schema.errors import ErrorCode
    from kio.serial._introspect import is_optional

    kafka_type = field.metadata["kafka_type"]
    if kafka_type == "error_code":
        return list(ErrorCode)[value % len(ErrorCode)].value
    if kafka_type == "datetime_i64":
        return -1 if value < 0 and is_optional(field) else value % _LATEST_MS // 1000 * 1000
    if kafka_type == "timedelta_i64":
        return value % 10**14
    return value


def differences(struct: Struct, message: Any, entity: Any, path: str = "") -> Iterator[str]:
    """Fields whose values are not the same."""
    for member, field in pairs(struct, type(entity)):
        ours, theirs = getattr(message, member.name), getattr(entity, field.name)
        name = f"{path}{member.name}"
        element = member.wire.of if isinstance(member.wire, Array) else member.wire
        if isinstance(element, Struct) and ours is not None and theirs is not None:
            many = isinstance(member.wire, Array)
            for one, other in zip(ours if many else [ours], theirs if many else [theirs], strict=True):
                yield from differences(element, one, other, f"{name}.")
        elif (list(ours) if isinstance(ours, tuple) else ours) != plain(theirs, member):
            yield f"{name}: {ours!r}, kio {theirs!r}"


def plain(value: Any, member: Member) -> Any:
    """kio's value as ours would be."""
    if isinstance(member.wire, Array):
        return None if value is None else [plain_one(one, member.wire.of.guide_name) for one in value]
    return plain_one(value, member.wire.guide_name)


def plain_one(value: Any, type_name: str) -> Any:
    if isinstance(value, datetime.timedelta):
        return value // _MILLISECOND
    if isinstance(value, datetime.datetime):
        return (value - _EPOCH) // _MILLISECOND
    if isinstance(value, UUID):
        return value.bytes
    if value is None and type_name == "UUID":
        return bytes(16)
    if value is None and type_name == "INT64":
        return -1
    return value


def test_messages_are_the_same(record_property: Callable[[str, object], None]) -> None:
    from kio.serial import entity_reader, entity_writer

    compared, layouts = 0, set()
    for layout, kio_class in layouts_known_to_kio():
        read, write = entity_reader(kio_class), entity_writer(kio_class)
        for message in messages_of(layout, SEED, RANDOM_MESSAGES, unknown_tags=False):
            fit(layout.body, message, kio_class)
            ours = layout.build(message)
            entity, size = read(ours, 0)
            assert size == len(ours), layout.title
            assert list(differences(layout.body, message, entity)) == [], layout.title
            out = io.BytesIO()
            write(out, entity)
            assert out.getvalue() == ours, layout.title
            assert layout.parse(out.getvalue()) == message, layout.title
            compared += 1
        layouts.add(layout.title)
    record_property("compared", f"{compared} messages of {len(layouts)} message versions are the same in kio")
    assert len(layouts) > 300
