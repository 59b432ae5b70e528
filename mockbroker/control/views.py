"""What a test sees of a cluster: plain values, as they were at one moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mockbroker.core.otlp import Metric

__all__ = [
    "ConnectionState",
    "GroupState",
    "Member",
    "MetricsPush",
    "OffsetAndMetadata",
    "PartitionState",
    "ProducerState",
    "Record",
    "TransactionState",
]


class Record(NamedTuple):
    """A record in a log.

    Attributes:
        timestamp_ms: milliseconds since the epoch, -1 for none.
        headers: names and values, in the order in which they were sent.
        producer_id: -1 where the producer is not idempotent.
        is_transactional: whether it was sent in a transaction, whatever became of that.
    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    leader_epoch: int
    is_append_time: bool = False
    producer_id: int = -1
    producer_epoch: int = -1
    is_transactional: bool = False


class PartitionState(NamedTuple):
    """A partition as its controller and its leader see it. `leader` is -1 where there is none."""

    topic: str
    partition: int
    leader: int
    leader_epoch: int
    replicas: list[int]
    isr: list[int]
    log_start_offset: int
    high_watermark: int
    last_stable_offset: int
    log_end_offset: int


class OffsetAndMetadata(NamedTuple):
    """A committed offset. `leader_epoch` is -1 where the client did not tell."""

    offset: int
    metadata: str
    leader_epoch: int
    commit_timestamp_ms: int


class Member(NamedTuple):
    """A member of a group; `assignment` is what it was last given, as topics and partitions."""

    member_id: str
    group_instance_id: str | None
    client_id: str
    client_host: str
    assignment: list[tuple[str, int]]


class GroupState(NamedTuple):
    """A group. One that does not exist is "Dead", as in Kafka, with generation -1 and without a type.

    Attributes:
        type: "classic", "consumer" ...
        state: as clients see it: "Empty", "PreparingRebalance", "CompletingRebalance", "Assigning", "Reconciling",
            "Stable", "Dead".
        generation_id: of a group of the newer types, its epoch.
        protocol: the assignor that was agreed on; "" for none.
    """

    group_id: str
    type: str
    state: str
    generation_id: int
    protocol: str
    members: list[Member]

    @property
    def assignment(self) -> dict[str, list[tuple[str, int]]]:
        """The topics and partitions of each member, by member id."""
        return {member.member_id: member.assignment for member in self.members}


class MetricsPush(NamedTuple):
    """Metrics that a client pushed (KIP-714). `client_instance_id` is in base64, as Kafka prints it."""

    client_id: str | None
    client_instance_id: str
    software_name: str
    software_version: str
    received_ms: int
    is_terminating: bool
    metrics: list[Metric]


class ProducerState(NamedTuple):
    """An idempotent producer, as one partition's log knows it.

    Attributes:
        last_sequence: of its last record in this epoch; -1 for none.
        transaction_start_offset: where its open transaction begins; -1 where there is none.
    """

    topic: str
    partition: int
    producer_id: int
    producer_epoch: int
    last_sequence: int
    last_timestamp_ms: int
    transaction_start_offset: int


class TransactionState(NamedTuple):
    """A transactional id.

    Attributes:
        state: "Empty", "Ongoing", "PrepareCommit", "PrepareAbort", "CompleteCommit", "CompleteAbort".
        partitions: of the open transaction.
        start_ms: when it began, in milliseconds since the epoch; -1 before the first.
        coordinator: the id of the broker that coordinates it.
    """

    transactional_id: str
    state: str
    producer_id: int
    producer_epoch: int
    timeout_ms: int
    start_ms: int
    partitions: list[tuple[str, int]]
    coordinator: int


class ConnectionState(NamedTuple):
    """A client's connection to one broker.

    Attributes:
        software: name and version, as the client told; "unknown" where it did not.
    """

    connection: int
    broker: int
    client_id: str | None
    client_host: str
    client_port: int
    listener: str
    principal: str
    software: str
