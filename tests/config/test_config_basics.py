"""Values, settings and a topic's configs: the texts are those of Apache Kafka 4.3.1."""

from __future__ import annotations

import pytest

from mockbroker.config import (
    BROKER,
    TOPIC,
    ConfigError,
    Settings,
    parse_value,
    validate_topic_configs,
)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "retention.ms",
            "abc",
            "Invalid value abc for configuration retention.ms: Not a number of type LONG",
        ),
        (
            "min.insync.replicas",
            "0",
            "Invalid value 0 for configuration min.insync.replicas: Value must be at least 1",
        ),
        (
            "cleanup.policy",
            "shred",
            "Invalid value shred for configuration cleanup.policy: String must be one of: compact, delete",
        ),
        (
            "segment.bytes",
            "1",
            "Invalid value 1 for configuration segment.bytes: Value must be at least 1048576",
        ),
        ("no.such.config", "1", "Unknown topic config name: no.such.config"),
        ("retention.ms", None, "Null value not supported for topic configs: retention.ms"),
    ],
)
def test_a_refused_topic_config_is_told_in_kafkas_words(name: str, text: str | None, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        validate_topic_configs(Settings(), {name: text})
    assert str(refused.value) == message


def test_a_list_loses_spaces_and_doubles() -> None:
    assert parse_value(TOPIC["cleanup.policy"], " compact ,delete,compact") == ["compact", "delete"]


def test_a_topic_follows_the_broker_until_it_has_its_own() -> None:
    settings = Settings({"log.retention.hours": "2", "min.insync.replicas": "2"})
    assert settings.log_config({}).retention_ms == 7_200_000
    assert settings.log_config({"retention.ms": "5"}).retention_ms == 5
    assert settings.log_config({}).min_insync_replicas == 2


def test_a_dynamic_config_puts_its_static_synonym_out_of_force() -> None:
    settings = Settings({"log.retention.ms": "5"})
    settings.set_dynamic(None, {"log.retention.hours": "1"})
    assert settings["log.retention.ms"] is None
    assert settings.log_config({}).retention_ms == 3_600_000


def test_a_brokers_own_value_comes_first_and_listeners_hear_of_it() -> None:
    settings = Settings()
    heard: list[tuple[frozenset[str], int | None]] = []
    settings.on_change(lambda names, broker_id: heard.append((names, broker_id)))
    settings.set_dynamic(2, {"message.max.bytes": "7"})
    assert settings.for_broker(2)["message.max.bytes"] == 7
    assert settings["message.max.bytes"] == settings.for_broker(1)["message.max.bytes"] == 1048588
    assert heard == [(frozenset({"message.max.bytes"}), 2)]


def test_a_property_that_no_broker_has_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"num\.partition\b.*did you mean num\.partitions"):
        Settings({"num.partition": "3"})


def test_the_table_has_every_described_broker_config() -> None:
    assert len(BROKER.described) == 340
    assert len(TOPIC.described) == 33
