"""What a test lets happen inside the cluster, for clients to see the symptoms: leaders move, brokers are cut off ..."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockbroker.control.problems import NotFound
from mockbroker.core import brokers
from mockbroker.core.groups.classic import ClassicGroup
from mockbroker.core.groups.consumer import ConsumerGroup
from mockbroker.core.groups.requests import LeavingMember
from mockbroker.core.topics import CONSUMER_OFFSETS

if TYPE_CHECKING:
    from mockbroker.core.assembly import Core

__all__ = ["Causes"]


class Causes:
    """Changes of one cluster that no client asks for."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def check_broker(self, broker_id: int) -> None:
        """
        Raises:
            KafkaError: BROKER_ID_NOT_REGISTERED.
        """
        self._core.cluster.node(broker_id)

    def leader(self, topic: str, partition: int) -> int:
        """Who leads a partition, -1 for nobody.

        Raises:
            KafkaError: UNKNOWN_TOPIC_OR_PARTITION.
        """
        return self._core.cluster.partition(topic, partition).leader

    def coordinator(self, group_id: str) -> int:
        """Who coordinates a group.

        Raises:
            KafkaError: COORDINATOR_NOT_AVAILABLE.
        """
        return self._core.groups.find_coordinator(group_id)

    def move_leader(self, topic: str, partition: int, to: int) -> None:
        """Let an in-sync replica of one's choice lead.

        Raises:
            KafkaError: UNKNOWN_TOPIC_OR_PARTITION, or INELIGIBLE_REPLICA where the broker is not active and in sync.
        """
        brokers.move_leader(self._core.cluster, topic, partition, to)

    def move_leader_on(self, topic: str, partition: int) -> int:
        """Let the next of the in-sync replicas lead.

        Returns:
            Who leads now; the same as before where there is no other.

        Raises:
            KafkaError: UNKNOWN_TOPIC_OR_PARTITION.
        """
        found = self._core.cluster.partition(topic, partition)
        candidates = [broker for broker in found.replicas if broker in found.isr]
        if found.leader in candidates and len(candidates) > 1:
            at = candidates.index(found.leader)
            self.move_leader(topic, partition, candidates[(at + 1) % len(candidates)])
        return found.leader

    def move_group(self, group_id: str) -> int:
        """Let another broker coordinate a group. Returns which one does; the same where there is no other."""
        self._core.groups.find_coordinator(group_id)
        return self.move_leader_on(CONSUMER_OFFSETS, self._core.groups.shards.partition_for(group_id))

    def lose_members(self, group_id: str) -> bool:
        """Forget the members of a group of consumers, as when their sessions end. Returns whether there were any."""
        groups = self._core.groups
        found = groups.find_group(group_id)
        if isinstance(found, ClassicGroup):
            gone = list(found.roster.members)
        else:
            gone = list(found.members) if isinstance(found, ConsumerGroup) else []
        if gone:
            leaving = [LeavingMember(member_id) for member_id in gone]
            groups.leave_group(groups.find_coordinator(group_id), group_id, leaving)
        return bool(gone)

    def fence_producer(self, transactional_id: str) -> None:
        """Do as if a second producer had begun with this transactional id: the first one is fenced.

        Raises:
            NotFound: there is no such transactional id.
        """
        transactions = self._core.transactions
        found = transactions.log.find(transactional_id)
        if found is None:
            raise NotFound("transactional id", transactional_id)
        coordinator = transactions.find_coordinator(transactional_id)
        transactions.init_producer_id(coordinator, transactional_id, found.metadata.timeout_ms, None)

    def isolate(self, broker_id: int) -> None:
        """Cut a broker off from the others and the controller, which miss it after the session timeout.

        Raises:
            KafkaError: BROKER_ID_NOT_REGISTERED.
        """
        brokers.isolate(self._core.cluster, broker_id)

    def heal(self, broker_id: int) -> None:
        """End the isolation.

        Raises:
            KafkaError: BROKER_ID_NOT_REGISTERED.
        """
        brokers.heal(self._core.cluster, broker_id)

    def pause_replication(self, topic: str, partition: int) -> None:
        """Let the followers catch up, then stop.

        Raises:
            KafkaError: UNKNOWN_TOPIC_OR_PARTITION.
        """
        self._core.cluster.partition(topic, partition).pause()

    def resume_replication(self, topic: str, partition: int) -> None:
        """Let the followers fetch again.

        Raises:
            KafkaError: UNKNOWN_TOPIC_OR_PARTITION.
        """
        self._core.cluster.partition(topic, partition).resume()
