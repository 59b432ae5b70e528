"""DescribeConfigs, AlterConfigs, IncrementalAlterConfigs, ListConfigResources."""

from __future__ import annotations

from typing import Any

from compat_tests.differential.runner import Run, versions

_TOPIC, _BROKER, _LOGGER, _METRICS, _GROUP = 2, 4, 8, 16, 32
_SET, _DELETE, _APPEND, _SUBTRACT = range(4)

#: What the two brokers were given at start, and what shows where they run.
_GIVEN_AT_START = frozenset(
    {
        "advertised.listeners",
        "broker.id",
        "controller.listener.names",
        "controller.quorum.bootstrap.servers",
        "group.initial.rebalance.delay.ms",
        "listener.security.protocol.map",
        "listeners",
        "log.dir",
        "log.dirs",
        "node.id",
        "offsets.topic.replication.factor",
        "process.roles",
        "share.coordinator.state.topic.min.isr",
        "share.coordinator.state.topic.replication.factor",
        "transaction.state.log.min.isr",
        "transaction.state.log.replication.factor",
    }
)

#: What docs/differences.md lists, as the brokers and as the groups have it.
_OWN_DEFAULTS = frozenset(
    {
        "consumer.assignment.interval.ms",
        "group.consumer.assignment.interval.ms",
        "group.share.assignment.interval.ms",
        "group.streams.assignment.interval.ms",
        "group.streams.initial.rebalance.delay.ms",
        "share.assignment.interval.ms",
        "streams.assignment.interval.ms",
        "streams.initial.rebalance.delay.ms",
    }
)


def _resource(kind: int, name: str, keys: list[str] | None = None) -> dict[str, Any]:
    return {"resource_type": kind, "resource_name": name, "configuration_keys": keys}


def describe_configs(run: Run) -> None:
    for version in versions("DescribeConfigs"):
        mine = f"dc{version}"
        run.create(mine, retention_ms="60000", cleanup_policy="compact,delete")

        def ask(label: str, *resources: dict[str, Any], **more: Any) -> None:
            run.ask(label, "DescribeConfigs", version, resources=list(resources), **more)  # noqa: B023

        ask("topic", _resource(_TOPIC, mine))
        ask("topic with synonyms", _resource(_TOPIC, mine), include_synonyms=True)
        ask("two keys", _resource(_TOPIC, mine, ["retention.ms", "segment.bytes"]), include_synonyms=True)
        ask("no keys", _resource(_TOPIC, mine, []))
        ask("key twice", _resource(_TOPIC, mine, ["retention.ms", "retention.ms"]))
        ask("unknown key", _resource(_TOPIC, mine, ["no.such", "retention.ms"]))
        ask("absent topic", _resource(_TOPIC, "absent"))
        ask("bad topic", _resource(_TOPIC, "a b"))
        ask("empty topic", _resource(_TOPIC, ""))
        ask("twice", _resource(_TOPIC, mine, ["retention.ms"]), _resource(_TOPIC, mine, ["segment.ms"]))
        ask("broker default", _resource(_BROKER, ""), include_synonyms=True)
        ask("broker default key", _resource(_BROKER, "", ["min.insync.replicas"]))
        keys = ["log.retention.ms", "log.retention.hours", "num.partitions", "ssl.key.password"]
        ask("broker", _resource(_BROKER, "1", keys), include_synonyms=True)
        ask("unknown key of broker", _resource(_BROKER, "1", ["no.such"]))
        for name in ("2", "x", "-1", " 1", "99999999999"):
            ask(f"broker {name!r}", _resource(_BROKER, name))
            ask(f"loggers {name!r}", _resource(_LOGGER, name))
        ask("loggers without name", _resource(_LOGGER, ""))
        ask("unknown logger", _resource(_LOGGER, "1", ["no.such.Logger"]))
        ask("subscription", _resource(_METRICS, "absent"), include_synonyms=True)
        ask("subscription without name", _resource(_METRICS, ""))
        ask("group key", _resource(_GROUP, "absent", ["consumer.session.timeout.ms"]))
        ask("group without name", _resource(_GROUP, ""))
        for kind in (0, 1, 3, 7, 64, 127, -1):
            ask(f"type {kind}", _resource(kind, "x"), _resource(_TOPIC, mine, ["retention.ms"]))
        ask("mixed", _resource(_TOPIC, "absent"), _resource(_BROKER, "1", ["num.partitions"]))
        ask("nothing")
        _whole_group(run, version)
        _whole_broker(run, version)


