"""Regular expressions that members subscribe to."""

from __future__ import annotations

from mockbroker.core.groups.resolved_regex import ResolvedRegex
from protocol_specs.errors import ErrorCode
from tests.core.groups.consumer_bench import GROUP, Consumer, ConsumerBench


def joined(bench: ConsumerBench, member_id: str, regex: str, *topics: str) -> Consumer:
    changes = {"subscribed_topic_regex": regex}
    return Consumer(
        bench, member_id, (), {**changes, **({"subscribed_topic_names": topics} if topics else {})}
    )


def test_an_expression_is_resolved_behind_the_first_answer() -> None:
    bench = ConsumerBench()
    bench.cluster.create_topic("old-orders", partitions=1)
    consumer = joined(bench, "a", "ord.*")
    assert (consumer.epoch, consumer.owned) == (1, {})
    assert bench.consumers.resolved == {}

    bench.clock.advance(0)
    assert bench.consumers.resolved["ord.*"].topics == {"orders"}
    assert bench.consumers.group_epoch == 2
    consumer.beat()
    assert (consumer.epoch, consumer.owned) == (2, {"orders": [0, 1, 2]})
    [described] = bench.groups.consumers.describe(bench.broker, [GROUP])
    assert described.members[0].subscribed_topic_regex == "ord.*"


def test_a_wrong_expression_is_refused() -> None:
    bench = ConsumerBench()
    joining = {"rebalance_timeout_ms": 1000, "owned": (), "subscribed_topic_regex": "(?=a)"}
    assert bench.refusal("a", 0, **joining) == (
        ErrorCode.INVALID_REGULAR_EXPRESSION,
        "SubscribedTopicRegex `(?=a)` is not a valid regular expression: invalid or unsupported Perl syntax.",
    )
    assert bench.groups.find_group(GROUP) is None


def test_only_topics_that_the_client_may_see_match() -> None:
    bench = ConsumerBench()
    bench.cluster.create_topic("ordeal", partitions=1)
    joining = {"rebalance_timeout_ms": 1000, "owned": (), "subscribed_topic_regex": "ord.*"}
    bench.beat("a", 0, **joining, allows_topic=lambda name: name != "ordeal")
    bench.clock.advance(0)
    assert bench.consumers.resolved["ord.*"].topics == {"orders"}


def test_the_initial_wait_covers_the_resolution() -> None:
    bench = ConsumerBench(group_initial_rebalance_delay_ms=50)
    answer = bench.ask("a", 0, rebalance_timeout_ms=1000, owned=(), subscribed_topic_regex="ord.*")
    bench.clock.advance(0.05)
    assert answer.reply.member_epoch == 2  # type: ignore[union-attr]
    assert len(answer.reply.assignment) == 1  # type: ignore[union-attr]


def test_a_known_expression_takes_effect_at_once() -> None:
    bench = ConsumerBench()
    first = joined(bench, "a", "ord.*")
    bench.clock.advance(0)
    first.beat()
    second = joined(bench, "b", "ord.*")
    assert second.epoch == 3
    bench.settle(first, second)
    assert len(first.owned["orders"]) + len(second.owned["orders"]) == 3


def test_names_and_expressions_add_up() -> None:
    bench = ConsumerBench()
    bench.cluster.create_topic("payments", partitions=1)
    consumer = joined(bench, "a", "ord.*", "payments", "orders")
    bench.clock.advance(0)
    consumer.beat()
    assert consumer.owned == {"orders": [0, 1, 2], "payments": [0]}
    assert bench.consumers.subscriptions == {"orders": (1, 1), "payments": (1, 0)}


def test_new_topics_are_seen_ten_seconds_after_the_last_look() -> None:
    bench = ConsumerBench()
    consumer = joined(bench, "a", "ord.*")
    bench.clock.advance(0)
    consumer.beat()
    bench.cluster.create_topic("ordeal", partitions=1)
    bench.clock.advance(10)
    consumer.beat()
    bench.clock.advance(0)
    assert bench.consumers.resolved["ord.*"].topics == {"orders"}

    bench.clock.advance(0.001)
    consumer.beat()
    bench.clock.advance(0)
    assert bench.consumers.resolved["ord.*"].topics == {"ordeal", "orders"}
    consumer.beat()
    assert consumer.owned == {"ordeal": [0], "orders": [0, 1, 2]}

    # A topic that is gone is gone at once, whatever the expression was found to match.
    bench.cluster.delete_topic("ordeal")
    bench.settle(consumer)
    assert consumer.owned == {"orders": [0, 1, 2]}


def test_expressions_are_looked_at_again_in_the_end() -> None:
    bench = ConsumerBench(group_consumer_regex_refresh_interval_ms=20_000)
    consumer = joined(bench, "a", "ord.*")
    bench.clock.advance(0)
    before = bench.consumers.resolved["ord.*"]
    for seconds in (10, 10):
        bench.clock.advance(seconds)
        consumer.beat()
        bench.clock.advance(0)
        assert bench.consumers.resolved["ord.*"] is before
    bench.clock.advance(0.001)
    consumer.beat()
    bench.clock.advance(0)
    after = bench.consumers.resolved["ord.*"]
    assert after == ResolvedRegex(before.topics, before.version, before.timestamp_ms + 20_001)
    assert bench.consumers.group_epoch == 2


def test_a_second_new_expression_has_to_wait() -> None:
    bench = ConsumerBench()
    first = joined(bench, "a", "ord.*")
    bench.clock.advance(0)
    first.beat()
    second = joined(bench, "b", "o.*")
    bench.clock.advance(0)
    assert set(bench.consumers.resolved) == {"ord.*"}
    assert second.owned == {}
    bench.clock.advance(10.001)
    second.beat()
    bench.clock.advance(0)
    assert set(bench.consumers.resolved) == {"ord.*", "o.*"}


def test_an_expression_ends_with_its_last_subscriber() -> None:
    bench = ConsumerBench()
    a, b = joined(bench, "a", "ord.*"), joined(bench, "b", "ord.*")
    bench.clock.advance(0)
    bench.settle(a, b)

    b.beat(subscribed_topic_regex="", subscribed_topic_names=["orders"])
    assert bench.consumers.regexes == {"ord.*": 1}
    assert bench.consumers.subscriptions == {"orders": (1, 1)}
    bench.settle(a, b)
    bench.beat("a", -1)
    assert (bench.consumers.regexes, bench.consumers.resolved) == ({}, {})
    assert bench.consumers.subscriptions == {"orders": (1, 0)}
    bench.settle(b)
    assert b.owned == {"orders": [0, 1, 2]}

    b.beat(subscribed_topic_regex="ord.*", subscribed_topic_names=[])
    assert bench.consumers.subscriptions == {}
    bench.clock.advance(0)
    bench.settle(b)
    b.beat(subscribed_topic_regex="or.*")
    bench.clock.advance(0)
    assert bench.consumers.resolved == {}
    b.beat()
    bench.clock.advance(0)
    assert set(bench.consumers.resolved) == {"or.*"}


def test_a_group_that_is_gone_is_not_looked_at() -> None:
    bench = ConsumerBench()
    joined(bench, "a", "ord.*")
    bench.beat("a", -1)
    bench.groups.delete_groups(bench.broker, [GROUP])
    bench.clock.advance(0)
    assert bench.groups.find_group(GROUP) is None
