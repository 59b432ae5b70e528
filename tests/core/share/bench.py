"""A cluster whose topic "orders" is shared by a group, on a told clock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mockbroker.core.cluster import Cluster
from mockbroker.core.configs import Configs
from mockbroker.core.groups.group_configs import GroupConfigs
from mockbroker.core.replicas import Partition
from mockbroker.core.share.acknowledgement import AcknowledgementBatch
from mockbroker.core.share.acquisition import AcquireMode, Wanted
from mockbroker.core.share.fetching import Fetched, ShareFetch
from mockbroker.core.share.in_flight import InFlightBatch
from mockbroker.core.share.keys import SharePartitionKey
from mockbroker.core.share.partitions import SharePartitions
from mockbroker.core.share.persister import Persister
from mockbroker.core.share.sessions import SessionPartition
from mockbroker.core.share.share_partition import SharePartition
from mockbroker.core.share.share_settings import ShareSettings
from mockbroker.core.share.state_batches import StateBatch
from mockbroker.core.share.state_records import ShareState
from mockbroker.core.share.states import ShareStates
from mockbroker.core.waiting import Pending
from protocol_specs.errors import ErrorCode, KafkaError
from tests.core.clusters import batch, make_cluster

GROUP = "billing"
ACCEPT, RELEASE, REJECT, RENEW = 1, 2, 3, 4

#: First offset, last offset, delivery count.
Range = tuple[int, int, int]


class ShareBench:
    """Group "billing" shares partition 0 of "orders", from its start on."""

    def __init__(self, brokers: int = 1, *, state: ShareState | None = None, **configs: str) -> None:
        self.cluster: Cluster = make_cluster(
            brokers, transaction_partition_verification_enable="false", auto_leader_rebalance_enable="false"
        )
        self.topic = self.cluster.create_topic("orders", partitions=2, replication_factor=brokers)
        self.log: Partition = self.topic.partitions[0]
        self.configs = Configs(self.cluster.settings, self.cluster)
        self.configure(**{"share_auto_offset_reset": "earliest", **configs})
        self.states = ShareStates(self.cluster)
        self.shared = SharePartitions(
            self.cluster,
            ShareSettings(GroupConfigs(self.cluster.settings, self.configs.groups)),
            Persister(self.cluster, self.states),
        )
        self.key = SharePartitionKey(GROUP, self.topic.id, 0)
        self.broker = self.log.leader
        self.initialize(state or ShareState())

    def configure(self, **configs: str) -> None:
        """Set configs of the group, with underscores for dots."""
        own = self.configs.groups.setdefault(GROUP, {})
        own.update({name.replace("_", "."): value for name, value in configs.items()})

    def initialize(self, state: ShareState, index: int = 0) -> None:
        """What the group coordinator does before anybody is assigned the partition."""
        key = self.key._replace(partition=index)
        at = self.states.coordinator_of(key)
        self.states.initialize(at, key, state.state_epoch, state.start_offset)
        if state.batches:
            self.states.write(at, key, state.state_epoch, 0, state)

    def produce(self, *sizes: int, index: int = 0, **options: Any) -> None:
        """Append batches of so many records; the options are those of `batch`."""
        for size in sizes:
            self.topic.partitions[index].append(batch(*[b"value"] * size, **options))
        self.cluster.waiting.flush()

    def fetching(
        self,
        member_id: str = "m1",
        *,
        records: int = 500,
        mode: AcquireMode = AcquireMode.BATCH_OPTIMIZED,
        batch_size: int = 500,
        max_bytes: int = 1_000_000,
        min_bytes: int = 1,
        wait: float = 0.0,
        partitions: Sequence[int] = (0,),
    ) -> Any:
        """Fetch; the answer by topic id and partition, or a Pending."""
        reads_committed = self.shared.settings.reads_committed(GROUP)
        fetch = ShareFetch(
            self.shared,
            self.broker,
            GROUP,
            Wanted(member_id, mode, batch_size, records, reads_committed),
            [SessionPartition(self.topic.id, index, "orders") for index in partitions],
            min_bytes=min_bytes,
            max_bytes=max_bytes,
        )
        return fetch.run(self.cluster.waiting, wait)

    def fetch(self, member_id: str = "m1", **options: Any) -> Fetched:
        """Fetch partition 0; what it gave, an empty answer if nothing."""
        answer = self.fetching(member_id, **options)
        assert isinstance(answer, dict)
        found = answer.get((self.topic.id, 0), Fetched())
        assert isinstance(found, Fetched)
        return found

    def failure(self) -> ErrorCode:
        """What is told of partition 0, which does not start, when a fetch has waited in vain."""
        waiting = self.fetching(wait=1.0)
        assert isinstance(waiting, Pending)
        assert not waiting.is_settled
        self.cluster.clock.advance(1)
        self.cluster.waiting.flush()
        code = waiting.reply[self.topic.id, 0].error_code
        assert isinstance(code, ErrorCode)
        return code

    def acquire(self, member_id: str = "m1", **options: Any) -> list[Range]:
        """Fetch partition 0; the records that were acquired."""
        fetched = self.fetch(member_id, **options)
        assert fetched.error_code is ErrorCode.NONE
        return [(one.first_offset, one.last_offset, one.delivery_count) for one in fetched.acquired]

    def acknowledging(self, *batches: tuple[int, int, int | list[int]], member_id: str = "m1") -> Any:
        """Acknowledge; what became of it, or a Pending."""
        asked = [
            AcknowledgementBatch(first, last, [types] if isinstance(types, int) else types)
            for first, last, types in batches
        ]
        key = self.topic.id, 0
        answer = self.shared.acknowledge(self.broker, GROUP, member_id, {key: asked})
        return answer if isinstance(answer, Pending) else answer[key]

    def acknowledge(self, *batches: tuple[int, int, int | list[int]], member_id: str = "m1") -> None:
        """Acknowledge.

        Raises:
            KafkaError: it was refused.
        """
        error = self.acknowledging(*batches, member_id=member_id)
        self.cluster.waiting.flush()
        if isinstance(error, KafkaError):
            raise error
        assert error is None

    @property
    def partition(self) -> SharePartition:
        partition = self.shared.get(self.broker, self.key)
        assert partition is not None
        return partition

    @property
    def window(self) -> tuple[int, int]:
        """Start and end offset."""
        return self.partition.start_offset, self.partition.end_offset

    def states_of(self) -> dict[int, str]:
        """The state of each record in flight, as "ACQUIRED 1 m1"."""
        return {
            offset: _show(batch, offset)
            for batch in self.partition.in_flight
            for offset in range(batch.first_offset, batch.last_offset + 1)
        }

    def written(self) -> ShareState:
        """What the share coordinator knows."""
        result = self.states.summarize(self.states.coordinator_of(self.key), self.key)
        assert not isinstance(result, Pending)
        return result.state

    def written_batches(self) -> list[tuple[int, ...]]:
        """The state batches there: first, last, count, state."""
        return [tuple(batch) for batch in self.written().batches]


def _show(batch: InFlightBatch, offset: int) -> str:
    state = batch.state_at(offset)
    return f"{state.state.name} {state.delivery_count} {state.member_id}".rstrip()


def stored(*batches: tuple[int, int, int, int], start: int = 0) -> ShareState:
    """A state that the share coordinator has."""
    return ShareState(
        start_offset=start, delivery_complete_count=0, batches=tuple(StateBatch(*batch) for batch in batches)
    )
