"""A random walk over everything that members of a share group, and administrators, may do."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mockbroker.core.groups.share import ShareGroup
from mockbroker.core.groups.share_requests import ShareHeartbeatResult
from mockbroker.core.share.keys import SharePartitionKey
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode
from tests.core.groups.share_bench import GROUP, ShareBench
from tests.core.groups.test_coordinator import move
from tests.core.groups.test_share_records import tables

_LOST = {ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.FENCED_MEMBER_EPOCH, ErrorCode.GROUP_ID_NOT_FOUND}
_SUBSCRIPTIONS = [("orders",), ("orders", "payments"), ("payments",), ("absent",)]


class Client:
    """A member as it sees itself."""

    def __init__(self, member_id: str, topics: tuple[str, ...]) -> None:
        self.member_id = member_id
        self.topics = topics
        self.epoch = 0
        self.has: set[tuple[bytes, int]] = set()

    def take(self, result: ShareHeartbeatResult) -> None:
        if result.error_code in _LOST:
            self.epoch, self.has = 0, set()
            return
        assert not result.error_code, result
        assert result.member_epoch >= self.epoch
        self.epoch = result.member_epoch
        if result.assignment is not None:
            self.has = {(topic_id, index) for topic_id, indexes in result.assignment for index in indexes}


class Walk(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clients: list[Client] = []
        self.named = 0
        self.can_write_states = True

    @initialize(interval=st.sampled_from([0, 1000]))
    def begin(self, interval: int) -> None:
        self.bench = ShareBench(
            2,
            offsets_topic_num_partitions=1,
            group_share_assignment_interval_ms=interval,
            auto_leader_rebalance_enable=False,
        )

    def group(self) -> ShareGroup | None:
        group = self.bench.groups.find_group(GROUP)
        assert group is None or isinstance(group, ShareGroup)
        return group

    # What clients do.

    @precondition(lambda self: len(self.clients) < 6)
    @rule(topics=st.sampled_from(_SUBSCRIPTIONS))
    def come(self, topics: tuple[str, ...]) -> None:
        self.named += 1
        client = Client(f"member-{self.named}", topics)
        self.clients.append(client)
        self.heartbeat(client)

    def heartbeat(self, client: Client) -> None:
        topics = () if client.epoch else client.topics
        client.take(self.bench.beat(client.member_id, client.epoch, *topics))

    @precondition(lambda self: self.clients)
    @rule(number=st.integers(0, 5))
    def beat(self, number: int) -> None:
        self.heartbeat(self.clients[number % len(self.clients)])

    @precondition(lambda self: self.clients)
    @rule(number=st.integers(0, 5), topics=st.sampled_from(_SUBSCRIPTIONS))
    def subscribe(self, number: int, topics: tuple[str, ...]) -> None:
        client = self.clients[number % len(self.clients)]
        client.topics = topics
        client.take(self.bench.beat(client.member_id, client.epoch, *topics))

    @precondition(lambda self: self.clients)
    @rule(number=st.integers(0, 5))
    def leave(self, number: int) -> None:
        client = self.clients.pop(number % len(self.clients))
        if client.epoch:
            self.bench.beat(client.member_id, -1)

    @precondition(lambda self: self.clients)
    @rule(number=st.integers(0, 5))
    def lose_an_answer(self, number: int) -> None:
        client = self.clients[number % len(self.clients)]
        if client.epoch:
            self.bench.beat(client.member_id, client.epoch)
            # It asks again with the epoch that it knows, and is told what it missed when it says what it reads.
            client.take(self.bench.beat(client.member_id, client.epoch, *client.topics))

    # What administrators do.

    @rule(offset=st.integers(0, 9), index=st.integers(0, 3))
    def set_offset(self, offset: int, index: int) -> None:
        group = self.group()
        altered = self.bench.alter(("orders", [(index, offset)]))
        if group is not None and group.members:
            assert altered.error_code == ErrorCode.NON_EMPTY_GROUP
        elif index < 3 and self.can_write_states:
            assert altered.topics[0].partitions == [(index, ErrorCode.NONE, None)]
            assert self.bench.offsets("orders", index)[0].start_offset == offset

    @rule()
    def delete_offsets(self) -> None:
        group = self.group()
        deleted = self.bench.delete_offsets("orders")
        if group is None:
            assert deleted.error_code == ErrorCode.GROUP_ID_NOT_FOUND
        elif group.members:
            assert deleted.error_code == ErrorCode.NON_EMPTY_GROUP
        elif self.can_write_states:
            # What is being set, and could not be, is not deleted, in Kafka neither.
            is_being_set = group.topics is not None and bool(group.topics.initializing)
            assert self.bench.state(0) == ErrorCode.INVALID_REQUEST or group.topics is None or is_being_set

    @rule()
    def delete_group(self) -> None:
        group = self.group()
        error = self.bench.delete()
        if group is None:
            assert error == ErrorCode.GROUP_ID_NOT_FOUND
        elif group.members:
            assert error == ErrorCode.NON_EMPTY_GROUP
        elif not error:
            assert self.group() is None

    # What else happens.

    @rule(seconds=st.sampled_from([0, 0.5, 1, 5, 31, 46]))
    def wait(self, seconds: float) -> None:
        self.bench.clock.advance(seconds)

    @rule()
    def move(self) -> None:
        group = self.group()
        if group is not None:
            before = tables(self.bench)[:5]
            move(self.bench)
            assert tables(self.bench)[:5] == before

    @rule(exists=st.booleans())
    def change_topics(self, exists: bool) -> None:
        cluster = self.bench.cluster
        if "payments" not in cluster.topics:
            cluster.create_topic("payments", partitions=2)
        elif exists:
            cluster.create_partitions("payments", len(cluster.topics["payments"].partitions) + 1)
        else:
            cluster.delete_topic("payments")

    @rule(can_write=st.booleans())
    def change_the_share_coordinator(self, can_write: bool) -> None:
        self.can_write_states = can_write
        self.bench.limit_states(1_000_000 if can_write else 10)

    # What must always hold.

    @invariant()
    def only_what_is_ready_is_assigned(self) -> None:
        if not hasattr(self, "bench"):
            return
        group = self.group()
        if group is None:
            return
        ready = {} if group.topics is None else group.topics.assignable
        topics = self.bench.cluster.topics_by_id
        for target in group.targets.values():
            for topic_id, indexes in target.items():
                assert topic_id not in topics or indexes <= ready.get(topic_id, frozenset())
        assert set(group.targets) <= set(group.members)
        assert group.assignment_epoch <= group.group_epoch
        for member in group.members.values():
            assert member.member_epoch <= group.assignment_epoch

    @invariant()
    def what_is_ready_has_state(self) -> None:
        if not hasattr(self, "bench"):
            return
        group = self.group()
        if group is None or group.topics is None:
            return
        for topic_id, topic in group.topics.initialized.items():
            for index in topic.partitions:
                key = SharePartitionKey(GROUP, topic_id, index)
                result = self.bench.share_states.read(self.bench.share_states.coordinator_of(key), key, -1)
                assert not isinstance(result, Pending)
                assert not result.error_code, result

    def teardown(self) -> None:
        if not hasattr(self, "bench"):
            return
        self.bench.limit_states(1_000_000)
        # What could not be set is made ready again after 30 s.
        for _ in range(7):
            self.bench.clock.advance(8)
            for client in self.clients:
                self.heartbeat(client)
        topics = self.bench.cluster.topics
        for name in ("orders", "payments"):
            readers = [client for client in self.clients if name in client.topics]
            if readers and name in topics:
                held = {
                    index
                    for client in readers
                    for topic_id, index in client.has
                    if topic_id == topics[name].id
                }
                assert held == set(range(len(topics[name].partitions))), (name, held)
        for client in self.clients:
            assert client.has == {
                (topic_id, index)
                for topic_id, indexes in self.bench.shares.members[client.member_id].assigned.items()
                for index in indexes
                if topic_id in self.bench.cluster.topics_by_id
            }


TestWalk = Walk.TestCase
TestWalk.settings = settings(
    max_examples=40,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
