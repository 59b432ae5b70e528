"""Groups that change their protocol, and members of the classic protocol in consumer groups."""

from __future__ import annotations

from typing import Any

import pytest

from mockbroker.core.groups.classic import ClassicGroup
from mockbroker.core.groups.consumer import ConsumerGroup
from mockbroker.core.groups.results import JoinResult, ListedGroup, SyncResult
from protocol_specs.consumer_protocol import CONSUMER_PROTOCOL_ASSIGNMENT, CONSUMER_PROTOCOL_SUBSCRIPTION
from protocol_specs.embedded import build_blob, parse_blob
from protocol_specs.errors import ErrorCode
from tests.core.groups.bench import DELAY, ORDERS, REBALANCE, SESSION, error_of, subscription
from tests.core.groups.consumer_bench import GROUP, ConsumerBench

NONE = ErrorCode.NONE
REBALANCING = ErrorCode.REBALANCE_IN_PROGRESS


def assignment(*partitions: int, user_data: bytes | None = None, topic: str = "orders") -> bytes:
    schema = CONSUMER_PROTOCOL_ASSIGNMENT
    topics = [schema.assigned_partitions(topic=topic, partitions=list(partitions))] if partitions else []
    return build_blob(schema, 3, schema(assigned_partitions=topics, user_data=user_data))


def assigned(result: Any) -> list[int]:
    assert isinstance(result, SyncResult)
    assert not result.error_code, result
    _, message = parse_blob(CONSUMER_PROTOCOL_ASSIGNMENT, result.assignment)
    return sorted(index for topic in message.assigned_partitions for index in topic.partitions)


def owning(*partitions: int, rack_id: str | None = None) -> tuple[tuple[str, bytes], ...]:
    """A cooperative member's protocols, with the partitions that it has."""
    schema = CONSUMER_PROTOCOL_SUBSCRIPTION
    owned = [schema.owned_partitions(topic="orders", partitions=list(partitions))] if partitions else []
    message = schema(topics=["orders"], user_data=None, owned_partitions=owned, rack_id=rack_id)
    return (("cooperative-sticky", build_blob(schema, 3, message)),)


def classic_pair(bench: ConsumerBench, **changes: Any) -> tuple[str, str]:
    """A stable classic group of two: the leader has orders 0 and 1, the other one 2."""
    joins = [bench.start_join(**changes), bench.start_join(**changes)]
    bench.clock.advance(DELAY * 3)
    results = sorted((join.reply for join in joins), key=lambda result: result.member_id != result.leader)
    leader, other = (result.member_id for result in results)
    generation = results[0].generation_id
    given = [(leader, assignment(0, 1)), (other, assignment(2))]
    name = results[0].protocol_name
    bench.ask_to_sync(leader, generation, assignments=given, protocol_name=name)
    bench.ask_to_sync(other, generation, protocol_name=name)
    return leader, other


# Empty groups.


def test_empty_groups_change_in_either_direction() -> None:
    bench = ConsumerBench(group_consumer_migration_policy="disabled")
    bench.commit()
    assert isinstance(bench.groups.find_group(GROUP), ClassicGroup)

    bench.join("a", "orders")
    assert isinstance(bench.groups.find_group(GROUP), ConsumerGroup)
    assert bench.fetched() == [5]
    bench.beat("a", -1)

    assert bench.refused_join("x").error_code == ErrorCode.UNKNOWN_MEMBER_ID
    assert bench.start_join()
    assert bench.group().state_name == "PreparingRebalance"
    assert bench.fetched() == [5]


def test_a_classic_group_of_another_kind_stays_what_it_is() -> None:
    bench = ConsumerBench()
    bench.stable_group(1, protocol_type="connect")
    text = (
        f"Cannot upgrade classic group {GROUP} to consumer group because the group does not use the consumer "
    )
    assert bench.refusal("a", 0, **JOINS) == (
        ErrorCode.GROUP_ID_NOT_FOUND,
        f"{text}embedded protocol.",
    )


JOINS: dict[str, Any] = {"rebalance_timeout_ms": 60_000, "subscribed_topic_names": ["orders"], "owned": ()}


