"""How a share partition begins, follows its log, and ends."""

from __future__ import annotations

import pytest

from mockbroker.core import brokers
from mockbroker.core.producer_state import Origin
from mockbroker.core.share.acknowledgement import release_member
from mockbroker.core.share.share_partition import Status
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode
from protocol_specs.record_batch import EndTxnMarker, build_end_txn_marker
from tests.core.clusters import START
from tests.core.share.bench import ACCEPT, RELEASE, ShareBench, stored

NOW_MS = int(START * 1000)


@pytest.mark.parametrize(
    ("reset", "start"),
    [
        ("earliest", 2),
        ("latest", 8),
        ("by_duration:PT2H", 2),
        ("by_duration:PT30M", 5),
        ("by_duration:PT1S", 7),
    ],
)
def test_where_a_group_begins(reset: str, start: int) -> None:
    bench = ShareBench(share_auto_offset_reset=reset)
    for age_s, size in ((7200, 4), (3600, 1), (1800, 2), (0, 1)):
        bench.produce(size, timestamp_ms=NOW_MS - age_s * 1000)
    bench.log.delete_records(2)

    bench.fetch()

    assert bench.partition.start_offset == start


def test_a_time_after_the_last_record_is_an_error() -> None:
    bench = ShareBench(share_auto_offset_reset="by_duration:PT1S")
    bench.produce(4, timestamp_ms=NOW_MS - 7_200_000)
    assert bench.failure() is ErrorCode.OFFSET_NOT_AVAILABLE
    assert bench.shared.get(bench.broker, bench.key) is None


def test_a_group_goes_on_where_it_was() -> None:
    bench = ShareBench(state=stored((5, 6, 2, 2), (7, 8, 1, 0), (9, 9, 3, 4), start=5))
    bench.produce(12)
    assert bench.acquire() == [(7, 8, 2), (10, 11, 1)]
    assert bench.window == (7, 11)
    assert bench.partition.delivery_complete_count == 1
    assert bench.states_of() == {
        7: "ACQUIRED 2 m1",
        8: "ACQUIRED 2 m1",
        9: "ARCHIVED 3",
        10: "ACQUIRED 1 m1",
        11: "ACQUIRED 1 m1",
    }


def test_all_that_is_known_is_done_with() -> None:
    bench = ShareBench(state=stored((0, 3, 1, 2), (4, 5, 2, 4)))
    bench.produce(8)
    assert bench.acquire() == [(6, 7, 1)]


@pytest.mark.parametrize("batch", [(3, 2, 1, 0), (0, 1, 1, 7)])
def test_a_state_that_makes_no_sense(batch: tuple[int, int, int, int]) -> None:
    bench = ShareBench(state=stored(batch))
    bench.produce(5)
    assert bench.failure() is ErrorCode.UNKNOWN_SERVER_ERROR


def test_a_share_partition_that_nobody_initialized() -> None:
    bench = ShareBench()
    bench.produce(5)
    bench.states.delete(bench.broker, bench.key)
    assert bench.failure() is ErrorCode.UNKNOWN_SERVER_ERROR
    bench.initialize(stored(start=0))
    assert bench.acquire() == [(0, 4, 1)]


def test_a_start_that_has_to_wait() -> None:
    bench = ShareBench(3)
    bench.produce(5)
    home = bench.cluster.topics["__share_group_state"].partitions[bench.states.partition_for(bench.key)]
    home.pause()
    bench.initialize(stored(start=2))

    first = bench.fetching("m1", wait=10)
    second = bench.fetching("m2", wait=1)

    assert bench.partition.status is Status.INITIALIZING
    bench.cluster.clock.advance(2)
    assert second.reply == {}
    home.resume()
    bench.cluster.waiting.flush()
    assert [tuple(one) for one in first.reply[bench.topic.id, 0].acquired] == [(2, 4, 1)]


# The log.


def test_records_that_retention_has_removed() -> None:
    bench = ShareBench()
    bench.produce(4, 4, 4)
    bench.acquire("m1", records=1)
    bench.acquire("m2", records=1)
    bench.acknowledge((0, 3, RELEASE))
    bench.log.delete_records(6)

    # The read fails once, and the start offset follows. What m2 holds of the deleted records it keeps.
    assert bench.acquire("m1") == []
    assert bench.window == (6, 7)
    assert bench.states_of()[0] == "ARCHIVED 1"
    assert bench.acquire("m1") == [(8, 11, 1)]
    bench.acknowledge((4, 7, ACCEPT), member_id="m2")
    # Of its batch what was deleted is held until the lock runs out, and holds the start offset back.
    assert bench.window == (6, 11)
    bench.cluster.clock.advance(31)
    assert bench.window == (8, 11)


def test_deleted_records_whose_lock_runs_out_are_archived() -> None:
    bench = ShareBench()
    bench.produce(4, 4)
    bench.acquire("m1", batch_size=1)
    bench.acknowledge((0, 0, RELEASE), (4, 4, RELEASE))
    bench.log.delete_records(6)
    assert bench.acquire("m2") == []
    assert bench.window == (6, 7)
    bench.cluster.clock.advance(31)
    assert bench.written_batches() == [(6, 7, 1, 0)]
    assert bench.states_of()[5] == "ARCHIVED 1"
    assert bench.acquire("m2") == [(6, 7, 2)]


