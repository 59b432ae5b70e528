"""Quotas, features, the quorum, elections, reassignments, log directories, telemetry."""

from __future__ import annotations

from typing import Any

from compat_tests.differential.runner import Run, versions

_EXACT, _DEFAULT, _ANY = range(3)


def _entity(**kinds: str | None) -> list[dict[str, Any]]:
    return [{"entity_type": kind.replace("_", "-"), "entity_name": name} for kind, name in kinds.items()]


def _operations(**values: float | None) -> list[dict[str, Any]]:
    return [
        {"key": key, "value": 0.0 if value is None else value, "remove": value is None}
        for key, value in values.items()
    ]


def alter_client_quotas(run: Run) -> None:
    for version in versions("AlterClientQuotas"):

        def ask(label: str, *entries: tuple[list[dict[str, Any]], list[dict[str, Any]]], **more: Any) -> None:
            given = [{"entity": entity, "ops": operations} for entity, operations in entries]
            run.ask(label, "AlterClientQuotas", version, entries=given, **more)  # noqa: B023

        rate = _operations(producer_byte_rate=1024.0)
        alice = _entity(user=f"alice{version}")
        ask("validate", (alice, rate), validate_only=True)
        ask("user", (alice, _operations(producer_byte_rate=1024.0, request_percentage=0.5)))
        ask("default user", (_entity(user=None), rate))
        ask("client", (_entity(client_id=f"app{version}"), rate))
        ask("default client", (_entity(client_id=None), _operations(consumer_byte_rate=5000000.0)))
        ask("both", (_entity(user=f"alice{version}", client_id="app"), rate))
        ask("both default", (_entity(user=None, client_id=None), _operations(controller_mutation_rate=1e6)))
        ask("ip", (_entity(ip="127.0.0.7"), _operations(connection_creation_rate=1000.0)))
        ask("default ip", (_entity(ip=None), _operations(connection_creation_rate=100000.0)))
        ask("remove", (alice, _operations(request_percentage=None)))
        ask("remove again", (alice, _operations(request_percentage=None)))
        ask("remove unknown", (alice, _operations(no_such=None)))
        ask("remove from nobody", (_entity(user="nobody"), rate and _operations(producer_byte_rate=None)))
        for label, values in (
            ("unknown key", {"no_such": 1.0}),
            ("ip key", {"connection_creation_rate": 1.0}),
            ("zero", {"producer_byte_rate": 0.0}),
            ("negative", {"request_percentage": -1.0}),
            ("fraction", {"producer_byte_rate": 1.5}),
            ("nearly whole", {"consumer_byte_rate": 2.0000001}),
            ("too large", {"producer_byte_rate": 1e19}),
            ("infinite", {"producer_byte_rate": float("inf")}),
            ("infinite percentage", {"request_percentage": float("inf")}),
            ("mutation fraction", {"controller_mutation_rate": 0.5}),
            ("two errors", {"producer_byte_rate": -1.0, "no_such": 1.0}),
            ("one of two", {"producer_byte_rate": 9.0, "consumer_byte_rate": -9.0}),
        ):
            ask(label, (_entity(user=f"odd{version}"), _operations(**values)))
        odd = _operations(request_percentage=float("nan"), producer_byte_rate=float("nan"))
        ask("not a number", (_entity(user=f"odd{version}"), odd), validate_only=True)
        for label, value in (("large", 3e9), ("fraction", 0.5), ("zero", 0.0)):
            ask(f"ip {label}", (_entity(ip="127.0.0.8"), _operations(connection_creation_rate=value)))
        ask("ip with client key", (_entity(ip="127.0.0.8"), rate))
        for address in ("::1", "localhost", "not an ip", "127.0.0.1:1", "1.2.3", "300.1.1.1", "[::1]"):
            ask(f"ip {address}", (_entity(ip=address), _operations(connection_creation_rate=1000.0)))
        ask("empty entity", ([], rate))
        ask("empty name", (_entity(user=""), rate))
        ask("unknown kind", (_entity(group="g"), rate))
        ask("empty kind", ([{"entity_type": "", "entity_name": "x"}], rate))
        ask("user and unknown", (_entity(user="a", group="g"), rate))
        ask("user and ip", (_entity(user="a", ip="127.0.0.1"), rate))
        ask("kind twice", (_entity(user="a") + _entity(user=f"last{version}"), rate))
        ask("key twice", (_entity(user=f"t{version}"), rate + rate))
        ask("entity twice", (_entity(user=f"u{version}"), rate), (_entity(user=f"u{version}"), rate))
        ask(
            "entity twice, both kinds",
            (_entity(user="x", client_id=None), rate),
            (_entity(client_id=None, user="x"), rate),
        )
        ask("good and bad", (_entity(user=f"v{version}"), rate), (_entity(user=""), rate))
        ask("no operations", (_entity(user=f"w{version}"), []))
        ask("nothing")