@pytest.mark.parametrize(
    ("settings", "metadata", "given", "reason"),
    [
        (
            {"group_consumer_migration_policy": "downgrade"},
            ORDERS,
            assignment(0),
            "online upgrade is disabled.",
        ),
        (
            {"group_consumer_max_size": 1},
            ORDERS,
            assignment(0),
            "the group size exceeds the consumer group maximum size.",
        ),
        ({}, b"\0", assignment(0), "the embedded consumer protocol is malformed."),
        ({}, ORDERS, b"\0", "the embedded consumer protocol is malformed."),
        (
            {},
            ORDERS,
            assignment(0, user_data=b"mine"),
            "an unsupported custom assignor is in use. Please refer to the documentation or switch to a default "
            "assignor before re-attempting the upgrade.",
        ),
    ],
)
def test_classic_groups_that_cannot_be_upgraded(
    settings: dict[str, Any], metadata: bytes, given: bytes, reason: str
) -> None:
    bench = ConsumerBench(**settings)
    joins = [bench.start_join(protocols=(("range", metadata),)) for _ in range(2)]
    bench.clock.advance(DELAY * 3)
    leader = joins[0].reply.leader
    bench.ask_to_sync(leader, assignments=[(leader, given)])

    assert bench.refusal("a", 0, **JOINS) == (
        ErrorCode.GROUP_ID_NOT_FOUND,
        f"Cannot upgrade classic group {GROUP} to consumer group because {reason}",
    )
    assert isinstance(bench.groups.find_group(GROUP), ClassicGroup)


# Upgrade and downgrade while members are there.


def test_a_consumer_upgrades_a_classic_group_and_downgrades_it_when_it_leaves() -> None:
    bench = ConsumerBench()
    leader, other = classic_pair(bench, protocols=owning())
    bench.commit(7, member_id=leader, generation_id=1)

    new = bench.consumer("new")

    assert bench.groups.list_groups(bench.broker) == [
        ListedGroup(GROUP, "consumer", "Reconciling", "consumer")
    ]
    assert (new.epoch, new.owned) == (2, {})
    assert bench.fetched() == [7]
    members = bench.consumers.members
    assert (members[leader].member_epoch, bench.consumers.group_epoch) == (1, 2)
    assert members[leader].classic is not None

    # The classic members hear of it, give up, and join again.
    for member_id, owned in ((leader, (0, 1)), (other, (2,))):
        assert bench.heartbeat(member_id, 1) == REBALANCING
        again = bench.ask_to_join(member_id, protocols=owning(*owned))
        assert isinstance(again, JoinResult)
        assert (again.error_code, again.protocol_name, again.leader) == (NONE, "cooperative-sticky", "")
        kept = assigned(bench.ask_to_sync(member_id, again.generation_id, protocol_name="cooperative-sticky"))
        if set(kept) < set(owned):
            again = bench.ask_to_join(member_id, protocols=owning(*kept))
            assert isinstance(again, JoinResult)
        assert again.generation_id == 2
    new.beat()
    assert bench.consumers.state_name == "Stable"
    assert len(new.owned["orders"]) == 1

    bench.beat("new", -1)
    group = bench.group()
    assert (group.state_name, group.generation_id) == ("PreparingRebalance", 2)
    assert bench.fetched() == [7]
    assert bench.heartbeat(leader, 2) == REBALANCING
    joins = [bench.ask_to_join(id, protocols=owning()) for id in (leader, other)]
    assert [error_of(join) for join in joins] == [NONE, NONE]
    assert bench.group().generation_id == 3


def test_members_that_wait_in_a_rebalance_are_told_to_come_again() -> None:
    bench = ConsumerBench()
    waiting = bench.start_join()
    new = bench.consumer("new")
    assert error_of(waiting) == REBALANCING
    member_id = waiting.reply.member_id
    assert bench.consumers.members[member_id].member_epoch == 0
    assert new.owned == {"orders": new.owned["orders"]}

    bench = ConsumerBench()
    joins = [bench.start_join(), bench.start_join()]
    bench.clock.advance(DELAY * 3)
    leader = joins[0].reply.leader
    follower = next(join.reply.member_id for join in joins if join.reply.member_id != leader)
    syncing = bench.ask_to_sync(follower)
    bench.consumer("new")
    assert error_of(syncing) == REBALANCING


def test_the_policy_may_forbid_the_way_back() -> None:
    bench = ConsumerBench(group_consumer_migration_policy="upgrade")
    classic_pair(bench)
    bench.consumer("new")
    bench.beat("new", -1)
    assert bench.consumers.classic_members == 2
    assert bench.consumers.group_epoch == 3


def test_a_group_that_is_too_large_for_the_way_back() -> None:
    bench = ConsumerBench(group_max_size=2)
    classic_pair(bench)
    bench.consumer("new")
    assert isinstance(bench.ask_to_join("third", version=3), JoinResult)
    bench.beat("new", -1)
    assert len(bench.consumers.members) == 3


