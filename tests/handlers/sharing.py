"""A cluster with a share group, asked in frames."""

from __future__ import annotations

import base64
from typing import Any

from mockbroker.core.share.keys import SharePartitionKey
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.record_batch import Record, batches_in, build_batch, records_of
from tests.handlers.plain import Client, Desk

__all__ = [
    "DESCRIBE_GROUP",
    "GROUP",
    "READ_GROUP",
    "Authorizer",
    "Member",
    "make_desk",
    "produce",
    "values_of",
]

GROUP = "billing"
READ_GROUP = AclOperation.READ, ResourceType.GROUP
DESCRIBE_GROUP = AclOperation.DESCRIBE, ResourceType.GROUP


class Authorizer:
    """Denies some kinds of operation, and all that has to do with one topic."""

    def __init__(self, *denied: tuple[int, int], hidden: str = "") -> None:
        self.denied = denied
        self.hidden = hidden

    def allows(self, caller: Any, operation: int, resource_type: int, name: str) -> bool:
        if resource_type == ResourceType.TOPIC and name == self.hidden:
            return False
        return (operation, resource_type) not in self.denied


def make_desk(brokers: int = 1, **settings: Any) -> Desk:
    """A cluster with the topics orders, of two partitions, and secret."""
    given = {
        "group_initial_rebalance_delay_ms": 0,
        "offsets_topic_replication_factor": 1,
        "share_coordinator_state_topic_replication_factor": 1,
        "share_coordinator_state_topic_min_isr": 1,
    }
    desk = Desk(brokers, **(given | settings))
    desk.core.cluster.create_topic("orders", partitions=2)
    desk.core.cluster.create_topic("secret", partitions=1)
    desk.core.groups.find_coordinator(GROUP)
    desk.core.configs.groups[GROUP] = {"share.auto.offset.reset": "earliest"}
    return desk


def produce(desk: Desk, count: int, partition: int = 0) -> None:
    """Write one batch of so many records to orders."""
    records = [Record(at, 1_700_000_000_000, None, b"v%d" % at) for at in range(count)]
    leader = desk.core.cluster.partition("orders", partition)
    leader.append(memoryview(build_batch(records)))
    desk.core.waiting.flush()


def values_of(partition: dict[str, Any]) -> list[bytes | None]:
    """The values in one partition of an answer."""
    data = base64.b64decode(partition["records"] or "")
    return [record.value for batch in batches_in(data) for record in records_of(batch)]


def make_ready(desk: Desk) -> None:
    """Have the state of orders made ready."""
    states = desk.core.share_states
    for index in (0, 1):
        key = SharePartitionKey(GROUP, desk.core.cluster.topics["orders"].id, index)
        states.initialize(states.coordinator_of(key), key, 0, -1)


class Member:
    """A member that fetches both partitions of orders."""

    def __init__(self, desk: Desk, member_id: str = "m", node_id: int = 1) -> None:
        self.desk = desk
        self.member_id = member_id
        self.client: Client = desk.client(node_id)
        self.topic_id = desk.core.cluster.topics["orders"].id
        self.epoch = 0

    def topics(self, acks: dict[int, list[tuple[int, int, list[int]]]]) -> list[dict[str, Any]]:
        names = ("first_offset", "last_offset", "acknowledge_types")
        indexes = sorted({*acks, *(() if self.epoch else (0, 1))})
        partitions = [
            {
                "partition_index": index,
                "acknowledgement_batches": [
                    dict(zip(names, each, strict=True)) for each in acks.get(index, ())
                ],
            }
            for index in indexes
        ]
        return [{"topic_id": self.topic_id, "partitions": partitions}] if partitions else []

    def fields(self, acks: dict[int, list[tuple[int, int, list[int]]]] | None, more: Any) -> dict[str, Any]:
        return {
            "group_id": GROUP,
            "member_id": self.member_id,
            "share_session_epoch": self.epoch,
            "topics": self.topics(acks or {}),
            **more,
        }

    def send_fetch(self, acks: Any = None, **more: Any) -> Any:
        """A ShareFetch: its answer's buffers, or a Pending."""
        limits = {
            "max_wait_ms": 500,
            "min_bytes": 1,
            "max_bytes": 1 << 20,
            "max_records": 500,
            "batch_size": 500,
        }
        return self.client.send("ShareFetch", 2, **(limits | self.fields(acks, more)))

    def read(self, buffers: Any) -> dict[str, Any]:
        answer = self.client.read("ShareFetch", 2, buffers)
        self.epoch += not answer["error_code"]
        return answer

    def fetch(self, acks: Any = None, **more: Any) -> dict[str, Any]:
        return self.read(self.send_fetch(acks, **more))

    def acknowledge(self, acks: Any, **more: Any) -> dict[str, Any]:
        answer = self.client.ask("ShareAcknowledge", **self.fields(acks, more))
        self.epoch += not answer["error_code"]
        return answer
