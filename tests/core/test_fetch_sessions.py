from __future__ import annotations

import random

import pytest

from mockbroker.config import Settings
from mockbroker.core.fetch_sessions import (
    FINAL_EPOCH,
    INITIAL_EPOCH,
    NO_SESSION,
    FetchContext,
    FetchSessions,
    SessionPartition,
)
from mockbroker.core.replica import ReadResult
from mockbroker.core.time import Clock
from protocol_specs.errors import ErrorCode, KafkaError
from tests.core.clusters import make_cluster


def wanted(*names: str, offset: int = 0) -> list[SessionPartition]:
    return [SessionPartition(name, None, 0, offset, 1000) for name in names]


def make_sessions(slots: int = 1000) -> tuple[Clock, FetchSessions]:
    clock = Clock(1000.0)
    settings = Settings({"max.incremental.fetch.session.cache.slots": str(slots)})
    return clock, FetchSessions(clock, random.Random(1), settings)


def read(high_watermark: int = 0, size: int = 0) -> ReadResult:
    return ReadResult([], size, high_watermark, high_watermark, 0, high_watermark)


def answer(context: FetchContext, **told: int) -> tuple[int, list[str | None]]:
    """Complete a request whose partitions have the high watermarks of `told` (0 for others), and no records."""
    session_id = context.complete()
    named = [
        partition.topic
        for partition in context.partitions
        if context.includes(partition, read(told.get(partition.topic or "", 0)))
    ]
    return session_id, named


def open_session(sessions: FetchSessions, *names: str, is_follower: bool = False) -> int:
    context = sessions.begin(
        1, NO_SESSION, INITIAL_EPOCH, wanted(*names), uses_topic_ids=False, is_follower=is_follower
    )
    return answer(context)[0]


def test_a_session_answers_only_what_changed() -> None:
    _, sessions = make_sessions()
    first = sessions.begin(1, NO_SESSION, INITIAL_EPOCH, wanted("a", "b"), uses_topic_ids=False)
    session_id, named = answer(first, a=5)
    assert session_id > 0
    assert named == ["a", "b"]

    unchanged = sessions.begin(1, session_id, 1, [], uses_topic_ids=False)
    assert [partition.topic for partition in unchanged.partitions] == ["a", "b"]
    assert answer(unchanged, a=5) == (session_id, [])
    changed = sessions.begin(1, session_id, 2, [], uses_topic_ids=False)
    assert answer(changed, a=5, b=1) == (session_id, ["b"])


def test_partitions_are_added_updated_and_forgotten() -> None:
    _, sessions = make_sessions()
    session_id = open_session(sessions, "a", "b")

    context = sessions.begin(1, session_id, 1, wanted("c", "b", offset=7), [("a", 0)], uses_topic_ids=False)

    assert [(each.topic, each.fetch_offset) for each in context.partitions] == [("b", 7), ("c", 7)]
    assert answer(context)[1] == ["c"]


def test_a_partition_with_records_goes_behind_the_others() -> None:
    _, sessions = make_sessions()
    session_id = open_session(sessions, "a", "b")
    context = sessions.begin(1, session_id, 1, [], uses_topic_ids=False)
    context.complete()
    assert context.includes(context.partitions[0], read(size=9))

    after = sessions.begin(1, session_id, 2, [], uses_topic_ids=False)

    assert [partition.topic for partition in after.partitions] == ["b", "a"]


def test_after_an_error_the_partition_is_told_anew() -> None:
    _, sessions = make_sessions()
    session_id = open_session(sessions, "a")
    failed = sessions.begin(1, session_id, 1, [], uses_topic_ids=False)
    failed.complete()
    (partition,) = failed.partitions
    assert failed.includes(partition, None)

    assert answer(sessions.begin(1, session_id, 2, [], uses_topic_ids=False))[1] == ["a"]
    assert answer(sessions.begin(1, session_id, 3, [], uses_topic_ids=False))[1] == []


