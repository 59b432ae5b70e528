"""Rates and token buckets give the figures that a real broker was seen to act on."""

from __future__ import annotations

import pytest

from mockbroker.core.quota_windows import Rate, TokenBucket

START_MS = 1_700_000_000_000


def test_the_first_value_counts_over_all_whole_windows() -> None:
    rate = Rate(11, 1000)
    rate.record(5000, START_MS)
    assert rate.measure(START_MS) == (500.0, 10_000)


def test_time_that_passes_counts_beside_windows_that_never_were() -> None:
    rate = Rate(11, 1000)
    rate.record(5000, START_MS)
    # 300 ms of the first window, ten windows for granted.
    assert rate.measure(START_MS + 300) == pytest.approx((5000 / 10.3, 10_300))
    # Five of the ten have passed.
    assert rate.measure(START_MS + 5570) == pytest.approx((5000 / 10.57, 10_570))


def test_what_is_older_than_all_windows_is_forgotten() -> None:
    rate = Rate(11, 1000)
    rate.record(5000, START_MS)
    assert rate.measure(START_MS + 10_999)[0] > 0
    assert rate.measure(START_MS + 11_000) == (0.0, 10_000)


def test_a_sample_that_overlaps_the_oldest_window_counts_whole() -> None:
    rate = Rate(2, 1000)
    for at in range(0, 2500, 500):
        rate.record(1, START_MS + at)
    # Two windows reach back to 400 ms, and the first sample ended after that.
    assert rate.measure(START_MS + 2400) == pytest.approx((5 / 2.4, 2400))
    assert rate.measure(START_MS + 2500) == pytest.approx((3 / 1.5, 1500))


def test_samples_are_used_again_in_turn() -> None:
    rate = Rate(2, 1000)
    for second in range(10):
        rate.record(second, START_MS + second * 1000)
    assert rate.measure(START_MS + 9000) == pytest.approx(((8 + 9) / 1, 1000))


def test_what_is_taken_back_was_never_there() -> None:
    rate = Rate(11, 1000)
    rate.record(700, START_MS)
    rate.record(9000, START_MS + 10)
    rate.record(-9000, START_MS + 10)
    assert rate.measure(START_MS + 10)[0] == pytest.approx(700 / 10.01)


def test_a_bucket_is_full_at_first_and_fills_again() -> None:
    bucket = TokenBucket(11)
    assert bucket.measure(2.0, START_MS) == 22
    bucket.record(10, 2.0, START_MS)
    assert bucket.measure(2.0, START_MS) == 12
    assert bucket.measure(2.0, START_MS + 1500) == 15
    assert bucket.measure(2.0, START_MS + 60_000) == 22


def test_a_bucket_may_be_overdrawn() -> None:
    bucket = TokenBucket(11)
    bucket.record(25, 1.0, START_MS)
    assert bucket.measure(1.0, START_MS) == -14
    assert bucket.measure(1.0, START_MS + 14_000) == 0


def test_a_lower_quota_makes_a_smaller_bucket() -> None:
    bucket = TokenBucket(11)
    bucket.measure(10.0, START_MS)
    assert bucket.measure(1.0, START_MS) == 11
