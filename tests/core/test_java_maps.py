"""The orders are those in which a real broker answered."""

from __future__ import annotations

from functools import partial

from mockbroker.core.java_maps import hash_map_order, scala_map_order, scala_trie_order, topic_partition_hash
from mockbroker.core.java_strings import string_hash


def test_partitions_in_the_order_of_a_scala_map() -> None:
    topic = "ListOffsets0-v1-topic"
    assert scala_map_order([0, 1], partial(topic_partition_hash, topic)) == [1, 0]


def test_topics_in_the_order_of_a_scala_trie() -> None:
    topics = ["ListOffsets0-v1-topic", "ListOffsets0-v1-topic-1"]
    assert scala_trie_order(topics, string_hash) == topics[::-1]


def test_names_in_the_order_of_a_java_map() -> None:
    names = [f"DescribeUserScramCredentials0-v0-1-{number}" for number in range(60)]
    ordered = hash_map_order(names, string_hash)
    assert [name.rpartition("-")[2] for name in ordered[:3]] == ["37", "38", "35"]


def test_partitions_of_groups() -> None:
    """A HashMap into which `computeIfAbsent` put them: 48 and 0 share a bucket."""
    hash_of = partial(topic_partition_hash, "__consumer_offsets")
    assert hash_map_order([47, 48, 49, 0], hash_of, are_computed=True) == [47, 0, 48, 49]


def test_nothing_is_lost() -> None:
    for count in (0, 1, 11, 12, 13, 100):
        for order in (hash_map_order, scala_map_order, scala_trie_order):
            ordered = order(range(count), partial(topic_partition_hash, "t"))
            assert sorted(ordered) == list(range(count))
