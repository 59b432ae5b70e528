"""The directories that logs are said to be in. Nothing is on disk: they are names, which tools show and change.

Rules kept here (`LogManager`, `ReplicaManager.describeLogDirs`, `.alterReplicaLogDirs`; KIP-113):

- A new log goes into the directory that was asked for in advance, else into the one that has the fewest.
- A directory that is cordoned takes no log while there are others, and no log can be moved there (KIP-1066). A broker
  whose directories are all cordoned is left out when replicas are placed; what it is given all the same goes into the
  first.
- A log that is told to move is in its new directory at once.
- A broker that has no replica of a partition remembers the directory for when it gets one.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.cluster import Cluster
    from mockbroker.core.nodes import Node
    from mockbroker.core.topics import Topic

__all__ = ["HostedLog", "alter_log_dir", "choose_log_dir", "cordoned_dirs", "hosted_logs"]

_ALL = "*"
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
        KafkaError: INVALID_TOPIC_EXCEPTION, LOG_DIR_NOT_FOUND, INVALID_REPLICA_ASSIGNMENT where it is cordoned,
            UNKNOWN_TOPIC_OR_PARTITION, and REPLICA_NOT_AVAILABLE where the broker has no replica: then it will be
            created in `log_dir`.
    """
    node = cluster.node(broker_id)
    if len(f"{topic}-{index}") + _FUTURE_SUFFIX_LENGTH > _MAX_DIR_NAME:
        raise KafkaError(ErrorCode.INVALID_TOPIC_EXCEPTION, "The topic name is too long.")
    if log_dir not in node.log_dirs:
        raise KafkaError(ErrorCode.LOG_DIR_NOT_FOUND, f"Log dir {log_dir} is not found in the config.")
    if log_dir in cordoned_dirs(cluster, node):
        raise KafkaError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, f"Log directory {log_dir} is cordoned")
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


def cordoned_dirs(cluster: Cluster, node: Node) -> frozenset[str]:
    """The directories of a broker that take no new logs."""
    cordoned = cluster.settings.for_broker(node.id)["cordoned.log.dirs"]
    return frozenset(node.log_dirs if _ALL in cordoned else cordoned)


def choose_log_dir(cluster: Cluster, broker_id: int, topic: Topic, index: int) -> str:
    """Where a new log goes.

    Args:
        topic: with the partitions that it has by now; it need not be one of the cluster's yet.
    """
    node = cluster.nodes[broker_id]
    wanted = node.wanted_dirs.pop((topic.name, index), None)
    if wanted is not None:
        return wanted
    if len(node.log_dirs) == 1:
        return node.log_dirs[0]
    cordoned = cordoned_dirs(cluster, node)
    counts = {name: 0 for name in node.log_dirs if name not in cordoned}
    new = () if cluster.topics.get(topic.name) is topic else topic.partitions
    for partition in chain(cluster.partitions(), new):
        replica = partition.copies.get(broker_id)
        if replica is not None and replica.log_dir in counts:
            counts[replica.log_dir] += 1
    return min(counts, key=counts.__getitem__) if counts else node.log_dirs[0]