def describe_client_quotas(run: Run) -> None:
    last = {"entity": _entity(user="the-last"), "ops": _operations(producer_byte_rate=1.0)}
    run.prepare("AlterClientQuotas", 1, entries=[last])
    asked = {"components": [{"entity_type": "user", "match_type": _EXACT, "match": "the-last"}]}
    run.settled(
        lambda: len(run.prepare("DescribeClientQuotas", 1, **asked)["entries"]) == 1, "the last quota"
    )
    for version in versions("DescribeClientQuotas"):

        def ask(label: str, *components: tuple[str, int, str | None], strict: bool = False) -> None:
            given = [
                {"entity_type": kind, "match_type": match_type, "match": match}
                for kind, match_type, match in components
            ]
            run.ask(label, "DescribeClientQuotas", version, components=given, strict=strict)  # noqa: B023

        ask("all")
        ask("all, strictly", strict=True)
        for strict in (False, True):
            ask(f"user {strict}", ("user", _EXACT, "alice1"), strict=strict)
            ask(f"any user {strict}", ("user", _ANY, None), strict=strict)
            ask(f"default user {strict}", ("user", _DEFAULT, None), strict=strict)
            ask(f"any client {strict}", ("client-id", _ANY, None), strict=strict)
            ask(f"any both {strict}", ("user", _ANY, None), ("client-id", _ANY, None), strict=strict)
            ask(f"any ip {strict}", ("ip", _ANY, None), strict=strict)
        ask("nobody", ("user", _EXACT, "nobody"))
        ask("empty name", ("user", _EXACT, ""))
        ask("empty kind", ("", _ANY, None))
        ask("unknown kind", ("group", _ANY, None))
        ask("kind twice", ("user", _ANY, None), ("user", _DEFAULT, None))
        ask("exactly null", ("user", _EXACT, None))
        ask("default with name", ("user", _DEFAULT, "x"))
        ask("any with name", ("user", _ANY, "x"))
        ask("match type 3", ("user", 3, None))
        ask("match type -1", ("user", -1, None))
        ask("ip and user", ("ip", _ANY, None), ("user", _ANY, None))
    _forget_quotas(run)


def _forget_quotas(run: Run) -> None:
    """Remove them all: whoever is asked later should not be throttled."""

    def entries() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = run.prepare("DescribeClientQuotas", 1, components=[])["entries"]
        return found

    removed = [
        {
            "entity": one["entity"],
            "ops": [{"key": value["key"], "value": 0.0, "remove": True} for value in one["values"]],
        }
        for one in entries()
    ]
    run.prepare("AlterClientQuotas", 1, entries=removed)
    run.settled(lambda: not entries(), "no quotas")


def update_features(run: Run) -> None:
    for version in versions("UpdateFeatures"):

        def ask(label: str, *updates: tuple[str, int, int], **more: Any) -> None:
            kind = "upgrade_type" if version >= 1 else "allow_downgrade"  # noqa: B023
            given = [{"feature": name, "max_version_level": level, kind: how} for name, level, how in updates]
            run.ask(label, "UpdateFeatures", version, feature_updates=given, timeout_ms=5000, **more)  # noqa: B023

        ask("nothing")
        ask("as it is", ("metadata.version", 30, 1))
        ask("too high", ("metadata.version", 31, 1))
        ask("too low", ("metadata.version", 6, 1), validate_only=True)
        ask("unknown", ("no.such.feature", 1, 1))
        ask("unknown at 0", ("no.such.feature", 0, 1))
        ask("empty", ("", 1, 1))
        ask("negative", ("group.version", -1, 1))
        ask("too high group", ("group.version", 2, 1))
        ask("two", ("group.version", 1, 1), ("share.version", 1, 1))
        ask("one of two", ("group.version", 9, 1), ("share.version", 1, 1))
        ask("downgrade as upgrade", ("transaction.version", 1, 1))
        ask("kraft as it is", ("kraft.version", 1, 1))
        ask("twice", ("group.version", 9, 1), ("group.version", 1, 1))
        if version == 0:
            continue
        for how in (0, 1, 2, 3, 4, -1):
            ask(f"metadata 29 by {how}", ("metadata.version", 29, how), validate_only=True)
            ask(f"group 0 by {how}", ("group.version", 0, how), validate_only=True)
            ask(f"kraft 0 by {how}", ("kraft.version", 0, how), validate_only=True)
            ask(f"kraft 1 by {how}", ("kraft.version", 1, how), validate_only=True)
            ask(f"transaction 1 by {how}", ("transaction.version", 1, how), validate_only=True)
            ask(f"group 1 by {how}", ("group.version", 1, how), validate_only=True)
        ask("downgrade upwards", ("share.version", 2, 2))
        ask("elr off", ("eligible.leader.replicas.version", 0, 2), validate_only=True)
        ask("off", ("streams.version", 0, 2))
        ask("downgrade to newer", ("streams.version", 1, 2))
        ask("on again", ("streams.version", 1, 1))


