"""The directories that logs are said to be in. Nothing is on disk: they are names, which tools show and change.

Rules kept here (`LogManager`, `ReplicaManager.describeLogDirs`, `.alterReplicaLogDirs`; KIP-113):

- A new log goes into the directory that was asked for in advance, else each directory gets one in turn.
- A log that is told to move is in its new directory at once.
- A broker that has no replica of a partition remembers the directory for when it gets one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.cluster import Cluster
    from mockbroker.core.nodes import Node

__all__ = ["HostedLog", "alter_log_dir", "choose_log_dir", "hosted_logs"]

_MAX_DIR_NAME = 255
#: What Kafka adds to "topic-index" while a log moves: a dot, 32 hexadecimal digits, "-future".
_FUTURE_SUFFIX_LENGTH = 40


class HostedLog(NamedTuple):
    """One log in a directory.

    Attributes:
        offset_lag: how far its end is behind the high watermark.
    """

    topic: str
    partition: int
    size_bytes: int
    offset_lag: int


def hosted_logs(cluster: Cluster, broker_id: int) -> dict[str, list[HostedLog]]:
    """What is in each directory of a broker, topic by topic.

    Raises:
        KafkaError: BROKER_ID_NOT_REGISTERED.
    """
    hosted: dict[str, list[HostedLog]] = {name: [] for name in cluster.node(broker_id).log_dirs}
    for partition in cluster.partitions():
        replica = partition.copies.get(broker_id)
        if replica is not None:
            log = replica.log
            lag = max(log.high_watermark - log.end_offset, 0)
            hosted[replica.log_dir].append(
                HostedLog(partition.topic.name, partition.index, log.size_bytes, lag)
            )
    return hosted


def alter_log_dir(cluster: Cluster, broker_id: int, topic: str, index: int, log_dir: str) -> None:
    """Move one partition's log on a broker to another directory.

    Raises:
        KafkaError: INVALID_TOPIC_EXCEPTION, LOG_DIR_NOT_FOUND, UNKNOWN_TOPIC_OR_PARTITION, and REPLICA_NOT_AVAILABLE
            where the broker has no replica: then it will be created in `log_dir`.
    """
    node = cluster.node(broker_id)
    if len(f"{topic}-{index}") + _FUTURE_SUFFIX_LENGTH > _MAX_DIR_NAME:
        raise KafkaError(ErrorCode.INVALID_TOPIC_EXCEPTION, "The topic name is too long.")
    if log_dir not in node.log_dirs:
        raise KafkaError(ErrorCode.LOG_DIR_NOT_FOUND, f"Log dir {log_dir} is not found in the config.")
    found = cluster.topics.get(topic)
    replica = None
    if found is not None and 0 <= index < len(found.partitions):
        replica = found.partitions[index].copies.get(broker_id)
    if replica is not None:
        replica.log_dir = log_dir
        return
    node.wanted_dirs[topic, index] = log_dir
    cluster.partition(topic, index)
    raise KafkaError(ErrorCode.REPLICA_NOT_AVAILABLE)


def choose_log_dir(node: Node, topic: str, index: int) -> str:
    """Where a new log goes."""
    wanted = node.wanted_dirs.pop((topic, index), None)
    if wanted is not None:
        return wanted
    node.logs_placed += 1
    return node.log_dirs[(node.logs_placed - 1) % len(node.log_dirs)]
