"""What is given at start is checked, and what has no effect is named."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from mockbroker.config import BROKER, ConfigError, Settings
from mockbroker.config.honoured import HONOURED
from mockbroker.config.tables import AUTHORIZER, GROUP_SYNONYMS, TOPIC_SYNONYMS, broker_synonyms

SOURCES = Path(__file__).parent.parent.parent / "mockbroker"


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        (
            {"num.partitions": "0"},
            "Invalid value 0 for configuration num.partitions: Value must be at least 1",
        ),
        (
            {"log.message.timestamp.type": "x"},
            "Invalid value x for configuration log.message.timestamp.type: "
            "String must be one of: CreateTime, LogAppendTime",
        ),
        (
            {"node.id": "1", "broker.id": "2"},
            "You must set `node.id` to the same value as `broker.id` (node.id=1, broker.id=2)",
        ),
        (
            {"group.consumer.session.timeout.ms": "1000"},
            "group.consumer.session.timeout.ms must be greater than or equal to "
            "group.consumer.min.session.timeout.ms (group.consumer.session.timeout.ms=1000, "
            "group.consumer.min.session.timeout.ms=45000)",
        ),
        (
            {
                "group.consumer.heartbeat.interval.ms": "100",
                "group.consumer.min.heartbeat.interval.ms": "200",
            },
            "group.consumer.heartbeat.interval.ms must be greater than or equal to "
            "group.consumer.min.heartbeat.interval.ms (group.consumer.heartbeat.interval.ms=100, "
            "group.consumer.min.heartbeat.interval.ms=200)",
        ),
        (
            {"log.roll.ms": "0"},
            "log.roll.ms must be greater than or equal to 1 (log.roll.ms=0)",
        ),
        (
            {"zookeeper.connect": "localhost"},
            "Unknown configuration zookeeper.connect: a broker has no config of this name",
        ),
        (
            {"num.partition": "3"},
            "Unknown configuration num.partition: a broker has no config of this name; did you mean num.partitions?",
        ),
        (
            {"segment.ms": "3"},
            "Unknown configuration segment.ms: a broker has no config of this name; "
            "it is a topic's, whose default for all topics is log.roll.ms",
        ),
        (
            {"listener.name.external.ssl.client.auth": "maybe"},
            "Invalid value maybe for configuration ssl.client.auth: String must be one of: required, requested, none",
        ),
        (
            {"listener.name.external.no.such": "1"},
            "Unknown configuration listener.name.external.no.such: a broker has no config of this name",
        ),
    ],
)
def test_a_start_with_wrong_properties_is_refused(properties: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Settings(properties)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    "name",
    [
        "super.users",
        "listener.name.sasl_plaintext.plain.sasl.jaas.config",
        "config.providers.file.class",
        "rlmm.config.something",
        "log.initial.task.delay.ms",
    ],
)
def test_properties_that_are_in_no_description_are_known(name: str) -> None:
    assert Settings({name: "1"}).static == {name: "1"}


def test_what_has_no_effect_is_named() -> None:
    settings = Settings({"num.partitions": "3", "num.io.threads": "4", "rsm.config.dir": "x"})
    assert settings.not_honoured == ["num.io.threads", "rsm.config.dir"]


def test_heartbeat_intervals_go_below_kafkas_minimum_unless_one_is_set() -> None:
    for kind in ("consumer", "share", "streams"):
        name = f"group.{kind}.heartbeat.interval.ms"
        assert Settings({name: "100"})[name] == 100
        assert Settings()[name] == 5000


def test_every_honoured_config_is_known_and_read_somewhere() -> None:
    assert [name for name in HONOURED if name not in BROKER and name not in AUTHORIZER] == []
    config = ("config/", "core/dynamic_configs.py")
    read = "\n".join(
        path.read_text()
        for path in SOURCES.rglob("*.py")
        if not path.relative_to(SOURCES).as_posix().startswith(config)
    )
    of_topics = {
        synonym: topic for topic, name in TOPIC_SYNONYMS.items() for synonym in broker_synonyms(name)
    }
    read_as = {
        "segment.ms": "max_segment_ms",
        "cleanup.policy": "is_compacted",
        "message.timestamp.type": "is_append_time",
    }
    of_groups = {broker: group for group, broker in GROUP_SYNONYMS.items()}
    for name in HONOURED - {"broker.id", "node.id"}:
        unbounded = re.sub(r"\.(min|max)\.", ".", name, count=1).replace(".standby.", ".num.standby.")
        if name in of_groups:
            assert f'"{of_groups[name]}"' in read, name
        elif unbounded in of_groups:
            # Only what a group's own configs are held against.
            assert unbounded in HONOURED
        elif name in of_topics:
            attribute = read_as.get(of_topics[name], of_topics[name].replace(".", "_"))
            assert f".{attribute}" in read or f'"{attribute}"' in read, name
        else:
            assert f'"{name}"' in read, name


def test_a_brokers_own_properties_count_as_given_at_start() -> None:
    settings = Settings({"node.id": "5"})
    settings.set_static(6, {"broker.rack": "b"})
    assert settings.first_node_id == 5
    assert settings.for_broker(5)["broker.rack"] is None
    assert settings.for_broker(6)["broker.rack"] == "b"
    assert settings.for_broker(6)["node.id"] == settings.for_broker(6)["broker.id"] == 6


def test_a_node_id_of_zero_counts() -> None:
    assert Settings({"node.id": "0"}).first_node_id == 0
    assert Settings().first_node_id == 1


def test_the_minimum_of_replicas_in_sync_is_a_dynamic_default_from_the_first() -> None:
    assert Settings({"min.insync.replicas": "2"}).dynamic_default == {"min.insync.replicas": "2"}
    assert Settings(is_elr_enabled=False).dynamic_default == {}


def test_an_assignment_interval_is_kept_between_its_bounds() -> None:
    settings = Settings()
    settings.set_dynamic(None, {"group.consumer.assignment.interval.ms": "100000"})
    assert settings["group.consumer.assignment.interval.ms"] == 15_000


def test_a_name_that_no_broker_has_is_an_error() -> None:
    with pytest.raises(KeyError):
        Settings()["retention.ms"]


def test_the_import_brings_no_documentation() -> None:
    code = "import sys, mockbroker.config; print([name for name in sys.modules if '.docs_' in name])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
