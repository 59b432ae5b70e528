"""Each word of the notation, by the bytes that it stands for."""

from __future__ import annotations

import io
from typing import Any

import pytest

from protocol_specs.notation import (
    Api,
    Schema,
    array,
    boolean,
    bytes_,
    float64,
    int8,
    int16,
    int32,
    int64,
    nested,
    nullable_bytes,
    nullable_records,
    nullable_string,
    records,
    since,
    string,
    struct,
    tag,
    uint16,
    uint32,
    until,
    uuid,
    uuid_text,
)

UUID = bytes(range(16))


def one(field: Any, *, flexible: bool) -> Any:
    """The layout of a message that has just this field."""
    schema = Schema("One", versions="0-1", flexible="1+", fields=struct(it=field))
    return schema, schema[int(flexible)]


@pytest.mark.parametrize(
    ("field", "value", "plain", "compact"),
    [
        (boolean, True, "01", "01"),
        (int8, -1, "ff", "ff"),
        (int16, 258, "0102", "0102"),
        (uint16, 65535, "ffff", "ffff"),
        (int32, -2, "fffffffe", "fffffffe"),
        (uint32, 2**32 - 1, "ffffffff", "ffffffff"),
        (int64, 2**63 - 1, "7fffffffffffffff", "7fffffffffffffff"),
        (float64, 1.5, "3ff8000000000000", "3ff8000000000000"),
        (uuid, UUID, UUID.hex(), UUID.hex()),
        (string, "", "0000", "01"),
        (string, "\u00e4b", "0003c3a462", "04c3a462"),
        (string.plain(), "ab", "00026162", "00026162"),
        (nullable_string, None, "ffff", "00"),
        (nullable_string, "a", "000161", "0261"),
        (nullable_string.plain(), None, "ffff", "ffff"),
        (bytes_, b"\0\1", "000000020001", "030001"),
        (nullable_bytes, None, "ffffffff", "00"),
        (records, b"\7", "0000000107", "0207"),
        (nullable_records, None, "ffffffff", "00"),
        (array(int16), [1, 2], "0000000200010002", "0300010002"),
        (array(int16), [], "00000000", "01"),
        (array(string), ["a", ""], "000000020001610000", "03026101"),
        (array(uuid), [UUID], "00000001" + UUID.hex(), "02" + UUID.hex()),
        (array(int8).nullable(), None, "ffffffff", "00"),
        (array(boolean), [True, False], "000000020100", "030100"),
    ],
    ids=repr,
)
def test_values_are_encoded_as_kafka_does(field: Any, value: Any, plain: str, compact: str) -> None:
    for flexible, content in ((False, plain), (True, compact + "00")):
        schema, layout = one(field, flexible=flexible)
        message = schema(it=value)
        assert layout.build(message).hex() == content
        assert layout.parse(bytes.fromhex(content)) == message


@pytest.mark.parametrize(
    ("length", "prefix"), [(126, "7f"), (127, "8001"), (16382, "ff7f"), (16383, "808001")]
)
def test_compact_lengths_are_varints_of_one_more(length: int, prefix: str) -> None:
    schema, layout = one(bytes_, flexible=True)
    built = layout.build(schema(it=b"x" * length))
    assert built.startswith(bytes.fromhex(prefix) + b"x")
    assert len(layout.parse(built).it) == length


def test_tagged_structs_may_be_null() -> None:
    """There a zero stands for null, and what is left out is the default, whichever that is."""
    schema = Schema(
        "Tagged",
        versions="0-0",
        flexible="0+",
        fields=struct(
            plain=tag(0, since=0).struct(x=int8),
            perhaps=tag(1, since=0).struct(y=int8).nullable(),
            filled=tag(2, since=0).struct(z=int8).nullable().filled(),
        ),
    )
    layout = schema[0]
    for message, content in (
        (schema(), "00"),
        (schema(filled=None), "01 02 01 00"),
        (schema(perhaps=schema.perhaps(y=5), filled=schema.filled(z=6)), "02 01 03 010500 02 03 010600"),
        (schema(plain=schema.plain(x=4), filled=schema.filled(z=0)), "01 00 02 0400"),
    ):
        assert layout.build(message) == bytes.fromhex(content)
        assert layout.parse(bytes.fromhex(content)) == message
        stream = io.BytesIO()
        layout.build_stream(message, stream)
        assert stream.getvalue() == bytes.fromhex(content)
        assert layout.parse_stream(io.BytesIO(bytes.fromhex(content))) == message
    assert schema().filled == schema.filled(z=0)


