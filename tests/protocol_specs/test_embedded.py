from __future__ import annotations

import struct

import pytest

from protocol_specs.consumer_protocol import CONSUMER_PROTOCOL_ASSIGNMENT, CONSUMER_PROTOCOL_SUBSCRIPTION
from protocol_specs.embedded import (
    GROUP_RECORDS,
    build_blob,
    parse_blob,
    record_type_of,
    subscribed_topics,
)


def test_a_subscription_is_written_and_read_in_every_version() -> None:
    owned = CONSUMER_PROTOCOL_SUBSCRIPTION.owned_partitions(topic="a", partitions=[1, 2])
    message = CONSUMER_PROTOCOL_SUBSCRIPTION(
        topics=["a", "b"], user_data=b"x", owned_partitions=[owned], generation_id=4, rack_id="r"
    )

    for version in CONSUMER_PROTOCOL_SUBSCRIPTION.versions:
        blob = build_blob(CONSUMER_PROTOCOL_SUBSCRIPTION, version, message)
        read_version, read = parse_blob(CONSUMER_PROTOCOL_SUBSCRIPTION, blob)
        assert read_version == version
        assert (list(read.topics), read.user_data) == (["a", "b"], b"x")
        assert read.rack_id == ("r" if version >= 3 else None)
        assert subscribed_topics(blob) == {"a", "b"}


def test_a_later_version_is_read_as_the_latest_known_one() -> None:
    message = CONSUMER_PROTOCOL_ASSIGNMENT(
        assigned_partitions=[CONSUMER_PROTOCOL_ASSIGNMENT.assigned_partitions(topic="a", partitions=[0])],
        user_data=None,
    )
    blob = struct.pack(">h", 7) + CONSUMER_PROTOCOL_ASSIGNMENT[3].build(message) + b"what is new"

    version, read = parse_blob(CONSUMER_PROTOCOL_ASSIGNMENT, blob)

    assert version == 7
    assert read == message


@pytest.mark.parametrize("blob", [b"", b"\0", b"\0\0\0\0\0\1\0\5abc", b"\0\0\0\0\0\0"])
def test_a_broken_subscription_is_refused(blob: bytes) -> None:
    with pytest.raises(ValueError, match="no subscription"):
        subscribed_topics(blob)


def test_every_type_of_record_has_its_number_and_its_specs() -> None:
    # Types 9 and 18 were never used.
    assert set(GROUP_RECORDS) == set(range(24)) - {9, 18}
    for number, record_type in GROUP_RECORDS.items():
        assert record_type.number == number
        assert record_type.key.name.removesuffix("Key") == record_type.value.name.removesuffix("Value")
        for schema in (record_type.key, record_type.value):
            for version in schema.versions:
                message = schema.make_default()
                assert schema[version].parse(schema[version].build(message)) is not None


def test_a_key_begins_with_its_number() -> None:
    record_type = GROUP_RECORDS[5]
    key = record_type.build_key(record_type.key(group_id="g", member_id="m"))

    assert key == b"\0\5\0\1g\0\1m"
    assert record_type_of(key) == 5
    assert record_type.parse_key(key) == record_type.key(group_id="g", member_id="m")