def _whole_group(run: Run, version: int) -> None:
    asked = {"resources": [_resource(_GROUP, "absent")], "include_synonyms": True}
    configs = run.prepare("DescribeConfigs", version, **asked)["results"][0]["configs"]
    shown = [config for config in configs if config["name"] not in _OWN_DEFAULTS]
    run.note(f"DescribeConfigs v{version}: a whole group", shown)


def _whole_broker(run: Run, version: int) -> None:
    answer = run.prepare(
        "DescribeConfigs",
        version,
        resources=[_resource(_BROKER, "1")],
        include_synonyms=True,
        include_documentation=True,
    )
    configs = answer["results"][0]["configs"]
    for config in configs:
        # Our sentences are our own.
        if "documentation" in config:
            config["documentation"] = bool(config["documentation"])
    shown = [config for config in configs if config["name"] not in _GIVEN_AT_START | _OWN_DEFAULTS]
    run.note(f"DescribeConfigs v{version}: a whole broker", shown)


def _alteration(kind: int, name: str, *operations: tuple[Any, ...]) -> dict[str, Any]:
    configs = [
        {"name": key, "config_operation": operation, "value": value} for key, operation, value in operations
    ]
    return {"resource_type": kind, "resource_name": name, "configs": configs}


def _described(run: Run, label: str, kind: int, name: str, *keys: str) -> None:
    """Ask what holds when it does not change any more."""
    asked = {"resources": [_resource(kind, name, list(keys) or None)], "include_synonyms": True}
    before: list[Any] = []

    def is_still() -> bool:
        before.append(run.prepare("DescribeConfigs", 4, **asked))
        return len(before) > 4 and before[-1] == before[-4]

    run.settled(is_still, f"configs of {name}")
    run.ask(label, "DescribeConfigs", 4, **asked)


