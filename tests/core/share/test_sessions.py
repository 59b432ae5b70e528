"""Share sessions, and what their ends set free."""

from __future__ import annotations

import pytest

from mockbroker.config import Settings
from mockbroker.core.share.sessions import SessionPartition, ShareSession, ShareSessions
from mockbroker.core.share.share_partition import Status
from protocol_specs.errors import ErrorCode, KafkaError
from tests.core.share.bench import GROUP, ShareBench

ORDERS = bytes(range(16))
P0, P1 = SessionPartition(ORDERS, 0, "orders"), SessionPartition(ORDERS, 1, "orders")


class Ends:
    """Sessions, and what was told of their ends."""

    def __init__(self, **settings: str) -> None:
        self.left: list[str] = []
        self.empty: list[str] = []
        self.sessions = ShareSessions(
            Settings({name.replace("_", "."): value for name, value in settings.items()}),
            lambda session: self.left.append(session.member_id),
            self.empty.append,
        )

    def begin(self, member_id: str = "m1", connection_id: int = 1, group_id: str = "g") -> ShareSession:
        return self.sessions.begin(group_id, member_id, connection_id, [P0])


def code_of(refused: pytest.ExceptionInfo[KafkaError]) -> ErrorCode:
    return refused.value.code


def test_epochs_count_up() -> None:
    ends = Ends()
    session = ends.begin()
    assert session.epoch == 1
    ends.sessions.continue_at("g", "m1", 1).update([P1], [])
    assert session.epoch == 2
    ends.sessions.acknowledge("g", "m1", 2)
    assert session.epoch == 3
    ends.sessions.acknowledge("g", "m1", -1)
    assert session.epoch == 3
    session.epoch = 2**31 - 1
    session.update([], [])
    assert session.epoch == 1


@pytest.mark.parametrize("epoch", [0, 2, -2])
def test_another_epoch_is_refused(epoch: int) -> None:
    ends = Ends()
    ends.begin()
    with pytest.raises(KafkaError) as refused:
        ends.sessions.acknowledge("g", "m1", epoch)
    assert code_of(refused) is ErrorCode.INVALID_SHARE_SESSION_EPOCH
    with pytest.raises(KafkaError) as refused:
        ends.sessions.continue_at("g", "m1", epoch)
    assert code_of(refused) is ErrorCode.INVALID_SHARE_SESSION_EPOCH


@pytest.mark.parametrize("epoch", [1, -1])
def test_a_session_that_is_not_there(epoch: int) -> None:
    ends = Ends()
    ends.begin("m2")
    with pytest.raises(KafkaError) as refused:
        ends.sessions.acknowledge("g", "m1", epoch)
    assert code_of(refused) is ErrorCode.SHARE_SESSION_NOT_FOUND


def test_there_is_a_limit() -> None:
    ends = Ends(group_share_max_share_sessions="2", group_share_max_size="2")
    ends.begin("m1")
    ends.begin("m2")
    with pytest.raises(KafkaError) as refused:
        ends.begin("m3")
    assert code_of(refused) is ErrorCode.SHARE_SESSION_LIMIT_REACHED
    # Who has one may begin anew.
    ends.begin("m2")
    ends.sessions.remove("g", "m1")
    ends.begin("m3")
    assert len(ends.sessions) == 2


def test_a_partition_named_twice() -> None:
    ends = Ends()
    ends.begin()
    with pytest.raises(KafkaError) as refused:
        ends.sessions.begin("g", "m1", 1, [P0, P0])
    assert code_of(refused) is ErrorCode.UNKNOWN_SERVER_ERROR
    assert len(ends.sessions) == 0


