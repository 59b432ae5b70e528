"""A group coordinator on a told clock, and members of a share group."""

from __future__ import annotations

from typing import Any

from mockbroker.core.groups.requests import TopicPartitions
from mockbroker.core.groups.share import ShareGroup
from mockbroker.core.groups.share_requests import (
    AlteredOffsets,
    DeletedShareOffsets,
    NewShareOffsets,
    ShareGroupOffsets,
    ShareHeartbeat,
    ShareHeartbeatResult,
    ShareOffset,
)
from mockbroker.core.share.keys import SharePartitionKey
from mockbroker.core.share.state_records import ShareState
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode
from tests.core.groups.bench import GROUP, Bench

__all__ = ["GROUP", "INTERVAL", "SESSION", "ShareBench"]

SESSION = 45.0
INTERVAL = 5.0


class ShareBench(Bench):
    """One cluster with its group coordinator. As Kafka does, it answers the first member at once."""

    def __init__(self, brokers: int = 1, **settings: Any) -> None:
        given = {"group_initial_rebalance_delay_ms": 0, "share_coordinator_state_topic_num_partitions": 3}
        super().__init__(brokers, **(given | settings))

    @property
    def shares(self) -> ShareGroup:
        group = self.groups.find_group(GROUP)
        assert isinstance(group, ShareGroup)
        return group

    def id_of(self, topic: str = "orders") -> bytes:
        return self.cluster.topics[topic].id

    # Members.

    def ask(self, member_id: str, epoch: int, *topics: str, **changes: Any) -> ShareHeartbeatResult | Pending:
        """A ShareGroupHeartbeat as it is answered at once."""
        request = ShareHeartbeat(GROUP, member_id, epoch, "app", "127.0.0.1", None, topics or None)
        return self.groups.shares.heartbeat(self.broker, request._replace(**changes))

    def beat(self, member_id: str, epoch: int, *topics: str, **changes: Any) -> ShareHeartbeatResult:
        """A ShareGroupHeartbeat that does not wait."""
        result = self.ask(member_id, epoch, *topics, **changes)
        assert isinstance(result, ShareHeartbeatResult)
        return result

    def refusal(
        self, member_id: str, epoch: int, *topics: str, **changes: Any
    ) -> tuple[ErrorCode, str | None]:
        result = self.beat(member_id, epoch, *topics, **changes)
        assert result[2:] == (None, 0, 0, None)
        return result.error_code, result.error_message

    def settled(self, *members: str) -> None:
        """A group whose members subscribe to orders, and have their partitions."""
        for member_id in members:
            self.beat(member_id, 0, "orders")
        for _ in range(2):
            for member_id in members:
                self.beat(member_id, self.shares.members[member_id].member_epoch)

    def held(self, *members: str) -> list[list[int]]:
        """The partitions of orders that each of these members has."""
        return [sorted(self.shares.members[id].assigned.get(self.id_of(), ())) for id in members]

    def all_held(self, *members: str) -> list[int]:
        """The partitions of orders that these members have, all in all."""
        return sorted(index for held in self.held(*members) for index in held)

    # Offsets.

    def described(self, *topics: TopicPartitions, group: str = GROUP) -> ShareGroupOffsets:
        """A DescribeShareGroupOffsets; of all topics unless some are named."""
        found = self.groups.shares.offsets.describe(self.broker, group, topics or None)
        assert isinstance(found, ShareGroupOffsets)
        return found

    def offsets(self, topic: str = "orders", *partitions: int) -> list[ShareOffset]:
        """The offsets of some partitions."""
        [found] = self.described(TopicPartitions(topic, partitions or (0,))).topics
        return list(found.partitions)

    def alter(self, *topics: tuple[str, list[tuple[int, int]]], group: str = GROUP) -> AlteredOffsets:
        asked = [NewShareOffsets(name, offsets) for name, offsets in topics]
        altered = self.groups.shares.changes.alter(self.broker, group, asked)
        assert isinstance(altered, AlteredOffsets)
        return altered

    def delete_offsets(self, *topics: str, group: str = GROUP) -> DeletedShareOffsets:
        deleted = self.groups.shares.changes.delete(self.broker, group, topics)
        assert isinstance(deleted, DeletedShareOffsets)
        return deleted

    def delete(self) -> ErrorCode:
        """A DeleteGroups of the group."""
        results = self.groups.delete_groups(self.broker, [GROUP])
        assert not isinstance(results, Pending)
        [(_, error)] = results
        return error

    def state(self, partition: int = 0, topic: str = "orders") -> ShareState | ErrorCode:
        """What the share coordinator knows of a partition, or why it knows nothing."""
        key = SharePartitionKey(GROUP, self.id_of(topic), partition)
        result = self.share_states.read(self.share_states.coordinator_of(key), key, -1)
        assert not isinstance(result, Pending)
        return result.error_code or result.state

    def limit_states(self, max_message_bytes: int) -> None:
        """Say how long what the share coordinator writes may be; with 10 it can write nothing."""
        topic = self.cluster.topics.get("__share_group_state")
        if topic is None:
            topic = self.cluster.auto_create_topic("__share_group_state")
        changed = {**topic.overrides, "max.message.bytes": str(max_message_bytes)}
        self.cluster.set_topic_configs(topic, changed)
