"""DescribeProducers."""

from __future__ import annotations

from typing import Any

from protocol_specs.acls import AclOperation as Op
from protocol_specs.acls import ResourceType as Kind
from protocol_specs.describe_producers import DESCRIBE_PRODUCERS
from protocol_specs.errors import ErrorCode
from tests.handlers.transactional import START, TX, Desk

_TOPIC = DESCRIBE_PRODUCERS.request.topics


def _describe(desk: Desk, name: str, index: int, node: int | None = None) -> Any:
    topics = [_TOPIC(name=name, partition_indexes=[index])]
    reply = desk.ask("DescribeProducers", 0, node=node, topics=topics)
    (topic,) = reply.topics
    (partition,) = topic.partitions
    assert (topic.name, partition.partition_index) == (name, index)
    return partition


def test_what_a_partition_knows_of_its_producers() -> None:
    desk = Desk(brokers=2)
    producer = desk.init()
    desk.produce(13, producer)
    for node in (1, 2):
        (open_one,) = _describe(desk, "orders", 0, node).active_producers
        assert (open_one.producer_id, open_one.producer_epoch, open_one.last_sequence) == (0, 0, 0)
        assert open_one.last_timestamp == int(START * 1000)
        assert (open_one.coordinator_epoch, open_one.current_txn_start_offset) == (-1, 0)
    desk.ask("EndTxn", 5, transactional_id=TX, producer_id=0, producer_epoch=0, committed=True)
    (ended,) = _describe(desk, "orders", 0).active_producers
    assert (ended.producer_epoch, ended.last_sequence) == (1, -1)
    assert (ended.coordinator_epoch, ended.current_txn_start_offset) == (0, -1)


def test_what_is_refused_and_with_what_text() -> None:
    desk = Desk(brokers=2)
    desk.core.cluster.create_topic("near", assignments=[(0, [desk.node])])

    def refusal(name: str, index: int = 0, node: int | None = None) -> tuple[int, str | None]:
        partition = _describe(desk, name, index, node)
        assert list(partition.active_producers) == []
        return partition.error_code, partition.error_message

    assert refusal("a b") == (
        ErrorCode.INVALID_TOPIC_EXCEPTION,
        "Topic name is invalid: 'a b' contains one or more characters other than ASCII alphanumerics, '.', '_' "
        "and '-'",
    )
    assert refusal("missing") == (
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        "This server does not host this topic-partition.",
    )
    assert refusal("orders", 9) == (ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, None)
    assert refusal("near", node=3 - desk.node) == (ErrorCode.NOT_LEADER_OR_FOLLOWER, None)
    desk.deny((Op.READ, Kind.TOPIC))
    assert refusal("orders") == (ErrorCode.TOPIC_AUTHORIZATION_FAILED, "Topic authorization failed.")
