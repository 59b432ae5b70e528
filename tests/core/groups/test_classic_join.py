"""JoinGroup: ids, protocols, sizes, delays; static members."""

from __future__ import annotations

import pytest

from mockbroker.core.groups.results import JoinedMember
from protocol_specs.errors import ErrorCode
from tests.core.groups.bench import DELAY, GROUP, ORDERS, SESSION, Bench, error_of, reply, subscription

CHANGED = (("range", subscription("orders", "payments")),)
STATIC = "instance-1"


# Ids.


def test_a_new_member_of_v4_is_told_its_id_and_comes_back_with_it() -> None:
    bench = Bench()

    refused = bench.refused_join(version=4)
    assert refused.error_code == ErrorCode.MEMBER_ID_REQUIRED
    assert refused.member_id.startswith("app-")
    assert len(refused.member_id) == len("app-") + 36
    assert (refused.generation_id, refused.protocol_name, refused.members) == (-1, None, ())
    assert bench.group().roster.pending_members

    join = bench.start_join(refused.member_id, version=4)
    assert not bench.group().roster.pending_members
    bench.clock.advance(DELAY)

    assert join.reply.error_code == ErrorCode.NONE
    assert join.reply.member_id == join.reply.leader == refused.member_id
    assert (join.reply.generation_id, join.reply.protocol_type, join.reply.protocol_name) == (
        1,
        "consumer",
        "range",
    )
    assert join.reply.members == [JoinedMember(refused.member_id, None, ORDERS)]


@pytest.mark.parametrize("version", [0, 3])
def test_before_v4_a_new_member_joins_at_once(version: int) -> None:
    bench = Bench()

    join = bench.start_join(version=version)
    bench.clock.advance(DELAY)

    assert join.reply.member_id.startswith("app-")
    # Version 0 has no rebalance timeout: the session timeout stands for it.
    [member] = bench.group().roster.members.values()
    assert member.rebalance_timeout_ms == (10_000 if version == 0 else 60_000)


def test_ids_come_from_the_seed() -> None:
    ids = [Bench(seed=seed).refused_join().member_id for seed in (7, 7, 8)]

    assert ids[0] == ids[1] != ids[2]


def test_an_id_of_a_client_without_a_client_id() -> None:
    assert Bench().refused_join(client_id=None).member_id.startswith("null-")


def test_an_id_that_is_not_used_expires() -> None:
    bench = Bench()
    member_id = bench.refused_join().member_id
    bench.clock.advance(SESSION)

    assert not bench.group().roster.pending_members
    assert bench.refused_join(member_id).error_code == ErrorCode.UNKNOWN_MEMBER_ID


def test_a_rebalance_waits_for_an_id_that_was_handed_out() -> None:
    bench = Bench()
    first, second = bench.stable_group()
    bench.refused_join()
    joins = [bench.start_join(first), bench.start_join(second)]
    assert bench.group().state_name == "PreparingRebalance"

    bench.clock.advance(SESSION)

    assert [join.reply.generation_id for join in joins] == [2, 2]


def test_an_id_with_an_instance_id_confuses_the_coordinator() -> None:
    bench = Bench()
    member_id = bench.refused_join().member_id

    assert error_of(bench.ask_to_join(member_id, group_instance_id="x")) == ErrorCode.UNKNOWN_SERVER_ERROR


@pytest.mark.parametrize(
    ("changes", "member_id", "error"),
    [
        ({"group_id": ""}, "", ErrorCode.INVALID_GROUP_ID),
        ({"session_timeout_ms": 5_999}, "", ErrorCode.INVALID_SESSION_TIMEOUT),
        ({"session_timeout_ms": 1_800_001}, "", ErrorCode.INVALID_SESSION_TIMEOUT),
        ({}, "nobody", ErrorCode.UNKNOWN_MEMBER_ID),
        ({"protocol_type": ""}, "", ErrorCode.INCONSISTENT_GROUP_PROTOCOL),
        ({"protocols": ()}, "", ErrorCode.INCONSISTENT_GROUP_PROTOCOL),
    ],
)
def test_refusals_for_a_group_that_there_is_not(
    changes: dict[str, object], member_id: str, error: ErrorCode
) -> None:
    result = Bench().refused_join(member_id, **changes)

    assert (result.error_code, result.member_id) == (error, member_id)


