"""Requests that name things twice, or numbers that mean nothing: answered as a real broker answers them."""

from __future__ import annotations

from typing import Any

import pytest

from mockbroker.wire.caller import Disconnect
from protocol_specs.record_batch import Record, build_batch
from tests.handlers.plain import START, Desk

BATCH = bytes(build_batch([Record(0, int(START * 1000), b"k", b"v", [])]))


def with_topic(partitions: int = 2) -> Desk:
    desk = Desk()
    topic = {"name": "t", "num_partitions": partitions, "replication_factor": 1}
    desk.ask("CreateTopics", 7, topics=[topic])
    data = [{"name": "t", "partition_data": [{"index": 0, "records": BATCH}]}]
    desk.ask("Produce", 9, acks=1, timeout_ms=1000, topic_data=data)
    return desk


def test_records_for_a_partition_that_comes_twice_are_appended_once() -> None:
    desk = with_topic()
    one = {"index": 0, "records": BATCH}
    data = [{"name": "t", "partition_data": [one, one]}, {"name": "t", "partition_data": [one]}]
    answer = desk.ask("Produce", 9, acks=1, timeout_ms=1000, topic_data=data)
    assert [len(topic["partition_responses"]) for topic in answer["responses"]] == [1]
    assert answer["responses"][0]["partition_responses"][0]["base_offset"] == 1


def test_a_topic_without_partitions_is_not_answered() -> None:
    desk = with_topic()
    answer = desk.ask("Produce", 9, acks=1, timeout_ms=1000, topic_data=[{"name": "t", "partition_data": []}])
    assert answer["responses"] == []
    assert desk.ask("ListOffsets", 7, replica_id=-1, topics=[{"name": "t"}])["topics"] == []


def test_offsets_asked_for_twice_are_refused_once() -> None:
    one = {"name": "t", "partitions": [{"partition_index": 0, "timestamp": -1}]}
    answer = with_topic().ask("ListOffsets", 7, replica_id=-1, topics=[one, one])
    found = [(entry["partition_index"], entry["error_code"]) for entry in answer["topics"][0]["partitions"]]
    assert (len(answer["topics"]), found) == (1, [(0, 42)])


@pytest.mark.parametrize(("epoch", "code"), [(-1, 0), (-2, 74), (-(2**31), 74), (5, 75)])
def test_only_one_negative_epoch_says_nothing(epoch: int, code: int) -> None:
    one = {"partition_index": 0, "timestamp": -1, "current_leader_epoch": epoch}
    topics = [{"name": "t", "partitions": [one]}]
    answer = with_topic().ask("ListOffsets", 7, replica_id=-1, topics=topics)
    assert answer["topics"][0]["partitions"][0]["error_code"] == code


def test_records_are_deleted_to_what_is_said_last() -> None:
    partitions = [{"partition_index": 0, "offset": 0}, {"partition_index": 0, "offset": 1}]
    topics = [{"name": "t", "partitions": partitions}]
    answer = with_topic().ask("DeleteRecords", 2, topics=topics, timeout_ms=1000)
    entries = answer["topics"][0]["partitions"]
    assert [entry["low_watermark"] for entry in entries] == [1]


def fetching(**more: Any) -> dict[str, Any]:
    one = {"partition": 0, "current_leader_epoch": -1, "partition_max_bytes": 1000}
    return {"replica_id": -1, "max_bytes": 1000, "topics": [{"topic": "t", "partitions": [one]}], **more}


@pytest.mark.parametrize(("more", "code"), [({}, 0), ({"max_bytes": -1}, -1), ({"replica_id": 1}, 6)])
def test_what_cannot_be_fetched(more: dict[str, Any], code: int) -> None:
    answer = with_topic().ask("Fetch", 11, **fetching(**more))
    assert answer["responses"][0]["partitions"][0]["error_code"] == code


@pytest.mark.parametrize(("session_id", "code"), [(5, 0), (-5, 0), (-(2**31), -1), (2**31 - 1, -1)])
def test_sessions_that_no_cache_can_have(session_id: int, code: int) -> None:
    answer = with_topic().ask("Fetch", 11, **fetching(session_id=session_id, session_epoch=-1))
    assert (answer["error_code"], answer["session_id"]) == (code, session_id if code else 0)


