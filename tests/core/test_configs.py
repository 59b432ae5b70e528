"""Configs are described and changed as a real broker does it: its answers to the same requests are kept in a file."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mockbroker.config import OUR_DEFAULTS, Settings
from mockbroker.core.cluster import Cluster
from mockbroker.core.config_changes import Alteration, alter_configs, incremental_alter_configs
from mockbroker.core.config_entries import ConfigEntry, ConfigResourceType, ConfigSource
from mockbroker.core.configs import Configs
from mockbroker.core.time import Clock
from mockbroker.core.waiting import Waiting
from protocol_specs.errors import ErrorCode, KafkaError

ANSWERS = Path(__file__).parent.parent / "data" / "configs" / "answers.jsonl.gz"

PROPERTIES = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "listeners": "PLAINTEXT://127.0.0.1:9392,CONTROLLER://127.0.0.1:9393",
    "advertised.listeners": "PLAINTEXT://127.0.0.1:9392",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "controller.quorum.bootstrap.servers": "127.0.0.1:9393",
    "log.dirs": "data",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "log.retention.hours": "100",
    "log.roll.hours": "24",
}

SET, DELETE, APPEND, SUBTRACT = range(4)
LOGGER = "kafka.server.KafkaApis"


def make_configs(properties: dict[str, str] | None = None) -> Configs:
    clock = Clock(1_700_000_000.0)
    settings = Settings(properties)
    return Configs(settings, Cluster(clock, Waiting(clock), settings, random.Random(1)))


def change(configs: Configs, kind: int, name: str, *operations: tuple[str, int, str | None]) -> Any:
    [outcome] = incremental_alter_configs(configs, 1, [Alteration(kind, name, operations)])
    return outcome


def recorded() -> Iterator[dict[str, Any]]:
    with gzip.open(ANSWERS, "rt") as lines:
        yield from map(json.loads, lines)


def ask(configs: Configs, row: dict[str, Any]) -> Any:
    if row["ask"] == "create":
        try:
            configs.cluster.create_topic(
                row["topic"], partitions=1, replication_factor=1, configs=row["configs"]
            )
        except KafkaError as error:
            return [error.code, None if error.code is ErrorCode.UNKNOWN_SERVER_ERROR else error.message]
        return [0, None]
    if row["ask"] == "describe":
        return described(configs, row["resources"])
    alter = incremental_alter_configs if row["ask"] == "incremental" else alter_configs
    alterations = [Alteration(*resource) for resource in row["resources"]]
    return [list(outcome) for outcome in alter(configs, 1, alterations, validate_only=row["validate_only"])]


def described(configs: Configs, resources: list[Any]) -> Any:
    try:
        answers = [configs.describe(1, *resource) for resource in resources]
    except KafkaError as error:
        return [[error.code, error.message, []] for _ in resources]
    return [[code, message, [plain(entry) for entry in entries]] for code, message, entries in answers]


def plain(entry: ConfigEntry) -> list[Any]:
    return [
        entry.name,
        entry.value,
        entry.is_read_only,
        entry.source,
        entry.is_sensitive,
        entry.type,
        [list(synonym) for synonym in entry.synonyms],
    ]


def with_our_defaults(answer: Any) -> Any:
    """A described config as Kafka would have told of it with the defaults that are ours."""
    for _, _, entries in answer:
        for entry in entries:
            for synonym in entry[-1]:
                if synonym[2] == ConfigSource.DEFAULT and synonym[0] in OUR_DEFAULTS:
                    synonym[1] = OUR_DEFAULTS[synonym[0]]
                    if entry[3] == ConfigSource.DEFAULT:
                        entry[1] = synonym[1]
    return answer


def by_name(answer: Any) -> Any:
    return [[code, message, {entry[0]: entry for entry in entries}] for code, message, entries in answer]


def test_every_recorded_request_is_answered_as_a_real_broker_did() -> None:
    configs = make_configs(PROPERTIES)
    for row in recorded():
        ours = json.loads(json.dumps(ask(configs, row)))
        if row["ask"] == "describe":
            assert by_name(ours) == by_name(with_our_defaults(row["answer"])), row["resources"]
        else:
            assert ours == row["answer"], row


def test_configs_come_in_the_order_of_a_real_brokers_answer() -> None:
    configs = make_configs(PROPERTIES)
    for row in recorded():
        if row["ask"] == "describe" and row["resources"] == [[ConfigResourceType.BROKER, "1", None]]:
            expected = [entry[0] for entry in row["answer"][0][2]]
            assert [entry.name for entry in configs.describe_broker("1", 1)] == expected
            return
    pytest.fail("no broker is described in the file")


def test_a_topic_takes_its_new_config_at_once() -> None:
    configs = make_configs()
    topic = configs.cluster.create_topic("orders", partitions=1, replication_factor=1)
    change(configs, ConfigResourceType.TOPIC, "orders", ("retention.ms", SET, "7"))
    assert topic.config.retention_ms == 7
    assert topic.partitions[0].log.config.retention_ms == 7


def test_a_cluster_default_takes_effect_in_topics_and_survives_one_brokers_own() -> None:
    configs = make_configs()
    topic = configs.cluster.create_topic("orders", partitions=1, replication_factor=1)
    change(configs, ConfigResourceType.BROKER, "", ("message.max.bytes", SET, "7"))
    assert topic.config.max_message_bytes == 7
    change(configs, ConfigResourceType.BROKER, "1", ("message.max.bytes", SET, "8"))
    assert topic.partitions[0].log.config.max_message_bytes == 8
    assert topic.config.max_message_bytes == 7
    change(configs, ConfigResourceType.BROKER, "1", ("message.max.bytes", DELETE, None))
    assert topic.partitions[0].log.config.max_message_bytes == 7


def test_a_group_keeps_within_the_bounds_of_a_broker_that_starts_again_with_others() -> None:
    configs = make_configs()
    group = ConfigResourceType.GROUP
    assert change(configs, group, "billing", ("consumer.session.timeout.ms", SET, "50000")) == (0, None)
    assert configs.group_config("billing")["consumer.session.timeout.ms"] == 50_000
    again = make_configs({"group.consumer.max.session.timeout.ms": "48000"})
    again.groups = configs.groups
    assert again.group_config("billing")["consumer.session.timeout.ms"] == 48_000
    assert again.group_config("another")["consumer.session.timeout.ms"] == 45_000


def test_an_entity_without_configs_is_forgotten() -> None:
    configs = make_configs()
    metrics = ConfigResourceType.CLIENT_METRICS
    change(configs, metrics, "all", ("interval.ms", SET, "1000"))
    assert configs.client_metrics == {"all": {"interval.ms": "1000"}}
    change(configs, metrics, "all", ("interval.ms", DELETE, None))
    assert configs.client_metrics == {}


def test_what_can_be_described_is_listed_by_kind() -> None:
    configs = make_configs()
    configs.cluster.create_topic("orders", partitions=1, replication_factor=1)
    change(configs, ConfigResourceType.CLIENT_METRICS, "all", ("interval.ms", SET, "1000"))
    change(configs, ConfigResourceType.GROUP, "billing", ("share.isolation.level", SET, "read_committed"))
    assert configs.resources(list(ConfigResourceType)) == [
        (ConfigResourceType.GROUP, "billing"),
        (ConfigResourceType.CLIENT_METRICS, "all"),
        (ConfigResourceType.BROKER_LOGGER, "1"),
        (ConfigResourceType.BROKER, "1"),
        (ConfigResourceType.TOPIC, "orders"),
    ]
    assert configs.resources([ConfigResourceType.BROKER]) == [(ConfigResourceType.BROKER, "1")]


def test_whoever_may_not_change_a_thing_learns_so_after_its_broker_has_looked() -> None:
    def refuse(kind: ConfigResourceType, name: str) -> None:
        raise KafkaError(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)

    alterations = [
        Alteration(ConfigResourceType.BROKER, "1", [("broker.id", SET, "3")]),
        Alteration(ConfigResourceType.BROKER, "", [("message.max.bytes", SET, "3")]),
        Alteration(ConfigResourceType.BROKER_LOGGER, "1", [("no.such", SET, "DEBUG")]),
    ]
    configs = make_configs()
    outcomes = incremental_alter_configs(configs, 1, alterations, authorize=refuse)
    refused = ErrorCode.CLUSTER_AUTHORIZATION_FAILED
    assert [code for code, _ in outcomes] == [ErrorCode.INVALID_REQUEST, refused, refused]
    assert "message.max.bytes" not in configs.settings.dynamic_default


@pytest.mark.parametrize(
    ("name", "operation", "code", "message"),
    [
        ("1", (LOGGER, SET, "DEBUG"), ErrorCode.NONE, None),
        (
            "1",
            (LOGGER, SET, "LOUD"),
            ErrorCode.INVALID_CONFIG,
            f"Cannot set the log level of {LOGGER} to LOUD as it is not a supported log level. "
            "Valid log levels are DEBUG, ERROR, FATAL, INFO, TRACE, WARN",
        ),
        ("1", ("no.such", DELETE, None), ErrorCode.INVALID_CONFIG, "Logger no.such does not exist!"),
        (
            "1",
            ("root", DELETE, None),
            ErrorCode.INVALID_REQUEST,
            "Removing the log level of the root logger is not allowed",
        ),
        (
            "1",
            ("root", APPEND, "INFO"),
            ErrorCode.INVALID_REQUEST,
            "APPEND operation is not allowed for the BROKER_LOGGER resource",
        ),
        ("1", ("root", 9, "INFO"), ErrorCode.UNKNOWN_SERVER_ERROR, None),
        ("", ("root", SET, "INFO"), ErrorCode.INVALID_REQUEST, "Node id must be an integer, but it is: "),
        (
            "2",
            ("root", SET, "INFO"),
            ErrorCode.INVALID_REQUEST,
            "Unexpected node id. Expected 1, but received 2",
        ),
    ],
)
def test_log_levels_are_set_in_kafkas_words(
    name: str, operation: tuple[str, int, str | None], code: ErrorCode, message: str | None
) -> None:
    assert change(make_configs(), ConfigResourceType.BROKER_LOGGER, name, operation) == (code, message)


def test_a_logger_follows_the_root_until_it_has_its_own_level() -> None:
    configs = make_configs()
    kind = ConfigResourceType.BROKER_LOGGER

    def level() -> str | None:
        return {entry.name: entry.value for entry in configs.describe_broker_logger("1", 1)}[LOGGER]

    assert level() == "INFO"
    change(configs, kind, "1", ("root", SET, "WARN"))
    assert level() == "WARN"
    change(configs, kind, "1", (LOGGER, SET, "DEBUG"))
    assert level() == "DEBUG"
    change(configs, kind, "1", (LOGGER, DELETE, None))
    assert level() == "WARN"


def test_every_described_config_is_documented() -> None:
    configs = make_configs()
    configs.cluster.create_topic("orders", partitions=1, replication_factor=1)
    described = [
        *configs.describe_broker("1", 1),
        *configs.describe_topic("orders", 1),
        *configs.describe_group("billing", 1),
        *configs.describe_client_metrics("all"),
    ]
    assert [entry.name for entry in described if not entry.documentation] == []