def test_even_a_refused_first_join_makes_the_group() -> None:
    bench = Bench()
    bench.refused_join(protocols=())

    assert bench.group().state_name == "Empty"
    assert bench.refused_join("nobody").error_code == ErrorCode.UNKNOWN_MEMBER_ID


def test_a_group_whose_first_record_cannot_be_written_is_not_made() -> None:
    bench = Bench(message_max_bytes=100)

    assert error_of(bench.ask_to_join(version=3)) == ErrorCode.UNKNOWN_SERVER_ERROR
    assert bench.groups.find_group(GROUP) is None


# Protocols.


def test_protocols_must_go_together() -> None:
    bench = Bench()
    bench.stable_group()

    assert bench.refused_join(protocol_type="connect").error_code == ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    assert (
        bench.refused_join(protocols=(("sticky", b""),)).error_code == ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    )
    assert bench.refused_join(protocols=(("sticky", b""), ("range", b""))).error_code == (
        ErrorCode.MEMBER_ID_REQUIRED
    )


@pytest.mark.parametrize(
    ("preferences", "chosen"),
    [
        (["a b", "a b", "b a"], "a"),
        (["a b", "b a", "b a"], "b"),
        (["a b c", "c a", "c b a"], "c"),
        (["x a", "a"], "a"),
    ],
)
def test_the_protocol_is_voted_for_among_those_that_all_support(preferences: list[str], chosen: str) -> None:
    bench = Bench()
    joins = [
        bench.start_join(protocol_type="any", protocols=tuple((name, b"") for name in names.split()))
        for names in preferences
    ]
    bench.clock.advance(1)

    assert {join.reply.protocol_name for join in joins} == {chosen}


_TWICE = (("range", b""), ("range", b""))


def test_nobody_agrees_on_a_protocol_that_is_named_twice() -> None:
    bench = Bench()
    join = bench.start_join(protocols=_TWICE)
    bench.clock.advance(DELAY * 2)
    assert not join.is_settled

    # Nothing ends the join phase until the new member has waited long enough.
    bench.clock.advance(300)

    assert join.reply.error_code == ErrorCode.UNKNOWN_MEMBER_ID
    assert bench.group().is_empty
    assert bench.stable_group()


def test_the_join_that_would_have_ended_such_a_rebalance_fails() -> None:
    bench = Bench()
    [member_id] = bench.stable_group(1, protocols=(("range", b""),))

    again = bench.refused_join(member_id, protocols=_TWICE)

    assert again.error_code == ErrorCode.UNKNOWN_SERVER_ERROR


def test_any_protocol_type_works_and_metadata_is_not_looked_into() -> None:
    bench = Bench()
    [member_id] = bench.stable_group(1, protocol_type="connect", protocols=(("compatible", b"\xff"),))

    [described] = bench.groups.describe_groups(bench.broker, [GROUP], 6)

    assert (described.protocol_type, described.protocol_data) == ("connect", "compatible")
    assert bench.group().subscribed_topics is None
    assert described.members[0].member_id == member_id


# How long a rebalance waits.


def test_new_members_extend_the_initial_delay() -> None:
    bench = Bench()
    joins = [bench.start_join()]
    bench.clock.advance(DELAY * 0.9)
    joins.append(bench.start_join())
    bench.clock.advance(DELAY)
    assert not joins[0].is_settled

    bench.clock.advance(DELAY * 0.2)

    assert [join.reply.generation_id for join in joins] == [1, 1]
    assert len({join.reply.leader for join in joins}) == 1


def test_the_initial_delay_is_extended_no_longer_than_the_rebalance_timeout() -> None:
    bench = Bench(group_initial_rebalance_delay_ms=1000)
    joins = [bench.start_join(rebalance_timeout_ms=3000)]
    for _ in range(3):
        bench.clock.advance(0.9)
        joins.append(bench.start_join(rebalance_timeout_ms=3000))
    bench.clock.advance(0.4)

    assert all(join.is_settled for join in joins)
    assert bench.group().state_timestamp_ms == (1_700_000_000 + 3) * 1000


