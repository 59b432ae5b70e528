"""The order in which many entities of one request are answered: arrays are compared as they come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from compat_tests.differential.runner import Run

#: What tells the entries of an array apart, and what became of them.
_KEYS = (
    "name",
    "topic",
    "topic_name",
    "group_id",
    "resource_name",
    "transactional_id",
    "user",
    "key",
    "entity_type",
    "entity_name",
    "partition_index",
    "index",
    "partition",
    "partition_id",
    "producer_id",
    "error_code",
)
_TRANSACTIONAL = "orders-tx-{}"
_TOPICS = tuple(f"orders-{number}" for number in range(20))
_UNKNOWN = tuple(f"orders-absent-{number}" for number in range(40))
#: Known and unknown ones in turn, and names that are no names.
_MIXED = tuple(name for pair in zip(_TOPICS, _UNKNOWN, strict=False) for name in pair)
_PARTITIONS = (2, 0, 1, 7, 5, 3, 17, 40, 4)


def _outline(answer: Any) -> str:
    """Names, numbers and errors of an answer, in its order."""
    if isinstance(answer, list):
        return "[" + " ".join(_outline(one) for one in answer) + "]"
    if not isinstance(answer, dict):
        return str(answer)
    named = [str(answer[key]) for key in _KEYS if answer.get(key) is not None]
    inner = [f"{key}{_outline(value)}" for key, value in answer.items() if isinstance(value, list) and value]
    return ":".join(named) + "".join(inner)


def _order(run: Run, label: str, name: str, version: int, **values: Any) -> Any:
    """Ask, and note the order of the answer."""
    answer = run.prepare(name, version, **values)
    run.note(f"{name} v{version}: order, {label}", _outline(answer))
    return answer


def _each(
    names: Iterable[str], entry: dict[str, Any], **nested: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    return [{"name": name, **entry, **nested} for name in names]


def _indexed(field: str, indexes: Iterable[int], **more: Any) -> list[dict[str, Any]]:
    return [{field: index, **more} for index in indexes]


def create_topics(run: Run) -> None:
    run.await_coordinators()
    bad = ("", "bad name", "a/b", "..", "\u00e9")
    fresh = [name for one in zip(_TOPICS, bad * 4, strict=True) for name in one]
    entry = {"num_partitions": 3, "replication_factor": 1}
    _order(
        run,
        "checked only",
        "CreateTopics",
        7,
        topics=_each(fresh, entry),
        timeout_ms=9000,
        validate_only=True,
    )
    _order(run, "made", "CreateTopics", 7, topics=_each(fresh, entry), timeout_ms=9000)
    _order(
        run, "again", "CreateTopics", 7, topics=_each(_MIXED[:30], entry), timeout_ms=9000, validate_only=True
    )
    twice = _each([*_TOPICS, *_TOPICS[3:9], *_UNKNOWN], entry)
    _order(run, "twice", "CreateTopics", 7, topics=twice, timeout_ms=9000, validate_only=True)
    for name in _TOPICS:
        run.await_topic(name)


def metadata(run: Run) -> None:
    for version in (0, 1, 9, 12, 13):
        more = {} if version < 4 else {"allow_auto_topic_creation": False}
        everything: list[Any] | None = [] if version == 0 else None
        _order(run, "all topics", "Metadata", version, topics=everything, **more)
        if version:
            _order(run, "none", "Metadata", version, topics=[], **more)
            given = _each(_MIXED if version >= 4 else _TOPICS, {})
            _order(run, "several", "Metadata", version, topics=given, **more)
            _order(run, "several backwards", "Metadata", version, topics=given[::-1], **more)
            _order(run, "twice", "Metadata", version, topics=given + given[5:9], **more)
    _order(run, "several", "DescribeTopicPartitions", 0, topics=_each(_MIXED, {}))
    _order(run, "all", "DescribeTopicPartitions", 0, topics=[])


def configs(run: Run) -> None:
    for count in (3, 20, 40):
        names = [*_MIXED[:count], "1", "x"]
        resources = [
            {
                "resource_type": kind,
                "resource_name": name,
                "configuration_keys": None
                if name == "orders-0"
                else ["retention.ms", "segment.bytes", "cleanup.policy"],
            }
            for name in names
            for kind in (2, 4, 32)
        ]
        _order(run, f"{count}", "DescribeConfigs", 4, resources=resources)
        change = [{"name": "retention.ms", "config_operation": 0, "value": "5000"}]
        changed = [
            {"resource_type": kind, "resource_name": name, "configs": change}
            for name in names
            for kind in (2, 4)
        ]
        _order(run, f"{count}", "IncrementalAlterConfigs", 1, resources=changed, validate_only=True)
        _order(
            run,
            f"{count}",
            "IncrementalAlterConfigs",
            1,
            resources=[one for one in changed if one["resource_type"] == 2],
        )
        old = [
            {
                "resource_type": 2,
                "resource_name": name,
                "configs": [{"name": "retention.ms", "value": "7000"}],
            }
            for name in names
        ]
        _order(run, f"{count}", "AlterConfigs", 2, resources=old, validate_only=True)
        _order(run, f"{count}", "AlterConfigs", 2, resources=old)
    _order(run, "topics", "ListConfigResources", 1, resource_types=[2])


def partitions(run: Run) -> None:
    grown = [{"name": name, "count": 2 + number % 3} for number, name in enumerate(_MIXED)]
    _order(run, "checked only", "CreatePartitions", 3, topics=grown, timeout_ms=9000, validate_only=True)
    _order(
        run, "twice", "CreatePartitions", 3, topics=grown + grown[3:6], timeout_ms=9000, validate_only=True
    )
    asked = [{"name": name, "partition_indexes": list(_PARTITIONS)} for name in _MIXED]
    _order(run, "several", "ListPartitionReassignments", 0, topics=asked)
    _order(run, "all", "ListPartitionReassignments", 0, topics=None)
    moved = [
        {"name": name, "partitions": _indexed("partition_index", _PARTITIONS, replicas=[1])}
        for name in _MIXED
    ]
    _order(run, "several", "AlterPartitionReassignments", 0, topics=moved)
    for count in (3, 40):
        elected = [{"topic": name, "partitions": list(_PARTITIONS)} for name in _MIXED[:count]]
        _order(run, f"{count}", "ElectLeaders", 2, topic_partitions=elected)
    _order(run, "all", "ElectLeaders", 2, topic_partitions=None)
    _order(run, "all", "ElectLeaders", 0, topic_partitions=None)


def log_dirs(run: Run) -> None:
    _order(run, "all", "DescribeLogDirs", 4, topics=None)
    for count in (3, 40):
        _order(
            run,
            f"{count}",
            "DescribeLogDirs",
            4,
            topics=[{"topic": name, "partitions": list(_PARTITIONS)} for name in _MIXED[:count]],
        )
        topics = [{"name": name, "partitions": list(_PARTITIONS)} for name in _MIXED[:count]]
        for version in (1, 2):
            _order(
                run, f"{count}", "AlterReplicaLogDirs", version, dirs=[{"path": "/nowhere", "topics": topics}]
            )
            _order(
                run,
                f"{count} twice",
                "AlterReplicaLogDirs",
                version,
                dirs=[{"path": "/nowhere", "topics": topics}, {"path": "/other", "topics": topics[::2]}],
            )


def records(run: Run) -> None:
    for count in (3, 20, 40):
        names = _MIXED[:count]
        for indexes in ((0,), _PARTITIONS):
            which = f"{count} of {len(indexes)}"
            deleted = [
                {"name": name, "partitions": _indexed("partition_index", indexes, offset=0)} for name in names
            ]
            _order(run, which, "DeleteRecords", 2, topics=deleted, timeout_ms=5000)
            unknown = [
                {"name": name, "partitions": _indexed("partition_index", indexes, offset=0)}
                for name in _UNKNOWN[:count]
            ]
            _order(run, f"{which}, unknown", "DeleteRecords", 2, topics=unknown, timeout_ms=5000)
            wanted = [
                {"name": name, "partitions": _indexed("partition_index", indexes, timestamp=-1)}
                for name in names
            ]
            for version in (1, 7, 9):
                _order(run, which, "ListOffsets", version, replica_id=-1, topics=wanted)
            epochs = [
                {"topic": name, "partitions": _indexed("partition", indexes, leader_epoch=0)}
                for name in names
            ]
            _order(run, which, "OffsetForLeaderEpoch", 4, topics=epochs)
            described = [{"name": name, "partition_indexes": list(indexes)} for name in names]
            _order(run, which, "DescribeProducers", 0, topics=described)
            fetched = [
                {
                    "topic": name,
                    "partitions": _indexed("partition", indexes, fetch_offset=0, partition_max_bytes=1000),
                }
                for name in names
            ]
            asked: dict[str, Any] = {"max_wait_ms": 0, "min_bytes": 0, "topics": fetched}
            for version in (0, 4, 12):
                more = {} if version < 7 else {"session_id": 0, "session_epoch": -1}
                _order(run, which, "Fetch", version, **asked, **more)
            first = run.prepare("Fetch", 12, **asked, session_id=0, session_epoch=0)
            run.note(f"Fetch v12: order, session {which}", _outline(first))
            session = first["session_id"]
            _order(
                run,
                f"session goes on {which}",
                "Fetch",
                12,
                max_wait_ms=0,
                min_bytes=0,
                topics=[],
                session_id=session,
                session_epoch=1,
            )
            odd = [
                {
                    "topic": name,
                    "partitions": _indexed("partition", indexes, fetch_offset=99, partition_max_bytes=1000),
                }
                for name in names[::-1]
            ]
            _order(
                run,
                f"session beyond the end {which}",
                "Fetch",
                12,
                max_wait_ms=0,
                min_bytes=0,
                topics=odd,
                session_id=session,
                session_epoch=2,
            )
            _order(
                run,
                f"session beyond the end again {which}",
                "Fetch",
                12,
                max_wait_ms=0,
                min_bytes=0,
                topics=[],
                session_id=session,
                session_epoch=3,
            )


def offsets(run: Run) -> None:
    group = "orders-group"
    for count in (3, 20, 40):
        names = _MIXED[:count]
        for indexes in ((0,), _PARTITIONS):
            which = f"{count} of {len(indexes)}"
            committed = [
                {"name": name, "partitions": _indexed("partition_index", indexes, committed_offset=3)}
                for name in names
            ]
            for version in (2, 9):
                _order(run, which, "OffsetCommit", version, group_id=f"{group}-{count}", topics=committed)
            known = [
                {"name": name, "partitions": _indexed("partition_index", (2, 0, 1), committed_offset=3)}
                for name in _TOPICS[: count // 2 + 1]
            ]
            run.prepare("OffsetCommit", 9, group_id=f"{group}-{count}", topics=known)
            asked = [{"name": name, "partition_indexes": list(indexes)} for name in names]
            for version in (1, 5):
                _order(run, which, "OffsetFetch", version, group_id=f"{group}-{count}", topics=asked)
            _order(run, f"all {which}", "OffsetFetch", 5, group_id=f"{group}-{count}", topics=None)
            groups = [
                {"group_id": f"{group}-{one}", "topics": asked if one % 2 else None}
                for one in (3, 20, 40, 41, 42, 43)
            ]
            _order(run, f"groups {which}", "OffsetFetch", 9, groups=groups)
            gone = [{"name": name, "partitions": _indexed("partition_index", indexes)} for name in names]
            _order(run, which, "OffsetDelete", 0, group_id=f"{group}-{count}", topics=gone)
    for version in (0, 5):
        # How large the maps are depends on all groups that there ever were.
        listed = [one["group_id"] for one in run.prepare("ListGroups", version)["groups"]]
        own = [group_id for group_id in listed if group_id.startswith(group)]
        run.note(f"ListGroups v{version}: order", " ".join(own))
    keys = [f"{group}-{number}" for number in range(20)]
    _order(run, "several", "FindCoordinator", 4, key_type=0, coordinator_keys=[*keys, "", *keys[:3]])
    _order(run, "several", "DescribeGroups", 5, groups=keys)
    _order(run, "several", "ConsumerGroupDescribe", 1, group_ids=keys)
    _order(run, "several", "DeleteGroups", 2, groups_names=[*keys, f"{group}-40"])


def transactions(run: Run) -> None:
    producers = {}
    for number in range(20):
        name = _TRANSACTIONAL.format(number)
        made = run.prepare("InitProducerId", 4, transactional_id=name, transaction_timeout_ms=60000)
        producers[name] = made["producer_id"], made["producer_epoch"]
    for number in range(0, 20, 3):
        name = _TRANSACTIONAL.format(number)
        _add(run, f"all of {number}", 3, name, producers[name], _TOPICS, (2, 0, 1))
        _add(run, f"some of {number}", 3, name, producers[name], _MIXED[:number], _PARTITIONS)
        _add(run, f"one of {number}", 3, name, producers[name], _UNKNOWN[: number + 3], (0,))
    several = [
        {
            "transactional_id": name,
            "producer_id": producer_id,
            "producer_epoch": epoch,
            "verify_only": bool(number % 2),
            "topics": [
                {"name": one, "partitions": list(_PARTITIONS if number % 3 else (0, 2, 1))}
                for one in (_MIXED if number % 4 else _TOPICS)
            ],
        }
        for number, (name, (producer_id, epoch)) in enumerate(producers.items())
    ]
    for version in (4, 5):
        _order(run, "several", "AddPartitionsToTxn", version, transactions=several)
    names = [*producers, *(f"absent-{number}" for number in range(9))]
    answer = run.prepare("DescribeTransactions", 0, transactional_ids=names)
    for one in answer["transaction_states"]:
        one.pop("producer_id")
    run.note("DescribeTransactions v0: order", _outline(answer))
    for version, more in ((0, {}), (2, {"transactional_id_pattern": "orders-tx-.*"})):
        filters = ["Ongoing", *(f"Odd-{number}" for number in range(20))]
        answer = run.prepare(
            "ListTransactions", version, state_filters=filters, producer_id_filters=[], **more
        )
        for one in answer["transaction_states"]:
            one.pop("producer_id")
        run.note(f"ListTransactions v{version}: order", _outline(answer))
    name = _TRANSACTIONAL.format(0)
    producer_id, epoch = producers[name]
    for version in (3, 5):
        committed = [
            {"name": one, "partitions": _indexed("partition_index", _PARTITIONS, committed_offset=3)}
            for one in _MIXED
        ]
        identity = {
            "transactional_id": name,
            "group_id": "orders-group-tx",
            "producer_id": producer_id,
            "producer_epoch": epoch,
        }
        _order(run, "several", "TxnOffsetCommit", version, **identity, topics=committed)
    marked = [{"name": one, "partition_indexes": list(_PARTITIONS)} for one in _MIXED]
    for version in (1, 2):
        marker: dict[str, Any] = {
            "producer_epoch": 0,
            "transaction_result": False,
            "coordinator_epoch": 0,
            "topics": marked,
        }
        if version == 2:
            marker["transaction_version"] = 2
        markers = [{"producer_id": number, **marker} for number in (9_000_017, 9_000_001, 9_000_033)]
        _order(run, "several", "WriteTxnMarkers", version, markers=markers)


def _add(
    run: Run,
    label: str,
    version: int,
    name: str,
    producer: tuple[int, int],
    topics: Sequence[str],
    indexes: Sequence[int],
) -> None:
    asked: dict[str, Any] = {
        "v3_and_below_transactional_id": name,
        "v3_and_below_producer_id": producer[0],
        "v3_and_below_producer_epoch": producer[1],
        "v3_and_below_topics": [{"name": one, "partitions": list(indexes)} for one in topics],
    }
    _order(run, label, "AddPartitionsToTxn", version, **asked)


def security(run: Run) -> None:
    users = [f"orders-user-{number}" for number in range(20)]
    given = [
        {
            "name": user,
            "mechanism": 1,
            "iterations": 5000,
            "salt": b"salt",
            "salted_password": b"password",
        }
        for number, user in enumerate(users)
    ]
    odd = [
        *given[:15],
        {**given[15], "iterations": 1},
        {**given[16], "mechanism": 9},
        {**given[17], "name": ""},
        *given[17:],
    ]
    deleted = [{"name": f"orders-nobody-{number}", "mechanism": 1} for number in range(9)]
    _order(run, "odd", "AlterUserScramCredentials", 0, deletions=deleted, upsertions=odd)
    _order(run, "set", "AlterUserScramCredentials", 0, deletions=[], upsertions=given)
    _order(run, "all", "DescribeUserScramCredentials", 0, users=None)
    _order(run, "several", "DescribeUserScramCredentials", 0, users=_each([*users[::-1], "x", "y", "z"], {}))
    entries: list[dict[str, Any]] = [
        {
            "entity": [{"entity_type": kind, "entity_name": user}],
            "ops": [
                {"key": key, "value": 100.0, "remove": False}
                for key in ("request_percentage", "producer_byte_rate", "consumer_byte_rate")
            ],
        }
        for user in users
        for kind in ("user", "client-id")
    ]
    entries[5:5] = [
        {
            "entity": [{"entity_type": kind, "entity_name": None} for kind in ("user", "client-id")],
            "ops": [{"key": "nonsense", "value": 1.0, "remove": False}],
        }
    ]
    _order(run, "several", "AlterClientQuotas", 1, entries=entries, validate_only=True)
    _order(run, "several", "AlterClientQuotas", 1, entries=[*entries[:5], *entries[6:]], validate_only=False)

    def settled() -> bool:
        found = run.prepare("DescribeClientQuotas", 1, components=[], strict=False)
        return sum(str(one["entity"]).count("orders-user") for one in found["entries"]) == 40

    run.settled(settled, "quotas")
    _order(run, "all", "DescribeClientQuotas", 1, components=[], strict=False)
    _order(
        run,
        "users",
        "DescribeClientQuotas",
        1,
        components=[{"entity_type": "user", "match_type": 2, "match": None}],
        strict=False,
    )
    run.prepare(
        "AlterClientQuotas",
        1,
        entries=[
            {**one, "ops": [{**op, "remove": True} for op in one["ops"]]}
            for one in [*entries[:5], *entries[6:]]
        ],
        validate_only=False,
    )