def unregister_broker(run: Run) -> None:
    for broker_id in (9, 0, -1, 2**31 - 1):
        run.ask(f"broker {broker_id}", "UnregisterBroker", 0, broker_id=broker_id)


def describe_quorum(run: Run) -> None:
    for version in versions("DescribeQuorum"):

        def ask(label: str, *topics: tuple[str, list[int]]) -> Any:
            given = [
                {"topic_name": name, "partitions": [{"partition_index": index} for index in indexes]}
                for name, indexes in topics
            ]
            return run.prepare("DescribeQuorum", version, topics=given)  # noqa: B023

        answer = ask("metadata", ("__cluster_metadata", [0]))
        # How long the log is, how many elections there were, and where controllers listen, is each cluster's own.
        partition = answer["topics"][0]["partitions"][0]
        del partition["high_watermark"], partition["leader_epoch"]
        for replica in partition["current_voters"]:
            del replica["log_end_offset"]
            replica.pop("replica_directory_id", None)
        for node in answer.get("nodes", ()):
            for listener in node["listeners"]:
                del listener["port"]
        run.note(f"DescribeQuorum v{version}: metadata", answer)
        for label, topics in (
            ("nothing", []),
            ("other topic", [("x", [0])]),
            ("other partition", [("__cluster_metadata", [1])]),
            ("two partitions", [("__cluster_metadata", [0, 1])]),
            ("twice", [("__cluster_metadata", [0]), ("__cluster_metadata", [0])]),
            ("no partition", [("__cluster_metadata", [])]),
        ):
            run.note(f"DescribeQuorum v{version}: {label}", ask(label, *topics))


def raft_voters(run: Run) -> None:
    cluster_id = run.prepare("DescribeCluster", 0)["cluster_id"]
    quorum = run.prepare(
        "DescribeQuorum",
        2,
        topics=[{"topic_name": "__cluster_metadata", "partitions": [{"partition_index": 0}]}],
    )
    own = quorum["topics"][0]["partitions"][0]["current_voters"][0]["replica_directory_id"]
    other = "AAAAAAAAAAAAAAAAAAAAAQ"
    listener = {"name": "CONTROLLER", "host": "127.0.0.1", "port": 1}

    def ask(label: str, name: str, version: int, **values: Any) -> None:
        from protocol_specs.text import uuid_bytes

        values["voter_directory_id"] = uuid_bytes(values["voter_directory_id"])
        answer = run.prepare(name, version, **values)
        text = answer["error_message"] or ""
        answer["error_message"] = text.replace(own, "<own>").replace(cluster_id, "<cluster>")
        run.note(f"{name} v{version}: {label}", answer)

    for version in versions("AddRaftVoter"):

        def add(label: str, voter_id: int, directory_id: str, *listeners: Any, **more: Any) -> None:
            given = {"voter_id": voter_id, "voter_directory_id": directory_id, "listeners": list(listeners)}
            ask(label, "AddRaftVoter", version, timeout_ms=1000, **{"cluster_id": None, **given, **more})  # noqa: B023

        add("itself", 1, own, listener)
        add("its id", 1, other, listener, cluster_id=cluster_id)
        add("wrong cluster", 2, other, listener, cluster_id="x")
        add("negative", -1, other, listener)
        add("no directory", 2, "AAAAAAAAAAAAAAAAAAAAAA", listener)
        add("no listener", 2, other)
        add("other listener", 2, other, {"name": "X", "host": "h", "port": 5})
        # Whoever was not reached is not tried again at once.
        add("nobody there", 20 + version, other, listener)
    remove = {"cluster_id": None}
    ask("unknown", "RemoveRaftVoter", 0, voter_id=9, voter_directory_id=other, **remove)
    ask("itself", "RemoveRaftVoter", 0, voter_id=1, voter_directory_id=own, **remove)
    ask("its id", "RemoveRaftVoter", 0, voter_id=1, voter_directory_id=other, **remove)
    ask("wrong cluster", "RemoveRaftVoter", 0, voter_id=9, voter_directory_id=other, cluster_id="x")
    ask("right cluster", "RemoveRaftVoter", 0, voter_id=9, voter_directory_id=other, cluster_id=cluster_id)
    ask("negative", "RemoveRaftVoter", 0, voter_id=-1, voter_directory_id=other, **remove)
    none = "AAAAAAAAAAAAAAAAAAAAAA"
    ask("no directory", "RemoveRaftVoter", 0, voter_id=1, voter_directory_id=none, **remove)