def test_without_a_delay_the_first_member_is_answered_at_once() -> None:
    bench = Bench(group_initial_rebalance_delay_ms=0)
    join = bench.start_join()
    bench.clock.advance(0)

    assert join.reply.generation_id == 1


def test_a_running_group_does_not_wait_longer_than_for_its_members() -> None:
    bench = Bench()
    first, second = bench.stable_group()
    third = bench.start_join()
    assert bench.heartbeat(first) == bench.heartbeat(second) == ErrorCode.REBALANCE_IN_PROGRESS

    joins = [third, bench.start_join(first), bench.ask_to_join(second)]

    assert {reply(join).generation_id for join in joins} == {2}
    assert {reply(join).leader for join in joins} == {first}


def test_the_silent_are_dropped_when_the_rebalance_timeout_is_over() -> None:
    bench = Bench()
    first, second = bench.stable_group(session_timeout_ms=100_000)
    join = bench.start_join(second, protocols=CHANGED, session_timeout_ms=100_000)
    bench.clock.advance(59.9)
    assert not join.is_settled

    bench.clock.advance(0.2)

    # The leader was among them, so another one leads.
    assert (join.reply.generation_id, join.reply.leader) == (2, second)
    assert list(bench.group().roster.members) == [second]
    assert bench.heartbeat(first, 1) == ErrorCode.UNKNOWN_MEMBER_ID


def test_a_new_members_join_waits_no_longer_than_five_minutes() -> None:
    bench = Bench()
    first, _ = bench.stable_group(session_timeout_ms=600_000, rebalance_timeout_ms=1_800_000)
    join = bench.start_join()
    bench.clock.advance(300)

    assert (join.reply.error_code, join.reply.member_id) == (ErrorCode.UNKNOWN_MEMBER_ID, "")
    assert bench.heartbeat(first) == ErrorCode.REBALANCE_IN_PROGRESS


# Sizes.


def test_a_group_takes_no_more_members_than_it_may() -> None:
    bench = Bench(group_max_size=2)
    first, second = bench.stable_group()

    refused = bench.refused_join()
    assert (refused.error_code, refused.member_id) == (ErrorCode.GROUP_MAX_SIZE_REACHED, "")
    assert bench.group().state_name == "Stable"
    assert error_of(bench.ask_to_join(second)) == ErrorCode.NONE
    bench.start_join(first)
    assert error_of(bench.ask_to_join(second)) == ErrorCode.NONE


def test_during_a_rebalance_those_that_have_joined_count() -> None:
    bench = Bench(group_max_size=2)
    first, second = bench.stable_group()
    bench.leave(second)
    third = bench.start_join()
    assert reply(bench.ask_to_join(first)).error_code == ErrorCode.NONE
    assert third.is_settled

    assert bench.refused_join().error_code == ErrorCode.GROUP_MAX_SIZE_REACHED


def test_of_too_many_new_members_the_last_are_refused() -> None:
    bench = Bench(group_max_size=1)
    ids = [bench.refused_join().member_id for _ in range(2)]
    assert error_of(bench.ask_to_join(ids[0])) == "waits"

    refused = bench.refused_join(ids[1])

    assert refused.error_code == ErrorCode.GROUP_MAX_SIZE_REACHED
    assert not bench.group().roster.pending_members


# Static members.


def test_a_static_member_needs_no_second_join() -> None:
    bench = Bench()
    join = bench.start_join(group_instance_id=STATIC)
    bench.clock.advance(DELAY)

    assert join.reply.member_id.startswith("instance-1-")
    assert join.reply.members == [JoinedMember(join.reply.member_id, STATIC, ORDERS)]


def static_group(bench: Bench) -> tuple[str, str]:
    """A stable group of a static leader and a static follower."""
    joins = [bench.start_join(group_instance_id=name) for name in ("one", "two")]
    bench.clock.advance(DELAY * 3)
    leader, follower = bench.finish_rebalance(joins)
    assert leader.startswith("one-")
    return leader, follower


