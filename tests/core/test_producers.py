from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockbroker.core.log import Appended
from mockbroker.core.producer_state import Origin
from protocol_specs.errors import ErrorCode, KafkaError
from tests.core.log_testing import NOW_MS, LogUnderTest, batch_of

MAX_INT32 = 2**31 - 1


def write(
    log: LogUnderTest, sequence: int, *, epoch: int = 0, count: int = 1, producer: int = 7, txn: bool = False
) -> Appended:
    return log.put(
        *["v"] * count,
        producer_id=producer,
        producer_epoch=epoch,
        base_sequence=sequence,
        is_transactional=txn,
    )


def refused(
    log: LogUnderTest, sequence: int, *, epoch: int = 0, count: int = 1, txn: bool = False
) -> KafkaError:
    end = log.end_offset
    with pytest.raises(KafkaError) as caught:
        write(log, sequence, epoch=epoch, count=count, txn=txn)
    assert log.end_offset == end
    return caught.value


class TestSequences:
    def test_in_order(self) -> None:
        log = LogUnderTest()
        assert [
            write(log, sequence, count=count).base_offset for sequence, count in ((0, 2), (2, 3), (5, 1))
        ] == [
            0,
            2,
            5,
        ]
        state = log.producers.producers[7]
        assert (state.epoch, state.last_sequence, state.last_offset, state.last_timestamp_ms) == (
            0,
            5,
            5,
            NOW_MS,
        )

    @pytest.mark.parametrize("sequence", [2, 4, 100])
    def test_out_of_order(self, sequence: int) -> None:
        log = LogUnderTest()
        write(log, 0, count=3)
        if sequence == 2:
            write(log, 3)
        error = refused(log, sequence)
        assert error.code is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
        last = 3 if sequence == 2 else 2
        assert error.message == (
            f"Out of order sequence number for producer 7 at offset {last + 1} in partition t-0: {sequence} "
            f"(incoming seq. number), {last} (current end sequence number)"
        )

    def test_a_producer_that_is_not_known_begins_anywhere(self) -> None:
        log = LogUnderTest()
        write(log, 41)
        write(log, 42)

    def test_sequences_wrap(self) -> None:
        log = LogUnderTest()
        write(log, MAX_INT32 - 1, count=3)
        assert log.producers.producers[7].last_sequence == 0
        write(log, 1)
        log = LogUnderTest()
        write(log, MAX_INT32)
        write(log, 0)

    def test_producers_do_not_mind_one_another(self) -> None:
        log = LogUnderTest()
        write(log, 0, producer=1)
        write(log, 0, producer=2)
        write(log, 1, producer=1)
        log.put("without")
        write(log, 1, producer=2)


class TestDuplicates:
    def test_are_answered_as_they_were_at_first(self) -> None:
        log = LogUnderTest()
        for sequence in range(0, 10, 2):
            write(log, sequence, count=2)
        for number in range(5):
            again = write(log, number * 2, count=2)
            answered = (again.base_offset, again.last_offset, again.append_time_ms, again.batch)
            assert answered == (number * 2, number * 2 + 1, NOW_MS, None)
        assert log.end_offset == 10

    def test_the_sixth_last_is_out_of_order(self) -> None:
        log = LogUnderTest()
        for sequence in range(6):
            write(log, sequence)
        assert write(log, 1).batch is None
        assert refused(log, 0).code is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER

    def test_only_the_very_same_sequences_are_a_duplicate(self) -> None:
        log = LogUnderTest()
        write(log, 0, count=3)
        assert refused(log, 0, count=2).code is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
        assert refused(log, 1, count=2).code is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER

    def test_across_the_wrap(self) -> None:
        log = LogUnderTest()
        write(log, MAX_INT32 - 1, count=3)
        assert write(log, MAX_INT32 - 1, count=3).batch is None

    def test_in_a_log_that_was_loaded_again(self) -> None:
        log = LogUnderTest()
        write(log, 0)
        write(log, 1)
        log.rebuild_producers()
        assert write(log, 0).batch is None
        assert write(log, 2).base_offset == 2

    def test_a_batch_that_was_cut_off_is_none(self) -> None:
        log = LogUnderTest()
        write(log, 0)
        write(log, 1)
        log.truncate_to(1)
        assert write(log, 1).base_offset == 1


class TestEpochs:
    def test_an_older_one_is_fenced(self) -> None:
        log = LogUnderTest()
        write(log, 0, epoch=2)
        error = refused(log, 1, epoch=1)
        assert error.code is ErrorCode.INVALID_PRODUCER_EPOCH
        assert error.message == (
            "Epoch of producer 7 at offset 1 in t-0 is 1, which is < the last seen epoch 2 (TV-1)"
        )

    def test_a_newer_one_begins_at_zero(self) -> None:
        log = LogUnderTest()
        write(log, 0)
        error = refused(log, 1, epoch=1)
        assert error.code is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
        assert error.message == (
            "Invalid sequence number for new epoch of producer 7 at offset 1 in partition t-0: 1 (request epoch), "
            "1 (seq. number), 0 (current producer epoch)"
        )
        write(log, 0, epoch=1)
        assert write(log, 0, epoch=1).batch is None
        write(log, 1, epoch=1)


