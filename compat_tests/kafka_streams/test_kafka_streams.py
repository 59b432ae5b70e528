"""A word count, and an application with stores, repartitioning and a join, at least and exactly once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import pytest

from compat_tests.kafka_cli.cli import Cli
from compat_tests.kafka_streams.conftest import Instance
from compat_tests.support.processes import poll

# Groups of KIP-1071 have their timings from the broker. What a dead instance left open is aborted soon.
pytestmark = pytest.mark.cluster(
    properties=(
        "transaction.abort.timed.out.transaction.cleanup.interval.ms=500",
        "group.streams.min.session.timeout.ms=6000",
        "group.streams.session.timeout.ms=6000",
        "group.streams.min.heartbeat.interval.ms=300",
        "group.streams.heartbeat.interval.ms=300",
    )
)
CLASSIC = {"group.protocol": "classic", "session.timeout.ms": "6000", "heartbeat.interval.ms": "500"}
STREAMS = {"group.protocol": "streams"}
ONCE = {"processing.guarantee": "exactly_once_v2", "producer.transaction.timeout.ms": "3000"}
WORDS = ["alpha", "beta", "gamma", "delta"]


@pytest.fixture(params=["streams", pytest.param("classic", marks=pytest.mark.full)])
def protocol(request: pytest.FixtureRequest) -> Mapping[str, str]:
    """The configs of each kind of group that an application can be."""
    return CLASSIC if request.param == "classic" else STREAMS


def create(cli: Cli, name: str, *topics: str, partitions: int = 2) -> None:
    for topic in topics:
        cli(f"kafka-topics -B --create --topic {name}-{topic} --partitions {partitions}").prints(
            f"Created topic {name}-{topic}."
        )


def send(cli: Cli, topic: str, lines: Sequence[str]) -> None:
    keyed = "--reader-property parse.key=true --reader-property key.separator=:"
    cli(
        f"kafka-console-producer -B --topic {topic} {keyed}", stdin="".join(f"{one}\n" for one in lines)
    ).prints()


def received(cli: Cli, topic: str, count: int) -> dict[str, list[str]]:
    """The values of each key, in order, once so many records are committed; none may follow."""

    def enough() -> Sequence[str] | None:
        ran = cli(
            f"kafka-console-consumer -B --topic {topic} --from-beginning --isolation-level read_committed"
            " --timeout-ms 700 --formatter-property print.key=true --formatter-property key.separator=:"
        )
        return ran.stdout if len(ran.stdout) >= count else None

    lines = poll(enough, within=40, what=f"{count} records of {topic}")
    assert len(lines) == count
    values = defaultdict(list)
    for line in lines:
        key, _, value = line.partition(":")
        values[key].append(value)
    return values


@pytest.mark.shows("word count")
def test_word_count(cli: Cli, instance: Instance, protocol: Mapping[str, str]) -> None:
    name = f"word-count-{protocol['group.protocol']}"
    create(cli, name, "lines", "counted")
    instance("word-count", name, **protocol)
    lines = ["1:all streams lead to kafka", "2:hello kafka streams", "3:join kafka summit"]
    send(cli, f"{name}-lines", lines)
    assert received(cli, f"{name}-counted", 11) == {
        "kafka": ["1", "2", "3"],
        "streams": ["1", "2"],
        **{word: ["1"] for word in ("all", "lead", "to", "hello", "join", "summit")},
    }
    topics = set(cli("kafka-topics -B --list").stdout)
    assert {f"{name}-counts-changelog", f"{name}-words-repartition"} <= topics


@pytest.mark.shows("state stores, repartitioning, join")
def test_orders(cli: Cli, instance: Instance, protocol: Mapping[str, str]) -> None:
    name = f"shop-{protocol['group.protocol']}"
    create(cli, name, "orders", "customers", "bills", partitions=3)
    send(cli, f"{name}-customers", ["c1:Ada", "c2:Grace", "c3:Nobody"])
    instance("orders", name, **protocol)
    send(cli, f"{name}-orders", ["1:c1 10", "2:c2 5", "3:c1 7", "4:c9 1", "5:c2 5"])
    assert received(cli, f"{name}-bills", 4) == {"c1": ["Ada 10", "Ada 17"], "c2": ["Grace 5", "Grace 10"]}


@pytest.mark.full
@pytest.mark.shows("exactly_once_v2: an instance of an application with a join is killed and replaced")
def test_orders_exactly_once(cli: Cli, instance: Instance, protocol: Mapping[str, str]) -> None:
    name = f"once-{protocol['group.protocol']}"
    create(cli, name, "orders", "customers", "bills", partitions=3)
    send(cli, f"{name}-customers", ["c1:Ada", "c2:Grace"])
    first = instance("orders", name, **ONCE, **protocol)
    other = instance("orders", name, **ONCE, **protocol)
    orders = [f"{number}:c{number % 2 + 1} 1" for number in range(60)]
    send(cli, f"{name}-orders", orders)
    first.process.kill()
    first.process.wait()
    send(cli, f"{name}-orders", orders)
    instance("orders", name, **ONCE, **protocol)
    bills = {key: [f"{who} {sum}" for sum in range(1, 61)] for key, who in (("c1", "Ada"), ("c2", "Grace"))}
    assert received(cli, f"{name}-bills", 120) == bills
    assert other.process.poll() is None, other.story


@pytest.mark.shows("exactly_once_v2: an instance is killed and replaced")
def test_an_instance_is_killed_and_replaced(
    cli: Cli, instance: Instance, protocol: Mapping[str, str]
) -> None:
    name = f"exactly-once-{protocol['group.protocol']}"
    create(cli, name, "lines", "counted")
    once = {**ONCE, **protocol}
    first = instance("word-count", name, **once)
    rounds = 25
    lines = [f"{number}:{' '.join(WORDS)}" for number in range(rounds)]
    for _ in range(3):  # it dies with the last of them on their way
        send(cli, f"{name}-lines", lines)
    first.process.kill()
    first.process.wait()
    send(cli, f"{name}-lines", lines)
    instance("word-count", name, **once)
    counts = [str(number) for number in range(1, 4 * rounds + 1)]
    assert received(cli, f"{name}-counted", len(counts) * len(WORDS)) == dict.fromkeys(WORDS, counts)