@pytest.mark.parametrize("timeout_ms", [0, -1])
@pytest.mark.parametrize(
    ("name", "version", "values"),
    [
        ("CreateTopics", 7, {"topics": [{"name": "n", "num_partitions": 1, "replication_factor": 1}]}),
        ("CreatePartitions", 3, {"topics": [{"name": "t", "count": 3, "assignments": None}]}),
        ("DeleteTopics", 6, {"topics": [{"name": "t"}]}),
    ],
)
def test_a_controller_without_time_does_nothing(
    name: str, version: int, values: dict[str, Any], timeout_ms: int
) -> None:
    desk = with_topic()
    answer = desk.ask(name, version, **values, timeout_ms=timeout_ms)
    results: Any = next(value for value in answer.values() if isinstance(value, list))
    assert [result["error_code"] for result in results] == [7]
    assert [len(topic.partitions) for topic in desk.core.cluster.topics.values()] == [2]


def test_no_topic_gets_billions_of_partitions() -> None:
    topics = [{"name": "t", "count": 2**31 - 1, "assignments": None}]
    answer = with_topic().ask("CreatePartitions", 3, topics=topics)
    assert [(one["error_code"], one["error_message"]) for one in answer["results"]] == [(-1, None)]


def test_what_is_added_to_a_transaction_is_answered_as_it_was_asked_for() -> None:
    desk = with_topic()
    made = desk.ask("InitProducerId", 4, transactional_id="x", transaction_timeout_ms=1000)
    producer = {f"v3_and_below_{key}": made[key] for key in ("producer_id", "producer_epoch")}
    topics = [{"name": "t", "partitions": [0, 0]}, {"name": "t", "partitions": []}]
    answer = desk.ask(
        "AddPartitionsToTxn",
        3,
        v3_and_below_transactional_id="x",
        v3_and_below_topics=topics,
        **producer,
    )
    results = answer["results_by_topic_v3_and_below"]
    assert [len(topic["results_by_partition"]) for topic in results] == [2, 0]


@pytest.mark.parametrize(
    "frame",
    [
        # ApiVersions v0 and ListGroups v0, which have no body: a client id that is longer than what is left.
        "0012 0000 00000007 0005 6162",
        "0010 0000 00000007 7fff",
        # ApiVersions in a version to come, without the tagged fields of its header.
        "0012 0005 00000007 0002 6162",
    ],
)
def test_a_header_that_ends_early(frame: str) -> None:
    desk = Desk()
    with pytest.raises(Disconnect, match="cannot be read"):
        desk.broker.receive(bytearray.fromhex(frame), desk.client().caller)


def test_the_first_unknown_config_in_the_order_of_a_hash_map_is_complained_of() -> None:
    configs = [{"name": f"retention.ms-{number}", "value": "1"} for number in range(60)]
    topic = {"name": "n", "num_partitions": 1, "replication_factor": 1, "configs": configs}
    answer = Desk().ask("CreateTopics", 7, topics=[topic])
    assert answer["topics"][0]["error_message"] == "Unknown topic config name: retention.ms-38"


def test_a_page_that_begins_beyond_all_numbers() -> None:
    cursor = {"topic_name": "t", "partition_index": 2**31 - 1}
    values = {"topics": [{"name": "t"}], "response_partition_limit": 1, "cursor": cursor}
    answer = with_topic().ask("DescribeTopicPartitions", 0, **values)
    assert answer["next_cursor"] == {"topic_name": "t", "partition_index": -(2**31)}


@pytest.mark.parametrize(("version", "name"), [(6, ""), (7, None)])
def test_a_protocol_without_a_name_is_told_as_none(version: int, name: str | None) -> None:
    desk = Desk(group_initial_rebalance_delay_ms=0)
    desk.ask("FindCoordinator", 2, key="g")
    client = desk.client()
    pending = client.send(
        "JoinGroup",
        version,
        group_id="g",
        session_timeout_ms=10_000,
        group_instance_id="i",
        protocol_type="x",
        protocols=[{"name": "", "metadata": b""}],
    )
    desk.clock.advance(1)
    desk.broker.flush()
    answer = client.read("JoinGroup", version, pending.reply)
    assert (answer["error_code"], answer["protocol_name"]) == (0, name)


def test_a_refused_partition_is_answered_once() -> None:
    broken = {"index": 0, "records": b"\0" * 8 + b"\xff" * 12}
    data = [{"name": "t", "partition_data": [broken, broken]}]
    answer = with_topic().ask("Produce", 9, acks=1, timeout_ms=1000, topic_data=data)
    assert [len(topic["partition_responses"]) for topic in answer["responses"]] == [1]
