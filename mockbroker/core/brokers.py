"""What happens to brokers: they start, stop, are killed, are cut off, come back, are added and removed.

Rules kept here (`BrokerHeartbeatManager`, `ReplicationControlManager.handleBroker...`; KIP-966):

- A controlled shutdown first moves the leaders away, then the broker goes. A killed one is missed at once. One that is
  cut off is missed when broker.session.timeout.ms have passed, and until then counts as well.
- A broker that is missed is fenced: it leaves every ISR, and its partitions get other leaders where there are any.
- A broker comes back with its logs. If it did not shut down cleanly it is not an eligible leader for what it held
  (its last records may be missing), but still the last known leader.
- A broker that comes back is a follower first, unless a partition has waited for it without a leader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockbroker.core.elections import NO_LEADER, Targets
from mockbroker.core.images import Image
from mockbroker.core.nodes import Node, Pace
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.cluster import Cluster

__all__ = ["heal", "isolate", "kill", "move_leader", "set_pace", "start", "stop", "unregister"]


def stop(cluster: Cluster, broker_id: int) -> Node:
    """Shut a broker down in a controlled way. One that does not run stays as it is.

    Raises:
        KafkaError: BROKER_ID_NOT_REGISTERED, as for the others here.
    """
    node = cluster.node(broker_id)
    if not node.is_running:
        return node
    node.stopped_cleanly = node.is_connected
    if node.is_connected:
        node.is_shutting_down = True
        _leave_isrs(cluster, node)
    _go_down(cluster, node)
    return node


def kill(cluster: Cluster, broker_id: int) -> Node:
    """End a broker without warning."""
    node = cluster.node(broker_id)
    if node.is_running:
        node.stopped_cleanly = False
        _go_down(cluster, node)
    return node


def start(cluster: Cluster, broker_id: int) -> Node:
    """Start a broker again, with the logs that it had. One that runs stays as it is."""
    node = cluster.node(broker_id)
    if node.is_running:
        return node
    node.is_running = True
    node.epoch = cluster.version + 1
    if not node.stopped_cleanly:
        for partition in list(cluster.partitions()):
            if broker_id in partition.isr or broker_id in partition.elr:
                cluster.change(
                    partition, Targets(_without(partition.isr, broker_id), unclean_shutdown=(broker_id,))
                )
    _rejoin(cluster, node)
    return node


def isolate(cluster: Cluster, broker_id: int) -> Node:
    """Cut a running broker off from the controller and from the other brokers, but not from clients.

    It is fenced when broker.session.timeout.ms have passed.
    """
    node = cluster.node(broker_id)
    if not node.is_connected:
        return node
    live = frozenset(other.id for other in cluster.live_nodes())
    node.image = Image(cluster.topics, tuple(cluster.nodes.values()), live)
    node.is_isolated = True
    node.lost = (cluster.clock.now, cluster.quorum.end_offset)
    _settle(cluster, broker_id)
    timeout = cluster.settings["broker.session.timeout.ms"] / 1000
    node.session = cluster.clock.call_later(timeout, lambda: _fence(cluster, node))
    return node


def heal(cluster: Cluster, broker_id: int) -> Node:
    """Put a broker that was cut off in touch again: it learns what happened, and truncates what did not."""
    node = cluster.node(broker_id)
    if node.is_isolated:
        _end_isolation(cluster, node)
        _rejoin(cluster, node)
        cluster.waiting.touch(node)
    return node


def unregister(cluster: Cluster, broker_id: int) -> None:
    """Forget a broker (UnregisterBroker). Partitions go on naming it as a replica."""
    node = cluster.node(broker_id)
    _go_down(cluster, node)
    del cluster.nodes[broker_id]
    for partition in cluster.partitions():
        partition.copies.pop(broker_id, None)
    cluster.version += 1
    cluster.nodes_version += 1


def set_pace(cluster: Cluster, broker_id: int, pace: Pace) -> None:
    """Say how a broker copies as a follower, where a partition says nothing else."""
    cluster.node(broker_id).pace = pace
    _settle(cluster, broker_id)


def move_leader(cluster: Cluster, topic: str, index: int, to: int) -> None:
    """Let an in-sync replica of one's choice lead. Nothing happens if it does already.

    Raises:
        KafkaError: UNKNOWN_TOPIC_OR_PARTITION, or INELIGIBLE_REPLICA where the broker is not active and in sync.
    """
    partition = cluster.partition(topic, index)
    node = cluster.nodes.get(to)
    if node is None or not node.is_active or to not in partition.isr:
        raise KafkaError(
            ErrorCode.INELIGIBLE_REPLICA, f"Broker {to} is not an active in-sync replica of {topic}-{index}."
        )
    state = partition.state
    if state.leader != to:
        cluster.apply(
            partition,
            state._replace(
                leader=to, leader_epoch=state.leader_epoch + 1, partition_epoch=state.partition_epoch + 1
            ),
        )


def _go_down(cluster: Cluster, node: Node) -> None:
    if node.lost is None:
        node.lost = (cluster.clock.now, cluster.quorum.end_offset)
    _end_isolation(cluster, node)
    node.is_running = False
    _fence(cluster, node)
    node.is_shutting_down = False
    for listener in cluster.down_listeners:
        listener(node)


def _fence(cluster: Cluster, node: Node) -> None:
    """The controller counts the broker as down (`handleBrokerFenced`)."""
    node.session = None
    if not node.is_fenced:
        node.is_fenced = True
        _leave_isrs(cluster, node)
        _settle(cluster, node.id)
        cluster.choose_controller()


def _rejoin(cluster: Cluster, node: Node) -> None:
    """The broker is in touch, and active (`handleBrokerUnfenced`)."""
    node.lost = None
    for partition in cluster.partitions():
        partition.tell(node.id)
    if node.is_fenced:
        node.is_fenced = False
        for partition in list(cluster.partitions()):
            if partition.leader == NO_LEADER:
                cluster.change(partition)
    _settle(cluster, node.id)
    cluster.choose_controller()


def _leave_isrs(cluster: Cluster, node: Node) -> None:
    for partition in list(cluster.partitions()):
        if node.id in partition.isr:
            cluster.change(partition, Targets(_without(partition.isr, node.id)))


def _settle(cluster: Cluster, broker_id: int) -> None:
    for partition in list(cluster.partitions()):
        if broker_id in partition.copies:
            partition.settle()


def _end_isolation(cluster: Cluster, node: Node) -> None:
    node.is_isolated = False
    if node.image is not None:
        for partition in node.image.states:
            if partition.is_deleted:
                partition.copies.pop(node.id, None)
                cluster.waiting.touch(partition)
        node.image = None
    if node.session is not None:
        node.session.cancel()
        node.session = None


def _without(brokers: tuple[int, ...], broker_id: int) -> tuple[int, ...]:
    return tuple(broker for broker in brokers if broker != broker_id)