def test_what_an_answer_names() -> None:
    session = Ends().begin()
    session.update([P0, P1], [])
    # The one that was there is named with records or an error, the added one in any case, once.
    assert not session.includes(P0.key, has_records=False, has_error=False)
    assert session.includes(P1.key, has_records=False, has_error=False)
    assert not session.includes(P1.key, has_records=False, has_error=False)
    # After an error it is named once more, so that the client sees that it is well again.
    assert session.includes(P0.key, has_records=False, has_error=True)
    assert session.includes(P0.key, has_records=False, has_error=False)
    assert not session.includes(P0.key, has_records=False, has_error=False)
    # After records it has its turn behind the others.
    assert session.includes(P0.key, has_records=True, has_error=False)
    assert list(session.partitions) == [P1.key, P0.key]


def test_partitions_are_forgotten() -> None:
    session = Ends().begin()
    session.update([P1], [P0.key])
    assert list(session.partitions) == [P1.key]
    session.update([], [P1.key, P0.key])
    assert not session.partitions


def test_a_session_ends_with_its_connection() -> None:
    ends = Ends()
    ends.begin("m1", 1)
    ends.begin("m2", 2)
    ends.sessions.disconnected(3)
    ends.sessions.disconnected(1)
    assert (ends.left, ends.empty) == (["m1"], [])
    ends.sessions.disconnected(2)
    assert (ends.left, ends.empty) == (["m1", "m2"], ["g"])
    assert len(ends.sessions) == 0


def test_a_connection_whose_session_has_ended_before() -> None:
    ends = Ends()
    ends.begin("m1", 1)
    ends.sessions.remove("g", "m1")
    ends.sessions.disconnected(1)
    assert (ends.left, ends.empty) == ([], ["g"])


def test_a_session_that_went_on_over_another_connection() -> None:
    ends = Ends()
    ends.begin("m1", 1)
    ends.begin("m1", 2)
    ends.sessions.disconnected(1)
    assert (ends.left, ends.empty) == ([], [])
    assert len(ends.sessions) == 1


# What is set free.


def held(bench: ShareBench) -> None:
    """m1 (connection 1) and m2 (connection 2) hold records."""
    for number, member_id in enumerate(("m1", "m2"), 1):
        bench.produce(3)
        sessions = bench.shared.sessions(bench.broker)
        sessions.begin(GROUP, member_id, number, [SessionPartition(bench.topic.id, 0, "orders")])
        assert len(bench.acquire(member_id)) == 1


def test_a_member_that_ends_its_session_releases_its_records() -> None:
    bench = ShareBench()
    held(bench)
    bench.shared.end_session(bench.broker, GROUP, "m1")
    assert bench.states_of() == {
        **dict.fromkeys(range(3), "AVAILABLE 1"),
        **dict.fromkeys(range(3, 6), "ACQUIRED 1 m2"),
    }
    assert bench.written_batches() == [(0, 2, 1, 0)]
    assert bench.acquire("m2") == [(0, 2, 2)]
    bench.shared.end_session(bench.broker, GROUP, "m1")


def test_so_does_one_whose_connection_ends() -> None:
    bench = ShareBench()
    held(bench)
    partition = bench.partition
    waiting = bench.fetching("m2", wait=5)
    bench.shared.disconnected(bench.broker, 1)
    bench.cluster.waiting.flush()
    assert [tuple(one) for one in waiting.reply[bench.topic.id, 0].acquired] == [(0, 2, 2)]
    bench.shared.disconnected(bench.broker, 2)
    assert partition.status is Status.FENCED
    assert bench.shared.get(bench.broker, bench.key) is None
    assert bench.written_batches() == [(0, 2, 2, 0), (3, 5, 1, 0)]


def test_a_record_on_its_last_delivery_is_archived_then() -> None:
    bench = ShareBench(share_delivery_count_limit="2")
    held(bench)
    bench.cluster.clock.advance(30)
    assert bench.acquire("m1") == [(0, 2, 2), (3, 5, 2)]
    bench.shared.end_session(bench.broker, GROUP, "m1")
    assert bench.window == (6, 6)
    assert bench.written_batches() == [(0, 5, 2, 4)]
