"""What there is in a cluster, at one look: brokers, topics, groups, and how they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mockbroker.control.views import PartitionState
from protocol_specs.notation import uuid_text

if TYPE_CHECKING:
    from mockbroker.control.control import Control
    from mockbroker.core.assembly import Core

__all__ = ["BrokerState", "GroupLag", "TopicState", "brokers", "group_lags", "topic", "topics"]


class BrokerState(NamedTuple):
    """A broker.

    Attributes:
        state: "running", "stopped", "isolated" (it runs, and reaches nobody), or "fenced" (runs, counts as down).
        leads: how many partitions.
        connections: how many clients are connected to it.
    """

    id: int
    host: str
    port: int
    rack: str | None
    state: str
    is_controller: bool
    leads: int
    connections: int


class TopicState(NamedTuple):
    """A topic. `records` is how many offsets there are between log start and high watermark."""

    name: str
    topic_id: str
    is_internal: bool
    replication_factor: int
    records: int
    config: dict[str, str]
    partitions: list[PartitionState]


class GroupLag(NamedTuple):
    """How far a group is in one partition. `lag` is -1 where the topic is gone."""

    topic: str
    partition: int
    offset: int
    metadata: str
    leader_epoch: int
    commit_timestamp_ms: int
    lag: int


def brokers(core: Core, control: Control) -> list[BrokerState]:
    """All brokers, by their ids."""
    cluster = core.cluster
    leads = [partition.leader for partition in cluster.partitions()]
    connected = [each.broker for each in control.inspection.connections()]
    found = []
    for node in cluster.nodes.values():
        if not node.is_running:
            state = "stopped"
        elif node.is_isolated:
            state = "isolated"
        else:
            state = "fenced" if node.is_fenced else "running"
        is_controller = node.id == cluster.controller_id
        counts = leads.count(node.id), connected.count(node.id)
        found.append(
            BrokerState(node.id, node.host, node.port, node.rack or None, state, is_controller, *counts)
        )
    return found


def topics(core: Core, control: Control, *, internal: bool = False) -> list[TopicState]:
    """All topics, by their names."""
    return [
        topic(core, control, name)
        for name, found in sorted(core.cluster.topics.items())
        if internal or not found.is_internal
    ]


def topic(core: Core, control: Control, name: str) -> TopicState:
    """
    Raises:
        KafkaError: UNKNOWN_TOPIC_OR_PARTITION.
    """
    found = core.cluster.topic(name)
    partitions = [control.commands.partition(name, each.index) for each in found.partitions]
    return TopicState(
        name,
        uuid_text(found.id),
        found.is_internal,
        len(partitions[0].replicas) if partitions else 0,
        sum(max(0, each.high_watermark - each.log_start_offset) for each in partitions),
        dict(found.overrides),
        partitions,
    )


def group_lags(control: Control, group_id: str) -> list[GroupLag]:
    """Where a group has committed, and how far behind that is."""
    lags = control.inspection.lag(group_id)
    return [
        GroupLag(topic, partition, *offset, lags.get((topic, partition), -1))
        for (topic, partition), offset in control.inspection.committed(group_id).items()
    ]
