"""The orders are those in which a real broker answered."""

from __future__ import annotations

from functools import partial

import pytest

from mockbroker.core.java_maps import (
    concurrent_map_order,
    grouped_by_topic,
    hash_order,
    persistent_map_order,
    scala_map_order,
    scala_trie_order,
    timeline_map_order,
    topic_partition_hash,
)
from mockbroker.core.java_strings import string_hash


def test_partitions_in_the_order_of_a_scala_map() -> None:
    topic = "ListOffsets0-v1-topic"
    assert scala_map_order([0, 1], partial(topic_partition_hash, topic)) == [1, 0]


def test_topics_in_the_order_of_a_scala_trie() -> None:
    topics = ["ListOffsets0-v1-topic", "ListOffsets0-v1-topic-1"]
    assert scala_trie_order(topics, string_hash) == topics[::-1]


def test_names_in_the_order_of_a_java_map() -> None:
    names = [f"DescribeUserScramCredentials0-v0-1-{number}" for number in range(60)]
    ordered = hash_order(names)
    assert [name.rpartition("-")[2] for name in ordered[:3]] == ["37", "38", "35"]


def test_partitions_of_groups() -> None:
    """A HashMap into which `computeIfAbsent` put them: 48 and 0 share a bucket."""
    hash_of = partial(topic_partition_hash, "__consumer_offsets")
    assert hash_order([47, 48, 49, 0], hash_of, are_computed=True) == [47, 0, 48, 49]


def test_coordinators_in_the_order_of_a_concurrent_map() -> None:
    """Groups were listed as the map of all 50 partitions is walked."""
    answered = [42, 38, 12, 41, 37, 44, 40, 36, 43, 39]
    ordered = concurrent_map_order(range(50), partial(topic_partition_hash, "__consumer_offsets"))
    assert [index for index in ordered if index in answered] == answered


def test_topics_with_offsets_in_the_order_of_a_timeline_map() -> None:
    ordered = timeline_map_order([f"orders-{number}" for number in range(11)], string_hash)
    assert ordered[:4] == ["orders-6", "orders-3", "orders-8", "orders-0"]


def test_topics_in_the_order_of_an_image() -> None:
    names = ["__consumer_offsets", *(f"orders-{number}" for number in range(20))]
    ordered = persistent_map_order(names, string_hash)
    assert ordered[:5] == ["__consumer_offsets", "orders-10", "orders-11", "orders-12", "orders-13"]


def test_partitions_grouped_by_topic() -> None:
    partitions = [
        (name, index) for name in ("orders-0", "orders-1") for index in (2, 0, 1, 7, 5, 3, 17, 40, 4)
    ]
    assert grouped_by_topic(partitions)[0] == ("orders-1", [40, 7, 4, 3, 5, 0, 2, 17, 1])


def test_what_is_put_into_a_concurrent_map_makes_room_before() -> None:
    hash_of = partial(topic_partition_hash, "t")
    ordered = concurrent_map_order(range(5), hash_of, range(5, 20))
    assert sorted(ordered) == list(range(20))
    assert ordered != concurrent_map_order(range(20), hash_of)


@pytest.mark.parametrize("count", [0, 1, 4, 5, 11, 12, 13, 100])
def test_nothing_is_lost(count: int) -> None:
    for order in (
        concurrent_map_order,
        hash_order,
        persistent_map_order,
        scala_map_order,
        scala_trie_order,
        timeline_map_order,
    ):
        ordered = order(range(count), partial(topic_partition_hash, "t"))
        assert sorted(ordered) == list(range(count))