def test_structs_may_be_nested_and_null() -> None:
    fields = struct(sure=nested(x=int8), perhaps=nested(y=int8).nullable(), many=array(z=int8))
    schema = Schema("S", versions="0", fields=fields, flexible="0+")
    full = schema(sure=schema.sure(x=1), perhaps=schema.perhaps(y=2), many=[schema.many(z=3)])
    assert schema[0].build(full).hex() == "0100" + "010200" + "020300" + "00"
    empty = schema(sure=schema.sure(x=1), perhaps=None, many=[])
    assert schema[0].build(empty).hex() == "0100" + "ff" + "01" + "00"
    assert [schema[0].parse(schema[0].build(one)) for one in (full, empty)] == [full, empty]


VERSIONED = Schema(
    "Versioned",
    versions="0-4",
    flexible="3+",
    fields=struct(
        always=int8,
        later=since(1).int8.default(-1),
        earlier=until(1).int8,
        between=since(1).until(2).nullable_string,
        sometimes_null=string.nullable(since=2),
        never_null_again=string.nullable(since=0, until=1),
        many=since(1).array(int8),
        parts=since(2).array(x=int8, y=since(4).int8.default(7)),
        part=since(2).struct(x=int8),
    ),
)


def versioned(**values: Any) -> Any:
    return VERSIONED(**{"always": 1, "sometimes_null": "s", "never_null_again": "n", **values})


@pytest.mark.parametrize(
    ("version", "content"),
    [
        (0, "01 09 0001 73 0001 6e"),
        (1, "01 fe 09 0001 62 0001 73 0001 6e 00000001 05"),
        (2, "01 fe 0001 62 0001 73 0001 6e 00000001 05 00000001 06 08"),
        (3, "01 fe 02 73 02 6e 02 05 02 06 00 08 00 00"),
        (4, "01 fe 02 73 02 6e 02 05 02 06 03 00 08 00 00"),
    ],
)
def test_a_version_has_its_own_fields(version: int, content: str) -> None:
    message = versioned(
        later=-2,
        earlier=9,
        between="b",
        many=[5],
        parts=[VERSIONED.parts(x=6, y=3)],
        part=VERSIONED.part(x=8),
    )
    assert VERSIONED[version].build(message).hex(" ") == bytes.fromhex(content).hex(" ")


def test_a_field_that_the_version_lacks_parses_to_its_default() -> None:
    parsed = VERSIONED[0].parse(bytes.fromhex("01 09 0001 73 0001 6e"))
    assert (parsed.later, parsed.between, parsed.many, parsed.parts) == (-1, None, (), ())
    assert parsed.part.x == 0
    assert VERSIONED[3].parse(VERSIONED[3].build(versioned(parts=[VERSIONED.parts(x=1)]))).parts[0].y == 7


def test_null_is_refused_in_versions_that_do_not_know_it() -> None:
    assert VERSIONED[2].parse(VERSIONED[2].build(versioned(sometimes_null=None))).sometimes_null is None
    with pytest.raises(Exception, match=r"v1 -> sometimes_null: null where STRING may not be"):
        VERSIONED[1].build(versioned(sometimes_null=None))
    assert VERSIONED[1].build(versioned(never_null_again=None))
    with pytest.raises(Exception, match=r"v2 -> never_null_again: null"):
        VERSIONED[2].build(versioned(never_null_again=None))


def test_what_all_versions_have_must_be_given() -> None:
    with pytest.raises(TypeError, match="always"):
        VERSIONED(sometimes_null="", never_null_again="")
    with pytest.raises(TypeError, match="nonsense"):
        versioned(nonsense=1)
    assert VERSIONED.make(always=1, sometimes_null="", never_null_again="").later == -1


def test_an_unknown_type_or_struct_is_an_error_at_once() -> None:
    with pytest.raises(AttributeError, match="int128"):
        since(3).int128  # noqa: B018
    with pytest.raises(AttributeError, match="no struct 'always'"):
        VERSIONED.always  # noqa: B018
    with pytest.raises(KeyError, match="Versioned has versions 0-4, not 5"):
        VERSIONED[5]


TAGGED = Schema(
    "Tagged",
    versions="0-2",
    flexible="1+",
    fields=struct(
        second=tag(1, since=1).int32.default(-1),
        first=tag(0, since=1).nullable_string,
        plain=int8,
        node=tag(2, since=1).struct(id=int32, epoch=tag(0, since=1).int8),
        nodes=tag(3, since=2).array(id=int8),
        maybe=tag(4, since=2).array(int8).nullable(),
        flag=tag(5, since=2).boolean,
        uid=tag(6, since=2).uuid,
    ),
)