def test_a_session_that_runs_out_downgrades_too() -> None:
    bench = ConsumerBench()
    leader, _ = classic_pair(bench, session_timeout_ms=60_000)
    bench.consumer("new")
    bench.clock.advance(44)
    assert bench.heartbeat(leader, 1) == REBALANCING
    bench.clock.advance(1)
    assert bench.group().state_name == "PreparingRebalance"
    assert len(bench.group().roster.members) == 2


def test_a_static_classic_member_replaces_the_last_consumer() -> None:
    bench = ConsumerBench()
    bench.consumer("new", instance_id="one")

    joined = bench.ask_to_join("", group_instance_id="one", protocols=owning())

    assert isinstance(joined, JoinResult)
    assert (joined.error_code, joined.generation_id) == (NONE, 2)
    group = bench.group()
    assert (group.state_name, group.generation_id) == ("Stable", 2)
    synced = bench.ask_to_sync(
        joined.member_id, 2, protocol_name="cooperative-sticky", group_instance_id="one"
    )
    assert assigned(synced) == [0, 1, 2]
    assert bench.heartbeat(joined.member_id, 2, "one") == NONE


def test_a_static_classic_member_with_another_subscription_starts_a_rebalance() -> None:
    bench = ConsumerBench()
    bench.consumer("new", instance_id="one", subscribed_topic_names=["orders", "payments"])
    joined = bench.ask_to_join("", group_instance_id="one")
    assert isinstance(joined, JoinResult)
    assert bench.group().state_name == "PreparingRebalance"
    assert list(bench.group().roster.static_members) == ["one"]


# Classic members in a consumer group.


def mixed(bench: ConsumerBench, **changes: Any) -> str:
    """A consumer, and a member of the classic protocol that has joined."""
    bench.consumer("new")
    member_id = bench.refused_join(**changes).member_id
    joined = bench.refused_join(member_id, **({"protocols": owning()} | changes))
    assert (joined.error_code, joined.generation_id) == (NONE, 3)
    return member_id


def test_a_classic_member_joins_a_consumer_group() -> None:
    bench = ConsumerBench()
    first = bench.consumer("new")
    asked = bench.refused_join(protocols=owning())
    assert asked.error_code == ErrorCode.MEMBER_ID_REQUIRED
    assert len(asked.member_id) == 22

    joined = bench.refused_join(asked.member_id, protocols=owning(rack_id="r1"))
    assert joined == JoinResult(NONE, asked.member_id, 3, "consumer", "cooperative-sticky", "", False, ())
    member = bench.consumers.members[asked.member_id]
    assert (member.rack_id, member.classic) == ("r1", (int(SESSION * 1000), owning(rack_id="r1")))
    first.beat()
    assert len(first.owned["orders"]) == 2
    assert bench.heartbeat(asked.member_id, 3) == NONE
    first.beat()
    # What it waits for is free by now.
    assert bench.heartbeat(asked.member_id, 3) == REBALANCING
    assert bench.refused_join(asked.member_id, protocols=owning()).generation_id == 3
    assert len(assigned(bench.ask_to_sync(asked.member_id, 3, protocol_name="cooperative-sticky"))) == 1
    assert bench.consumers.state_name == "Stable"
    assert bench.groups.consumers.describe(bench.broker, [GROUP])[0].members[1].is_classic


