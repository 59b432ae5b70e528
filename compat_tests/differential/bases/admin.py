"""Requests of administrators about topics, configs, quotas and users."""

from __future__ import annotations

from typing import Any

from compat_tests.differential.bases.ground import Ground, base

TOPIC, BROKER, METRICS, GROUP = 2, 4, 16, 32
_TIMEOUT = {"timeout_ms": 30_000}


@base("CreateTopics")
def _create(ground: Ground) -> dict[str, Any]:
    configs = [{"name": "retention.ms", "value": "1000"}]
    topic = {"name": ground.fresh(), "num_partitions": 2, "replication_factor": 1, "configs": configs}
    return {"topics": [topic], **_TIMEOUT}


@base("CreateTopics", "assigned")
def _create_assigned(ground: Ground) -> dict[str, Any]:
    assignments = [{"partition_index": 0, "broker_ids": [1]}, {"partition_index": 1, "broker_ids": [1]}]
    topic = {"name": ground.fresh(), "num_partitions": -1, "replication_factor": -1}
    return {"topics": [{**topic, "assignments": assignments}], **_TIMEOUT}


@base("DeleteTopics")
def _delete(ground: Ground) -> dict[str, Any]:
    name, _ = ground.fresh_topic()
    return {"topics": [{"name": name}], "topic_names": [name], **_TIMEOUT}


@base("DeleteTopics", "by id")
def _delete_by_id(ground: Ground) -> dict[str, Any]:
    if ground.version < 6:
        return {"topic_names": ["absent", "\u20ac"], **_TIMEOUT}
    _, topic_id = ground.fresh_topic()
    return {"topics": [{"name": None, "topic_id": topic_id}], **_TIMEOUT}


@base("CreatePartitions")
def _create_partitions(ground: Ground) -> dict[str, Any]:
    name, _ = ground.fresh_topic()
    return {"topics": [{"name": name, "count": 3, "assignments": None}], **_TIMEOUT}


@base("CreatePartitions", "assigned")
def _create_partitions_assigned(ground: Ground) -> dict[str, Any]:
    name, _ = ground.fresh_topic()
    assignments = [{"broker_ids": [1]}]
    return {"topics": [{"name": name, "count": 2, "assignments": assignments}], **_TIMEOUT}


@base("DescribeConfigs", "topic")
def _describe_topic(ground: Ground) -> dict[str, Any]:
    keys = ["retention.ms", "cleanup.policy"]
    return _described(TOPIC, ground.topic(), keys)


#: All of a broker's configs tell how it was started, and all of a group's that some defaults are others here.
_ALL = tuple(f"resources.0.configuration_keys {which}" for which in ("null", "empty", "of length -2"))


@base("DescribeConfigs", "broker", _ALL)
def _describe_broker(ground: Ground) -> dict[str, Any]:
    return _described(BROKER, "1", ["num.partitions", "log.retention.ms", "ssl.key.password"])


@base("DescribeConfigs", "group", _ALL)
def _describe_group(ground: Ground) -> dict[str, Any]:
    return _described(GROUP, "some-group", ["consumer.session.timeout.ms"])


@base("DescribeConfigs", "metrics")
def _describe_metrics(ground: Ground) -> dict[str, Any]:
    return _described(METRICS, "some-subscription", ["interval.ms"])


def _described(kind: int, name: str, keys: list[str]) -> dict[str, Any]:
    one = {"resource_type": kind, "resource_name": name, "configuration_keys": keys}
    return {"resources": [one], "include_synonyms": True}


def _altered(kind: int, name: str, key: str, value: str) -> dict[str, Any]:
    config = {"name": key, "config_operation": 0, "value": value}
    return {"resources": [{"resource_type": kind, "resource_name": name, "configs": [config]}]}


#: Kafka never answers an AlterConfigs that names a resource twice (docs/differences.md).
_SILENT = ("resources twice the same", "resources thrice, another between")


#: What a real controller does not expect ends its leadership, which takes it seconds.
_UNEXPECTED = tuple(
    f"resources.0.configs.0.config_operation {kind}" for kind in (-128, -2, -1, 4, 5, 6, 16, 32, 127)
)


@base("AlterConfigs", "topic", _SILENT)
@base("IncrementalAlterConfigs", "topic", patience=20.0)
def _alter_topic(ground: Ground) -> dict[str, Any]:
    return _altered(TOPIC, ground.topic(), "retention.ms", "100000000")