def incremental_alter_configs(run: Run) -> None:
    for version in versions("IncrementalAlterConfigs"):
        mine = f"iac{version}"
        run.create(mine)

        def ask(label: str, *resources: dict[str, Any], **more: Any) -> None:
            run.ask(label, "IncrementalAlterConfigs", version, resources=list(resources), **more)  # noqa: B023

        def topic(*operations: tuple[Any, ...]) -> dict[str, Any]:
            return _alteration(_TOPIC, mine, *operations)  # noqa: B023

        ask("validate", topic(("retention.ms", _SET, "5")), validate_only=True)
        ask("set", topic(("retention.ms", _SET, "5"), ("cleanup.policy", _SET, "compact")))
        ask("append", topic(("cleanup.policy", _APPEND, "delete")))
        ask("append again", topic(("cleanup.policy", _APPEND, "delete")))
        ask("subtract", topic(("cleanup.policy", _SUBTRACT, "compact")))
        ask("subtract what is not there", topic(("cleanup.policy", _SUBTRACT, "compact")))
        ask("delete", topic(("retention.ms", _DELETE, None)))
        ask("delete again", topic(("retention.ms", _DELETE, "5")))
        _described(run, f"after v{version}", _TOPIC, mine)
        for label, operation in (
            ("append to a number", ("retention.ms", _APPEND, "1")),
            ("subtract from a number", ("retention.ms", _SUBTRACT, "1")),
            ("unknown name", ("no.such", _SET, "1")),
            ("delete unknown name", ("no.such", _DELETE, None)),
            ("append to unknown name", ("no.such", _APPEND, "1")),
            ("null", ("retention.ms", _SET, None)),
            ("append null", ("cleanup.policy", _APPEND, None)),
            ("empty name", ("", _SET, "1")),
            ("empty value", ("retention.ms", _SET, "")),
            ("no number", ("retention.ms", _SET, "x")),
            ("too small", ("retention.ms", _SET, "-2")),
            ("bad policy", ("cleanup.policy", _SET, "shred")),
            ("empty policy", ("cleanup.policy", _SET, "")),
            ("min isr 0", ("min.insync.replicas", _SET, "0")),
            ("operation 4", ("retention.ms", 4, "1")),
            ("operation -1", ("retention.ms", -1, "1")),
            (
                "long value",
                ("leader.replication.throttled.replicas", _SET, "0:1," * 8000),
            ),
            ("remote", ("remote.storage.enable", _SET, "true")),
        ):
            ask(label, topic(operation))
        ask("key twice", topic(("retention.ms", _SET, "1"), ("retention.ms", _SET, "2")))
        ask("one of two", topic(("retention.ms", _SET, "7"), ("segment.ms", _SET, "x")))
        ask("resource twice", topic(("retention.ms", _SET, "1")), topic(("segment.ms", _SET, "9")))
        ask("no operations", topic())
        ask("absent topic", _alteration(_TOPIC, "absent", ("retention.ms", _SET, "1")))
        ask("absent topic, bad value", _alteration(_TOPIC, "absent", ("retention.ms", _SET, "x")))
        ask("empty topic", _alteration(_TOPIC, "", ("retention.ms", _SET, "1")))
        ask("bad topic", _alteration(_TOPIC, "a b", ("retention.ms", _SET, "1")))
        ask("two topics", topic(("retention.ms", _SET, "8")), _alteration(_TOPIC, "absent"))
        ask("nothing")
        for kind in (0, 1, 3, 64, -1):
            ask(f"type {kind}", _alteration(kind, "x", ("a", _SET, "1")), topic(("retention.ms", _SET, "9")))
        _described(run, f"at the end of v{version}", _TOPIC, mine)
        _brokers(run, version)
        _loggers(run, version)
        _groups_and_subscriptions(run, version)


def _brokers(run: Run, version: int) -> None:
    def ask(label: str, name: str, *operations: tuple[Any, ...], **more: Any) -> None:
        resource = _alteration(_BROKER, name, *operations)
        run.ask(f"broker: {label}", "IncrementalAlterConfigs", version, resources=[resource], **more)

    ask("validate", "1", ("log.cleaner.threads", _SET, "2"), validate_only=True)
    ask("set", "1", ("log.cleaner.threads", _SET, "2"), ("log.retention.ms", _SET, "1000000"))
    ask("unknown name", "1", ("no.such.config", _SET, "1"))
    _described(run, f"broker v{version}", _BROKER, "1", "log.cleaner.threads", "log.retention.ms")
    _described(run, f"unknown config v{version}", _BROKER, "1", "no.such.config")
    ask(
        "delete",
        "1",
        ("log.cleaner.threads", _DELETE, ""),
        ("log.retention.ms", _DELETE, None),
        ("no.such.config", _DELETE, None),
    )
    for label, operation in (
        ("static", ("broker.id", _SET, "7")),
        ("too many threads", ("num.network.threads", _SET, "100")),
        ("listeners", ("listeners", _SET, "PLAINTEXT://127.0.0.1:9092")),
        ("per listener", ("ssl.keystore.type", _SET, "PEM")),
        ("no number", ("log.retention.ms", _SET, "x")),
        ("null", ("log.retention.ms", _SET, None)),
        ("append", ("log.retention.ms", _APPEND, "1")),
        ("append unknown", ("no.such", _APPEND, "1")),
        ("operation 9", ("log.retention.ms", 9, "1")),
        ("min isr", ("min.insync.replicas", _SET, "2")),
    ):
        ask(label, "1", operation)
        ask(f"{label}, default", "", operation)
    ask("delete min isr", "", ("min.insync.replicas", _DELETE, None))
    ask("min isr 1", "", ("min.insync.replicas", _SET, "1"))
    for name in ("2", "x", "-1"):
        ask(f"name {name!r}", name, ("log.retention.ms", _SET, "1"))
    _described(run, f"default v{version}", _BROKER, "")