def elect_leaders(run: Run) -> None:
    run.create("el", 2)
    for version in versions("ElectLeaders"):

        def ask(label: str, *topics: tuple[str, list[int]], election_type: int = 0) -> None:
            more = {"election_type": election_type} if version >= 1 else {}  # noqa: B023
            given = [{"topic": name, "partitions": indexes} for name, indexes in topics]
            run.ask(label, "ElectLeaders", version, topic_partitions=given, timeout_ms=5000, **more)  # noqa: B023

        ask("nothing")
        ask("no partitions", ("el", []))
        ask("led", ("el", [0, 1]))
        ask("unknown partition", ("el", [0, 7]))
        ask("negative", ("el", [-1]))
        ask("absent", ("absent", [0]), ("el", [0]))
        ask("empty name", ("", [0]))
        ask("twice", ("el", [0, 0]), ("el", [0]))
        if version >= 1:
            ask("unclean", ("el", [0]), election_type=1)
            ask("unclean absent", ("absent", [0]), election_type=1)
            for number in (2, -1, 100):
                ask(f"type {number}", ("el", [0]), election_type=number)
        everything = run.prepare("ElectLeaders", version, topic_partitions=None, timeout_ms=5000)
        # Which topics there are depends on what was run before.
        mine = [one for one in everything["replica_election_results"] if one["topic"] == "el"]
        run.note(f"ElectLeaders v{version}: all", {**everything, "replica_election_results": mine})


def partition_reassignments(run: Run) -> None:
    run.create("pr", 2)
    for version in versions("AlterPartitionReassignments"):

        def ask(label: str, *topics: tuple[str, list[tuple[int, list[int] | None]]], **more: Any) -> None:
            given = [
                {
                    "name": name,
                    "partitions": [{"partition_index": index, "replicas": ids} for index, ids in partitions],
                }
                for name, partitions in topics
            ]
            run.ask(label, "AlterPartitionReassignments", version, topics=given, timeout_ms=5000, **more)  # noqa: B023

        ask("nothing")
        ask("no partitions", ("pr", []))
        ask("as it is", ("pr", [(0, [1]), (1, [1])]))
        ask("cancel", ("pr", [(0, None)]))
        ask("no replicas", ("pr", [(0, [])]))
        ask("unknown broker", ("pr", [(0, [9])]))
        ask("one of two", ("pr", [(0, [1, 9])]))
        ask("broker twice", ("pr", [(0, [1, 1])]))
        ask("negative broker", ("pr", [(0, [-1])]))
        ask("unknown partition", ("pr", [(7, [1]), (-1, None)]))
        ask("absent", ("absent", [(0, [1])]), ("pr", [(0, [1])]))
        ask("empty name", ("", [(0, [1])]))
        ask("partition twice", ("pr", [(0, [1]), (0, None)]))
        if version >= 1:
            ask("factor as it is", ("pr", [(0, [1])]), allow_replication_factor_change=False)
            ask("other factor", ("pr", [(0, [1, 9])]), allow_replication_factor_change=False)
            ask("no replicas, factor", ("pr", [(0, [])]), allow_replication_factor_change=False)
    run.ask("all", "ListPartitionReassignments", 0, topics=None, timeout_ms=5000)
    run.ask("nothing", "ListPartitionReassignments", 0, topics=[], timeout_ms=5000)
    for name, indexes in (("pr", [0, 1]), ("pr", [9, -1]), ("pr", []), ("absent", [0]), ("", [0])):
        topics = [{"name": name, "partition_indexes": indexes}]
        run.ask(f"{name} {indexes}", "ListPartitionReassignments", 0, topics=topics, timeout_ms=5000)


