"""Each scenario with a client, confluent-kafka, that does what docs/faults.md says a client should do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer

from compat_tests.faults.steps import GROUP, TOPIC, TRANSACTIONAL_ID
from compat_tests.support.processes import poll
from mockbroker import MockCluster
from mockbroker.control.scenarios import SCENARIOS


@pytest.fixture
def kafka() -> Iterator[MockCluster]:
    config = {"default.replication.factor": 2, "offsets.topic.replication.factor": 2}
    with MockCluster(brokers=2, topics={TOPIC: 1}, config=config, seed=7) as kafka:
        yield kafka


def producer(kafka: MockCluster, **config: Any) -> Producer:
    settings = {"bootstrap.servers": kafka.bootstrap_servers, "retry.backoff.ms": 10, "linger.ms": 0}
    return Producer({**settings, "enable.idempotence": True, **config})


def send(kafka: MockCluster, *values: bytes, **config: Any) -> list[KafkaError | None]:
    """Send one after the other; the error of each delivery, None where all is well."""
    told: list[KafkaError | None] = []
    sender = producer(kafka, **config)
    for value in values:
        sender.produce(TOPIC, value, on_delivery=lambda error, _: told.append(error))
        assert sender.flush(20) == 0
    return told


def codes(told: list[KafkaError | None]) -> list[int | None]:
    return [None if error is None else error.code() for error in told]


def member(
    kafka: MockCluster, config: Mapping[str, Any] | None = None, **callbacks: Callable[[Consumer, Any], None]
) -> Consumer:
    settings = {
        "bootstrap.servers": kafka.bootstrap_servers,
        "group.id": GROUP,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "heartbeat.interval.ms": 100,
        "retry.backoff.ms": 10,
    }
    consumer = Consumer({**settings, **(config or {})})
    consumer.subscribe([TOPIC], **callbacks)
    return consumer


def read(consumer: Consumer, count: int, within: float = 15) -> list[bytes]:
    """So many values."""
    values: list[bytes] = []
    deadline = time.monotonic() + within
    while len(values) < count:
        assert time.monotonic() < deadline, values
        message = consumer.poll(0.1)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        values.append(message.value() or b"")
    return values


def poll_until(consumer: Consumer, done: Callable[[], bool], within: float = 15) -> None:
    deadline = time.monotonic() + within
    while not done():
        assert time.monotonic() < deadline
        assert consumer.poll(0.05) is None


def values_in(kafka: MockCluster) -> list[bytes | None]:
    return [record.value for record in kafka.records(TOPIC)]


def leader(kafka: MockCluster) -> int:
    return kafka.partition(TOPIC, 0).leader


def leader_flaps(kafka: MockCluster) -> None:
    before = kafka.partition(TOPIC, 0).leader_epoch
    values = [b"%d" % number for number in range(10)]
    with kafka.scenario("leader_flaps", topic=TOPIC, every=0.1, times=3):
        assert codes(send(kafka, *values)) == [None] * 10
    assert values_in(kafka) == values
    assert kafka.partition(TOPIC, 0).leader_epoch > before


def coordinator_moves(kafka: MockCluster) -> None:
    consumer = member(kafka)
    kafka.produce(TOPIC, b"first")
    assert read(consumer, 1) == [b"first"]
    joins = len(kafka.journal("JoinGroup"))
    with kafka.scenario("coordinator_moves", group=GROUP, times=1):
        poll_until(consumer, lambda: len(kafka.journal(error="NOT_COORDINATOR")) >= 1)
        consumer.commit(asynchronous=False)
    kafka.produce(TOPIC, b"second")
    assert read(consumer, 1) == [b"second"]
    consumer.commit(asynchronous=False)
    kafka.wait_until_committed(GROUP, TOPIC, to="end")
    assert len(kafka.journal("JoinGroup")) == joins
    consumer.close()


def slow_broker(kafka: MockCluster) -> None:
    began = time.monotonic()
    with kafka.scenario("slow_broker", delay=0.2):
        assert codes(send(kafka, b"v")) == [None]
    assert time.monotonic() - began >= 0.4


def hanging_broker(kafka: MockCluster) -> None:
    with kafka.scenario("hanging_broker", broker=3 - leader(kafka)):
        assert codes(send(kafka, b"by the other", **{"socket.timeout.ms": 1000})) == [None]
    with kafka.scenario("hanging_broker", broker=leader(kafka)):
        told = send(kafka, b"v", **{"message.timeout.ms": 1000})
        assert codes(told) == [KafkaError._MSG_TIMED_OUT]
    assert values_in(kafka)[0] == b"by the other"


def rebalance_storm(kafka: MockCluster) -> None:
    consumer = member(kafka)
    kafka.produce(TOPIC, b"first")
    assert read(consumer, 1) == [b"first"]
    consumer.commit(asynchronous=False)
    joins = len(kafka.journal("SyncGroup"))
    with kafka.scenario("rebalance_storm", group=GROUP, times=2):
        poll_until(consumer, lambda: len(kafka.journal("Heartbeat", error="REBALANCE_IN_PROGRESS")) == 2)
    kafka.produce(TOPIC, b"second")
    assert read(consumer, 1) == [b"second"]
    assert len(kafka.journal("SyncGroup")) == joins + 2
    consumer.close()


def lost_member(kafka: MockCluster) -> None:
    told: list[str] = []
    consumer = member(
        kafka,
        on_assign=lambda _consumer, _partitions: told.append("assign"),
        on_revoke=lambda _consumer, _partitions: told.append("revoke"),
        on_lost=lambda _consumer, _partitions: told.append("lost"),
    )
    kafka.produce(TOPIC, b"first")
    assert read(consumer, 1) == [b"first"]
    with kafka.scenario("lost_member", group=GROUP):
        # What it has not committed it reads again.
        assert read(consumer, 1) == [b"first"]
    assert told == ["assign", "lost", "assign"]
    assert not kafka.journal("OffsetCommit")
    consumer.close()


def lost_acks(kafka: MockCluster) -> None:
    with kafka.scenario("lost_acks", topic=TOPIC, times=2):
        assert codes(send(kafka, b"v")) == [None]
    assert values_in(kafka) == [b"v"]
    assert len(kafka.journal("Produce")) == 3


def fenced_producer(kafka: MockCluster) -> None:
    sender = producer(kafka, **{"transactional.id": TRANSACTIONAL_ID})
    sender.init_transactions(10)
    sender.begin_transaction()
    sender.produce(TOPIC, b"v")
    sender.flush(10)
    scenario = kafka.scenario("fenced_producer", transactional_id=TRANSACTIONAL_ID)
    with scenario, pytest.raises(KafkaException) as caught:
        sender.commit_transaction(10)
    (error,) = caught.value.args
    assert error.code() == KafkaError._FENCED
    assert error.fatal()


def not_enough_replicas(kafka: MockCluster) -> None:
    with kafka.scenario("not_enough_replicas", topic=TOPIC, times=2):
        assert codes(send(kafka, b"v")) == [None]
    assert len(kafka.journal("Produce", error="NOT_ENOUGH_REPLICAS")) == 2
    with kafka.scenario("not_enough_replicas", topic=TOPIC, times=None):
        assert codes(send(kafka, b"w", **{"message.timeout.ms": 500})) == [KafkaError._MSG_TIMED_OUT]
    assert values_in(kafka) == [b"v"]


def full_disk(kafka: MockCluster) -> None:
    with kafka.scenario("full_disk", times=1):
        assert codes(send(kafka, b"v")) == [None]
    with kafka.scenario("full_disk"):
        assert codes(send(kafka, b"w", **{"message.timeout.ms": 500})) == [KafkaError._MSG_TIMED_OUT]
    assert values_in(kafka) == [b"v"]


def flaky_network(kafka: MockCluster) -> None:
    values = [b"%d" % number for number in range(20)]
    with kafka.scenario("flaky_network", probability=0.1):
        assert codes(send(kafka, *values)) == [None] * 20
    assert values_in(kafka) == values
    assert kafka.journal(faulted=True)


def slow_network(kafka: MockCluster) -> None:
    kafka.produce(TOPIC, b"v" * 2000)
    consumer = member(kafka)
    began = time.monotonic()
    with kafka.scenario("slow_network", bandwidth=4000):
        assert read(consumer, 1) == [b"v" * 2000]
    assert time.monotonic() - began >= 0.5
    consumer.close()


def throttled(kafka: MockCluster) -> None:
    told: list[float] = []
    with kafka.scenario("throttled", throttle=200):
        settings = {"throttle_cb": lambda event: told.append(event.throttle_time)}
        assert codes(send(kafka, b"v", b"w", **settings)) == [None, None]
    assert told == [0.2, 0.2]
    first, second = kafka.journal("Produce")
    assert second.at - first.at >= 0.2


def damaged_fetches(kafka: MockCluster) -> None:
    kafka.produce(TOPIC, b"v")
    consumer = member(kafka, {"check.crcs": True})
    with kafka.scenario("damaged_fetches", topic=TOPIC, times=1):
        with pytest.raises(KafkaException) as caught:
            read(consumer, 1)
        assert caught.value.args[0].code() == KafkaError._BAD_MSG
        assert read(consumer, 1) == [b"v"]
    consumer.close()


def truncated_log(kafka: MockCluster) -> None:
    kafka.produce(TOPIC, b"v")
    consumer = member(kafka)
    with kafka.scenario("truncated_log", topic=TOPIC):
        assert read(consumer, 1) == [b"v"]
        assert kafka.journal("Fetch", error="OFFSET_OUT_OF_RANGE")
    consumer.commit(asynchronous=False)
    consumer.close()
    consumer = member(kafka, {"auto.offset.reset": "error"})
    with kafka.scenario("truncated_log", topic=TOPIC), pytest.raises(KafkaException) as caught:
        read(consumer, 1)
    assert caught.value.args[0].code() == KafkaError._AUTO_OFFSET_RESET
    consumer.close()


def stale_metadata(kafka: MockCluster) -> None:
    wrong = 3 - leader(kafka)
    sender = producer(kafka)
    with kafka.scenario("stale_metadata", topic=TOPIC, leader=wrong, times=None):
        sender.produce(TOPIC, b"v")
        poll(lambda: kafka.journal("Produce") or None, within=10, what="a Produce")
    assert sender.flush(20) == 0
    refused = kafka.journal("Produce", error="NOT_LEADER_OR_FOLLOWER")
    assert {exchange.broker for exchange in refused} == {wrong}
    assert values_in(kafka) == [b"v"]


def unreachable_broker(kafka: MockCluster) -> None:
    others = kafka.bootstrap_servers.split(",")[2 - leader(kafka)]
    with kafka.scenario("unreachable_broker", broker=leader(kafka)):
        told = send(kafka, b"v", **{"bootstrap.servers": others, "message.timeout.ms": 1000})
        assert codes(told) == [KafkaError._MSG_TIMED_OUT]
    assert codes(send(kafka, b"w")) == [None]
    assert values_in(kafka) == [b"w"]


def revoked_access(kafka: MockCluster) -> None:
    began = time.monotonic()
    with kafka.scenario("revoked_access", topic=TOPIC):
        assert codes(send(kafka, b"v")) == [KafkaError.TOPIC_AUTHORIZATION_FAILED]
    assert time.monotonic() - began < 5
    assert not kafka.journal("Produce")


SHOWN = (
    leader_flaps,
    coordinator_moves,
    slow_broker,
    hanging_broker,
    rebalance_storm,
    lost_member,
    lost_acks,
    fenced_producer,
    not_enough_replicas,
    full_disk,
    flaky_network,
    slow_network,
    throttled,
    damaged_fetches,
    truncated_log,
    stale_metadata,
    unreachable_broker,
    revoked_access,
)


def test_each_scenario_is_shown() -> None:
    assert [show.__name__ for show in SHOWN] == list(SCENARIOS)


@pytest.mark.parametrize("show", SHOWN, ids=lambda show: show.__name__)
def test_what_the_client_does(show: Callable[[MockCluster], None], kafka: MockCluster) -> None:
    show(kafka)
    assert kafka.verify()
