"""What becomes of acquired records."""

from __future__ import annotations

from typing import Any

import pytest

from mockbroker.core.share.share_partition import Status
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode, KafkaError
from tests.core.share.bench import ACCEPT, REJECT, RELEASE, RENEW, ShareBench

GAP = 0


def acquired(*sizes: int, **configs: Any) -> ShareBench:
    """A bench at which m1 holds batches of so many records."""
    bench = ShareBench(**configs)
    bench.produce(*sizes)
    bench.acquire(batch_size=1)
    return bench


def refusal(bench: ShareBench, *batches: tuple[int, int, int | list[int]], member_id: str = "m1") -> str:
    """Acknowledge in vain; the code and the text, in which code and text are the same as they were before."""
    before = bench.states_of(), bench.partition.delivery_complete_count
    with pytest.raises(KafkaError) as refused:
        bench.acknowledge(*batches, member_id=member_id)
    assert (bench.states_of(), bench.partition.delivery_complete_count) == before
    return f"{refused.value.code.name}: {refused.value.message}"


def test_accepted_records_are_done_with() -> None:
    bench = acquired(5, 5)
    bench.acknowledge((0, 4, ACCEPT))
    assert bench.window == (5, 9)
    bench.acknowledge((5, 9, ACCEPT))
    assert bench.window == (10, 10)
    assert len(bench.partition.in_flight) == 0
    # What lies before the start offset is not kept.
    assert bench.written_batches() == [(5, 9, 1, 2)]


@pytest.mark.parametrize("kind", [REJECT, GAP])
def test_rejected_records_and_gaps_are_archived(kind: int) -> None:
    bench = acquired(5)
    bench.acknowledge((0, 4, kind))
    assert bench.window == (5, 5)
    assert bench.written_batches() == [(0, 4, 1, 4)]


def test_released_records_become_available() -> None:
    bench = acquired(5)
    bench.acknowledge((0, 4, RELEASE))
    assert set(bench.states_of().values()) == {"AVAILABLE 1"}
    assert bench.written_batches() == [(0, 4, 1, 0)]
    assert bench.window == (0, 4)


def test_each_record_may_be_acknowledged_in_its_own_way() -> None:
    bench = acquired(5)
    bench.acknowledge((0, 4, [ACCEPT, RELEASE, REJECT, GAP, ACCEPT]))
    assert bench.states_of() == {
        0: "ACKNOWLEDGED 1",
        1: "AVAILABLE 1",
        2: "ARCHIVED 1",
        3: "ARCHIVED 1",
        4: "ACKNOWLEDGED 1",
    }
    # The first is done with, the batch is kept for the others.
    assert bench.window == (1, 4)
    assert bench.partition.delivery_complete_count == 3
    assert bench.written_batches() == [(0, 0, 1, 2), (1, 1, 1, 0), (2, 3, 1, 4), (4, 4, 1, 2)]


def test_one_request_may_span_batches_or_name_parts_of_them() -> None:
    bench = acquired(3, 3, 3)
    bench.acknowledge((1, 7, ACCEPT))
    assert [bench.states_of()[offset] for offset in (0, 1, 4, 7, 8)] == [
        "ACQUIRED 1 m1",
        "ACKNOWLEDGED 1",
        "ACKNOWLEDGED 1",
        "ACKNOWLEDGED 1",
        "ACQUIRED 1 m1",
    ]
    bench.acknowledge((0, 0, ACCEPT))
    assert bench.window == (8, 8)
    bench.acknowledge((8, 8, ACCEPT))
    assert bench.window == (9, 9)


def test_the_count_of_what_is_done_is_written_with_the_start_before() -> None:
    bench = acquired(5, 5)
    bench.acknowledge((7, 8, ACCEPT))
    assert (bench.written().start_offset, bench.written().delivery_complete_count) == (0, 2)
    bench.acknowledge((0, 4, ACCEPT))
    assert (bench.written().start_offset, bench.written().delivery_complete_count) == (0, 7)
    assert (bench.partition.start_offset, bench.partition.delivery_complete_count) == (5, 2)
    bench.acknowledge((5, 5, ACCEPT))
    assert (bench.written().start_offset, bench.written().delivery_complete_count) == (5, 3)


def test_a_record_that_was_delivered_often_enough_is_archived_when_released() -> None:
    bench = acquired(2, share_delivery_count_limit="2")
    bench.acknowledge((0, 1, RELEASE))
    bench.acquire("m2")
    bench.acknowledge((0, 1, RELEASE), member_id="m2")
    assert bench.written_batches() == [(0, 1, 2, 4)]
    assert bench.window == (2, 2)


NOT_THE_OWNER = "INVALID_RECORD_STATE: Member is not the owner of batch record"