def test_what_classic_members_of_a_consumer_group_are_refused() -> None:
    bench = ConsumerBench()
    member_id = mixed(bench)
    name = "cooperative-sticky"
    illegal, unknown = ErrorCode.ILLEGAL_GENERATION, ErrorCode.UNKNOWN_MEMBER_ID
    inconsistent, fenced = ErrorCode.INCONSISTENT_GROUP_PROTOCOL, ErrorCode.FENCED_INSTANCE_ID

    assert bench.refused_join(protocol_type="connect").error_code == inconsistent
    assert bench.refused_join(protocols=(("range", ORDERS),)).error_code == inconsistent
    assert bench.refused_join(protocols=()).error_code == inconsistent
    bad = (("cooperative-sticky", b""),)
    assert bench.refused_join("x", protocols=bad).error_code == ErrorCode.UNKNOWN_SERVER_ERROR

    assert bench.heartbeat(member_id, 2) == illegal
    assert bench.heartbeat("new", 2) == unknown
    assert bench.heartbeat("x", 2) == unknown
    assert bench.heartbeat(member_id, 3, "one") == unknown
    assert error_of(bench.ask_to_sync(member_id, 2, protocol_name=name)) == illegal
    assert error_of(bench.ask_to_sync("new", 2, protocol_name=name)) == unknown
    assert error_of(bench.ask_to_sync(member_id, 3, protocol_name="range")) == inconsistent
    wrong = bench.ask_to_sync(member_id, 3, protocol_name=name, protocol_type="connect")
    assert error_of(wrong) == inconsistent
    bench.cluster.create_partitions("orders", 5)
    bench.beat("new", 2)
    assert error_of(bench.ask_to_sync(member_id, 3, protocol_name=name)) == REBALANCING
    assert bench.committed_as(member_id, 4, version=8) == illegal
    assert bench.committed_as(member_id, 3, version=8) == NONE

    static = bench.refused_join(group_instance_id="one", protocols=owning())
    assert static.error_code == NONE
    assert bench.heartbeat("x", 4, "one") == fenced
    assert bench.refused_join("x", group_instance_id="one", protocols=owning()).error_code == fenced
    assert bench.refused_join("x", group_instance_id="two", protocols=owning()).error_code == unknown
    again = bench.refused_join(group_instance_id="one", protocols=owning())
    assert again.member_id not in ("", static.member_id)


def test_a_policy_that_lets_no_classic_member_in() -> None:
    bench = ConsumerBench(group_consumer_migration_policy="disabled")
    bench.consumer("new")
    assert bench.refused_join().error_code == ErrorCode.INCONSISTENT_GROUP_PROTOCOL


def test_a_full_group_lets_no_classic_member_in() -> None:
    bench = ConsumerBench(group_consumer_max_size=1)
    bench.consumer("new")
    refused = bench.refused_join()
    assert (refused.error_code, refused.member_id) == (ErrorCode.GROUP_MAX_SIZE_REACHED, "")


def test_the_times_of_classic_members() -> None:
    # Nothing is heard of it.
    bench = ConsumerBench()
    member_id = mixed(bench, rebalance_timeout_ms=300_000)
    bench.clock.advance(SESSION)
    assert member_id not in bench.consumers.members

    # It does not send SyncGroup.
    bench = ConsumerBench()
    member_id = mixed(bench, session_timeout_ms=60_000, rebalance_timeout_ms=20_000)
    bench.clock.advance(20)
    assert member_id not in bench.consumers.members

    # It was told to join again, and does not.
    bench = ConsumerBench()
    member_id = mixed(bench, rebalance_timeout_ms=20_000)
    assigned(bench.ask_to_sync(member_id, 3, protocol_name="cooperative-sticky"))
    bench.cluster.create_partitions("orders", 5)
    bench.beat("new", 2)
    for _ in range(4):
        assert bench.heartbeat(member_id, 3) == REBALANCING
        bench.clock.advance(5)
    assert member_id not in bench.consumers.members
    assert REBALANCE == 60.0


def test_leave_group_takes_members_of_either_protocol() -> None:
    bench = ConsumerBench()
    member_id = mixed(bench)
    bench.refused_join(group_instance_id="one", protocols=owning())
    bench.refused_join(group_instance_id="two", protocols=owning())
    unknown = ErrorCode.UNKNOWN_MEMBER_ID

    assert bench.leave("x", ("", "three"), ("x", "one")) == [unknown, unknown, ErrorCode.FENCED_INSTANCE_ID]
    assert bench.consumers.group_epoch == 5
    assert bench.leave(member_id, ("", "one")) == [NONE, NONE]
    assert bench.consumers.group_epoch == 6
    assert bench.consumers.classic_members == 1
    assert bench.leave("new") == [NONE]
    assert len(bench.group().roster.members) == 1


def test_describing_by_the_wrong_request() -> None:
    bench = ConsumerBench()
    bench.consumer("new")
    [described] = bench.groups.describe_groups(bench.broker, [GROUP], 6)
    assert (described.error_code, described.error_message, described.state) == (
        ErrorCode.GROUP_ID_NOT_FOUND,
        f"Group {GROUP} is not a classic group.",
        "Dead",
    )
    bench.commit(group_id="simple")
    described_groups = bench.groups.consumers.describe(
        bench.groups.find_coordinator("simple"), ["simple", ""]
    )
    assert [(group.group_id, group.error_code) for group in described_groups] == [
        ("simple", ErrorCode.GROUP_ID_NOT_FOUND),
        ("", ErrorCode.INVALID_GROUP_ID),
    ]
    assert subscription("orders")
