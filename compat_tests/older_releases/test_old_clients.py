"""kafka-python 2.0.2 and librdkafka 2.0.2 with a broker that emulates a release of their time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from compat_tests.clients.base import Clients, Start, members, numbered, values
from compat_tests.clients.harness import ClientProcess
from compat_tests.confluent_kafka.test_confluent_kafka import TestConfluentKafka as _ConfluentKafka
from compat_tests.kafka_python.test_kafka_python import FAMILY as KAFKA_PYTHON
from compat_tests.support.brokers import Broker, mockbroker

RELEASES = ("0.11", "1.1", "2.0", "2.8", "3.3", "3.9")


@pytest.fixture(scope="class", params=RELEASES)
def kafka(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """An empty broker of each release."""
    if request.config.getoption("--real-kafka") or request.config.getoption("--bootstrap-server"):
        pytest.skip("--emulate is an option of mockbroker: a real broker is of one release")
    options = ("--emulate", request.param)
    properties = ("group.initial.rebalance.delay.ms=100",)
    directory = tmp_path_factory.mktemp("broker")
    with mockbroker(directory, brokers=1, properties=properties, options=options) as broker:
        yield broker


class _OldClient(Clients):
    def test_records_go_round(self, client: ClientProcess, topic: str) -> None:
        for codec in (None, "gzip", "snappy", "lz4"):
            client.ask(
                "produce", topic=topic, records=[_record(codec)], codec=codec, acks="all", idempotent=False
            )
        read = client.ask("read", topic=topic)
        assert [(one["value"], one["headers"]) for one in read] == [
            (str(codec), [["h", "1"]]) for codec in (None, "gzip", "snappy", "lz4")
        ]
        assert client.ask("watermarks", topic=topic, partition=1) == [0, 4]
        assert sorted(client.ask("describe_topic", topic=topic)) == [0, 1, 2, 3]

    def test_a_group_shares_and_goes_on(self, start: Start, client: ClientProcess, topic: str) -> None:
        first, second = members(start, topic, topic, "first", "second")
        mine = first.wait_for_assignment(lambda partitions: len(partitions) == 2)
        second.wait_for_assignment(lambda partitions: len(partitions) == 2)
        client.ask("produce", topic=topic, records=numbered(40), codec=None, acks="all", idempotent=False)
        homes = [record["partition"] for record in client.ask("read", topic=topic)]
        first.wait_for_records(sum(partition in mine for partition in homes))
        second.wait_for_records(sum(partition not in mine for partition in homes))
        for verb in ("commit", "leave"):
            for member in (first, second):
                member.ask(verb)
        client.ask(
            "produce", topic=topic, records=[_record("more")], codec=None, acks="all", idempotent=False
        )
        (member,) = members(start, topic, topic, "after")
        assert values(member.wait_for_records(1)) == ["more"]


def _record(value: str | None) -> dict[str, Any]:
    return {"key": "k", "value": str(value), "headers": [["h", "1"]], "partition": 1}


@pytest.mark.parametrize("version", ["2.0.2"])
class TestKafkaPython(_OldClient):
    family = KAFKA_PYTHON


@pytest.mark.parametrize("version", ["2.0.2"])
class TestConfluentKafka(_OldClient):
    family = _ConfluentKafka.family