def test_a_static_follower_comes_back_without_a_rebalance() -> None:
    bench = Bench()
    leader, follower = static_group(bench)

    result = bench.refused_join(group_instance_id="two")

    assert result.error_code == ErrorCode.NONE
    assert result.member_id != follower
    assert (result.generation_id, result.leader, result.members) == (1, leader, ())
    assert result.skip_assignment is False
    assert bench.group().state_name == "Stable"
    # It gets what its former self had; that one is fenced.
    assert reply(bench.ask_to_sync(result.member_id, group_instance_id="two")).assignment == follower.encode()
    assert bench.heartbeat(follower, 1, "two") == ErrorCode.FENCED_INSTANCE_ID
    assert bench.heartbeat(follower, 1) == ErrorCode.UNKNOWN_MEMBER_ID
    assert bench.commit(member_id=follower, generation_id=1, group_instance_id="two") == (
        ErrorCode.FENCED_INSTANCE_ID
    )


def test_a_static_member_that_came_back_has_a_session() -> None:
    bench = Bench()
    leader, _ = static_group(bench)
    bench.refused_join(group_instance_id="two")
    bench.clock.advance(SESSION * 0.9)
    bench.heartbeat(leader, 1, "one")
    bench.clock.advance(SESSION * 0.2)

    assert bench.heartbeat(leader, 1, "one") == ErrorCode.REBALANCE_IN_PROGRESS
    assert list(bench.group().roster.static_members) == ["one"]


def test_a_static_member_that_comes_back_may_be_the_last_that_was_missing() -> None:
    bench = Bench()
    _, follower = static_group(bench)
    join = bench.start_join(follower, group_instance_id="two", protocols=CHANGED)

    again = bench.ask_to_join(group_instance_id="one")

    assert reply(again).generation_id == reply(join).generation_id == 2
    assert reply(again).leader == reply(again).member_id


def test_a_static_leader_of_v9_comes_back_and_skips_the_assignment() -> None:
    bench = Bench()
    _, follower = static_group(bench)

    result = bench.refused_join(group_instance_id="one")

    assert result.leader == result.member_id
    assert result.skip_assignment is True
    assert {member.member_id for member in result.members} == {result.member_id, follower}
    assert bench.group().state_name == "Stable"


def test_a_static_leader_before_v9_is_not_told_that_it_leads() -> None:
    bench = Bench()
    leader, _ = static_group(bench)

    result = bench.refused_join(group_instance_id="one", version=8)

    assert result.leader == leader != result.member_id
    assert (result.skip_assignment, result.members) == (False, ())
    assert bench.group().is_leader(result.member_id)


def test_a_static_member_whose_protocols_change_the_vote_starts_a_rebalance() -> None:
    bench = Bench()
    both = (("range", ORDERS), ("sticky", ORDERS))
    joins = [bench.start_join(group_instance_id=name, protocols=both) for name in ("one", "two")]
    bench.clock.advance(DELAY * 3)
    bench.finish_rebalance(joins)
    assert bench.group().protocol_name == "range"

    only_sticky = (("sticky", ORDERS),)
    assert error_of(bench.ask_to_join(group_instance_id="one", protocols=only_sticky)) == "waits"
    assert bench.group().state_name == "PreparingRebalance"


def test_changed_metadata_alone_does_not() -> None:
    bench = Bench()
    static_group(bench)

    assert bench.refused_join(group_instance_id="two", protocols=CHANGED).error_code == ErrorCode.NONE
    assert bench.group().state_name == "Stable"


def test_a_static_member_whose_new_metadata_cannot_be_written_stays_who_it_was() -> None:
    bench = Bench(message_max_bytes=700)
    leader, follower = static_group(bench)
    large = (("range", subscription("orders", "x" * 500)),)

    result = bench.refused_join(group_instance_id="two", protocols=large)

    assert (result.error_code, result.member_id) == (ErrorCode.UNKNOWN_SERVER_ERROR, "")
    assert (result.generation_id, result.leader) == (1, leader)
    assert bench.heartbeat(follower, 1, "two") == ErrorCode.NONE
    assert bench.group().roster.members[follower].protocols == (("range", ORDERS),)
    bench.clock.advance(SESSION)
    assert not bench.group().roster.members