def log_dirs(run: Run) -> None:
    run.create("ld", 2)
    run.create("ld-other")
    from compat_tests.differential.cases.records import batch, produce

    run.prepare("Produce", 9, **produce("ld", batch(3)))
    for version in versions("DescribeLogDirs"):

        def ask(label: str, *topics: tuple[str, list[int]]) -> None:
            given = [{"topic": name, "partitions": indexes} for name, indexes in topics]
            run.ask(label, "DescribeLogDirs", version, topics=given)  # noqa: B023

        ask("nothing")
        ask("one", ("ld", [0]))
        ask("both", ("ld", [0, 1]))
        ask("two topics", ("ld", [1]), ("ld-other", [0]))
        ask("unknown partition", ("ld", [0, 9]))
        ask("absent", ("absent", [0]))
        ask("no partitions", ("ld", []))
        ask("twice", ("ld", [0]), ("ld", [0]))
        everything = run.prepare("DescribeLogDirs", version, topics=None)
        for result in everything["results"]:
            result["topics"] = [one for one in result["topics"] if one["name"].startswith("ld")]
        run.note(f"DescribeLogDirs v{version}: all", everything)
    own = run.prepare("DescribeLogDirs", 4, topics=[])["results"][0]["log_dir"]
    for version in versions("AlterReplicaLogDirs"):

        def alter(label: str, *dirs: tuple[str, list[tuple[str, list[int]]]]) -> None:
            given = [
                {
                    "path": path,
                    "topics": [{"name": name, "partitions": indexes} for name, indexes in topics],
                }
                for path, topics in dirs
            ]
            run.ask(label, "AlterReplicaLogDirs", version, dirs=given)  # noqa: B023

        alter("nothing")
        alter("where it is", (own, [("ld", [0, 1])]))
        alter("no such directory", ("/no/such", [("ld", [0])]))
        alter("empty path", ("", [("ld", [0])]))
        alter("no topics", (own, []))
        alter("no partitions", (own, [("ld", [])]))
        alter("unknown partition", (own, [("ld", [0, 9])]))
        alter("absent", (own, [("absent", [0])]))
        alter("empty name", (own, [("", [0])]))
        alter("long name", (own, [("x" * 220, [0])]))
        alter("two directories", (own, [("ld", [0])]), ("/no/such", [("ld", [0, 1])]))


def telemetry(run: Run) -> None:
    """Without a receiver it is not advertised, but served all the same."""
    me = b"0123456789abcdef"

    def get(label: str, client_instance_id: bytes = me) -> Any:
        return run.ask(label, "GetTelemetrySubscriptions", 0, client_instance_id=client_instance_id)

    def push(label: str, subscription_id: int, client_instance_id: bytes = me, **more: Any) -> None:
        values = {"client_instance_id": client_instance_id, "subscription_id": subscription_id, **more}
        run.ask(label, "PushTelemetry", 0, **{"metrics": b"", **values})

    first = run.prepare("GetTelemetrySubscriptions", 0, client_instance_id=bytes(16))
    for name in ("client_instance_id", "subscription_id"):
        first[name] = bool(first[name])
    run.note("GetTelemetrySubscriptions v0: a new client", first)
    own = get("known client")["subscription_id"]
    get("too early")
    push("empty", own)
    push("too early", own)
    push("terminating", own, terminating=True)
    push("after the end", own)
    push("after the end, terminating", own, terminating=True)
    other = b"fedcba9876543210"
    push("not asked before", 5, other)
    push("wrong subscription", 5, other)
    own = get("after a wrong subscription", other)["subscription_id"]
    push("unknown compression", own, other, compression_type=9)
    get("after unknown compression", other)
    push("zero id", 1, bytes(16))
    push("reserved id", 1, bytes(15) + b"\x01")
    third = b"third-client-000"
    own = get("third", third)["subscription_id"]
    push("too large", own, third, metrics=bytes(1024 * 1024 + 1))
    configs = [
        {"name": "interval.ms", "config_operation": 0, "value": "100"},
        {"name": "metrics", "config_operation": 0, "value": "org.apache.b,org.apache.a"},
        {"name": "match", "config_operation": 0, "value": "client_id=diff.*,client_source_address=127.*"},
    ]
    resource = {"resource_type": 16, "resource_name": "subscription", "configs": configs}
    run.prepare("IncrementalAlterConfigs", 1, resources=[resource])
    probe = iter(range(1, 1000))

    def is_known() -> bool:
        fresh = b"probe-%010d" % next(probe)
        return bool(
            run.prepare("GetTelemetrySubscriptions", 0, client_instance_id=fresh)["requested_metrics"]
        )

    run.settled(is_known, "the subscription")
    get("subscribed", third)
    get("subscribed, fourth", b"fourth-client-00")
    run.prepare(
        "IncrementalAlterConfigs",
        1,
        resources=[{**resource, "configs": [{**one, "config_operation": 1} for one in configs]}],
    )
