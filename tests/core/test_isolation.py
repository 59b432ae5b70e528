"""What a broker that is cut off does not learn, and what it cannot do."""

from __future__ import annotations

from typing import Any

import pytest

from mockbroker.core import brokers
from mockbroker.core.waiting import Pending
from mockbroker.routing import FORWARDED
from protocol_specs import APIS
from protocol_specs.errors import ErrorCode
from tests.core.clusters import batch
from tests.handlers.plain import Client, Desk


class Cut:
    """Broker 1 of three leads `old`, and is cut off."""

    def __init__(self) -> None:
        self.desk = Desk(3)
        self.cluster = self.desk.core.cluster
        self.old = self.cluster.create_topic("old", assignments=[(0, [1, 2, 3])])
        self.stale, self.other = self.desk.client(1), self.desk.client(2)
        brokers.isolate(self.cluster, 1)

    def topics(self, client: Client) -> dict[str, list[int]]:
        """Each topic's leaders, as the broker that is asked knows them."""
        answer = client.ask("Metadata", topics=None)
        return {
            topic["name"]: [one["leader_id"] for one in topic["partitions"]] for topic in answer["topics"]
        }

    def produce(self, client: Client, topic: Any, index: int = 0) -> int:
        """What comes of a record with acks=1."""
        data = {"index": index, "records": batch()}
        answer = client.ask(
            "Produce",
            acks=1,
            timeout_ms=1000,
            topic_data=[{"topic_id": topic.id, "partition_data": [data]}],
        )
        code: int = answer["responses"][0]["partition_responses"][0]["error_code"]
        return code

    def create(self, client: Client, name: str) -> Any:
        topic = {"name": name, "num_partitions": 1, "replication_factor": 1}
        return client.send("CreateTopics", 7, topics=[topic], timeout_ms=1000)


def test_it_does_not_learn_of_topics_and_partitions_that_are_created() -> None:
    cut = Cut()
    new = cut.cluster.create_topic("new", assignments=[(0, [2, 1])])
    cut.cluster.create_partitions("old", 2, assignments=[[1, 2, 3]])

    assert cut.topics(cut.stale) == {"old": [1]}
    assert cut.topics(cut.other) == {"old": [1, 1], "new": [2]}
    assert cut.produce(cut.stale, new) == ErrorCode.UNKNOWN_TOPIC_ID
    assert cut.produce(cut.stale, cut.old, 1) == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert cut.produce(cut.other, new) == ErrorCode.NONE

    brokers.heal(cut.cluster, 1)
    assert cut.topics(cut.stale) == cut.topics(cut.other)
    assert cut.produce(cut.stale, cut.old, 1) == ErrorCode.NONE


def test_it_goes_on_with_topics_that_are_deleted() -> None:
    cut = Cut()
    partition = cut.old.partitions[0]
    cut.cluster.delete_topic("old")

    assert (cut.topics(cut.stale), cut.topics(cut.other)) == ({"old": [1]}, {})
    assert cut.produce(cut.stale, cut.old) == ErrorCode.NONE
    assert cut.produce(cut.other, cut.old) == ErrorCode.UNKNOWN_TOPIC_ID
    assert partition.acknowledged(1, at=1) is None

    brokers.heal(cut.cluster, 1)
    assert cut.topics(cut.stale) == {}
    assert partition.acknowledged(1, at=1) is ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert not partition.copies


def test_a_topic_that_was_made_anew_is_another_one() -> None:
    cut = Cut()
    cut.cluster.delete_topic("old")
    anew = cut.cluster.create_topic("old", assignments=[(0, [2, 1])])
    assert (cut.topics(cut.stale), cut.topics(cut.other)) == ({"old": [1]}, {"old": [2]})
    assert cut.produce(cut.stale, cut.old) == ErrorCode.NONE
    brokers.heal(cut.cluster, 1)
    assert set(anew.partitions[0].isr) == {1, 2}
    assert anew.partitions[0].logs[1].end_offset == 0


def test_what_only_the_controller_can_do_times_out() -> None:
    cut = Cut()
    pending = cut.create(cut.stale, "wanted")
    assert isinstance(pending, Pending)
    cut.desk.clock.advance(59)
    assert not pending.is_settled
    cut.desk.clock.advance(2)
    answer = cut.stale.read("CreateTopics", 7, pending.reply)
    assert answer["topics"][0]["error_code"] == ErrorCode.REQUEST_TIMED_OUT
    assert "wanted" not in cut.cluster.topics