def test_a_static_member_that_comes_back_while_its_join_waits_fences_itself() -> None:
    bench = Bench()
    first = bench.start_join(group_instance_id=STATIC)
    second = bench.start_join(group_instance_id=STATIC)
    bench.clock.advance(DELAY * 3)

    assert first.reply.error_code == ErrorCode.FENCED_INSTANCE_ID
    assert first.reply.member_id != second.reply.member_id
    assert second.reply.error_code == ErrorCode.NONE
    assert len(bench.group().roster.members) == 1


def test_a_static_member_that_comes_back_before_the_assignment_starts_over() -> None:
    bench = Bench()
    joins = [bench.start_join(group_instance_id=name) for name in ("one", "two")]
    bench.clock.advance(DELAY * 3)
    follower = joins[1].reply.member_id
    syncing = bench.ask_to_sync(follower, group_instance_id="two")

    again = bench.ask_to_join(group_instance_id="two")

    assert error_of(syncing) == ErrorCode.FENCED_INSTANCE_ID
    assert error_of(again) == "waits"
    assert bench.group().state_name == "PreparingRebalance"


def test_a_static_member_keeps_its_place_when_the_rebalance_timeout_is_over() -> None:
    bench = Bench()
    joins = [bench.start_join(group_instance_id=name, session_timeout_ms=100_000) for name in ("one", "two")]
    bench.clock.advance(DELAY * 3)
    _, follower = bench.finish_rebalance(joins)
    join = bench.start_join(session_timeout_ms=100_000)
    bench.start_join(follower, group_instance_id="two", session_timeout_ms=100_000)
    bench.clock.advance(60)

    assert join.reply.generation_id == 2
    assert set(bench.group().roster.static_members) == {"one", "two"}
    # But it does not lead, having been silent.
    assert join.reply.leader != bench.group().roster.static_members["one"]


def test_a_rebalance_goes_on_while_only_silent_static_members_are_left() -> None:
    bench = Bench()
    static_group(bench)
    dynamic = bench.start_join(session_timeout_ms=6_000)
    bench.leave(list(bench.group().roster.members)[-1])
    assert dynamic.reply.error_code == ErrorCode.UNKNOWN_MEMBER_ID
    for instance_id, member_id in bench.group().roster.static_members.items():
        assert bench.heartbeat(member_id, 1, instance_id) == ErrorCode.REBALANCE_IN_PROGRESS

    for _ in range(14):
        for instance_id, member_id in list(bench.group().roster.static_members.items()):
            bench.heartbeat(member_id, 1, instance_id)
        bench.clock.advance(5)

    assert bench.group().state_name == "PreparingRebalance"
    bench.clock.advance(100)
    assert bench.group().state_name == "Empty"


def test_such_a_rebalance_ends_when_the_time_is_over_once_more() -> None:
    bench = Bench()
    joins = [bench.start_join(group_instance_id=name, session_timeout_ms=300_000) for name in ("one", "two")]
    bench.clock.advance(DELAY * 3)
    _, follower = bench.finish_rebalance(joins)
    pending = bench.refused_join(session_timeout_ms=300_000).member_id
    bench.start_join(pending, session_timeout_ms=300_000)
    bench.leave(pending)
    bench.clock.advance(61)
    assert bench.group().state_name == "PreparingRebalance"

    join = bench.start_join(follower, group_instance_id="two", session_timeout_ms=300_000)
    bench.clock.advance(60)

    assert (join.reply.generation_id, join.reply.leader) == (2, follower)


def test_ids_of_static_members_are_checked() -> None:
    bench = Bench()
    leader, follower = static_group(bench)

    assert error_of(bench.ask_to_join(leader, group_instance_id="two")) == ErrorCode.FENCED_INSTANCE_ID
    assert error_of(bench.ask_to_join(leader, group_instance_id="three")) == ErrorCode.UNKNOWN_MEMBER_ID
    assert error_of(bench.ask_to_join("x", group_instance_id="two")) == ErrorCode.FENCED_INSTANCE_ID
    assert error_of(bench.ask_to_join(follower, group_instance_id="two")) == ErrorCode.NONE
