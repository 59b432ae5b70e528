"""A random walk over everything that members of a classic group may do, in any order, against what must always hold."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mockbroker.core import brokers
from mockbroker.core.groups.classic import ClassicGroup
from mockbroker.core.groups.classic_states import ClassicState
from mockbroker.core.groups.results import JoinResult, SyncResult
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode
from tests.core.groups.bench import GROUP, ORDERS, Bench, subscription
from tests.core.groups.test_coordinator import home, move

PROTOCOLS = [
    (("range", ORDERS),),
    (("range", subscription("orders", "payments")),),
    (("range", ORDERS), ("sticky", ORDERS)),
    (("sticky", ORDERS), ("range", ORDERS)),
]


class Client:
    """A member as it sees itself."""

    def __init__(self, member_id: str, instance_id: str | None) -> None:
        self.member_id = member_id
        self.instance_id = instance_id
        self.generation_id = -1
        self.joined: JoinResult | None = None
        #: what it waits for, and the coordinator's leader epoch at that time.
        self.waiting: Pending | None = None


class Walk(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(2, offsets_topic_num_partitions=1, group_max_size=5)
        self.clients: list[Client] = []
        #: by (leader epoch, generation): leader and protocol that were told.
        self.told: dict[tuple[int, int], tuple[str, str | None]] = {}
        #: what was assigned: by (generation, member id).
        self.assigned: dict[tuple[int, str], bytes] = {}
        #: who was told to own a partition: by (leader epoch, generation), then partition.
        self.owners: dict[tuple[int, int], dict[bytes, str]] = {}
        self.committed = 0
        #: member ids and generations that were refused for good, in which leader epoch.
        self.fenced: set[tuple[str, int, int]] = set()

    def group(self) -> ClassicGroup | None:
        group = self.bench.groups.find_group(GROUP)
        assert group is None or isinstance(group, ClassicGroup)
        return group

    def epoch(self) -> int:
        return home(self.bench).leader_epoch

    # What clients do.

    def take(self, client: Client, answer: Any) -> None:
        """Let a client have an answer, or wait for it."""
        if isinstance(answer, Pending):
            if answer.is_settled:
                answer = answer.reply
            else:
                client.waiting = answer
                epoch = self.epoch()
                answer.on_settled = lambda: self.settled(client, answer, epoch)
                return
        self.read(client, answer, self.epoch())

    def settled(self, client: Client, pending: Pending, epoch: int) -> None:
        if client.waiting is pending:
            client.waiting = None
        self.read(client, pending.reply, epoch)

    def read(self, client: Client, answer: JoinResult | SyncResult, epoch: int) -> None:
        if isinstance(answer, JoinResult):
            if answer.error_code == ErrorCode.MEMBER_ID_REQUIRED:
                client.member_id = answer.member_id
            if answer.error_code:
                return
            told = self.told.setdefault((epoch, answer.generation_id), (answer.leader, answer.protocol_name))
            is_replaced = client.instance_id is not None or told[0] not in self.ids()
            assert told == (answer.leader, answer.protocol_name) or is_replaced, "one leader, one protocol"
            assert bool(answer.members) == (answer.leader == answer.member_id)
            client.member_id = answer.member_id
            client.generation_id = answer.generation_id
            client.joined = answer
        elif not answer.error_code:
            expected = self.assigned.get((client.generation_id, client.member_id))
            assert expected is None or answer.assignment in (expected, b""), "an answer of its generation"
            owners = self.owners.setdefault((epoch, client.generation_id), {})
            name = client.instance_id or client.member_id
            for partition in answer.assignment.split():
                assert owners.setdefault(partition, name) == name, "one owner in one generation"

    def ids(self) -> set[str]:
        return {client.member_id for client in self.clients if client.instance_id is None}

    def pick(self, number: int) -> Client:
        return self.clients[number % len(self.clients)]

    @rule(instance=st.sampled_from([None, None, None, "one", "two"]), protocols=st.sampled_from(PROTOCOLS))
    def come(self, instance: str | None, protocols: Any) -> None:
        client = Client("", instance)
        self.clients.append(client)
        self.take(client, self.bench.ask_to_join(group_instance_id=instance, protocols=protocols))

    @precondition(lambda self: self.clients)
    @rule(number=st.integers(0, 30), protocols=st.sampled_from(PROTOCOLS))
    def join_again(self, number: int, protocols: Any) -> None:
        client = self.pick(number)
        if client.waiting is None:
            answer = self.bench.ask_to_join(
                client.member_id, group_instance_id=client.instance_id, protocols=protocols
            )
            self.take(client, answer)

    @precondition(lambda self: self.clients)
    @rule(number=st.integers(0, 30))
    def sync(self, number: int) -> None:
        client = self.pick(number)
        if client.waiting is not None or client.joined is None:
            return
        members = client.joined.members
        assignments = [
            (member.member_id, b" ".join(b"%d" % index for index in range(place, 8, len(members))))
            for place, member in enumerate(members)
        ]
        group = self.group()
        if group is not None and group.state is ClassicState.COMPLETING_REBALANCE and assignments:
            self.assigned.update({(client.generation_id, member): part for member, part in assignments})
        answer = self.bench.ask_to_sync(
            client.member_id,
            client.generation_id,
            group_instance_id=client.instance_id,
            assignments=assignments,
            protocol_name=client.joined.protocol_name,
        )
        self.take(client, answer)

    @precondition(lambda self: self.clients)
    @rule(number=st.integers(0, 30))
    def beat(self, number: int) -> None:
        client = self.pick(number)
        error = self.bench.heartbeat(client.member_id, client.generation_id, client.instance_id)
        if error in (ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.FENCED_INSTANCE_ID) and client.generation_id >= 0:
            self.fenced.add((client.member_id, client.generation_id, self.epoch()))

    @precondition(lambda self: self.fenced)
    @rule(data=st.data())
    def come_back_from_the_dead(self, data: st.DataObject) -> None:
        """Whoever is no member any more neither goes on nor commits."""
        member_id, generation_id, epoch = data.draw(st.sampled_from(sorted(self.fenced)))
        if epoch == self.epoch():
            assert self.bench.heartbeat(member_id, generation_id, None)
            assert self.bench.commit(99, member_id=member_id, generation_id=generation_id)

    @precondition(lambda self: self.clients)
    @rule(number=st.integers(0, 30))
    def commit(self, number: int) -> None:
        client = self.pick(number)
        error = self.bench.commit(
            self.committed + 1, member_id=client.member_id, generation_id=client.generation_id
        )
        if not error:
            self.committed += 1

    @precondition(lambda self: self.clients)
    @rule(number=st.integers(0, 30))
    def leave(self, number: int) -> None:
        client = self.clients.pop(number % len(self.clients))
        self.bench.leave(client.member_id)

    @rule(seconds=st.sampled_from([0.0, 0.04, 0.06, 3.0, 9.0, 11.0, 61.0]))
    def pass_time(self, seconds: float) -> None:
        self.wait(seconds)

    def wait(self, seconds: float) -> None:
        self.bench.clock.advance(seconds)
        # Preferred leaders may have taken over.
        self.bench.broker = self.bench.groups.find_coordinator(GROUP)

    @precondition(lambda self: self.clients)
    @rule(protocols=st.sampled_from(PROTOCOLS), syncs=st.booleans(), again=st.booleans())
    def agree(self, protocols: Any, syncs: bool, again: bool) -> None:
        """Everybody joins, the initial delay passes, everybody syncs."""
        for _ in range(1 + again):
            for number in range(len(self.clients)):
                self.join_again(number, protocols)
            self.wait(0.4)
        for number in range(len(self.clients)) if syncs else ():
            self.sync(number)

    @rule(what=st.sampled_from(["nothing", "nothing", "nothing", "move", "restart"]))
    def disturb(self, what: str) -> None:
        if what == "move":
            self.move_coordinator()
        elif what == "restart":
            self.restart_broker()

    def move_coordinator(self) -> None:
        before = self.group()
        assigned = before is not None and before.state is ClassicState.STABLE
        members = None if before is None else list(before.roster.members)
        move(self.bench)
        after = self.group()
        if assigned and before is not None:
            assert after is not None
            assert (after.generation_id, list(after.roster.members)) == (before.generation_id, members)
            assert after.protocol_name == before.protocol_name

    def restart_broker(self) -> None:
        broker = self.bench.broker
        brokers.kill(self.bench.cluster, broker)
        brokers.start(self.bench.cluster, broker)
        self.bench.broker = self.bench.groups.find_coordinator(GROUP)

    # What must hold.

    @invariant()
    def the_roster_is_in_order(self) -> None:
        group = self.group()
        if group is None:
            return
        roster = group.roster
        members = roster.members
        assert roster.joining_count == sum(member.joining is not None for member in members.values())
        support = Counter(name for member in members.values() for name, _ in member.protocols)
        assert +roster._support == support
        assert (roster.leader_id in members) == bool(members)
        assert roster.static_members == {
            member.group_instance_id: id for id, member in members.items() if member.group_instance_id
        }
        assert not set(members) & set(roster.pending_members)
        assert all(deadline.when is not None for deadline in roster.pending_members.values())
        assert roster.joining_count <= 5

    @invariant()
    def the_state_fits(self) -> None:
        group = self.group()
        if group is None:
            return
        members = group.roster.members.values()
        waiting_to_join = any(member.joining is not None for member in members)
        waiting_to_sync = any(member.syncing is not None for member in members)
        if group.state is ClassicState.EMPTY:
            assert not members
        if group.state in (ClassicState.COMPLETING_REBALANCE, ClassicState.STABLE):
            assert members
            assert not waiting_to_join
            assert all(any(name == group.protocol_name for name, _ in member.protocols) for member in members)
        if group.state is not ClassicState.COMPLETING_REBALANCE:
            assert not waiting_to_sync
        if group.state is ClassicState.PREPARING_REBALANCE:
            assert group.join_alarm is not None
            assert group.join_alarm.is_set
        if group.sync_alarm is not None:
            assert group.state in (ClassicState.COMPLETING_REBALANCE, ClassicState.STABLE)
            assert group.awaiting_sync

    @invariant()
    def nobody_waits_in_vain(self) -> None:
        group = self.group()
        parked = set()
        if group is not None:
            for member in group.roster.members.values():
                parked.update({id(member.joining), id(member.syncing)})
        for client in self.clients:
            if client.waiting is not None:
                assert id(client.waiting) in parked, "an answer that nobody owes"

    @invariant()
    def commits_never_go_back(self) -> None:
        if self.group() is not None:
            assert self.bench.fetched() == [self.committed or -1]

    def teardown(self) -> None:
        """Left alone, everybody is answered, and the group ends up empty."""
        self.wait(1000.0)
        assert not [client for client in self.clients if client.waiting is not None]
        group = self.group()
        assert group is None or group.is_empty


TestWalk = Walk.TestCase
TestWalk.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
