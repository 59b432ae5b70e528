"""What a parser does with bytes that are no message, and a builder with messages that have no bytes."""

from __future__ import annotations

import io
import time
import tracemalloc
from random import Random
from typing import Any

import construct
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol_specs import APIS
from protocol_specs.fetch import FETCH
from protocol_specs.headers import REQUEST_HEADER
from protocol_specs.join_group import JOIN_GROUP
from protocol_specs.layout import Layout, Struct
from protocol_specs.metadata import METADATA
from protocol_specs.produce import PRODUCE
from protocol_specs.wire_types import Array, Fixed, WireError, WireType
from tests.protocol_specs.random_messages import messages_of

NEWEST = [schema[api.versions[-1]] for api in APIS.values() for schema in api]
OLDEST = [schema[api.versions[0]] for api in APIS.values() for schema in api]


def produce(version: int, records: Any = b"r" * 70) -> Any:
    request = PRODUCE.request
    partition = request.topic_data.partition_data(index=3, records=records)
    return request(
        acks=-1, timeout_ms=100, topic_data=[request.topic_data(name="t", partition_data=[partition])]
    )


class TestErrorsNameThePath:
    def test_a_message_that_ends_early(self) -> None:
        built = PRODUCE.request[9].build(produce(9))
        with pytest.raises(WireError) as caught:
            PRODUCE.request[9].read(built[:12])
        path = "ProduceRequest v9 -> topic_data[0] -> partition_data[0] -> index"
        assert str(caught.value) == f"{path}: the message ends here (bytes needed: 4, left: 1)"
        assert caught.value.path == path

    def test_a_message_that_goes_on(self) -> None:
        built = PRODUCE.request[9].build(produce(9)) + b"\0\0"
        with pytest.raises(WireError, match=r"^ProduceRequest v9: bytes left over: 2$"):
            PRODUCE.request[9].parse(built)
        assert PRODUCE.request[9].read(built)[1] == len(built) - 2

    @pytest.mark.parametrize(
        ("layout", "content", "text"),
        [
            (
                PRODUCE.request[3],
                "ffff 0001 00000000 ffffffff",
                "v3 -> topic_data: null where an array may not",
            ),
            (PRODUCE.request[9], "00 0001 00000000 00", "v9 -> topic_data: null where an array may not be"),
            (
                PRODUCE.request[9],
                "00 0001 00000000 02 00",
                r"topic_data\[0\] -> name: null where COMPACT_STRING",
            ),
            (JOIN_GROUP.request[0], "ffff", "group_id: null where STRING may not be"),
            (
                JOIN_GROUP.request[6],
                "8180 02",
                "group_id: a length of 32768, longer than COMPACT_STRING may be",
            ),
            (JOIN_GROUP.request[6], "ffffffffff01", "group_id: a varint of more than five bytes"),
            (METADATA.request[9], "00 00 00 00 01 05", "v9 -> tagged fields: the message ends here"),
            (
                METADATA.request[9],
                "00 00 00 00 01 05 03 aa",
                "v9 -> tag 5: the message ends here .bytes needed: 3",
            ),
            (FETCH.request[12], "00" * 25 + "01 01 01 01 00 09 61", "v12 -> cluster_id: the message"),
        ],
        ids=str,
    )
    def test_a_message_that_is_none(self, layout: Layout, content: str, text: str) -> None:
        with pytest.raises(WireError, match=text):
            layout.parse(bytes.fromhex(content))

    @pytest.mark.parametrize(
        ("changes", "text"),
        [
            ({"acks": 1 << 15}, "ProduceRequest v9 -> acks: 32768 is no INT16"),
            ({"acks": None}, "ProduceRequest v9 -> acks: None is no INT16"),
            (
                {"transactional_id": 5},
                "ProduceRequest v9 -> transactional_id: 5 is no COMPACT_NULLABLE_STRING",
            ),
            (
                {"transactional_id": "x" * 32768},
                "transactional_id: 32768 bytes are longer than COMPACT_NULLABLE",
            ),
            ({"transactional_id": "\ud800"}, "transactional_id: .* is no COMPACT_NULLABLE_STRING"),
            ({"topic_data": None}, "topic_data: null where an array may not be"),
            ({"topic_data": 5}, "topic_data: 5 is no array"),
            ({"topic_data": [None]}, r"topic_data\[0\]: null where a struct may not be"),
        ],
        ids=str,
    )
    def test_a_message_that_cannot_be_built(self, changes: dict[str, Any], text: str) -> None:
        message = produce(9)
        for name, value in changes.items():
            setattr(message, name, value)
        with pytest.raises(WireError, match=text):
            PRODUCE.request[9].build(message)

    def test_a_field_that_was_never_set(self) -> None:
        message = PRODUCE.request.type()
        with pytest.raises(
            WireError, match=r"^ProduceRequest v9 -> transactional_id: the field was not given"
        ):
            PRODUCE.request[9].build(message)

    def test_a_builder_that_fails_without_a_reason_of_the_format(self) -> None:
        with pytest.raises(WireError, match=r"^ProduceRequest v9: cannot be built: RuntimeError"):
            PRODUCE.request[9].build(Moody())


