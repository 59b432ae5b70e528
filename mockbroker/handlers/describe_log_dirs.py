"""DescribeLogDirs (KIP-113, KIP-784, KIP-827, KIP-1066). Nothing is on disk: the disk's size is made up.

Kafka: `KafkaApis.handleDescribeLogDirsRequest`, `ReplicaManager.describeLogDirs`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mockbroker.core.java_maps import concurrent_map_order, scala_trie_order, topic_partition_hash
from mockbroker.core.java_strings import string_hash
from mockbroker.core.log_dirs import HostedLog, cordoned_dirs, hosted_logs
from mockbroker.handlers.authorized_operations import CLUSTER_NAME
from mockbroker.handlers.call import Call
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.describe_log_dirs import DESCRIBE_LOG_DIRS
from protocol_specs.errors import ErrorCode

__all__ = ["handle"]

_RESPONSE = DESCRIBE_LOG_DIRS.response
_RESULT = _RESPONSE.results
_TOPIC = _RESULT.topics

_DISK_BYTES = 2**40


def handle(request: Any, call: Call) -> Any:
    if not call.allows(AclOperation.DESCRIBE, ResourceType.CLUSTER, CLUSTER_NAME):
        code = ErrorCode.CLUSTER_AUTHORIZATION_FAILED
        return _RESPONSE(throttle_time_ms=0, error_code=code, results=[])
    wanted = None
    if request.topics is not None:
        wanted = {(topic.topic, index) for topic in request.topics for index in topic.partitions}
    hosted = hosted_logs(call.core.cluster, call.node.id)
    cordoned = cordoned_dirs(call.core.cluster, call.node)
    used = sum(log.size_bytes for logs in hosted.values() for log in logs)
    results = [
        _RESULT(
            error_code=ErrorCode.NONE,
            log_dir=name,
            topics=_topics(logs, wanted),
            total_bytes=_DISK_BYTES,
            usable_bytes=_DISK_BYTES - used,
            is_cordoned=name in cordoned,
        )
        for name, logs in _in_order(hosted).items()
    ]
    return _RESPONSE(throttle_time_ms=0, results=results)


def _in_order(hosted: dict[str, list[HostedLog]]) -> dict[str, list[HostedLog]]:
    """Each directory's logs as the map of all of them is walked."""
    logs = [(name, log) for name, of_dir in hosted.items() for log in of_dir]
    ordered: dict[str, list[HostedLog]] = {name: [] for name in hosted}
    for name, log in concurrent_map_order(
        logs, lambda one: topic_partition_hash(one[1].topic, one[1].partition)
    ):
        ordered[name].append(log)
    return ordered


def _topics(logs: Iterable[HostedLog], wanted: set[tuple[str, int]] | None) -> list[Any]:
    topics: dict[str, list[Any]] = {}
    for log in logs:
        entries = topics.setdefault(log.topic, [])
        if wanted is not None and (log.topic, log.partition) not in wanted:
            continue
        entry = _TOPIC.partitions(
            partition_index=log.partition,
            partition_size=log.size_bytes,
            offset_lag=log.offset_lag,
            is_future_key=False,
        )
        entries.append(entry)
    return [
        _TOPIC(name=name, partitions=topics[name])
        for name in scala_trie_order(topics, string_hash)
        if topics[name]
    ]
