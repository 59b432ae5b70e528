"""Messages as plain data and as text."""

from __future__ import annotations

from typing import Any

import pytest

from protocol_specs.alter_client_quotas import ALTER_CLIENT_QUOTAS
from protocol_specs.metadata import METADATA
from protocol_specs.notation import Schema, bytes_, int8, nested, nullable_records, struct, tag, uuid
from protocol_specs.produce import PRODUCE
from protocol_specs.text import Style, Verbatim, from_dict, outline, to_dict, uuid_bytes
from protocol_specs.wire_types import WireError

UUID = bytes(range(16))

ALL_SORTS = Schema(
    "AllSorts",
    versions="0",
    flexible="0+",
    fields=struct(
        id=uuid,
        content=bytes_,
        batch=nullable_records,
        perhaps=nested(x=int8).nullable(),
        extra=tag(0, since=0).int8.default(-1),
    ),
)


def all_sorts(**values: Any) -> Any:
    return ALL_SORTS(**{"id": UUID, "content": b"\xff", "batch": [b"ab", b"c"], "perhaps": None, **values})


def test_plain_data_is_what_json_can_hold() -> None:
    assert to_dict(ALL_SORTS[0], all_sorts()) == {
        "id": "AAECAwQFBgcICQoLDA0ODw",
        "content": "/w==",
        "batch": "YWJj",
        "perhaps": None,
    }
    message = all_sorts(extra=3, batch=None, perhaps=ALL_SORTS.perhaps(x=1), unknown_tagged_fields={9: b"z"})
    assert to_dict(ALL_SORTS[0], message) == {
        "id": "AAECAwQFBgcICQoLDA0ODw",
        "content": "/w==",
        "batch": None,
        "perhaps": {"x": 1},
        "extra": 3,
        "unknown_tagged_fields": {"9": "eg=="},
    }


def test_a_style_says_what_stands_for_bytes_and_records() -> None:
    style = Style(
        bytes=lambda name, content: f"{name} of {len(content)}", records=lambda batches: len(batches)
    )
    data = to_dict(ALL_SORTS[0], all_sorts(), style)
    assert (data["content"], data["batch"]) == ("content of 1", 2)


def test_plain_data_has_the_fields_of_its_version() -> None:
    message = METADATA.request(topics=None)
    assert to_dict(METADATA.request[1], message) == {"topics": None}
    assert list(to_dict(METADATA.request[9], message)) == [
        "topics",
        "allow_auto_topic_creation",
        "include_cluster_authorized_operations",
        "include_topic_authorized_operations",
    ]
    assert from_dict(METADATA.request[1], {"topics": None}).allow_auto_topic_creation is True


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({}, "ProduceRequest v9 -> transactional_id: the field was not given"),
        ({"acknowledgements": 1}, "-> acknowledgements: this version has no such field"),
        (
            {"topic_data": [{"name": "t", "partition_data": [{"index": 0}]}]},
            r"\[0\] -> records: the field was not",
        ),
        ({"topic_data": [{"partition_data": [{"index": 0, "records": "*"}]}]}, r"records: '\*' is no base64"),
        ({"topic_data": [{"partition_data": [{"index": 0, "records": 5}]}]}, "records: 5 is no base64"),
    ],
)
def test_what_is_no_message_is_refused_with_its_path(data: dict[str, Any], text: str) -> None:
    with pytest.raises(WireError, match=text):
        from_dict(PRODUCE.request[9], data)


@pytest.mark.parametrize("text", ["", "AAAA", 5, "!!"])
def test_what_is_no_uuid_is_refused(text: Any) -> None:
    with pytest.raises(WireError, match="AllSorts v0 -> id"):
        from_dict(ALL_SORTS[0], {"id": text})


def test_a_uuid_is_read_as_kafka_prints_it() -> None:
    assert uuid_bytes("AAECAwQFBgcICQoLDA0ODw") == UUID
    with pytest.raises(ValueError, match="is no uuid"):
        uuid_bytes("AAEC")


def test_floats_are_numbers() -> None:
    entry = ALTER_CLIENT_QUOTAS.request.entries
    operation = entry.ops(key="consumer_byte_rate", value=1.5, remove=False)
    request = ALTER_CLIENT_QUOTAS.request(entries=[entry(entity=[], ops=[operation])], validate_only=False)
    data = to_dict(ALTER_CLIENT_QUOTAS.request[1], request)
    assert data["entries"][0]["ops"][0]["value"] == 1.5
    assert from_dict(ALTER_CLIENT_QUOTAS.request[1], data) == request


def test_an_outline_has_a_line_for_each_value() -> None:
    data = {
        "name": "t\u00fc\n",
        "nothing": None,
        "numbers": [1, 2],
        "empty": [],
        "topics": [
            {"name": "a", "error_code": 3, "partitions": [{"index": 0}, {"index": 1}]},
            {"name": "b"},
            {},
        ],
        "words": ["x", Verbatim("as it is")],
        "inside": {"deep": {"deeper": True}},
    }

    def note(name: str, value: Any) -> str:
        return "oh" if name == "error_code" else ""

    assert outline(data, note) == (
        'name: "t\u00fc\\n"\n'
        "nothing: null\n"
        "numbers: [1, 2]\n"
        "empty: []\n"
        "topics:\n"
        '  - name: "a"\n'
        "    error_code: 3  (oh)\n"
        "    partitions:\n"
        "      - index: 0\n"
        "      - index: 1\n"
        '  - name: "b"\n'
        "  - {}\n"
        "words:\n"
        '  - "x"\n'
        "  - as it is\n"
        "inside:\n"
        "  deep:\n"
        "    deeper: true\n"
    )