def test_a_broker_is_unregistered_by_the_controller_alone() -> None:
    cut = Cut()
    pending = cut.stale.send("UnregisterBroker", 0, broker_id=3)
    cut.desk.clock.advance(61)
    answer = cut.stale.read("UnregisterBroker", 0, pending.reply)
    assert (answer["error_code"], answer["error_message"]) == (ErrorCode.REQUEST_TIMED_OUT, None)
    assert 3 in cut.cluster.nodes


def test_what_only_the_controller_can_do_is_done_when_it_is_reached_again() -> None:
    cut = Cut()
    pending = cut.create(cut.stale, "wanted")
    brokers.heal(cut.cluster, 1)
    cut.desk.broker.flush()
    answer = cut.stale.read("CreateTopics", 7, pending.reply)
    assert answer["topics"][0]["error_code"] == ErrorCode.NONE
    assert "wanted" in cut.cluster.topics


def test_nothing_is_created_because_a_client_asks_for_it() -> None:
    cut = Cut()
    answer = cut.stale.ask("Metadata", topics=[{"name": "asked"}], allow_auto_topic_creation=True)
    assert answer["topics"][0]["error_code"] == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert "asked" not in cut.cluster.topics


def brokers_shown(client: Client, **values: Any) -> dict[int, bool]:
    """Whom DescribeCluster names, and whether each is fenced."""
    answer = client.send("DescribeCluster", 2, **values)
    return {
        broker["broker_id"]: broker["is_fenced"]
        for broker in client.read("DescribeCluster", 2, answer)["brokers"]
    }


def test_it_does_not_learn_that_it_is_given_up() -> None:
    cut = Cut()
    cut.desk.clock.advance(10)
    cut.cluster.add_node(4)

    assert brokers_shown(cut.stale) == {1: False, 2: False, 3: False}
    assert brokers_shown(cut.other) == {2: False, 3: False, 4: False}
    assert brokers_shown(cut.stale, include_fenced_brokers=True) == {1: False, 2: False, 3: False}
    assert brokers_shown(cut.other, include_fenced_brokers=True) == {1: True, 2: False, 3: False, 4: False}
    for client, offline in ((cut.stale, []), (cut.other, [1])):
        (topic,) = client.ask("Metadata", topics=[{"name": "old"}])["topics"]
        assert topic["partitions"][0]["offline_replicas"] == offline
        (topic,) = client.ask("DescribeTopicPartitions", topics=[{"name": "old"}])["topics"]
        assert topic["partitions"][0]["offline_replicas"] == offline


@pytest.mark.parametrize(
    ("kind", "topic", "key"),
    [
        (0, "__consumer_offsets", "key"),
        (1, "__transaction_state", "key"),
        (2, "__share_group_state", "key:AAAAAAAAAAAAAAAAAAAAAQ:0"),
    ],
)
def test_it_goes_on_to_coordinate(kind: int, topic: str, key: str) -> None:
    desk = Desk(3)
    cluster = desk.core.cluster
    cluster.create_topic(topic, assignments=[(0, [1, 2, 3])])
    brokers.isolate(cluster, 1)
    desk.clock.advance(10)

    def coordinator(broker: int) -> int:
        answer = desk.client(broker).ask("FindCoordinator", key_type=kind, coordinator_keys=[key])
        found: int = answer["coordinators"][0]["node_id"]
        return found

    assert (coordinator(1), coordinator(2)) == (1, 2)
    brokers.heal(cluster, 1)
    assert coordinator(1) == 2


def test_it_makes_no_topic_of_coordinators() -> None:
    cut = Cut()
    answer = cut.stale.ask("FindCoordinator", key_type=0, coordinator_keys=["g"])
    assert answer["coordinators"][0]["error_code"] == ErrorCode.COORDINATOR_NOT_AVAILABLE
    assert "__consumer_offsets" not in cut.cluster.topics


def test_all_that_is_forwarded_is_an_api() -> None:
    assert {APIS.stem(key) for key in APIS} >= FORWARDED
