"""A random walk over everything that members of a streams group may do, against what must always hold."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mockbroker.core.groups.streams import StreamsGroup
from mockbroker.core.groups.streams_messages import StreamsHeartbeatResult
from mockbroker.core.groups.streams_owners import TaskOwners
from mockbroker.core.groups.streams_tasks import Tasks
from protocol_specs.errors import ErrorCode
from tests.core.groups.bench import GROUP
from tests.core.groups.streams_bench import StreamsBench, part, topology
from tests.core.groups.test_coordinator import move
from tests.core.groups.test_streams_records import tables

_LOST = {ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.FENCED_MEMBER_EPOCH, ErrorCode.GROUP_ID_NOT_FOUND}
_APPLICATION = topology(
    part("0", "orders", sinks=["keyed"]), part("1", "payments", repartition=["keyed"], changelogs=["log"])
)

_Task = tuple[str, int]


class Member:
    """A member as it sees itself: what it has, active and standby, and what it was told to give up and to take."""

    def __init__(self, member_id: str, process_id: str) -> None:
        self.member_id = member_id
        self.process_id = process_id
        self.epoch = 0
        self.has: tuple[set[_Task], set[_Task]] = (set(), set())
        self.told: tuple[set[_Task], set[_Task]] = (set(), set())

    def says(self) -> list[dict[str, list[int]]]:
        result = []
        for kind in self.has:
            by_part: dict[str, list[int]] = {}
            for id, index in sorted(kind):
                by_part.setdefault(id, []).append(index)
            result.append(by_part)
        return result

    def take(self, result: StreamsHeartbeatResult) -> None:
        if result.error_code in _LOST:
            self.epoch = 0
            self.has, self.told = (set(), set()), (set(), set())
            return
        assert not result.error_code, result
        self.epoch = result.member_epoch
        if result.tasks is not None:
            self.told = _each(result.tasks.active), _each(result.tasks.standby)

    def reconcile(self) -> None:
        self.has = set(self.told[0]), set(self.told[1])


def _each(tasks: Any) -> set[_Task]:
    return {(id, index) for id, indexes in tasks.items() for index in indexes}


class Walk(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.members: list[Member] = []
        self.named = 0
        self.committed = 0
        #: member ids and epochs that were refused.
        self.fenced: set[tuple[str, int]] = set()

    @initialize(
        interval=st.sampled_from([0, 1000]),
        delay=st.sampled_from([0, 3000]),
        standbys=st.sampled_from([0, 1, 2]),
    )
    def begin(self, interval: int, delay: int, standbys: int) -> None:
        self.bench = StreamsBench(
            2,
            offsets_topic_num_partitions=1,
            group_streams_assignment_interval_ms=interval,
            group_streams_initial_rebalance_delay_ms=delay,
            group_streams_num_standby_replicas=standbys,
            auto_leader_rebalance_enable=False,
            # A group that is gone and comes again counts its epochs anew.
            offsets_retention_check_interval_ms=10**9,
        )
        self.bench.cluster.create_topic("payments", partitions=2)

    def group(self) -> StreamsGroup | None:
        group = self.bench.groups.find_group(GROUP)
        assert group is None or isinstance(group, StreamsGroup)
        return group

    # What members do.

    @precondition(lambda self: len(self.members) < 6)
    @rule(process=st.sampled_from("pqr"))
    def come(self, process: str) -> None:
        self.named += 1
        member = Member(f"member-{self.named}", process)
        self.members.append(member)
        self.join(member)

    def join(self, member: Member) -> None:
        more = {"process_id": member.process_id, "rebalance_timeout_ms": 20_000}
        if member.process_id == "p":
            more["user_endpoint"] = ("p", 80)
        given = self.bench.joining(member.member_id, _APPLICATION, **more)
        result = self.bench.beat(member.member_id, 0, **given)
        if result.error_code != ErrorCode.UNKNOWN_SERVER_ERROR:
            member.take(result)

    @precondition(lambda self: self.members)
    @rule(number=st.integers(0, 5), says=st.booleans(), is_slow=st.booleans())
    def beat(self, number: int, says: bool, is_slow: bool) -> None:
        member = self.members[number % len(self.members)]
        if not is_slow:
            member.reconcile()
        self.heartbeat(member, says)

    def heartbeat(self, member: Member, says: bool = True) -> None:
        if member.epoch == 0:
            self.join(member)
            return
        result = self.bench.beat(member.member_id, member.epoch, *(member.says() if says else ()))
        if result.error_code in _LOST:
            self.fenced.add((member.member_id, member.epoch))
        if result.error_code in (ErrorCode.INVALID_REQUEST, ErrorCode.UNKNOWN_SERVER_ERROR):
            # A topic has shrunk, or is gone while somebody has an endpoint.
            assert self.named
            return
        member.take(result)

    @precondition(lambda self: self.members)
    @rule(number=st.integers(0, 5))
    def leave(self, number: int) -> None:
        member = self.members.pop(number % len(self.members))
        self.bench.beat(member.member_id, -1)

    @precondition(lambda self: self.members)
    @rule(number=st.integers(0, 5))
    def lose_an_answer(self, number: int) -> None:
        """Its next heartbeat would not be told its tasks, in Kafka neither: so it starts again."""
        member = self.members[number % len(self.members)]
        if member.epoch:
            self.bench.beat(member.member_id, member.epoch, *member.says())
            member.epoch = 0
            member.has, member.told = (set(), set()), (set(), set())

    @precondition(lambda self: self.members)
    @rule(number=st.integers(0, 5))
    def commit(self, number: int) -> None:
        member = self.members[number % len(self.members)]
        error = self.bench.commit(
            self.committed + 1, member_id=member.member_id, generation_id=member.epoch, version=9
        )
        if error:
            assert error in (ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.STALE_MEMBER_EPOCH) or not member.epoch
        else:
            self.committed += 1

    @precondition(lambda self: self.fenced)
    @rule(data=st.data())
    def come_back_from_the_dead(self, data: st.DataObject) -> None:
        """Whoever was fenced stays fenced: in that epoch it neither goes on nor commits."""
        member_id, epoch = data.draw(st.sampled_from(sorted(self.fenced)))
        assert self.bench.beat(member_id, epoch).error_code in _LOST
        assert self.bench.commit(99, member_id=member_id, generation_id=epoch, version=9)

    # What else happens.

    @rule(seconds=st.sampled_from([0, 0.5, 1, 5, 11, 21, 46]))
    def wait(self, seconds: float) -> None:
        self.bench.clock.advance(seconds)

    @rule()
    def move(self) -> None:
        if self.group() is not None:
            before = tables(self.bench)
            move(self.bench)
            assert tables(self.bench) == before

    @rule(exists=st.booleans())
    def change_topics(self, exists: bool) -> None:
        cluster = self.bench.cluster
        if "payments" not in cluster.topics:
            cluster.create_topic("payments", partitions=2)
        elif exists:
            cluster.create_topic("others") if "others" not in cluster.topics else cluster.delete_topic(
                "others"
            )
        else:
            cluster.delete_topic("payments")

    @rule()
    def come_to_rest(self) -> None:
        """When nothing happens any more, everybody has what the target says, and all of it is somebody's."""
        cluster = self.bench.cluster
        if "payments" not in cluster.topics:
            cluster.create_topic("payments", partitions=2)
        for seconds in (4,) * 12 + (0,) * 6:
            self.bench.clock.advance(seconds)
            for member in self.members:
                member.reconcile()
                self.heartbeat(member)
        group = self.group()
        if group is None or not self.members:
            return
        assert group.state_name == "Stable"
        running = Counter(task for member in self.members for task in member.has[0])
        assert running == {(id, index): 1 for id in "01" for index in range(3)}

    # What always holds.

    @invariant()
    def nobody_runs_what_somebody_else_runs(self) -> None:
        group = self.group()
        if group is None:
            return
        known = [one for one in self.members if one.epoch and one.member_id in group.members]
        running = Counter(task for member in known for task in member.has[0])
        assert not running or max(running.values()) == 1
        assigned = Counter(
            task
            for member in group.members.values()
            for tasks in (member.assigned, member.pending_revocation)
            for task in _each(tasks.active)
        )
        assert not assigned or max(assigned.values()) == 1

    @invariant()
    def commits_never_go_back(self) -> None:
        if self.committed:
            assert self.bench.fetched() == [self.committed]

    @invariant()
    def targets_do_not_overlap(self) -> None:
        group = self.group()
        if group is None:
            return
        targets: list[Tasks] = list(group.targets.values())
        active = Counter(task for target in targets for task in _each(target.active))
        assert not active or max(active.values()) == 1
        assert set(group.targets) <= set(group.members)
        assert group.assignment_epoch <= group.group_epoch
        assert all(member.member_epoch <= group.assignment_epoch for member in group.members.values())
        assert set(group.timers.sessions) == set(group.members)

    @invariant()
    def owners_are_right(self) -> None:
        group = self.group()
        if group is not None:
            again = TaskOwners()
            for member in group.members.values():
                again.note(member)
            assert again == group.owners


Walk.TestCase.settings = settings(
    max_examples=50,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestWalk = Walk.TestCase