class Moody:
    """Its fields are there, but only on a second look."""

    def __init__(self) -> None:
        self.looks = 0

    def __getattr__(self, name: str) -> Any:
        self.looks += 1
        if self.looks == 1:
            raise RuntimeError("not in the mood")
        return getattr(produce(9), name)


class TestHostileBytes:
    @pytest.mark.parametrize("layout", [*NEWEST, *OLDEST], ids=lambda layout: layout.title)
    def test_cut_off_anywhere_it_is_an_error(self, layout: Layout) -> None:
        *_, message = messages_of(layout, seed=3, count=0)
        built = layout.build(message)
        layout.parse(built)
        for end in range(len(built)):
            with pytest.raises(WireError):
                layout.read(built[:end])

    @given(st.sampled_from(NEWEST), st.binary(max_size=300))
    @settings(max_examples=400, deadline=None)
    def test_garbage_is_an_error_or_a_message(self, layout: Layout, garbage: bytes) -> None:
        self.compare(layout, garbage)

    @given(st.sampled_from([*NEWEST, *OLDEST]), st.integers(0, 2**32), st.data())
    @settings(max_examples=400, deadline=None)
    def test_a_damaged_message_is_an_error_or_another_message(
        self, layout: Layout, seed: int, data: st.DataObject
    ) -> None:
        *_, message = messages_of(layout, seed, count=1)
        damaged = bytearray(layout.build(message)[:2000])
        for _ in range(data.draw(st.integers(1, 4))):
            if damaged:
                damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
        self.compare(layout, bytes(damaged))

    def compare(self, layout: Layout, content: bytes) -> None:
        """Compiled and interpreted agree: on the message, or that it is none; bad UTF-8 is the interpreter's."""
        try:
            compiled = layout.compiled_parse(content, 0)
        except Exception as error:
            if not isinstance(error, UnicodeDecodeError):
                with pytest.raises(WireError):
                    layout.read(content)
            return
        message, end = interpret(layout, content)
        assert end == compiled[1]
        # A float that is no number is not even equal to itself.
        assert message == compiled[0] or repr(message) == repr(compiled[0])

    @pytest.mark.parametrize("count", ["7fffffff", "7ffffffe", "00ffffff", "80000000"])
    @pytest.mark.parametrize(
        ("layout", "before"),
        [
            (FETCH.request[7], "00" * 25),
            (FETCH.request[7], "00" * 25 + "00000000 00000001 0000"),
            (METADATA.request[1], ""),
            (PRODUCE.request[3], "ffff 0001 00000000"),
            (JOIN_GROUP.response[0], "00" * 12),
        ],
        ids=str,
    )
    def test_a_huge_count_costs_neither_time_nor_memory(
        self, layout: Layout, before: str, count: str
    ) -> None:
        content = bytes.fromhex(before + count)
        tracemalloc.start()
        began = time.perf_counter()
        try:
            if count != "80000000" or "Metadata" not in layout.title:
                with pytest.raises(WireError):
                    layout.parse(content)
            assert tracemalloc.get_traced_memory()[1] < 1_000_000
        finally:
            tracemalloc.stop()
        assert time.perf_counter() - began < 1

    @pytest.mark.parametrize("count", ["ffffffff0f", "ffffffff07", "80808008"])
    @pytest.mark.parametrize(
        ("layout", "before"),
        [
            (PRODUCE.request[9], "00 0001 00000000"),
            (PRODUCE.request[9], "00 0001 00000000 01"),
            (PRODUCE.request[9], "00 0001 00000000 02 0261 02 00000000"),
            (PRODUCE.request[9], "00 0001 00000000 01 01 05"),
            (METADATA.response[9], "00000000 01 00 00000000 02 0000 0261 00 02 " + "00" * 14),
        ],
        ids=str,
    )
    def test_nor_does_a_huge_compact_count(self, layout: Layout, before: str, count: str) -> None:
        self.test_a_huge_count_costs_neither_time_nor_memory(layout, before, count)

    @pytest.mark.parametrize("length", ["ffffffff0f", "8180808008"])
    def test_a_compact_length_that_java_holds_negative_is_null(self, length: str) -> None:
        content = bytes.fromhex(f"{length} 01 00 00 00")
        request, end = METADATA.request[9].read(content)
        assert (request.topics, end) == (None, len(content))
        with pytest.raises(WireError, match="null"):
            PRODUCE.request[9].read(bytes.fromhex(f"00 0001 00000000 {length}"))

    def test_no_array_has_elements_without_bytes(self) -> None:
        """Or else a few bytes could ask for billions of them."""
        for api in APIS.values():
            for schema in api:
                for version in api.versions:
                    assert least_size(schema[version].body) >= 0

    def test_text_that_is_not_utf_8_is_replaced(self) -> None:
        request, end = METADATA.request[0].read(bytes.fromhex("00000001 0003 61ff62"))
        assert (request.topics[0].name, end) == ("a\ufffdb", 9)


