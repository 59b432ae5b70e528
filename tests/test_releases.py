"""Older releases, as stock clients see them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from mockbroker import MockCluster
from mockbroker.config import ConfigError, Settings, parse_value, validate_topic_configs
from mockbroker.config.catalog import catalog_of
from mockbroker.config.documentation import documentation_of
from mockbroker.core.assembly import Core
from mockbroker.profiles import FIRST_SINCE_4_0, KAFKA_4_3
from mockbroker.releases import RELEASES, profile_of
from protocol_specs import APIS

OLD = ("0.11", "1.1", "2.0", "2.8", "3.3", "3.9")


@pytest.fixture(params=RELEASES)
def kafka(request: pytest.FixtureRequest) -> Iterator[Any]:
    with MockCluster(topics={"t": 1}, emulate=request.param, seed=1) as cluster:
        yield cluster


def test_records_go_through_every_release(kafka: MockCluster) -> None:
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap_servers)
    for number in range(3):
        producer.send("t", key=b"k", value=b"%d" % number)
    producer.flush(10)
    producer.close()
    consumer = KafkaConsumer(bootstrap_servers=kafka.bootstrap_servers, consumer_timeout_ms=5000)
    consumer.assign([TopicPartition("t", 0)])
    consumer.seek_to_beginning()
    values = [next(consumer).value for _ in range(3)]
    consumer.close()
    assert values == [b"0", b"1", b"2"]


@pytest.mark.parametrize("release", RELEASES)
def test_a_release_serves_only_versions_that_have_a_spec(release: str) -> None:
    profile = profile_of(release)
    for key, api in APIS.items():
        for version in profile.served(key):
            assert version in api.versions, (api.name, version)


@pytest.mark.parametrize("release", OLD)
def test_releases_before_4_0_serve_the_oldest_versions(release: str) -> None:
    profile = profile_of(release)
    for name in FIRST_SINCE_4_0:
        key = next(key for key, api in APIS.items() if api.name == name)
        served = profile.served(key)
        assert not served or served[0] == 0


def test_the_newest_release_serves_what_the_specs_have() -> None:
    assert profile_of("4.3") is KAFKA_4_3
    assert len([key for key in APIS if KAFKA_4_3.advertised(key)]) == 75


def test_an_unknown_release_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'4\.9' cannot be emulated, only 0\.11, 1\.1"):
        profile_of("4.9")


@pytest.mark.parametrize(("release", "size"), [("1.1", "1000012"), ("4.3", "1048588")])
def test_defaults_are_those_of_the_release(release: str, size: str) -> None:
    settings = Settings(catalog=profile_of(release).catalog)
    core = Core(settings, profile=profile_of(release))
    core.cluster.create_topic("t")
    described = {entry.name: entry for entry in core.configs.describe_topic("t", 1)}["max.message.bytes"]
    assert described.value == size
    assert described.is_default
    assert [synonym.value for synonym in described.synonyms] == [size]


@pytest.mark.parametrize("magic", [0, 1])
def test_a_client_from_before_batches_is_understood(magic: int) -> None:
    """kafka-python picks the message format by the API version that it is told."""
    version = {0: (0, 9), 1: (0, 10, 0)}[magic]
    with MockCluster(topics={"t": 1}, emulate="1.1") as kafka:
        producer = KafkaProducer(
            bootstrap_servers=kafka.bootstrap_servers, api_version=version, compression_type="gzip"
        )
        for number in range(3):
            producer.send("t", key=b"k", value=b"%d" % number)
        producer.flush(10)
        producer.close()
        assert [(record.key, record.value) for record in kafka.records("t")] == [
            (b"k", b"0"),
            (b"k", b"1"),
            (b"k", b"2"),
        ]
        consumer = KafkaConsumer(
            bootstrap_servers=kafka.bootstrap_servers, api_version=version, consumer_timeout_ms=5000
        )
        consumer.assign([TopicPartition("t", 0)])
        consumer.seek_to_beginning()
        assert [next(consumer).value for _ in range(3)] == [b"0", b"1", b"2"]
        consumer.close()


@pytest.mark.parametrize(
    ("release", "topic", "broker", "group"),
    [
        # As many as the `ConfigDef`s of the release have, but for internal ones, which 2.8 shows as well.
        ("0.11", 24, 154, 0),
        ("1.1", 24, 171, 0),
        ("2.0", 25, 181, 0),
        ("2.8", 26, 233, 0),
        ("3.3", 26, 248, 0),
        ("3.9", 36, 315, 0),
        ("4.0", 33, 289, 6),
        ("4.1", 33, 316, 10),
        ("4.3", 33, 340, 17),
    ],
)
def test_a_release_has_the_configs_that_it_had(release: str, topic: int, broker: int, group: int) -> None:
    catalog = profile_of(release).catalog
    found = (len(table.described) for table in (catalog.topic, catalog.broker, catalog.group))
    assert tuple(found) == (topic, broker, group)
    for table in (catalog.topic, catalog.broker, catalog.group):
        for name in table:
            definition = table[name]
            if definition.default is not None:
                parse_value(definition, definition.default)
            assert documentation_of(name) or definition.is_internal, name


def test_configs_that_are_no_more() -> None:
    settings = Settings({"log.message.timestamp.difference.max.ms": "1000"}, catalog=catalog_of("2.8"))
    core = Core(settings, profile=profile_of("2.8"))
    core.cluster.create_topic("t", configs={"message.format.version": "2.8-IV1"})
    described = {entry.name: entry for entry in core.configs.describe_topic("t", 1)}
    assert described["message.timestamp.difference.max.ms"].value == "1000"
    assert described["message.format.version"].value == "2.8-IV1"
    assert "message.timestamp.after.max.ms" not in described
    config = core.cluster.topics["t"].config
    assert (config.message_timestamp_before_max_ms, config.message_timestamp_after_max_ms) == (1000, 1000)
    with pytest.raises(ConfigError, match=r"Unknown topic config name: message\.format"):
        validate_topic_configs(Settings(), {"message.format.version": "2.8-IV1"})
