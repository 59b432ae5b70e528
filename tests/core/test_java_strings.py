from __future__ import annotations

import pytest

from mockbroker.core.java_maps import bucket_order
from mockbroker.core.java_strings import partition_of, string_hash, utf16_length


# From Java.
@pytest.mark.parametrize(
    ("text", "value", "partition"),
    [
        ("billing", -109829509, 9),
        ("", 0, 0),
        ("a", 97, 47),
        ("copier", -1354729774, 24),
        ("\U0001f600x", 54959989, 39),
        ("console-consumer-12345", 158455506, 6),
        ("polygenelubricants", -2147483648, 0),
    ],
)
def test_hash_and_partition_are_javas(text: str, value: int, partition: int) -> None:
    assert string_hash(text) == value
    assert partition_of(text, 50) == partition


def test_length_counts_utf16_units() -> None:
    assert [utf16_length(text) for text in ("", "abc", "\xe4", "\U0001f600")] == [0, 3, 1, 2]


# What ClassicGroup.selectProtocol answered for two members with these preferences in opposite order.
@pytest.mark.parametrize(
    ("names", "winner"),
    [
        (("range", "roundrobin"), "range"),
        (("range", "sticky"), "sticky"),
        (("range", "alpha"), "alpha"),
        (("roundrobin", "cooperative-sticky"), "roundrobin"),
        (("sticky", "uniform"), "uniform"),
        (("cooperative-sticky", "beta"), "beta"),
    ],
)
def test_a_map_is_walked_in_javas_order(names: tuple[str, str], winner: str) -> None:
    assert min(names, key=bucket_order) == winner