def least_size(wire: WireType) -> int:
    """Of the shortest value; every array's elements must have some."""
    if isinstance(wire, Struct):
        if wire.nullable:
            return 1
        return sum(least_size(member.wire) for member in wire.present) + (wire.tagged is not None)
    if isinstance(wire, Array):
        assert least_size(wire.of) > 0
    return wire.sizeof() if isinstance(wire, Fixed) else 1


def interpret(layout: Layout, content: bytes) -> tuple[Any, int]:
    stream = io.BytesIO(content)
    return layout.parse_stream(stream), stream.tell()


class TestBuiltBefore:
    @pytest.mark.parametrize("version", [0, 9, 13])
    def test_an_element_may_have_its_bytes(self, version: int) -> None:
        schema = METADATA.response.topics
        made = {"error_code": 0, "topic_id": bytes(16), "is_internal": False, "partitions": []}
        topics = [schema(name=name, **made) for name in ("a", "b", "c")]
        message = METADATA.response(brokers=[], controller_id=1, topics=topics)
        layout = METADATA.response[version]
        whole = layout.build(message)
        message.topics = [topics[0], schema[version].build(topics[1]), topics[2]]
        assert layout.build(message) == whole
        assert layout.body.build(message) == whole


class TestRecords:
    def test_they_are_views_of_the_frame(self) -> None:
        frame = bytearray(b"head" + PRODUCE.request[9].build(produce(9)))
        message, end = PRODUCE.request[9].read(frame, 4)
        records = message.topic_data[0].partition_data[0].records
        assert end == len(frame)
        assert records.obj is frame
        assert not records.readonly
        at = message.topic_data[0].partition_data[0].records_at
        assert records == frame[at : at + len(records)]

    def test_they_are_sent_as_they_are(self) -> None:
        batches = [bytearray(b"first"), memoryview(b"second")]
        out = bytearray(b"head")
        parts = PRODUCE.request[9].write(produce(9, batches), out)
        assert parts[0] is out
        assert parts[1] is batches[0]
        assert parts[2] is batches[1]
        assert b"".join(parts) == b"head" + PRODUCE.request[9].build(produce(9, b"firstsecond"))

    @pytest.mark.parametrize("version", [3, 9])
    @pytest.mark.parametrize(("records", "parsed"), [(None, None), (b"", b""), ([], b""), ([b""], b"")])
    def test_none_and_empty_are_two_things(self, version: int, records: Any, parsed: Any) -> None:
        built = PRODUCE.request[version].build(produce(version, records))
        one = PRODUCE.request[version].parse(built).topic_data[0].partition_data[0]
        assert one.records == parsed
        assert built[one.records_at : one.records_at + len(parsed or b"")] == (parsed or b"")

    def test_they_are_of_any_length(self) -> None:
        built = PRODUCE.request[9].build(produce(9, b"x" * 3_000_000))
        assert len(PRODUCE.request[9].parse(built).topic_data[0].partition_data[0].records) == 3_000_000

    def test_they_are_writable_also_where_the_interpreter_had_to_read(self) -> None:
        built = bytearray(PRODUCE.request[9].build(produce(9)))
        built[built.index(b"t")] = 0xFF
        message, _ = PRODUCE.request[9].read(built)
        assert message.topic_data[0].name == "\ufffd"
        assert not message.topic_data[0].partition_data[0].records.readonly
        assert message.topic_data[0].partition_data[0].records_at is None