def _loggers(run: Run, version: int) -> None:
    def ask(label: str, name: str, *operations: tuple[Any, ...]) -> None:
        resource = _alteration(_LOGGER, name, *operations)
        run.ask(f"logger: {label}", "IncrementalAlterConfigs", version, resources=[resource])

    for operation in (_APPEND, _SUBTRACT):
        ask(f"operation {operation}", "1", ("kafka.server.KafkaApis", operation, "DEBUG"))
    ask("unknown", "1", ("no.such.Logger", _SET, "DEBUG"))
    for name in ("2", "x", ""):
        ask(f"name {name!r}", name, ("kafka.server.KafkaApis", _SET, "DEBUG"))
    ask("nothing", "1")


def _groups_and_subscriptions(run: Run, version: int) -> None:
    def ask(label: str, kind: int, name: str, *operations: tuple[Any, ...], **more: Any) -> None:
        resource = _alteration(kind, name, *operations)
        run.ask(f"kind {kind}: {label}", "IncrementalAlterConfigs", version, resources=[resource], **more)

    group, subscription = f"g{version}", f"s{version}"
    session = "consumer.session.timeout.ms"
    ask("validate", _GROUP, group, (session, _SET, "50000"), validate_only=True)
    ask("set", _GROUP, group, (session, _SET, "50000"))
    _described(run, f"group v{version}", _GROUP, group, session)
    ask("too small", _GROUP, group, (session, _SET, "1"))
    ask("heartbeat above session", _GROUP, group, ("consumer.heartbeat.interval.ms", _SET, "50001"))
    ask("unknown", _GROUP, group, ("no.such", _SET, "1"))
    ask("append", _GROUP, group, (session, _APPEND, "1"))
    ask("no name", _GROUP, "", (session, _SET, "50000"))
    ask("delete", _GROUP, group, (session, _DELETE, None))
    ask(
        "set",
        _METRICS,
        subscription,
        ("interval.ms", _SET, "1000"),
        ("match", _SET, "client_id=app.*,client_software_name=x"),
        ("metrics", _SET, "org.apache.kafka.consumer.,org.apache.kafka.producer."),
    )
    _described(run, f"subscription v{version}", _METRICS, subscription)
    for label, operation in (
        ("interval too small", ("interval.ms", _SET, "1")),
        ("interval no number", ("interval.ms", _SET, "x")),
        ("bad match", ("match", _SET, "nonsense")),
        ("unknown match", ("match", _SET, "colour=red")),
        ("bad pattern", ("match", _SET, "client_id=[")),
        ("unknown", ("no.such", _SET, "1")),
        ("append", ("metrics", _APPEND, "x")),
    ):
        ask(label, _METRICS, subscription, operation)
    ask("no name", _METRICS, "", ("interval.ms", _SET, "1000"))
    ask(
        "delete",
        _METRICS,
        subscription,
        *((name, _DELETE, None) for name in ("interval.ms", "match", "metrics")),
    )