@pytest.mark.parametrize(
    ("batches", "member", "expected"),
    [
        ([(0, 4, ACCEPT)], "m2", NOT_THE_OWNER),
        ([(1, 2, ACCEPT)], "m2", NOT_THE_OWNER),
        (
            [(20, 22, ACCEPT)],
            "m1",
            "INVALID_REQUEST: Batch record not found. The first offset in request is past acquired records.",
        ),
        (
            [(8, 12, ACCEPT)],
            "m1",
            "INVALID_REQUEST: Batch record not found. The last offset in request is past acquired records.",
        ),
        # What was taken before is taken back.
        ([(0, 4, ACCEPT), (5, 12, ACCEPT)], "m1", "INVALID_REQUEST: "),
        ([(0, 2, ACCEPT), (2, 3, ACCEPT)], "m1", "INVALID_RECORD_STATE: "),
    ],
)
def test_refusals(batches: list[tuple[int, int, int | list[int]]], member: str, expected: str) -> None:
    assert refusal(acquired(5, 5), *batches, member_id=member).startswith(expected)


def test_what_is_not_acquired_cannot_be_acknowledged() -> None:
    bench = acquired(5, 5)
    bench.acknowledge((5, 9, RELEASE), (0, 0, ACCEPT))
    whole = "INVALID_RECORD_STATE: The batch cannot be acknowledged. The batch is not in the acquired state."
    assert refusal(bench, (5, 9, ACCEPT)) == whole
    each = "INVALID_RECORD_STATE: The offset cannot be acknowledged. The offset is not acquired."
    bench.acknowledge((2, 2, RELEASE))
    assert refusal(bench, (2, 2, ACCEPT)) == each
    bench.acquire("m2", records=1)
    assert refusal(bench, (2, 2, ACCEPT)) == "INVALID_RECORD_STATE: Member is not the owner of offset"


def test_what_lies_before_the_start_is_passed_over() -> None:
    bench = acquired(5, 5)
    bench.acknowledge((0, 4, ACCEPT))
    bench.acknowledge((0, 4, ACCEPT), (5, 5, ACCEPT))
    bench.acknowledge((3, 6, ACCEPT))
    assert bench.window == (7, 9)


def test_records_that_were_never_in_flight() -> None:
    bench = ShareBench()
    bench.produce(5)
    bench.fetching(records=1, max_bytes=1_000_000)
    bench.acknowledge((0, 4, ACCEPT))
    text = "Batch record not found. The request batch offsets are not found in the cache."
    assert refusal(bench, (5, 9, ACCEPT)) == f"INVALID_RECORD_STATE: {text}"


# Locks.


def test_a_lock_runs_out() -> None:
    bench = acquired(5, 5)
    bench.acknowledge((5, 9, ACCEPT))
    bench.cluster.clock.advance(29.9)
    assert bench.states_of()[0] == "ACQUIRED 1 m1"
    bench.cluster.clock.advance(0.2)
    assert {bench.states_of()[offset] for offset in range(5)} == {"AVAILABLE 1"}
    assert bench.written_batches() == [(0, 4, 1, 0), (5, 9, 1, 2)]
    assert bench.acquire("m2") == [(0, 4, 2)]


def test_each_record_of_a_broken_batch_is_freed_at_the_same_time() -> None:
    bench = acquired(4)
    bench.cluster.clock.advance(10)
    bench.acknowledge((1, 1, ACCEPT))
    bench.cluster.clock.advance(20)
    assert list(bench.states_of().values()) == [
        "AVAILABLE 1",
        "ACKNOWLEDGED 1",
        "AVAILABLE 1",
        "AVAILABLE 1",
    ]


def test_the_last_delivery_that_runs_out_archives() -> None:
    bench = ShareBench(share_delivery_count_limit="2", share_record_lock_duration_ms="15000")
    bench.produce(3)
    for _ in range(2):
        assert len(bench.acquire()) == 1
        bench.cluster.clock.advance(15)
    assert bench.acquire() == []
    assert bench.window == (3, 3)
    assert bench.written_batches() == [(0, 2, 2, 4)]
    assert bench.written().delivery_complete_count == 3


def test_acknowledged_records_have_no_lock() -> None:
    bench = acquired(3)
    bench.acknowledge((0, 2, RELEASE))
    bench.acquire("m2")
    bench.cluster.clock.advance(29)
    assert set(bench.states_of().values()) == {"ACQUIRED 2 m2"}


