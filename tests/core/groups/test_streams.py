"""Streams groups beside their heartbeats: commits and fetches in epochs, expiry, listing, describing, deleting."""

from __future__ import annotations

import pytest

from mockbroker.core.groups.requests import FetchGroup, TopicPartitions
from mockbroker.core.groups.streams_messages import DescribedStreamsGroup
from mockbroker.core.groups.streams_tasks import Tasks
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode
from tests.core.groups.bench import GROUP
from tests.core.groups.streams_bench import STATEFUL, StreamsBench, part, topology
from tests.core.groups.test_offsets import commit_in_transaction

NONE = ErrorCode.NONE
STALE = ErrorCode.STALE_MEMBER_EPOCH
UNKNOWN = ErrorCode.UNKNOWN_MEMBER_ID


def described(bench: StreamsBench, group_id: str = GROUP) -> DescribedStreamsGroup:
    [group] = bench.groups.streams.describe(bench.broker, [group_id])
    return group


def pair(bench: StreamsBench) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Two members in epoch 3, the first of which has had all tasks since epoch 2."""
    a, b = bench.client("a"), bench.client("b")
    bench.settle(a, b)
    assert (a.epoch, b.epoch) == (3, 3)
    return a.active, b.active


def test_commits_need_an_epoch_in_which_the_task_was_given() -> None:
    bench = StreamsBench()
    first, _ = pair(bench)
    assert 0 in first["0"]

    assert bench.committed_as("a", 3) == NONE
    assert bench.committed_as("a", 2) == NONE
    assert bench.committed_as("a", 1) == STALE
    assert bench.committed_as("a", 4) == STALE
    assert bench.committed_as("b", 2) == STALE
    assert bench.committed_as("nobody", 3) == UNKNOWN
    assert bench.committed_as("", -1) == UNKNOWN
    assert bench.committed_as("a", 3, version=8) == ErrorCode.UNSUPPORTED_VERSION
    bench.cluster.create_topic("others")
    assert bench.committed_as("a", 2, topic="others") == STALE
    assert bench.committed_as("a", 3, topic="others") == NONE


def test_tasks_that_are_to_be_given_up_may_still_be_committed() -> None:
    bench = StreamsBench()
    a = bench.client("a")
    bench.client("b")
    bench.client("c")
    a.beat()
    assert 0 in a.active["0"] or 0 in bench.streams.members["a"].pending_revocation.active["0"]
    a.is_slow = True
    bench.beat("a", 2)
    assert bench.committed_as("a", 2) == NONE


def test_transactional_commits() -> None:
    bench = StreamsBench(transaction_partition_verification_enable="false")
    pair(bench)
    assert commit_in_transaction(bench, 5) == NONE
    assert commit_in_transaction(bench, 5, member_id="a", generation_id=3) == NONE
    assert commit_in_transaction(bench, 5, member_id="a", generation_id=2) == NONE
    assert commit_in_transaction(bench, 5, member_id="b", generation_id=2) == ErrorCode.ILLEGAL_GENERATION
    assert commit_in_transaction(bench, 5, member_id="nobody", generation_id=2) == UNKNOWN


def test_fetches_need_the_present_epoch() -> None:
    bench = StreamsBench()
    pair(bench)
    bench.committed_as("a", 3)

    def fetched(member_id: str | None, epoch: int) -> list[int] | ErrorCode:
        asked = FetchGroup(GROUP, [TopicPartitions("orders", [0])], member_id, epoch)
        answer = bench.groups.fetch_offsets(bench.broker, [asked], 9)
        assert not isinstance(answer, Pending)
        [group] = answer
        return group.error_code or [one.offset for topic in group.topics for one in topic.partitions]

    assert fetched(None, -1) == fetched("a", 3) == [5]
    assert fetched("a", 2) == fetched("a", 4) == STALE
    assert fetched("nobody", 3) == fetched("", 3) == UNKNOWN


def test_offsets_of_its_topics_are_kept_while_there_are_members() -> None:
    bench = StreamsBench(offsets_retention_minutes=1)
    a = bench.client("a")
    bench.committed_as("a", 2)
    topics = [TopicPartitions("orders", [0])]
    answer = bench.groups.delete_offsets(bench.broker, GROUP, topics)
    assert not isinstance(answer, Pending)
    assert answer.topics[0].partitions == [(0, ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC)]
    for _ in range(30):
        bench.clock.advance(30)
        a.beat()
    assert bench.fetched() == [5]

    bench.beat("a", -1)
    assert bench.groups.delete_groups(bench.broker, ["none"]) == [("none", ErrorCode.GROUP_ID_NOT_FOUND)]
    bench.clock.advance(600)
    assert bench.fetched() == [-1]
    assert bench.groups.find_group(GROUP) is None


def test_only_empty_groups_are_deleted() -> None:
    bench = StreamsBench()
    bench.join("a")
    assert bench.groups.delete_groups(bench.broker, [GROUP]) == [(GROUP, ErrorCode.NON_EMPTY_GROUP)]
    bench.beat("a", -1)
    assert bench.groups.delete_groups(bench.broker, [GROUP]) == [(GROUP, NONE)]
    assert described(bench).error_code == ErrorCode.GROUP_ID_NOT_FOUND


def test_a_group_is_described_with_what_was_decided() -> None:
    bench = StreamsBench(group_streams_num_standby_replicas=1)
    a, b = bench.client("a", STATEFUL, user_endpoint=("h", 1)), bench.client("b", STATEFUL)
    asked = described(bench).topology
    assert asked is not None
    assert [topic.partitions for topic in asked.subtopologies[1].changelog_topics] == [3]
    bench.settle(a, b)

    group = described(bench)
    assert (group.state, group.group_epoch, group.assignment_epoch) == ("Stable", a.epoch, a.epoch)
    assert group.topology is not None
    first, second = group.topology.subtopologies
    assert (first.source_topics, first.repartition_sink_topics) == (["orders"], ["billing-keyed"])
    assert [topic[:3] for topic in second.repartition_source_topics] == [("billing-keyed", 3, 0)]
    one, _ = group.members
    assert (one.member_id, one.user_endpoint, one.topology_epoch) == ("a", ("h", 1), 0)
    assert one.tasks == one.target
    assert one.tasks.standby


def test_what_could_not_be_decided_is_described_as_it_was_asked() -> None:
    bench = StreamsBench()
    bench.join("a", topology(part("0", "absent", "b", changelogs=["z", "y"])))
    shown = described(bench).topology
    assert shown is not None
    [only] = shown.subtopologies
    assert only.source_topics == ["absent", "b"]
    assert [topic[:3] for topic in only.changelog_topics] == [("y", 0, 0), ("z", 0, 0)]
    assert described(bench).members[0].target == Tasks()


@pytest.mark.parametrize(
    ("group_id", "code", "text"),
    [
        ("", ErrorCode.INVALID_GROUP_ID, None),
        ("absent", ErrorCode.GROUP_ID_NOT_FOUND, "Group absent not found."),
        (GROUP, ErrorCode.GROUP_ID_NOT_FOUND, f"Group {GROUP} is not a streams group."),
    ],
)
def test_groups_that_are_none(group_id: str, code: ErrorCode, text: str | None) -> None:
    bench = StreamsBench()
    bench.start_join()
    group = described(bench, group_id)
    assert (group.error_code, group.error_message, group.topology) == (code, text, None)


def test_others_do_not_know_it() -> None:
    bench = StreamsBench(2)
    bench.join("a")
    other = next(id for id in bench.cluster.nodes if id != bench.broker)
    [group] = bench.groups.streams.describe(other, [GROUP])
    assert (group.error_code, group.error_message) == (ErrorCode.NOT_COORDINATOR, None)
    bench.broker = other
    assert bench.refusal("a", 2) == (ErrorCode.NOT_COORDINATOR, None)
    assert repr(bench.streams) == f"<StreamsGroup '{GROUP}' Stable epoch 2, 1 members>"