class TestTransactions:
    def test_the_first_batch_is_where_it_is_unstable(self) -> None:
        log = LogUnderTest()
        log.put("a")
        write(log, 0, txn=True)
        write(log, 1, txn=True)
        assert (log.first_unstable_offset, log.last_stable_offset, log.high_watermark) == (1, 1, 3)
        log.end_transaction(7, 0, commit=True)
        assert (log.first_unstable_offset, log.last_stable_offset) == (None, 4)
        assert log.aborted_transactions(0, 99) == []

    def test_it_is_unstable_until_the_marker_is_below_the_high_watermark(self) -> None:
        leader, follower = LogUnderTest(), LogUnderTest()
        for appended in (write(leader, 0, txn=True), leader.end_transaction(7, 0, commit=False)):
            assert appended.batch is not None
            follower.append(appended.batch)
        follower.high_watermark = 1
        assert (follower.first_unstable_offset, follower.last_stable_offset) == (0, 0)
        follower.high_watermark = 2
        assert (follower.first_unstable_offset, follower.last_stable_offset) == (None, 2)
        assert follower.aborted_transactions(0, 2) == [(7, 0)]

    def test_several_at_once(self) -> None:
        log = LogUnderTest()
        write(log, 0, producer=1, txn=True)
        write(log, 0, producer=2, txn=True)
        write(log, 0, producer=3, txn=True)
        log.end_transaction(2, 0, commit=False)
        assert log.first_unstable_offset == 0
        log.end_transaction(1, 0, commit=False)
        assert log.first_unstable_offset == 2
        log.end_transaction(3, 0, commit=True)
        assert log.first_unstable_offset is None
        assert log.aborted_transactions(0, 6) == [(2, 1), (1, 0)]

    def test_aborted_ranges_of_a_fetch(self) -> None:
        log = LogUnderTest()
        for number in range(3):
            write(log, 2 * number, txn=True, count=2)
            log.end_transaction(7, 0, commit=number == 1)
        assert log.aborted_transactions(0, 9) == [(7, 0), (7, 6)]
        assert log.aborted_transactions(0, 3) == [(7, 0)]
        assert log.aborted_transactions(2, 6) == [(7, 0)]
        assert log.aborted_transactions(3, 6) == []
        assert log.aborted_transactions(8, 9) == [(7, 6)]

    def test_a_batch_without_the_flag_in_an_open_transaction(self) -> None:
        log = LogUnderTest()
        write(log, 0, txn=True)
        assert refused(log, 1).code is ErrorCode.INVALID_TXN_STATE

    def test_a_marker_of_an_older_epoch(self) -> None:
        log = LogUnderTest()
        write(log, 0, epoch=3, txn=True)
        with pytest.raises(KafkaError) as caught:
            log.end_transaction(7, 2, commit=True)
        assert caught.value.code is ErrorCode.INVALID_PRODUCER_EPOCH

    def test_with_version_2_the_marker_has_the_next_epoch(self) -> None:
        log = LogUnderTest()
        write(log, 0, txn=True)
        with pytest.raises(KafkaError, match=r"which is <= the last seen epoch 0 \(TV2\)"):
            log.end_transaction(7, 0, commit=True, version=2)
        log.end_transaction(7, 1, commit=True, version=2)
        log.end_transaction(7, 1, commit=True, version=2)
        state = log.producers.producers[7]
        assert (state.epoch, state.last_sequence, state.txn_first_offset) == (1, -1, None)
        assert refused(log, 1, epoch=1, txn=True).code is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
        write(log, 0, epoch=1, txn=True)

    def test_with_version_2_the_greatest_epoch_ends_what_it_began(self) -> None:
        log = LogUnderTest()
        greatest = 2**15 - 1
        write(log, 0, epoch=greatest, txn=True)
        log.end_transaction(7, greatest, commit=False, version=2)
        assert log.producers.producers[7].txn_first_offset is None

    def test_a_marker_of_a_coordinator_that_was_replaced(self) -> None:
        log = LogUnderTest()
        write(log, 0, txn=True)
        log.end_transaction(7, 0, commit=True, coordinator_epoch=5)
        write(log, 1, txn=True)
        with pytest.raises(KafkaError) as caught:
            log.end_transaction(7, 0, commit=True, coordinator_epoch=4)
        assert caught.value.code is ErrorCode.TRANSACTION_COORDINATOR_FENCED

    def test_a_marker_where_nothing_was_written(self) -> None:
        log = LogUnderTest()
        log.end_transaction(7, 3, commit=False)
        assert (log.first_unstable_offset, log.aborted_transactions(0, 9)) == (None, [])
        assert log.producers.producers[7].epoch == 3

    def test_what_is_loaded_again(self) -> None:
        log = LogUnderTest()
        write(log, 0, producer=1, txn=True)
        write(log, 0, producer=2, txn=True)
        log.end_transaction(1, 0, commit=False)
        log.put("tail")
        log.truncate_to(3)
        assert (log.first_unstable_offset, log.aborted_transactions(0, 9)) == (1, [(1, 0)])
        log.truncate_to(2)
        assert (log.first_unstable_offset, log.aborted_transactions(0, 9)) == (0, [])


