"""A random walk over everything that members of a consumer group may do, against what must always hold."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mockbroker.core.groups.consumer import ConsumerGroup
from mockbroker.core.groups.results import ConsumerHeartbeatResult
from protocol_specs.errors import ErrorCode
from tests.core.groups.bench import GROUP
from tests.core.groups.consumer_bench import ConsumerBench
from tests.core.groups.test_consumer_records import tables
from tests.core.groups.test_coordinator import move

_LOST = {ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.FENCED_MEMBER_EPOCH, ErrorCode.GROUP_ID_NOT_FOUND}
_SUBSCRIPTIONS: list[dict[str, Any]] = [
    {"subscribed_topic_names": ["orders"], "subscribed_topic_regex": ""},
    {"subscribed_topic_names": ["orders", "payments"], "subscribed_topic_regex": ""},
    {"subscribed_topic_names": ["payments"], "subscribed_topic_regex": "or.*"},
    {"subscribed_topic_names": [], "subscribed_topic_regex": ".*s"},
    {"subscribed_topic_names": [], "subscribed_topic_regex": ""},
]


class Client:
    """A member as it sees itself.

    Attributes:
        revoking: what it was told to give up, and has not.
        said: what it has said last of its subscription.
        says_all: it got no answer, so it says everything again.
    """

    def __init__(self, member_id: str, instance_id: str | None, subscription: dict[str, Any]) -> None:
        self.said = subscription
        self.says_all = False
        self.member_id = member_id
        self.instance_id = instance_id
        self.epoch = 0
        self.owned: set[tuple[bytes, int]] = set()
        self.revoking: set[tuple[bytes, int]] = set()
        self.added: set[tuple[bytes, int]] = set()

    def has(self) -> list[tuple[bytes, list[int]]]:
        by_topic: dict[bytes, list[int]] = {}
        for topic_id, index in sorted(self.owned):
            by_topic.setdefault(topic_id, []).append(index)
        return list(by_topic.items())

    def take(self, result: ConsumerHeartbeatResult) -> None:
        if result.error_code in _LOST:
            self.epoch = 0
            self.owned, self.revoking, self.added = set(), set(), set()
            return
        assert not result.error_code, result
        self.epoch = result.member_epoch
        if result.assignment is not None:
            assigned = {(topic_id, index) for topic_id, indexes in result.assignment for index in indexes}
            self.revoking = self.owned - assigned
            self.added = assigned - self.owned

    def reconcile(self) -> None:
        """Give up first; what is new is taken when that is done."""
        self.owned -= self.revoking
        self.owned |= self.added
        self.revoking, self.added = set(), set()


class Walk(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clients: list[Client] = []
        self.named = 0
        self.committed = 0
        #: member ids and epochs that were refused.
        self.fenced: set[tuple[str, int]] = set()

    @initialize(interval=st.sampled_from([0, 1000]), assignors=st.sampled_from(["uniform", "range"]))
    def begin(self, interval: int, assignors: str) -> None:
        self.bench = ConsumerBench(
            2,
            offsets_topic_num_partitions=1,
            group_consumer_assignment_interval_ms=interval,
            group_consumer_assignors=assignors,
            auto_leader_rebalance_enable=False,
            # A group that is gone and comes again counts its epochs anew.
            offsets_retention_check_interval_ms=10**9,
        )

    def group(self) -> ConsumerGroup | None:
        group = self.bench.groups.find_group(GROUP)
        assert group is None or isinstance(group, ConsumerGroup)
        return group

    def knows(self, client: Client) -> bool:
        group = self.group()
        member = None if group is None else group.members.get(client.member_id)
        return client.epoch > 0 and member is not None and member.member_epoch >= 0

    # What clients do.

    @precondition(lambda self: len(self.clients) < 6)
    @rule(
        instance=st.sampled_from([None, None, None, "one", "two"]),
        subscription=st.sampled_from(_SUBSCRIPTIONS),
    )
    def come(self, instance: str | None, subscription: dict[str, Any]) -> None:
        self.named += 1
        client = Client(f"member-{self.named}", instance, subscription)
        if self.join(client):
            self.clients.append(client)

    def join(self, client: Client) -> bool:
        result = self.bench.beat(
            client.member_id,
            0,
            instance_id=client.instance_id,
            rebalance_timeout_ms=20_000,
            owned=(),
            **client.said,
        )
        if result.error_code == ErrorCode.UNRELEASED_INSTANCE_ID:
            return False
        client.owned = set()
        client.take(result)
        return True

    @precondition(lambda self: self.clients)
    @rule(number=st.integers(0, 5), says_owned=st.booleans(), is_slow=st.booleans())
    def beat(self, number: int, says_owned: bool, is_slow: bool) -> None:
        client = self.clients[number % len(self.clients)]
        if not is_slow:
            client.reconcile()
        self.heartbeat(client, says_owned)

    def heartbeat(self, client: Client, says_owned: bool = True, **changes: Any) -> None:
        if client.epoch == 0:
            if not self.join(client):
                self.clients.remove(client)
            return
        if client.says_all:
            says_owned = True
            changes = {**client.said, "rebalance_timeout_ms": 20_000}
        owned = client.has() if says_owned else None
        result = self.bench.beat(
            client.member_id, client.epoch, instance_id=client.instance_id, owned=owned, **changes
        )
        if result.error_code in _LOST:
            self.fenced.add((client.member_id, client.epoch))
        if result.error_code in (ErrorCode.FENCED_INSTANCE_ID, ErrorCode.UNRELEASED_INSTANCE_ID):
            self.clients.remove(client)
            return
        client.says_all = False
        client.take(result)

    @precondition(lambda self: self.clients)
    @rule(number=st.integers(0, 5), subscription=st.sampled_from(_SUBSCRIPTIONS))
    def subscribe(self, number: int, subscription: dict[str, Any]) -> None:
        client = self.clients[number % len(self.clients)]
        client.said = subscription
        if client.epoch:
            self.heartbeat(client, **subscription)

    @precondition(lambda self: self.clients)
    @rule(number=st.integers(0, 5), for_a_while=st.booleans())
    def leave(self, number: int, for_a_while: bool) -> None:
        client = self.clients.pop(number % len(self.clients))
        epoch = -2 if for_a_while and client.instance_id else -1
        self.bench.beat(client.member_id, epoch, instance_id=client.instance_id)

    @precondition(lambda self: self.clients)
    @rule(number=st.integers(0, 5))
    def lose_an_answer(self, number: int) -> None:
        client = self.clients[number % len(self.clients)]
        if client.epoch and self.knows(client):
            self.bench.beat(
                client.member_id, client.epoch, instance_id=client.instance_id, owned=client.has()
            )
            client.says_all = True

    @precondition(lambda self: self.clients)
    @rule(number=st.integers(0, 5))
    def commit(self, number: int) -> None:
        client = self.clients[number % len(self.clients)]
        error = self.bench.commit(
            self.committed + 1, member_id=client.member_id, generation_id=client.epoch, version=9
        )
        if error:
            assert error in (ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.STALE_MEMBER_EPOCH) or not client.epoch
        else:
            self.committed += 1

    @precondition(lambda self: self.fenced)
    @rule(data=st.data(), owned=st.sampled_from([None, ()]))
    def come_back_from_the_dead(self, data: st.DataObject, owned: Any) -> None:
        """Whoever was fenced stays fenced: in that epoch it neither goes on nor commits."""
        member_id, epoch = data.draw(st.sampled_from(sorted(self.fenced)))
        assert self.bench.beat(member_id, epoch, owned=owned).error_code in _LOST
        assert self.bench.commit(99, member_id=member_id, generation_id=epoch, version=9)

    # What else happens.

    @rule(seconds=st.sampled_from([0, 0.5, 1, 5, 11, 21, 46]))
    def wait(self, seconds: float) -> None:
        self.bench.clock.advance(seconds)

    @rule()
    def move(self) -> None:
        self.bench.clock.advance(0)
        group = self.group()
        if group is not None and group.members:
            before = tables(self.bench)[1:]
            move(self.bench)
            assert tables(self.bench)[1:] == before

    @rule(exists=st.booleans())
    def change_topics(self, exists: bool) -> None:
        cluster = self.bench.cluster
        if "payments" not in cluster.topics:
            cluster.create_topic("payments", partitions=2)
        elif exists:
            cluster.create_partitions("payments", len(cluster.topics["payments"].partitions) + 1)
        else:
            cluster.delete_topic("payments")

    @rule()
    def come_to_rest(self) -> None:
        """When nothing happens any more, everybody has what the target says, and all of it is somebody's."""
        for seconds in (4,) * 12 + (0,) * 6:
            self.bench.clock.advance(seconds)
            for client in list(self.clients):
                client.reconcile()
                self.heartbeat(client)
        group = self.group()
        if group is None or not self.clients:
            return
        away = [member for member in group.members.values() if member.member_epoch == -2]
        if away:
            return
        assert group.state_name == "Stable"
        if not all(any(client.said.values()) for client in self.clients):
            # Kafka, and so we, may still take all subscriptions for alike when one joins that subscribes to nothing.
            return
        topics = self.bench.cluster.topics
        wanted = {
            (topics[name].id, index)
            for name in group.subscriptions
            if name in topics
            for index in range(len(topics[name].partitions))
        }
        assert set().union(*(client.owned for client in self.clients)) == wanted

    # What always holds.

    @invariant()
    def nobody_has_what_somebody_else_has(self) -> None:
        known = [client for client in self.clients if self.knows(client)]
        assert sum(len(client.owned) for client in known) == len(
            set().union(*(client.owned for client in known))
        )

    @invariant()
    def commits_never_go_back(self) -> None:
        if self.committed:
            assert self.bench.fetched() == [self.committed]

    @invariant()
    def targets_do_not_overlap(self) -> None:
        group = self.group()
        if group is None:
            return
        targets = [
            (topic_id, index)
            for target in group.targets.values()
            for topic_id, indexes in target.items()
            for index in indexes
        ]
        assert len(targets) == len(set(targets))
        assert set(group.targets) <= set(group.members)
        assert group.assignment_epoch <= group.group_epoch
        assert all(member.member_epoch <= group.assignment_epoch for member in group.members.values())
        assert set(group.timers.sessions) == set(group.members)

    @invariant()
    def counts_are_right(self) -> None:
        group = self.group()
        if group is None:
            return
        again = ConsumerGroup(GROUP, self.bench.clock)
        for regex, resolved in group.resolved.items():
            again.resolve(regex, resolved)
        for member in group.members.values():
            again.put_member(member)
        assert again.subscriptions == group.subscriptions
        assert again.regexes == group.regexes
        assert again.static_members == group.static_members
        taken = {id: dict(epochs) for id, epochs in group._partition_epochs.items()}
        assert taken == again._partition_epochs


Walk.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestWalk = Walk.TestCase