def test_a_session_that_is_left_with_nothing_is_closed() -> None:
    _, sessions = make_sessions()
    session_id = open_session(sessions, "a")

    context = sessions.begin(1, session_id, 1, [], [("a", 0)], uses_topic_ids=False)

    assert (context.error, context.complete()) == (ErrorCode.NONE, NO_SESSION)
    assert sessions.count(1) == 0


@pytest.mark.parametrize("epoch", [INITIAL_EPOCH, FINAL_EPOCH])
def test_a_full_fetch_closes_the_session_it_names(epoch: int) -> None:
    _, sessions = make_sessions()
    session_id = open_session(sessions, "a")

    context = sessions.begin(1, session_id, epoch, wanted("a"), uses_topic_ids=False)

    new_id = context.complete()
    assert (new_id == NO_SESSION) is (epoch == FINAL_EPOCH)
    assert new_id != session_id
    gone = sessions.begin(1, session_id, 1, [], uses_topic_ids=False)
    assert gone.error is ErrorCode.FETCH_SESSION_ID_NOT_FOUND
    assert gone.complete() == NO_SESSION


def test_session_errors() -> None:
    _, sessions = make_sessions()
    session_id = open_session(sessions, "a")

    assert (
        sessions.begin(2, session_id, 1, [], uses_topic_ids=False).error
        is ErrorCode.FETCH_SESSION_ID_NOT_FOUND
    )
    assert (
        sessions.begin(1, session_id, 2, [], uses_topic_ids=False).error
        is ErrorCode.INVALID_FETCH_SESSION_EPOCH
    )
    assert (
        sessions.begin(1, session_id, 1, [], uses_topic_ids=True).error
        is ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR
    )


def test_an_answer_that_another_request_overtook_is_an_error() -> None:
    _, sessions = make_sessions()
    session_id = open_session(sessions, "a")
    slow = sessions.begin(1, session_id, 1, [], uses_topic_ids=False)
    sessions.begin(1, session_id, 2, [], uses_topic_ids=False)

    assert slow.complete() == session_id
    assert slow.error is ErrorCode.INVALID_FETCH_SESSION_EPOCH


def test_a_full_cache_gives_no_session_until_one_is_stale() -> None:
    clock, sessions = make_sessions(slots=1)
    first = open_session(sessions, "a")
    assert open_session(sessions, "b") == NO_SESSION
    clock.advance(120.001)

    assert open_session(sessions, "b") > 0
    assert sessions.begin(1, first, 1, [], uses_topic_ids=False).error is ErrorCode.FETCH_SESSION_ID_NOT_FOUND


def test_an_old_session_makes_room_only_for_one_that_reads_as_much() -> None:
    clock, sessions = make_sessions(slots=1)
    old = open_session(sessions, "a", "b")
    clock.advance(121)
    # It is in use, so it is not stale, but it is old.
    sessions.begin(1, old, 1, [], uses_topic_ids=False)

    assert open_session(sessions, "c") == NO_SESSION
    assert open_session(sessions, "c", "d", "e") > 0


def test_a_followers_session_drops_a_consumers() -> None:
    _, sessions = make_sessions(slots=1)
    open_session(sessions, "a", "b", "c")

    assert open_session(sessions, "d", is_follower=True) > 0
    assert open_session(sessions, "e", is_follower=True) == NO_SESSION


def test_a_partition_is_found_by_id_and_stays_itself() -> None:
    cluster = make_cluster()
    topic = cluster.create_topic("orders")
    by_id = SessionPartition(None, topic.id, 0, 0, 1000)
    unknown = SessionPartition(None, b"\x01" * 16, 0, 0, 1000)

    assert by_id.resolve(cluster) is topic.partitions[0]
    with pytest.raises(KafkaError, match="UNKNOWN_TOPIC_ID"):
        unknown.resolve(cluster)
    cluster.delete_topic("orders")
    with pytest.raises(KafkaError, match="UNKNOWN_TOPIC_OR_PARTITION"):
        by_id.resolve(cluster)
    again = cluster.create_topic("orders")
    with pytest.raises(KafkaError, match="INCONSISTENT_TOPIC_ID"):
        by_id.resolve(cluster)
    assert SessionPartition("orders", None, 0, 0, 1000).resolve(cluster) is again.partitions[0]