class TestVerification:
    def test_a_transaction_begins_only_with_its_guard(self) -> None:
        log = LogUnderTest(verifies_transactions=True)
        batch = batch_of("v", producer_id=7, producer_epoch=0, base_sequence=0, is_transactional=True)
        with pytest.raises(KafkaError) as caught:
            log.append_as_leader(batch, 0)
        assert (caught.value.code, caught.value.message) == (
            ErrorCode.INVALID_TXN_STATE,
            "Record was not part of an ongoing transaction",
        )
        guard = log.producers.start_verification(7, 0, 0, True, NOW_MS)
        batch.base_offset = 0
        log.append_as_leader(batch, 0, guard=guard)
        assert log.producers.start_verification(7, 1, 0, True, NOW_MS) is None
        write(log, 1, txn=True)

    def test_a_guard_of_a_transaction_that_has_ended(self) -> None:
        log = LogUnderTest(verifies_transactions=True)
        guard = log.producers.start_verification(7, 0, 0, False, NOW_MS)
        log.end_transaction(7, 0, commit=False)
        batch = batch_of("v", producer_id=7, producer_epoch=0, base_sequence=0, is_transactional=True)
        with pytest.raises(KafkaError) as caught:
            log.append_as_leader(batch, 0, guard=guard)
        assert caught.value.code is ErrorCode.INVALID_TXN_STATE

    def test_an_older_epoch_is_refused_at_once(self) -> None:
        log = LogUnderTest()
        write(log, 0, epoch=2)
        with pytest.raises(KafkaError) as caught:
            log.producers.start_verification(7, 0, 1, True, NOW_MS)
        assert caught.value.code is ErrorCode.INVALID_PRODUCER_EPOCH

    def test_the_lowest_sequence_that_waits_goes_first(self) -> None:
        log = LogUnderTest()
        guard = log.producers.start_verification(7, 3, 0, False, NOW_MS)
        assert log.producers.start_verification(7, 1, 0, False, NOW_MS) is guard
        assert refused(log, 2).code is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
        write(log, 1)

    def test_with_epoch_bumps_a_new_producer_begins_at_zero(self) -> None:
        log = LogUnderTest()
        log.producers.start_verification(7, 3, 0, True, NOW_MS)
        assert "Expected sequence 0 for transactions v2" in (refused(log, 3).message or "")


class TestExpiry:
    def test_idle_producers_are_forgotten(self) -> None:
        log = LogUnderTest()
        write(log, 0)
        write(log, 0, producer=8, txn=True)
        log.producers.start_verification(9, 0, 0, True, NOW_MS)
        log.producers.remove_expired(NOW_MS + 999, 1_000)
        assert set(log.producers.producers) == {7, 8}
        log.producers.remove_expired(NOW_MS + 1_000, 1_000)
        assert set(log.producers.producers) == {8}
        write(log, 30)


def test_replication_is_not_questioned() -> None:
    log = LogUnderTest()
    write(log, 0, epoch=5)
    batch = batch_of("v", producer_id=7, producer_epoch=3, base_sequence=9)
    assert log.producers.admit(batch, 1, Origin.REPLICATION) is None
    batch.stamp(1, 0)
    log.append(batch)
    assert log.producers.producers[7].epoch == 3


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 2), st.sampled_from(["write", "commit", "abort"])), max_size=25))
def test_the_stable_offset_is_that_of_a_plain_count(steps: list[tuple[int, str]]) -> None:
    log = LogUnderTest()
    sequences = {1: 0, 2: 0}
    open_at: dict[int, int] = {}
    aborted = []
    for producer, step in steps:
        if step == "write":
            open_at.setdefault(producer, log.end_offset)
            write(log, sequences[producer], producer=producer, txn=True)
            sequences[producer] += 1
        else:
            first = open_at.pop(producer, None)
            log.end_transaction(producer, 0, commit=step == "commit")
            if step == "abort" and first is not None:
                aborted.append((producer, first))
        assert log.last_stable_offset == min([*open_at.values(), log.end_offset])
        assert log.aborted_transactions(0, log.last_stable_offset) == [
            one for one in aborted if one[1] < log.last_stable_offset
        ]
    before = (log.first_unstable_offset, log.aborted_transactions(0, 999))
    log.rebuild_producers()
    assert (log.first_unstable_offset, log.aborted_transactions(0, 999)) == before
