"""One partition: who leads it, who follows, what is acknowledged, what is committed.

Rules kept here (`Partition`, `ReplicaManager`; KIP-497, KIP-966):

- Only the leader appends, in the order in which requests come. With acks=all it refuses while the ISR is smaller than
  min.insync.replicas, and an append is acknowledged once the high watermark has passed it.
- Every broker that is in touch knows the controller's newest state at once; one that is cut off goes on with its own.
- What can be seen changes only with a touch of the partition, so that nobody waits for nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockbroker.core.batches import Batch
from mockbroker.core.elections import NO_LEADER, PartitionState
from mockbroker.core.nodes import PAUSED, Node, Pace
from mockbroker.core.producer_state import Origin, Verification
from mockbroker.core.registration import Registration
from mockbroker.core.replica import FoundOffset, Isolation, ReadResult, Replica
from mockbroker.core.replication import Surroundings, advance_high_watermark, lead, replicate, sync
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.batches import Batch
    from mockbroker.core.log import Appended, Log
    from mockbroker.core.time import Alarm
    from mockbroker.core.topics import Topic

__all__ = ["Partition"]


class Partition(Registration):
    """A partition of a topic. It is also the key on which requests wait for its records.

    Attributes:
        copies: every replica by broker id, also of brokers that are down or cut off.
        paces: how a broker copies, where it is not as the broker's other partitions.
    """

    __slots__ = ("copies", "is_deleted", "is_syncing", "lag_alarm", "paces")

    def __init__(self, topic: Topic, index: int, state: PartitionState, around: Surroundings) -> None:
        super().__init__(topic, index, state, around)
        self.copies: dict[int, Replica] = {}
        self.paces: dict[int, Pace] = {}
        self.is_deleted = False
        self.lag_alarm: Alarm | None = None
        self.is_syncing = False
        for broker_id in state.replicas:
            self._add_copy(broker_id)
        lead(self, self.copies[state.leader], is_new=True)
        if len(state.replicas) > 1:
            sync(self)

    def __repr__(self) -> str:
        return f"<Partition {self.topic.name}-{self.index} {self.state}>"

    # What a broker knows.

    def offline_replicas(self, asked: Node) -> tuple[int, ...]:
        """Replicas on brokers that are fenced or not registered, as far as the broker that is asked knows."""
        nodes, image = self.around.nodes, asked.image
        if image is not None:
            return tuple(id for id in self.known_to(asked).replicas if id not in image.live)
        return tuple(id for id in self.state.replicas if (node := nodes.get(id)) is None or node.is_fenced)

    def known_to(self, node: Node) -> PartitionState:
        """Its registration as a broker knows it: an old one, where the broker is cut off."""
        return self.state if node.image is None else node.image.states.get(self, self.state)

    # What the leader has.

    @property
    def lead(self) -> Replica | None:
        """The replica that leads in the controller's eyes."""
        return self.copies.get(self.state.leader)

    @property
    def log(self) -> Log:
        """The leader's log.

        Raises:
            KafkaError: NOT_LEADER_OR_FOLLOWER while nobody leads.
        """
        return self.replica_at(None).log

    @property
    def logs(self) -> dict[int, Log]:
        return {id: replica.log for id, replica in self.copies.items()}

    @property
    def high_watermark(self) -> int:
        return self.replica_at(None).high_watermark

    @property
    def last_stable_offset(self) -> int:
        return self.replica_at(None).last_stable_offset

    @property
    def log_start_offset(self) -> int:
        return self.log.start_offset

    @property
    def log_end_offset(self) -> int:
        return self.log.end_offset

    def replica_at(self, broker_id: int | None) -> Replica:
        """The replica on a broker; the leader's for None.

        Raises:
            KafkaError: UNKNOWN_TOPIC_OR_PARTITION when the topic is gone, NOT_LEADER_OR_FOLLOWER when the broker
                has no replica.
        """
        replica = self.copies.get(self.state.leader if broker_id is None else broker_id)
        if replica is None:
            raise KafkaError(
                ErrorCode.UNKNOWN_TOPIC_OR_PARTITION if self.is_deleted else ErrorCode.NOT_LEADER_OR_FOLLOWER
            )
        return replica

    # Writing.

    def append(
        self,
        batch: Batch | memoryview,
        *,
        acks: int = 1,
        at: int | None = None,
        origin: Origin = Origin.CLIENT,
        guard: Verification | None = None,
        transaction_version: int = 0,
    ) -> Appended:
        """Append one record batch as the leader, stamping it in place. With acks=all it is done once
        `acknowledged(required_offset)` says so.

        Args:
            batch: on memory that nobody else changes.
            acks: -1, 0 or 1, as in a Produce request.
            at: id of the broker that was asked; None: whoever leads.
            guard: see `Log.append_as_leader`, as for `transaction_version`.

        Raises:
            KafkaError: NOT_LEADER_OR_FOLLOWER, NOT_ENOUGH_REPLICAS, what the log refuses, and KAFKA_STORAGE_ERROR
                where memory is short.
        """
        leader = self.replica_at(at)
        state, log = leader.state, leader.log
        if state.leader != leader.broker_id:
            raise KafkaError(ErrorCode.NOT_LEADER_OR_FOLLOWER)
        # The minimum is never more than there are replicas.
        if acks == -1 and len(state.isr) < len(state.replicas) and len(state.isr) < leader.min_isr:
            raise KafkaError(ErrorCode.NOT_ENOUGH_REPLICAS)
        memory = self.around.memory
        if memory is not None:
            size = len(batch.view if isinstance(batch, Batch) else batch)
            if memory.used + size > memory.limit and origin is Origin.CLIENT:
                memory.make_room(size)
            memory.used += size
        end = log.end_offset
        appended = log.append_as_leader(batch, state.leader_epoch, origin, guard, transaction_version)
        required = appended.last_offset + 1
        if appended.batch is not None:
            if leader.followers:
                replicate(self, leader, appended.batch, end)
            else:
                log.high_watermark = required
            around = self.around
            around.waiting.touch(self)
            if not end:
                around.upkeep.written[self] = None
            elif len(log.segments) > 1:
                around.upkeep.wake_cleaner(log)
        appended.is_settled = not leader.followers or (
            log.high_watermark >= required and len(state.isr) == len(state.replicas)
        )
        return appended

    def acknowledged(self, required_offset: int, *, at: int | None = None) -> ErrorCode | None:
        """Whether an acks=all append up to `required_offset` is settled: None while it has to wait, else NONE,
        NOT_ENOUGH_REPLICAS_AFTER_APPEND, NOT_LEADER_OR_FOLLOWER or UNKNOWN_TOPIC_OR_PARTITION.
        """
        leader = self.copies.get(self.state.leader if at is None else at)
        if leader is None or leader.state.leader != leader.broker_id:
            if self.is_deleted:
                return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
            return ErrorCode.NOT_LEADER_OR_FOLLOWER
        if leader.high_watermark < required_offset:
            return None
        if len(leader.state.isr) < leader.min_isr:
            return ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND
        return ErrorCode.NONE

    def delete_records(self, before: int, *, at: int | None = None) -> int:
        """Move the log start to `before`; -1 means the high watermark. An offset below the start changes nothing.

        Returns:
            The offset that was meant. It is done once `low_watermark` has reached it.

        Raises:
            KafkaError: NOT_LEADER_OR_FOLLOWER, POLICY_VIOLATION on a topic that is only compacted,
                OFFSET_OUT_OF_RANGE beyond the high watermark.
        """
        leader = self.replica_at(at)
        leader.check_epoch(-1, leader_only=True)
        if leader.log.config.cleanup_policy == {"compact"}:
            raise KafkaError(ErrorCode.POLICY_VIOLATION)
        wanted = leader.high_watermark if before == -1 else before
        if wanted < 0 or wanted > leader.high_watermark:
            raise KafkaError(ErrorCode.OFFSET_OUT_OF_RANGE)
        if wanted > leader.log.start_offset:
            leader.log.advance_start(wanted)
            sync(self)
            self.around.waiting.touch(self)
        return wanted

    def low_watermark(self, *, at: int | None = None) -> int:
        """The smallest log start among the leader and the live followers, as the leader knows it.

        Raises:
            KafkaError: NOT_LEADER_OR_FOLLOWER.
        """
        leader = self.replica_at(at)
        leader.check_epoch(-1, leader_only=True)
        return leader.low_watermark(self.around.nodes)

    # Reading.

    def read(
        self,
        offset: int,
        *,
        max_bytes: int,
        at: int | None = None,
        isolation: int = Isolation.READ_UNCOMMITTED,
        at_least_one: bool = True,
        leader_epoch: int = -1,
        last_fetched_epoch: int = -1,
        leader_only: bool = False,
    ) -> ReadResult:
        """Read whole batches from `offset` on, as one broker answers.

        Args:
            at: id of the broker that was asked; None: whoever leads.
            isolation: an `Isolation`.
            leader_epoch: the current leader epoch as the client knows it, -1 for unknown.
            last_fetched_epoch: the epoch of the client's last record, -1 for unknown (KIP-595).
            leader_only: whether a follower must refuse, as it does before Fetch v11.

        Raises:
            KafkaError: UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER, FENCED_LEADER_EPOCH,
                UNKNOWN_LEADER_EPOCH, OFFSET_OUT_OF_RANGE.
        """
        replica = self.replica_at(at)
        replica.check_epoch(leader_epoch, leader_only)
        return replica.read(offset, max_bytes, isolation, at_least_one, last_fetched_epoch)

    def offset_for_time(
        self,
        timestamp_ms: int,
        *,
        at: int | None = None,
        isolation: int = Isolation.READ_UNCOMMITTED,
        leader_epoch: int = -1,
        leader_only: bool = True,
    ) -> FoundOffset:
        """ListOffsets: see `Replica.offset_for_time`, with the checks of `read`."""
        replica = self.replica_at(at)
        replica.check_epoch(leader_epoch, leader_only)
        return replica.offset_for_time(timestamp_ms, isolation)

    def end_offset_for_epoch(
        self, wanted_epoch: int, *, at: int | None = None, leader_epoch: int = -1
    ) -> tuple[int, int]:
        """OffsetForLeaderEpoch: the largest epoch not above `wanted_epoch`, and its end; (-1, -1) for none."""
        replica = self.replica_at(at)
        replica.check_epoch(leader_epoch, True)
        return replica.end_offset_for_epoch(wanted_epoch)

    # Becoming something else.

    def apply(self, state: PartitionState) -> None:
        """Take over what the controller decided, and let every broker that is in touch know."""
        self.state = state
        for broker_id in state.replicas:
            if broker_id not in self.copies:
                self._add_copy(broker_id)
        for broker_id in list(self.copies):
            self.tell(broker_id)
        sync(self)
        self.around.waiting.touch(self)

    def set_pace(self, broker_id: int, pace: Pace | None) -> None:
        """Say how a broker copies this partition; None: as it copies others."""
        if pace is None:
            self.paces.pop(broker_id, None)
        else:
            self.paces[broker_id] = pace
        self.settle()

    def pause(self) -> None:
        """Stop the followers from fetching, once they have all that the leader has, its high watermark included."""
        self.paces.clear()
        sync(self)
        self.paces.update(dict.fromkeys(self.copies, PAUSED))
        self.settle()

    def resume(self) -> None:
        """Let the followers fetch again, at once."""
        self.paces.clear()
        self.settle()

    def settle(self) -> None:
        """Something outside has changed that decides how far replicas are: a config, a pace, a broker's state."""
        leader = self.lead
        if leader is not None and leader.is_leader:
            advance_high_watermark(self, leader)
            sync(self)

    def tell(self, broker_id: int) -> None:
        """Let a broker know the present state, if it is in touch. One that is no replica any more drops its log."""
        replica = self.copies.get(broker_id)
        node = self.around.nodes.get(broker_id)
        if replica is None or (node is not None and not node.is_connected):
            return
        if broker_id not in self.state.replicas:
            del self.copies[broker_id]
            return
        was, replica.state = replica.state, self.state
        if not replica.is_leader:
            replica.epoch_start = None
            replica.followers = []
        else:
            lead(self, replica, is_new=was.leader_epoch < self.state.leader_epoch)

    def delete(self) -> None:
        """The topic is gone: whoever waits here learns it. A broker that is cut off goes on with its replica."""
        self.is_deleted = True
        nodes = self.around.nodes
        for broker_id in list(self.copies):
            node = nodes.get(broker_id)
            if node is None or node.image is None or self not in node.image.states:
                del self.copies[broker_id]
        self.state = self.state._replace(leader=NO_LEADER)
        if self.lag_alarm is not None:
            self.lag_alarm.cancel()
        self.around.waiting.touch(self)

    def _add_copy(self, broker_id: int) -> None:
        log, log_dir = self.around.new_log(self.topic, self.index, broker_id)
        self.copies[broker_id] = Replica(broker_id, log, self.state, log_dir)