class TestInsideConstruct:
    """A layout is a construct like any other."""

    frame = construct.Struct(
        "length" / construct.Int32ub,
        "header" / REQUEST_HEADER[2],
        "body" / PRODUCE.request[9],
        "rest" / construct.GreedyBytes,
    )

    @pytest.mark.parametrize("how", ["interpreted", "compiled"])
    def test_it_parses_and_builds(self, how: str) -> None:
        frame = self.frame.compile() if how == "compiled" else self.frame
        header = REQUEST_HEADER(request_api_key=0, request_api_version=9, correlation_id=7, client_id="c")
        built = frame.build({"length": 100, "header": header, "body": produce(9), "rest": b"xyz"})
        assert built == (
            b"\0\0\0\x64" + REQUEST_HEADER[2].build(header) + PRODUCE.request[9].build(produce(9)) + b"xyz"
        )
        parsed = frame.parse(built)
        assert (parsed.length, parsed.header, parsed.body, parsed.rest) == (100, header, produce(9), b"xyz")

    @pytest.mark.parametrize("how", ["interpreted", "compiled"])
    def test_its_errors_are_construct_s(self, how: str) -> None:
        frame = self.frame.compile() if how == "compiled" else self.frame
        with pytest.raises(
            construct.ConstructError, match="client_id" if how == "interpreted" else "the message ends here"
        ):
            frame.parse(bytes(12))

    def test_the_size_is_known_only_where_it_is_fixed(self) -> None:
        assert METADATA.request[4].body.present[1].wire.sizeof() == 1
        with pytest.raises(construct.SizeofError):
            PRODUCE.request[9].sizeof()


@pytest.mark.parametrize("layout", NEWEST, ids=lambda layout: layout.title)
def test_building_goes_on_where_the_frame_begins(layout: Layout) -> None:
    message = Random(5).choice(list(messages_of(layout, seed=5, count=2)))
    assert b"".join(layout.write(message, bytearray(b"head"))) == b"head" + layout.build(message)