@pytest.mark.parametrize(
    ("version", "values", "content"),
    [
        (0, {"second": 5}, "07"),
        (1, {}, "07 00"),
        (1, {"second": -1, "first": None}, "07 00"),
        (1, {"second": 1, "first": "a"}, "07 02 00 02 02 61 01 04 00000001"),
        (1, {"node": TAGGED.node(id=1)}, "07 01 02 05 00000001 00"),
        (1, {"node": TAGGED.node(id=0)}, "07 00"),
        (1, {"node": TAGGED.node(id=0, epoch=3)}, "07 01 02 08 00000000 01 00 01 03"),
        (1, {"node": None}, "07 00"),
        (2, {"nodes": [TAGGED.nodes(id=3)]}, "07 01 03 03 02 03 00"),
        (2, {"nodes": []}, "07 00"),
        (2, {"maybe": []}, "07 01 04 01 01"),
        (2, {"maybe": None}, "07 00"),
        (2, {"flag": True}, "07 01 05 01 01"),
        (2, {"uid": UUID}, "07 01 06 10" + UUID.hex()),
    ],
    ids=repr,
)
def test_tagged_fields_are_written_when_they_are_not_their_default(
    version: int, values: dict[str, Any], content: str
) -> None:
    message = TAGGED(plain=7, **values)
    built = TAGGED[version].build(message)
    assert built.hex(" ") == bytes.fromhex(content).hex(" ")
    assert TAGGED[version].build(TAGGED[version].parse(built)) == built


def test_unknown_tagged_fields_are_kept_and_written_again_in_order() -> None:
    content = bytes.fromhex("07 03 00 02 02 61 09 01 ff 8101 00")
    message = TAGGED[1].parse(content)
    assert message.first == "a"
    assert message.unknown_tagged_fields == {9: b"\xff", 129: b""}
    assert TAGGED[1].build(message) == content
    assert "unknown_tagged_fields={9: b'\\xff', 129: b''}" in repr(message)
    assert TAGGED[1].build(TAGGED(plain=7, unknown_tagged_fields={9: b"z"})) == bytes.fromhex(
        "07 01 09 01 7a"
    )


def test_shared_defaults_cannot_be_changed() -> None:
    message = TAGGED[1].parse(b"\x07\x00")
    assert message.node is TAGGED(plain=1).node
    with pytest.raises(AttributeError, match="make a message of your own"):
        message.node.id = 5
    own = TAGGED.make_default()
    own.plain = 5
    assert TAGGED.default.plain == 0


def test_what_cannot_be_is_refused_when_it_is_bound() -> None:
    with pytest.raises(TypeError, match="not flexible"):
        Schema("S", versions="0", fields=struct(x=tag(0, since=0).int8))[0]
    with pytest.raises(TypeError, match="records in a tagged field"):
        Schema("S", versions="0", flexible="0+", fields=struct(x=tag(0, since=0).records))[0]


def test_an_api_has_a_request_and_a_response() -> None:
    api = Api(
        key=12,
        name="Heartbeat",
        versions="0-4",
        flexible="4+",
        request=struct(group_id=string, generation_id=int32),
        response=struct(throttle_time_ms=since(1).int32, error_code=int16),
    )
    assert repr(api) == "<Api 12 Heartbeat 0-4>"
    assert list(api.versions) == [0, 1, 2, 3, 4]
    assert [schema.name for schema in api] == ["HeartbeatRequest", "HeartbeatResponse"]
    assert repr(api.response(error_code=3)) == "HeartbeatResponse(throttle_time_ms=0, error_code=3)"


def test_messages_are_equal_by_value() -> None:
    assert TAGGED(plain=1) == TAGGED(plain=1, nodes=[])
    assert TAGGED(plain=1) != TAGGED(plain=2)
    assert TAGGED(plain=1) != TAGGED(plain=1, unknown_tagged_fields={9: b""})
    assert TAGGED(plain=1) != versioned()


def test_a_uuid_is_printed_as_kafka_prints_it() -> None:
    assert uuid_text(bytes(16)) == "AAAAAAAAAAAAAAAAAAAAAA"
    assert uuid_text(UUID) == "AAECAwQFBgcICQoLDA0ODw"