@pytest.mark.parametrize("leaves", [True, False])
def test_of_a_batch_that_was_deleted_in_part_the_rest_is_free_again(leaves: bool) -> None:
    bench = ShareBench()
    bench.produce(4, 4)
    bench.acquire("m1", records=1)
    assert bench.acquire("m2", records=1) == [(4, 7, 1)]
    bench.acknowledge((0, 3, RELEASE))
    bench.log.delete_records(6)
    assert bench.acquire("m1") == []
    assert bench.window == (6, 7)
    if leaves:
        release_member(bench.partition, "m2", lambda error: None)
    else:
        bench.cluster.clock.advance(31)
    assert bench.states_of()[5] == "ARCHIVED 1"
    assert bench.written_batches() == [(6, 7, 1, 0)]
    assert bench.acquire("m1") == [(6, 7, 2)]


def test_a_log_that_was_emptied() -> None:
    bench = ShareBench()
    bench.produce(4)
    bench.fetch(records=1)
    bench.acknowledge((0, 3, ACCEPT))
    bench.produce(4)
    bench.log.delete_records(8)
    assert bench.acquire() == []
    assert bench.window == (8, 8)
    bench.produce(2)
    assert bench.acquire() == [(8, 9, 1)]


# Transactions.


def transaction(bench: ShareBench, size: int, *, is_commit: bool | None, producer_id: int = 7) -> None:
    """Write records in a transaction; None leaves it open."""
    bench.produce(size, producer_id=producer_id, producer_epoch=0, base_sequence=0, is_transactional=True)
    if is_commit is not None:
        marker = build_end_txn_marker(
            EndTxnMarker(is_commit, 0), producer_id=producer_id, producer_epoch=0, timestamp_ms=NOW_MS
        )
        bench.log.log.append_as_leader(memoryview(marker), bench.log.leader_epoch, origin=Origin.COORDINATOR)
        bench.log.log.high_watermark = bench.log.log.end_offset


def test_uncommitted_records_are_delivered_by_default() -> None:
    bench = ShareBench()
    transaction(bench, 3, is_commit=None)
    assert bench.acquire() == [(0, 2, 1)]


def test_read_committed_waits_for_the_end_of_a_transaction() -> None:
    bench = ShareBench(share_isolation_level="read_committed")
    bench.produce(2)
    transaction(bench, 3, is_commit=None)
    bench.produce(1)
    assert bench.acquire() == [(0, 1, 1)]


def test_aborted_records_are_archived() -> None:
    bench = ShareBench(share_isolation_level="read_committed")
    bench.produce(2)
    transaction(bench, 3, is_commit=False)
    bench.produce(2)
    transaction(bench, 2, is_commit=True, producer_id=8)

    # The markers at 5 and 10 are acquired, too; clients take them for gaps.
    assert bench.acquire() == [(0, 1, 1), (5, 10, 1)]
    assert bench.states_of()[2] == "ARCHIVED 1"
    assert bench.partition.delivery_complete_count == 3
    bench.acknowledge((0, 1, ACCEPT))
    assert bench.window == (5, 10)


def test_nothing_but_aborted_records() -> None:
    bench = ShareBench(share_isolation_level="read_committed")
    transaction(bench, 3, is_commit=False)
    assert bench.acquire() == [(3, 3, 1)]


# Leaders.


def test_a_new_leader_delivers_again_what_was_acquired() -> None:
    bench = ShareBench(3)
    bench.produce(4)
    bench.acquire("m1")
    bench.acknowledge((0, 0, ACCEPT), (1, 1, RELEASE))
    old = bench.partition
    waiting = bench.fetching("m2", wait=5, partitions=(0,), min_bytes=10_000)
    other = next(id for id in bench.log.isr if id != bench.broker)

    brokers.move_leader(bench.cluster, "orders", 0, other)

    assert old.status is Status.FENCED
    assert bench.fetch().error_code is ErrorCode.NOT_LEADER_OR_FOLLOWER
    bench.cluster.waiting.flush()
    assert isinstance(waiting, Pending)
    bench.cluster.clock.advance(5)
    assert waiting.reply == {}
    bench.broker = other
    assert bench.acquire("m2") == [(1, 1, 2), (2, 3, 1)]
    # The locks of the old leader are of no effect.
    written = bench.written()
    bench.cluster.clock.advance(26)
    assert bench.written() == written


def test_a_leader_of_an_older_epoch_is_fenced() -> None:
    bench = ShareBench()
    bench.produce(4)
    bench.acquire()
    bench.states.read(bench.broker, bench.key, bench.log.leader_epoch + 1)
    partition = bench.partition
    error = bench.acknowledging((0, 3, ACCEPT))
    assert error.code is ErrorCode.NOT_LEADER_OR_FOLLOWER
    assert partition.status is Status.FENCED


def test_a_broker_that_stops_forgets_its_share_partitions() -> None:
    bench = ShareBench()
    bench.produce(4)
    bench.acquire()
    brokers.stop(bench.cluster, bench.broker)
    brokers.start(bench.cluster, bench.broker)
    assert bench.shared.get(bench.broker, bench.key) is None
    assert bench.acquire() == [(0, 3, 1)]


def test_a_deleted_topic() -> None:
    bench = ShareBench()
    bench.produce(4)
    bench.acquire()
    partition = bench.partition
    bench.cluster.delete_topic("orders")
    assert partition.status is Status.FENCED
    assert bench.fetch().error_code is ErrorCode.UNKNOWN_TOPIC_ID