@base("AlterConfigs", "broker", _SILENT)
@base("IncrementalAlterConfigs", "broker", _UNEXPECTED)
def _alter_broker(ground: Ground) -> dict[str, Any]:
    return _altered(BROKER, "1", "log.cleaner.threads", "1") | {"validate_only": True}


@base("IncrementalAlterConfigs", "default broker", _UNEXPECTED)
def _alter_brokers(ground: Ground) -> dict[str, Any]:
    return _altered(BROKER, "", "log.cleaner.threads", "1") | {"validate_only": True}


@base("AlterConfigs", "group", _SILENT)
@base("IncrementalAlterConfigs", "group", _UNEXPECTED)
def _alter_group(ground: Ground) -> dict[str, Any]:
    return _altered(GROUP, f"{ground.prefix}-group", "consumer.session.timeout.ms", "50000")


@base("AlterConfigs", "metrics", _SILENT)
@base("IncrementalAlterConfigs", "metrics", _UNEXPECTED)
def _alter_metrics(ground: Ground) -> dict[str, Any]:
    return _altered(METRICS, f"{ground.prefix}-metrics", "interval.ms", "1000")


@base("ListConfigResources")
def _list_resources(ground: Ground) -> dict[str, Any]:
    return {"resource_types": [TOPIC, METRICS]}


@base("DescribeClientQuotas")
def _describe_quotas(ground: Ground) -> dict[str, Any]:
    return {"components": [{"entity_type": "user", "match_type": 0, "match": "alice"}], "strict": True}


@base("AlterClientQuotas")
def _alter_quotas(ground: Ground) -> dict[str, Any]:
    entity = [{"entity_type": "user", "entity_name": ground.fresh()}]
    return {"entries": [{"entity": entity, "ops": [{"key": "producer_byte_rate", "value": 1e9}]}]}


@base("DescribeUserScramCredentials")
def _describe_scram(ground: Ground) -> dict[str, Any]:
    def make() -> str:
        asked = _alter_scram(ground)
        ground.run.prepare("AlterUserScramCredentials", 0, **asked)
        return str(asked["upsertions"][0]["name"])

    return {"users": [{"name": ground.once("user", make)}]}


@base("AlterUserScramCredentials")
def _alter_scram(ground: Ground) -> dict[str, Any]:
    one = {
        "name": ground.fresh(),
        "mechanism": 1,
        "iterations": 4096,
        "salt": b"salt",
        "salted_password": b"p" * 32,
    }
    return {"deletions": [], "upsertions": [one]}


@base("AlterUserScramCredentials", "delete")
def _delete_scram(ground: Ground) -> dict[str, Any]:
    asked = _alter_scram(ground)
    ground.run.prepare("AlterUserScramCredentials", 0, **asked)
    return {"deletions": [{"name": asked["upsertions"][0]["name"], "mechanism": 1}], "upsertions": []}


_FILTER = {
    "resource_type_filter": 2,
    "resource_name_filter": "topic",
    "pattern_type_filter": 3,
    "principal_filter": "User:alice",
    "host_filter": "*",
    "operation": 3,
    "permission_type": 3,
}


@base("DescribeAcls")
def _describe_acls(ground: Ground) -> dict[str, Any]:
    return _FILTER


@base("CreateAcls")
def _create_acls(ground: Ground) -> dict[str, Any]:
    one = {
        "resource_type": 2,
        "resource_name": "topic",
        "resource_pattern_type": 3,
        "principal": "User:alice",
        "host": "*",
        "operation": 3,
        "permission_type": 3,
    }
    return {"creations": [one]}


@base("DeleteAcls")
def _delete_acls(ground: Ground) -> dict[str, Any]:
    return {"filters": [_FILTER]}


@base("CreateDelegationToken")
def _create_token(ground: Ground) -> dict[str, Any]:
    renewers = [{"principal_type": "User", "principal_name": "bob"}]
    return {"renewers": renewers, "max_lifetime_ms": 1000}


@base("RenewDelegationToken")
@base("ExpireDelegationToken")
def _hmac(ground: Ground) -> dict[str, Any]:
    return {"hmac": b"hmac", "renew_period_ms": 1000, "expiry_time_period_ms": 1000}


@base("DescribeDelegationToken")
def _describe_token(ground: Ground) -> dict[str, Any]:
    return {"owners": [{"principal_type": "User", "principal_name": "bob"}]}


@base("SaslHandshake")
def _handshake(ground: Ground) -> dict[str, Any]:
    return {"mechanism": "PLAIN"}


@base("SaslAuthenticate")
def _authenticate(ground: Ground) -> dict[str, Any]:
    return {"auth_bytes": b"\0user\0password"}