def test_a_renewed_lock_lasts_for_another_full_time() -> None:
    bench = acquired(4)
    bench.cluster.clock.advance(20)
    bench.acknowledge((0, 3, RENEW))
    assert set(bench.states_of().values()) == {"ACQUIRED 1 m1"}
    bench.cluster.clock.advance(20)
    bench.acknowledge((1, 3, [RENEW, ACCEPT, RENEW]))
    bench.cluster.clock.advance(10)
    assert list(bench.states_of().values()) == [
        "AVAILABLE 1",
        "ACQUIRED 1 m1",
        "ACKNOWLEDGED 1",
        "ACQUIRED 1 m1",
    ]
    bench.cluster.clock.advance(20)
    assert bench.states_of()[1] == "AVAILABLE 1"
    # Only what has changed was written.
    assert bench.written_batches() == [(0, 1, 1, 0), (2, 2, 1, 2), (3, 3, 1, 0)]


def test_a_group_may_forbid_to_renew() -> None:
    bench = acquired(4, share_renew_acknowledge_enable="false")
    text = "INVALID_RECORD_STATE: Renewing acquisition locks is not enabled for the group."
    assert refusal(bench, (0, 3, RENEW)) == text
    bench.acknowledge((0, 0, ACCEPT))
    assert refusal(bench, (1, 3, RENEW)) == text


# Writing it down.


def paused_home(bench: ShareBench) -> None:
    """Let the followers of the share coordinator's partition stop."""
    topic = bench.cluster.topics["__share_group_state"]
    topic.partitions[bench.states.partition_for(bench.key)].pause()


def resume_home(bench: ShareBench) -> None:
    topic = bench.cluster.topics["__share_group_state"]
    topic.partitions[bench.states.partition_for(bench.key)].resume()
    bench.cluster.waiting.flush()


def acquired_at_three(*sizes: int) -> ShareBench:
    bench = ShareBench(3)
    bench.produce(*sizes)
    bench.acquire(batch_size=1)
    return bench


def test_an_acknowledgement_counts_when_it_is_written() -> None:
    bench = acquired_at_three(5, 5)
    paused_home(bench)

    pending = bench.acknowledging((0, 4, ACCEPT))

    assert isinstance(pending, Pending)
    assert bench.window == (0, 9)
    again = "INVALID_RECORD_STATE: The batch cannot be acknowledged. The batch is not in the acquired state."
    assert refusal(bench, (0, 4, ACCEPT)) == again
    bench.cluster.clock.advance(1)
    assert not pending.is_settled
    resume_home(bench)
    assert pending.reply == {(bench.topic.id, 0): None}
    assert bench.window == (5, 9)


def test_released_records_are_not_available_before_it_is_written() -> None:
    bench = acquired_at_three(5)
    paused_home(bench)
    bench.acknowledging((0, 4, RELEASE))
    assert bench.acquire("m2") == []
    resume_home(bench)
    assert bench.acquire("m2") == [(0, 4, 2)]


def test_an_acknowledgement_that_cannot_be_written_is_taken_back() -> None:
    bench = acquired(5)
    bench.states.delete(bench.broker, bench.key)
    text = "Error in write state RPC. Write operation on uninitialized share partition not allowed."
    assert refusal(bench, (0, 4, ACCEPT)) == f"UNKNOWN_SERVER_ERROR: {text}"
    assert (
        refusal(bench, (0, 4, [ACCEPT, RELEASE, REJECT, ACCEPT, RELEASE])) == f"UNKNOWN_SERVER_ERROR: {text}"
    )


def test_a_fenced_state_epoch_ends_the_share_partition() -> None:
    bench = acquired(5)
    partition = bench.partition
    bench.states.initialize(bench.broker, bench.key, 7, 2)

    error = bench.acknowledging((0, 4, ACCEPT))

    assert isinstance(error, KafkaError)
    assert error.code is ErrorCode.NOT_LEADER_OR_FOLLOWER
    assert error.message == f"Error in write state RPC. {ErrorCode.FENCED_STATE_EPOCH.message}"
    assert partition.status is Status.FENCED
    assert bench.shared.get(bench.broker, bench.key) is None
    # The next fetch begins anew.
    assert bench.acquire() == [(2, 4, 1)]
    assert bench.partition.state_epoch == 7


def test_a_share_partition_that_is_not_there() -> None:
    bench = ShareBench()
    error = bench.acknowledging((0, 4, ACCEPT))
    assert isinstance(error, KafkaError)
    assert error.code is ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


def test_a_lock_that_runs_out_while_a_failed_write_is_under_way() -> None:
    bench = acquired_at_three(5)
    paused_home(bench)
    pending = bench.acknowledging((0, 4, ACCEPT))
    # The write fails after 5 s, is tried again, and fails for good after five attempts.
    bench.cluster.clock.advance(60)
    assert pending.is_settled
    assert pending.reply[bench.topic.id, 0].code is ErrorCode.COORDINATOR_NOT_AVAILABLE
    assert set(bench.states_of().values()) == {"AVAILABLE 1"}
    assert bench.partition.delivery_complete_count == 0
