"""DescribeConfigs, the two ways to alter, and ListConfigResources, over frames."""

from __future__ import annotations

from typing import Any

import pytest

from tests.handlers.plain import Desk

TOPIC, BROKER, LOGGER, METRICS, GROUP = 2, 4, 8, 16, 32
SET, DELETE = 0, 1


def with_topic() -> Desk:
    desk = Desk()
    desk.core.cluster.create_topic("t", configs={"retention.ms": "5000"})
    return desk


def describe(desk: Desk, version: int, kind: int, name: str, *keys: str, **more: Any) -> dict[str, Any]:
    resource = {"resource_type": kind, "resource_name": name, "configuration_keys": list(keys) or None}
    [result] = desk.ask("DescribeConfigs", version, resources=[resource], **more)["results"]
    assert (result["resource_type"], result["resource_name"]) == (kind, name)
    found: dict[str, Any] = result
    return found


@pytest.mark.parametrize("version", range(1, 5))
def test_a_topics_config_in_every_version(version: int) -> None:
    result = describe(with_topic(), version, TOPIC, "t", "retention.ms", include_synonyms=True)
    expected: dict[str, Any] = {
        "name": "retention.ms",
        "value": "5000",
        "read_only": False,
        "config_source": 1,
        "is_sensitive": False,
        "synonyms": [{"name": "retention.ms", "value": "5000", "source": 1}],
    }
    if version >= 3:
        expected |= {"config_type": 5, "documentation": None}
    assert result["configs"] == [expected]


def test_synonyms_and_documentation_are_told_on_request() -> None:
    desk = with_topic()
    [config] = describe(desk, 4, TOPIC, "t", "retention.ms")["configs"]
    assert (config["synonyms"], config["documentation"]) == ([], None)
    [config] = describe(desk, 4, TOPIC, "t", "retention.ms", include_documentation=True)["configs"]
    assert config["documentation"]


def test_loggers_have_no_documentation_to_tell() -> None:
    configs = describe(Desk(), 4, LOGGER, "1", include_documentation=True)["configs"]
    assert configs
    assert {config["documentation"] for config in configs} == {""}


def test_what_is_altered_takes_effect_and_is_described() -> None:
    desk = with_topic()
    configs = [
        {"name": "max.message.bytes", "config_operation": SET, "value": "99"},
        {"name": "retention.ms", "config_operation": DELETE, "value": None},
    ]
    resources = [
        {"resource_type": TOPIC, "resource_name": "t", "configs": configs},
        {"resource_type": TOPIC, "resource_name": "absent", "configs": []},
    ]
    answer = desk.ask("IncrementalAlterConfigs", 1, resources=resources)
    assert answer["responses"] == [
        {"error_code": 0, "error_message": None, "resource_type": TOPIC, "resource_name": "t"},
        {
            "error_code": 3,
            "error_message": "The topic 'absent' does not exist.",
            "resource_type": TOPIC,
            "resource_name": "absent",
        },
    ]
    assert desk.core.cluster.topic("t").config.max_message_bytes == 99
    assert desk.core.cluster.topic("t").overrides == {"max.message.bytes": "99"}


def test_altering_the_old_way_replaces_all() -> None:
    desk = with_topic()
    resource = {
        "resource_type": TOPIC,
        "resource_name": "t",
        "configs": [{"name": "segment.ms", "value": "9"}],
    }
    for validate_only, overrides in ((True, {"retention.ms": "5000"}), (False, {"segment.ms": "9"})):
        answer = desk.ask("AlterConfigs", 2, resources=[resource], validate_only=validate_only)
        assert answer["responses"][0]["error_code"] == 0
        assert desk.core.cluster.topic("t").overrides == overrides


def test_the_first_version_lists_subscriptions_only() -> None:
    desk = with_topic()
    configs = {METRICS: ("interval.ms", "1000"), GROUP: ("consumer.session.timeout.ms", "50000")}
    resources = [
        {
            "resource_type": kind,
            "resource_name": f"r{kind}",
            "configs": [{"name": name, "config_operation": SET, "value": value}],
        }
        for kind, (name, value) in configs.items()
    ]
    desk.ask("IncrementalAlterConfigs", 1, resources=resources)
    assert desk.ask("ListConfigResources", 0)["config_resources"] == [{"resource_name": "r16"}]
    found = desk.ask("ListConfigResources", 1, resource_types=[])["config_resources"]
    assert [(one["resource_type"], one["resource_name"]) for one in found] == [
        (GROUP, "r32"),
        (METRICS, "r16"),
        (LOGGER, "1"),
        (BROKER, "1"),
        (TOPIC, "t"),
    ]
    answer = desk.ask("ListConfigResources", 1, resource_types=[TOPIC, 3])
    assert (answer["error_code"], answer["config_resources"]) == (35, [])
