"""The share partitions and share sessions of all brokers.

Rules kept here (`SharePartitionManager`, `SharePartitionCache`):

- A broker makes a share partition when it is first fetched, and keeps it until it leads the partition no more, the
  share coordinator has fenced it, or the last session of its group has ended.
- A member whose session ends, or whose connection does, releases all that it holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mockbroker.core.share.acknowledgement import AcknowledgementBatch, acknowledge, release_member
from mockbroker.core.share.keys import SharePartitionKey
from mockbroker.core.share.persister import Persister
from mockbroker.core.share.sessions import ShareSession, ShareSessions
from mockbroker.core.share.share_partition import SharePartition
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.cluster import Cluster
    from mockbroker.core.replicas import Partition
    from mockbroker.core.share.share_settings import ShareSettings

__all__ = ["Acknowledged", "SharePartitions"]

#: What became of each partition's acknowledgements: None where they were taken.
Acknowledged = dict[tuple[bytes, int], KafkaError | None]

#: Errors after which a share partition is of no use any more.
_FENCED = (
    ErrorCode.NOT_LEADER_OR_FOLLOWER,
    ErrorCode.FENCED_STATE_EPOCH,
    ErrorCode.GROUP_ID_NOT_FOUND,
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
)


class SharePartitions:
    """What the brokers of one cluster keep of share groups in their memory.

    Attributes:
        settings: the configs of share groups.
    """

    def __init__(self, cluster: Cluster, settings: ShareSettings, persister: Persister) -> None:
        self.settings = settings
        self._cluster = cluster
        self._persister = persister
        self._partitions: dict[tuple[int, SharePartitionKey], SharePartition] = {}
        self._sessions: dict[int, ShareSessions] = {}
        cluster.leader_listeners.append(self._leader_changed)
        cluster.down_listeners.append(lambda node: self._forget_broker(node.id))

    # Share partitions.

    def get(self, broker_id: int, key: SharePartitionKey) -> SharePartition | None:
        """A share partition that the broker keeps."""
        partition = self._partitions.get((broker_id, key))
        if partition is not None and not _is_led(partition):
            self.drop(partition)
            return None
        return partition

    def get_or_make(self, broker_id: int, key: SharePartitionKey) -> SharePartition:
        """The share partition at a broker, made if need be.

        Raises:
            KafkaError: UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID, NOT_LEADER_OR_FOLLOWER.
        """
        kept = self.get(broker_id, key)
        if kept is not None:
            return kept
        partition = self._cluster.partition_by_id(key.topic_id, key.partition)
        partition.replica_at(broker_id).check_epoch(-1, leader_only=True)
        made = SharePartition(key, partition, broker_id, self.settings, self._persister)
        self._partitions[broker_id, key] = made
        return made

    def drop(self, partition: SharePartition) -> None:
        """Forget a share partition: it serves nobody any more."""
        at = partition.broker_id, partition.key
        if self._partitions.get(at) is partition:
            del self._partitions[at]
        partition.fence()

    def note_error(self, partition: SharePartition, error: KafkaError | None) -> None:
        """Drop a share partition if this error says that it is of no use any more."""
        if error is not None and error.code in _FENCED:
            self.drop(partition)

    def _leader_changed(self, partition: Partition) -> None:
        for kept in list(self._partitions.values()):
            if kept.partition is partition and not _is_led(kept):
                self.drop(kept)

    def _forget_broker(self, broker_id: int) -> None:
        self._sessions.pop(broker_id, None)
        for kept in list(self._partitions.values()):
            if kept.broker_id == broker_id:
                self.drop(kept)

    # Acknowledging.

    def acknowledge(
        self,
        broker_id: int,
        group_id: str,
        member_id: str,
        batches: Mapping[tuple[bytes, int], Sequence[AcknowledgementBatch]],
    ) -> Acknowledged | Pending:
        """Take a member's acknowledgements, by topic id and partition.

        Returns:
            What became of each, or a Pending that is settled with that.
        """
        results: Acknowledged = {}
        whole = Pending()

        def note(key: tuple[bytes, int], error: KafkaError | None) -> None:
            results[key] = error
            if len(results) == len(batches):
                whole.settle(results)

        for key, of_partition in batches.items():
            partition = self.get(broker_id, SharePartitionKey(group_id, *key))
            if partition is None:
                note(key, KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION))
                continue

            def done(error: KafkaError | None, key: Any = key, partition: SharePartition = partition) -> None:
                self.note_error(partition, error)
                note(key, error)

            acknowledge(partition, member_id, of_partition, done)
            partition.touch()
        return results if len(results) == len(batches) else whole

    # Sessions.

    def sessions(self, broker_id: int) -> ShareSessions:
        """The share sessions of a broker."""
        sessions = self._sessions.get(broker_id)
        if sessions is None:
            sessions = self._sessions[broker_id] = ShareSessions(
                self._cluster.settings,
                lambda session: self._release(broker_id, session),
                lambda group_id: self._drop_group(broker_id, group_id),
            )
        return sessions

    def end_session(self, broker_id: int, group_id: str, member_id: str) -> None:
        """End a member's session, if there is one, and release what the member holds."""
        session = self.sessions(broker_id).remove(group_id, member_id)
        if session is not None:
            self._release(broker_id, session)

    def disconnected(self, broker_id: int, connection_id: int) -> None:
        """A client's connection to a broker has ended."""
        sessions = self._sessions.get(broker_id)
        if sessions is not None:
            sessions.disconnected(connection_id)

    def _release(self, broker_id: int, session: ShareSession) -> None:
        for topic_id, index in list(session.partitions):
            partition = self.get(broker_id, SharePartitionKey(session.group_id, topic_id, index))
            if partition is not None:
                release_member(
                    partition,
                    session.member_id,
                    lambda error, partition=partition: self.note_error(partition, error),  # type: ignore[misc]
                )
                partition.touch()

    def _drop_group(self, broker_id: int, group_id: str) -> None:
        for kept in list(self._partitions.values()):
            if kept.broker_id == broker_id and kept.key.group_id == group_id:
                self.drop(kept)


def _is_led(kept: SharePartition) -> bool:
    replica = kept.partition.copies.get(kept.broker_id)
    return replica is not None and replica.is_leader
