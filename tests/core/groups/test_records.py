"""What is written to `__consumer_offsets`: the same bytes as those of Kafka 4.3.1's own classes."""

from __future__ import annotations

import pytest

from mockbroker.core.groups import classic_records, records
from mockbroker.core.groups.classic import ClassicGroup
from mockbroker.core.groups.classic_states import ClassicState
from mockbroker.core.groups.offset_table import CommittedOffset
from mockbroker.core.groups.records import LogRecord, decode
from mockbroker.core.groups.roster import ClassicMember
from mockbroker.core.time import Clock

NOW_MS = 1_700_000_000_123
TOPIC_ID = bytes(range(1, 17))


def group() -> ClassicGroup:
    """A static member alone, in generation 1."""
    group = ClassicGroup("billing", Clock(NOW_MS / 1000))
    member = ClassicMember(
        "app-1", "one", "app", "/127.0.0.1", 60_000, 10_000, "consumer", (("range", b"\1\2\3"),)
    )
    group.roster.add(member, None)
    group.move_to(ClassicState.PREPARING_REBALANCE)
    group.begin_generation()
    group.state_timestamp_ms = NOW_MS
    return group


def new_group() -> ClassicGroup:
    group = ClassicGroup("billing", Clock())
    group.state_timestamp_ms = NOW_MS
    return group


COMMIT_KEY = "0001000762696c6c696e6700066f726465727300000002"
GROUP_KEY = "0002000762696c6c696e67"

#: Written by GroupCoordinatorRecordHelpers and GroupCoordinatorRecordSerde.
GOLDEN = {
    "commit": (
        records.offset_commit(
            "billing", "orders", 2, CommittedOffset(42, 7, "note", NOW_MS, topic_id=TOPIC_ID)
        ),
        COMMIT_KEY,
        "0004000000000000002a00000007056e6f74650000018bcfe5687b0100100102030405060708090a0b0c0d0e0f10",
    ),
    "commit without epoch, metadata and topic id": (
        records.offset_commit("billing", "orders", 2, CommittedOffset(42, -1, "", NOW_MS)),
        COMMIT_KEY,
        "0004000000000000002affffffff010000018bcfe5687b00",
    ),
    "commit that expires": (
        records.offset_commit(
            "billing", "orders", 2, CommittedOffset(42, 7, "note", NOW_MS, 1_700_000_009_999, TOPIC_ID)
        ),
        COMMIT_KEY,
        "0001000000000000002a00046e6f74650000018bcfe5687b0000018bcfe58f0f",
    ),
    "end of a commit": (records.offset_tombstone("billing", "orders", 2), COMMIT_KEY, None),
    "end of a group": (records.group_tombstone("billing"), GROUP_KEY, None),
    "new group": (
        classic_records.empty_group(new_group()),
        GROUP_KEY,
        "0003000000000000ffffffff0000018bcfe5687b00000000",
    ),
    "group": (
        classic_records.group_metadata(group(), {"app-1": b"\x09\x09"}),
        GROUP_KEY,
        "00030008636f6e73756d657200000001000572616e676500056170702d310000018bcfe5687b00000001"
        "00056170702d3100036f6e650003617070000a2f3132372e302e302e310000ea6000002710"
        "00000003010203000000020909",
    ),
}


@pytest.mark.parametrize(("record", "key", "value"), GOLDEN.values(), ids=GOLDEN)
def test_a_record_has_kafkas_bytes(record: LogRecord, key: str, value: str | None) -> None:
    written_key, written_value = record.encode()

    assert written_key.hex() == key
    assert (None if written_value is None else written_value.hex()) == value


@pytest.mark.parametrize(("record", "key", "value"), GOLDEN.values(), ids=GOLDEN)
def test_a_record_is_read_back(record: LogRecord, key: str, value: str | None) -> None:
    decoded = decode(bytes.fromhex(key), None if value is None else bytes.fromhex(value))

    assert decoded is not None
    assert decoded.type == record.type
    assert decoded.key == record.key
    if record.version == 1:
        # The version with an expiry has neither leader epoch nor topic id.
        assert (decoded.value.offset, decoded.value.leader_epoch) == (42, -1)
        assert decoded.value.expire_timestamp == 1_700_000_009_999
    else:
        # A read tuple of members is a list.
        assert (
            decoded.encode()[1] is None
            or decoded._replace(version=record.version).encode() == record.encode()
        )


def test_a_group_is_made_from_its_record() -> None:
    written = classic_records.group_metadata(group(), {"app-1": b"\x09\x09"})

    restored = ClassicGroup.from_record("billing", written.value, Clock())

    assert (restored.state_name, restored.generation_id) == ("Stable", 1)
    assert (restored.protocol_name, restored.roster.protocol_type) == ("range", "consumer")
    assert restored.roster.leader_id == "app-1"
    assert restored.roster.static_members == {"one": "app-1"}
    assert restored.described().members[0].assignment == b"\x09\x09"
    # Its members' subscriptions cannot be read, so any topic may be in use.
    assert restored.is_subscribed_to("anything")


def test_a_group_that_is_read_keeps_its_leader() -> None:
    led = group()
    led.roster.add(
        ClassicMember("app-2", None, "app", "/127.0.0.1", 60_000, 10_000, "consumer", (("range", b""),)), None
    )
    led.roster.leader_id = "app-2"
    written = classic_records.group_metadata(led, {"app-1": b"", "app-2": b""})

    assert ClassicGroup.from_record("billing", written.value, Clock()).is_leader("app-2")


def test_a_legacy_commit_reads_as_one_of_today() -> None:
    key = bytes.fromhex("0000" + COMMIT_KEY[4:])
    value = bytes.fromhex("0000" + "000000000000002a" + "00046e6f7465" + "0000018bcfe5687b")

    decoded = decode(key, value)

    assert decoded is not None
    assert decoded.type.number == records.OFFSET_COMMIT
    assert (decoded.key.topic, decoded.value.offset, decoded.value.metadata) == ("orders", 42, "note")
    tombstone = decode(key, None)
    assert tombstone is not None
    assert tombstone.value is None


def test_an_old_group_record_has_no_time_and_the_session_timeout_for_both() -> None:
    value = classic_records.group_metadata(group(), {"app-1": b""})
    old = b"\x00\x00" + value.type.value[0].build(value.value)

    decoded = decode(bytes.fromhex(GROUP_KEY), old)

    assert decoded is not None
    restored = ClassicGroup.from_record("billing", decoded.value, Clock())
    assert restored.state_timestamp_ms is None
    assert restored.roster.members["app-1"].rebalance_timeout_ms == 10_000


@pytest.mark.parametrize("number", [9, 24, 300, -1])
def test_a_record_of_an_unknown_type_is_passed_over(number: int) -> None:
    assert decode(number.to_bytes(2, "big", signed=True) + b"\0\0", b"\0\0") is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"", b""),
        (b"\x00", b""),
        (bytes.fromhex(COMMIT_KEY[:-4]), bytes.fromhex("0000")),
        (bytes.fromhex(COMMIT_KEY), bytes.fromhex("0009")),
        (bytes.fromhex(COMMIT_KEY), b"\x00"),
        (bytes.fromhex(COMMIT_KEY), bytes.fromhex("00040000")),
    ],
)
def test_broken_records_are_refused(key: bytes, value: bytes) -> None:
    with pytest.raises(ValueError, match="no record of a group coordinator"):
        decode(key, value)