def alter_configs(run: Run) -> None:
    for version in versions("AlterConfigs"):
        mine = f"ac{version}"
        run.create(mine, segment_ms="99999")

        def ask(label: str, *resources: tuple[int, str, list[tuple[str, str | None]]], **more: Any) -> None:
            given = [
                {
                    "resource_type": kind,
                    "resource_name": name,
                    "configs": [{"name": key, "value": value} for key, value in configs],
                }
                for kind, name, configs in resources
            ]
            run.ask(label, "AlterConfigs", version, resources=given, **more)  # noqa: B023

        ask("validate", (_TOPIC, mine, [("retention.ms", "5")]), validate_only=True)
        ask("replace", (_TOPIC, mine, [("retention.ms", "5")]))
        _described(run, f"replaced v{version}", _TOPIC, mine)
        ask("nothing set", (_TOPIC, mine, []))
        _described(run, f"emptied v{version}", _TOPIC, mine)
        for label, name, value in (
            ("unknown", "no.such", "1"),
            ("null", "retention.ms", None),
            ("no number", "retention.ms", "x"),
            ("too small", "retention.ms", "-2"),
            ("empty name", "", "1"),
        ):
            ask(label, (_TOPIC, mine, [(name, value)]))
        # A resource that is named twice is not asked for: Kafka never answers that, for a bug of its own.
        ask("key twice", (_TOPIC, mine, [("retention.ms", "1"), ("retention.ms", "2")]))
        ask("absent", (_TOPIC, "absent", []))
        ask("empty", (_TOPIC, "", []))
        ask("two", (_TOPIC, mine, []), (_TOPIC, "absent", []))
        ask("loggers", (_LOGGER, "1", []))
        for kind in (0, 1, 64, -1):
            ask(f"type {kind}", (kind, "x", []), (_TOPIC, mine, []))
        ask("broker", (_BROKER, "1", [("log.cleaner.threads", "2")]))
        _described(run, f"broker v{version}", _BROKER, "1", "log.cleaner.threads")
        ask("broker emptied", (_BROKER, "1", []))
        ask("static", (_BROKER, "1", [("broker.id", "2")]))
        ask("other broker", (_BROKER, "2", []))
        ask("default without min isr", (_BROKER, "", []))
        ask("default", (_BROKER, "", [("min.insync.replicas", "1"), ("log.retention.ms", "1000000")]))
        _described(run, f"default v{version}", _BROKER, "")
        ask("default again", (_BROKER, "", [("min.insync.replicas", "1")]))
        ask("group", (_GROUP, f"ag{version}", [("consumer.session.timeout.ms", "50000")]))
        ask("group emptied", (_GROUP, f"ag{version}", []))
        ask("bad group", (_GROUP, f"ag{version}", [("consumer.session.timeout.ms", "x")]))
        ask("subscription", (_METRICS, f"as{version}", [("interval.ms", "1000")]))
        ask("subscription emptied", (_METRICS, f"as{version}", []))
        ask("nothing")


def list_config_resources(run: Run) -> None:
    run.prepare(
        "IncrementalAlterConfigs",
        1,
        resources=[
            _alteration(_GROUP, "listed-group", ("consumer.session.timeout.ms", _SET, "50000")),
            _alteration(_METRICS, "listed-subscription", ("interval.ms", _SET, "1000")),
        ],
    )

    def are_listed() -> bool:
        found = run.prepare("ListConfigResources", 1, resource_types=[_GROUP, _METRICS])["config_resources"]
        return {"listed-group", "listed-subscription"} <= {one["resource_name"] for one in found}

    run.settled(are_listed, "both resources")
    run.ask("all", "ListConfigResources", 0)
    for kinds in (
        [_METRICS],
        [_GROUP],
        [_BROKER],
        [_LOGGER],
        [_BROKER, _LOGGER, _BROKER],
        [0],
        [3],
        [_GROUP, 99],
    ):
        run.ask(f"kinds {kinds}", "ListConfigResources", 1, resource_types=kinds)
    # Which topics there are depends on what was run before.
    answer = run.prepare("ListConfigResources", 1, resource_types=[])
    kinds_found = {resource["resource_type"] for resource in answer["config_resources"]}
    run.note("ListConfigResources v1: kinds when all are asked for", sorted(kinds_found))
    run.prepare(
        "IncrementalAlterConfigs",
        1,
        resources=[
            _alteration(_GROUP, "listed-group", ("consumer.session.timeout.ms", _DELETE, None)),
            _alteration(_METRICS, "listed-subscription", ("interval.ms", _DELETE, None)),
        ],
    )
