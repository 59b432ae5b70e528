"""A group coordinator on a told clock, and members that speak the consumer protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mockbroker.core.groups.consumer import ConsumerGroup
from mockbroker.core.groups.requests import ConsumerHeartbeat, LeavingMember
from mockbroker.core.groups.results import ConsumerHeartbeatResult
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode
from tests.core.groups.bench import GROUP, Bench

__all__ = ["GROUP", "INTERVAL", "SESSION", "Consumer", "ConsumerBench"]

SESSION = 45.0
INTERVAL = 5.0
REVOKE = 60.0


class ConsumerBench(Bench):
    """One cluster with its group coordinator. As Kafka does, it answers the first member at once."""

    def __init__(self, brokers: int = 1, **settings: Any) -> None:
        super().__init__(brokers, **({"group_initial_rebalance_delay_ms": 0} | settings))

    @property
    def consumers(self) -> ConsumerGroup:
        group = self.groups.find_group(GROUP)
        assert isinstance(group, ConsumerGroup)
        return group

    def ask(self, member_id: str, epoch: int, **changes: Any) -> ConsumerHeartbeatResult | Pending:
        """A ConsumerGroupHeartbeat as it is answered at once."""
        request = ConsumerHeartbeat(GROUP, member_id, epoch, 1, "app", "127.0.0.1")
        return self.groups.consumers.heartbeat(self.broker, request._replace(**changes))

    def beat(self, member_id: str, epoch: int, **changes: Any) -> ConsumerHeartbeatResult:
        """A ConsumerGroupHeartbeat that does not wait."""
        result = self.ask(member_id, epoch, **changes)
        assert isinstance(result, ConsumerHeartbeatResult)
        return result

    def join(self, member_id: str, *topics: str, **changes: Any) -> ConsumerHeartbeatResult:
        """The first heartbeat of a member."""
        given = {"rebalance_timeout_ms": int(REVOKE * 1000), "subscribed_topic_names": topics, "owned": ()}
        if "subscribed_topic_regex" in changes:
            del given["subscribed_topic_names"]
        return self.beat(member_id, 0, **(given | changes))

    def refusal(self, member_id: str, epoch: int, **changes: Any) -> tuple[ErrorCode, str | None]:
        result = self.beat(member_id, epoch, **changes)
        assert result[2:] == (None, 0, 0, None)
        return result.error_code, result.error_message

    def consumer(self, member_id: str, *topics: str, **changes: Any) -> Consumer:
        """A member that joins."""
        return Consumer(self, member_id, topics or ("orders",), changes)

    def settle(self, *consumers: Consumer) -> None:
        """Let all send heartbeats until nothing changes."""
        for _ in range(8):
            for consumer in consumers:
                consumer.beat()
        assert self.consumers.state_name == "Stable", self.consumers

    def leave_error(self, member_id: str) -> ErrorCode:
        """A LeaveGroup that is refused as a whole."""
        result = self.groups.leave_group(self.broker, GROUP, [LeavingMember(member_id)])
        assert not isinstance(result, Pending)
        return result.error_code

    def committed_as(self, member_id: str, epoch: int, **changes: Any) -> ErrorCode:
        return self.commit(member_id=member_id, generation_id=epoch, **changes)


class Consumer:
    """A member as it sees itself: it gives up, and takes, whatever it is told.

    Attributes:
        owned: its partitions by topic name.
        is_slow: it keeps what it is to give up.
    """

    def __init__(
        self, bench: ConsumerBench, member_id: str, topics: Sequence[str], changes: dict[str, Any]
    ) -> None:
        self.bench = bench
        self.member_id = member_id
        self.epoch = 0
        self.owned: dict[str, list[int]] = {}
        self.is_slow = False
        self._instance = {key: changes[key] for key in changes if key == "instance_id"}
        self.take(bench.join(member_id, *topics, **changes))

    def beat(self, **changes: Any) -> ConsumerHeartbeatResult:
        """A heartbeat that says what it has."""
        topics = self.bench.cluster.topics
        owned = [(topics[name].id, indexes) for name, indexes in self.owned.items() if name in topics]
        given = {"owned": owned, **self._instance, **changes}
        result = self.bench.beat(self.member_id, self.epoch, **given)
        self.take(result)
        return result

    def take(self, result: ConsumerHeartbeatResult) -> None:
        assert not result.error_code, result
        self.epoch = result.member_epoch
        if result.assignment is not None:
            by_id = self.bench.cluster.topics_by_id
            given = {by_id[id].name: list(indexes) for id, indexes in result.assignment if id in by_id}
            if not self.is_slow:
                self.owned = given
