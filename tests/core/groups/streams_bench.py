"""A group coordinator on a told clock, and members that speak the streams protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mockbroker.core.groups.streams import StreamsGroup
from mockbroker.core.groups.streams_messages import AskedTopology, StreamsHeartbeat, StreamsHeartbeatResult
from mockbroker.core.groups.streams_topology import CopartitionGroup, Subtopology, TopicInfo
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode
from tests.core.groups.bench import GROUP, Bench

__all__ = ["GROUP", "PLAIN", "STATEFUL", "Client", "StreamsBench", "part", "tasks", "topology"]

SESSION = 45.0
INTERVAL = 5.0
REVOKE = 60.0


def part(
    id: str,
    *sources: str,
    sinks: Sequence[str] = (),
    repartition: Sequence[str | TopicInfo] = (),
    changelogs: Sequence[str | TopicInfo] = (),
    copartition: Sequence[tuple[Sequence[int], Sequence[int]]] = (),
) -> Subtopology:
    """A subtopology; of copartition groups, the indexes of source topics and of repartition topics."""
    return Subtopology(
        id,
        sources,
        (),
        tuple(TopicInfo(topic) if isinstance(topic, str) else topic for topic in changelogs),
        tuple(sinks),
        tuple(TopicInfo(topic) if isinstance(topic, str) else topic for topic in repartition),
        tuple(CopartitionGroup(tuple(external), (), tuple(internal)) for external, internal in copartition),
    )


def topology(*parts: Subtopology, epoch: int = 0) -> AskedTopology:
    return AskedTopology(epoch, parts)


def tasks(of: Mapping[str, Sequence[int] | frozenset[int]]) -> list[tuple[str, list[int]]]:
    return [(id, sorted(partitions)) for id, partitions in of.items()]


#: Three tasks, one of each partition of "orders".
PLAIN = topology(part("0", "orders"))
#: Three tasks that write to a repartition topic, and three with a store.
STATEFUL = topology(
    part("0", "orders", sinks=["billing-keyed"]),
    part("1", repartition=["billing-keyed"], changelogs=["billing-store"]),
)


class StreamsBench(Bench):
    """One cluster with its group coordinator. It gives the first member its tasks at once, unless told to wait."""

    def __init__(self, brokers: int = 1, **settings: Any) -> None:
        super().__init__(brokers, **({"group_streams_initial_rebalance_delay_ms": 0} | settings))

    @property
    def streams(self) -> StreamsGroup:
        group = self.groups.find_group(GROUP)
        assert isinstance(group, StreamsGroup)
        return group

    def create(self, result: StreamsHeartbeatResult) -> StreamsHeartbeatResult:
        """Create the internal topics that an answer says are missing."""
        for topic in result.missing_topics:
            self.cluster.create_topic(topic.name, partitions=topic.partitions)
        return result

    def ask(self, member_id: str, epoch: int, **changes: Any) -> StreamsHeartbeatResult | Pending:
        """A StreamsGroupHeartbeat as it is answered at once."""
        request = StreamsHeartbeat(GROUP, member_id, epoch, "app", "127.0.0.1", create_topics=self.create)
        return self.groups.streams.heartbeat(self.broker, request._replace(**changes))

    def beat(
        self, member_id: str, epoch: int, has: Any = None, copies: Any = None, **changes: Any
    ) -> StreamsHeartbeatResult:
        """A StreamsGroupHeartbeat that does not wait.

        Args:
            has, copies: the member's active and standby tasks, by subtopology; None: it does not say.
        """
        if has is not None:
            changes = {"active": tasks(has), "standby": tasks(copies or {}), "warmup": (), **changes}
        result = self.ask(member_id, epoch, **changes)
        assert isinstance(result, StreamsHeartbeatResult)
        return result

    def joining(self, member_id: str, topology: AskedTopology = PLAIN, **changes: Any) -> dict[str, Any]:
        given: dict[str, Any] = {"active": (), "standby": (), "warmup": (), "topology": topology}
        given |= {"rebalance_timeout_ms": int(REVOKE * 1000), "process_id": f"process-of-{member_id}"}
        return given | changes

    def join(self, member_id: str, topology: AskedTopology = PLAIN, **changes: Any) -> StreamsHeartbeatResult:
        """The first heartbeat of a member."""
        return self.beat(member_id, 0, **self.joining(member_id, topology, **changes))

    def refusal(self, member_id: str, epoch: int, *has: Any, **changes: Any) -> tuple[ErrorCode, str | None]:
        result = self.beat(member_id, epoch, *has, **changes)
        assert result == StreamsHeartbeatResult(result.error_code, result.error_message)
        return result.error_code, result.error_message

    def client(self, member_id: str, topology: AskedTopology = PLAIN, **changes: Any) -> Client:
        """A member that joins."""
        return Client(self, member_id, topology, changes)

    def settle(self, *clients: Client) -> None:
        """Let all send heartbeats until nothing changes."""
        for _ in range(8):
            for client in clients:
                client.beat()
        assert self.streams.state_name == "Stable", self.streams

    def committed_as(self, member_id: str, epoch: int, **changes: Any) -> ErrorCode:
        return self.commit(member_id=member_id, generation_id=epoch, **changes)


class Client:
    """A member as it sees itself: it gives up, and takes, whatever it is told.

    Attributes:
        is_slow: it keeps what it is to give up.
    """

    def __init__(
        self, bench: StreamsBench, member_id: str, topology: AskedTopology, changes: dict[str, Any]
    ) -> None:
        self.bench = bench
        self.member_id = member_id
        self.epoch = 0
        self.active: dict[str, list[int]] = {}
        self.standby: dict[str, list[int]] = {}
        self.is_slow = False
        self.take(bench.join(member_id, topology, **changes))

    def beat(self, **changes: Any) -> StreamsHeartbeatResult:
        """A heartbeat that says what it has."""
        result = self.bench.beat(self.member_id, self.epoch, self.active, self.standby, **changes)
        self.take(result)
        return result

    def take(self, result: StreamsHeartbeatResult) -> None:
        assert not result.error_code, result
        self.epoch = result.member_epoch
        if result.tasks is not None and not self.is_slow:
            self.active = dict(tasks(result.tasks.active))
            self.standby = dict(tasks(result.tasks.standby))
