"""What the coordinator of streams groups is asked, and what it answers (KIP-1071).

The defaults are those of Kafka's messages. Source: `StreamsGroupHeartbeatRequest`, `StreamsGroupHeartbeatResponse`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from mockbroker.core.groups.streams_tasks import NO_TASKS, OwnedTasks, Tasks
from protocol_specs.errors import ErrorCode

if TYPE_CHECKING:
    from mockbroker.core.groups.streams_topology import InternalTopic, Subtopology

__all__ = [
    "AskedTopology",
    "DescribedStreams",
    "DescribedStreamsGroup",
    "DescribedSubtopology",
    "DescribedTopology",
    "Endpoint",
    "EndpointPartitions",
    "Status",
    "StatusCode",
    "StreamsHeartbeat",
    "StreamsHeartbeatResult",
]

#: Host and port at which an application answers queries of its own.
Endpoint = tuple[str, int]


class StatusCode(IntEnum):
    """What a member is told of its group beside its tasks."""

    STALE_TOPOLOGY = 0
    MISSING_SOURCE_TOPICS = 1
    INCORRECTLY_PARTITIONED_TOPICS = 2
    MISSING_INTERNAL_TOPICS = 3
    SHUTDOWN_APPLICATION = 4
    ASSIGNMENT_DELAYED = 5


class Status(NamedTuple):
    """One such thing, with Kafka's words for it."""

    code: StatusCode
    detail: str


class AskedTopology(NamedTuple):
    """A topology as a member sent it."""

    epoch: int
    subtopologies: Sequence[Subtopology]


class StreamsHeartbeat(NamedTuple):
    """A StreamsGroupHeartbeat. What is None, or -1 of the timeout, is as the member said before.

    Attributes:
        member_epoch: 0: the member joins; -1: it leaves.
        client_host: the client's address.
        endpoint_epoch: of the endpoints that the member knows.
        active, standby, warmup: the tasks that the member has.
        says_offsets, says_end_offsets: whether it tells of its tasks' offsets.
        create_topics: makes the internal topics that an answer says are missing; gives the answer with what came of it.
    """

    group_id: str
    member_id: str
    member_epoch: int
    client_id: str | None
    client_host: str
    endpoint_epoch: int = 0
    instance_id: str | None = None
    rack_id: str | None = None
    rebalance_timeout_ms: int = -1
    topology: AskedTopology | None = None
    active: OwnedTasks = None
    standby: OwnedTasks = None
    warmup: OwnedTasks = None
    process_id: str | None = None
    user_endpoint: Endpoint | None = None
    client_tags: Sequence[tuple[str, str]] | None = None
    says_offsets: bool = False
    says_end_offsets: bool = False
    shuts_down: bool = False
    create_topics: Callable[[StreamsHeartbeatResult], StreamsHeartbeatResult] | None = None


class EndpointPartitions(NamedTuple):
    """The partitions of source topics whose tasks a member has, as topics and partitions."""

    endpoint: Endpoint
    active: Sequence[tuple[str, Sequence[int]]]
    standby: Sequence[tuple[str, Sequence[int]]]


class StreamsHeartbeatResult(NamedTuple):
    """The answer to a StreamsGroupHeartbeat.

    Attributes:
        tasks: None: as the member knows them.
        endpoints: None: as the member knows them.
        missing_topics: internal topics that are to be created.
    """

    error_code: ErrorCode = ErrorCode.NONE
    error_message: str | None = None
    member_id: str = ""
    member_epoch: int = 0
    heartbeat_interval_ms: int = 0
    statuses: Sequence[Status] = ()
    tasks: Tasks | None = None
    endpoint_epoch: int = 0
    endpoints: Sequence[EndpointPartitions] | None = None
    missing_topics: Sequence[InternalTopic] = ()


class DescribedSubtopology(NamedTuple):
    """A subtopology as StreamsGroupDescribe shows it: everything in the order of its names."""

    subtopology_id: str
    source_topics: Sequence[str]
    repartition_sink_topics: Sequence[str]
    changelog_topics: Sequence[InternalTopic]
    repartition_source_topics: Sequence[InternalTopic]


class DescribedTopology(NamedTuple):
    """A topology as StreamsGroupDescribe shows it, with all numbers decided where they are."""

    epoch: int
    subtopologies: Sequence[DescribedSubtopology]


class DescribedStreams(NamedTuple):
    """A member as StreamsGroupDescribe shows it."""

    member_id: str
    member_epoch: int
    instance_id: str | None
    rack_id: str | None
    client_id: str
    client_host: str
    topology_epoch: int
    process_id: str
    user_endpoint: Endpoint | None
    client_tags: Mapping[str, str]
    tasks: Tasks = NO_TASKS
    target: Tasks = NO_TASKS


class DescribedStreamsGroup(NamedTuple):
    """A group as StreamsGroupDescribe shows it."""

    group_id: str
    error_code: ErrorCode = ErrorCode.NONE
    error_message: str | None = None
    state: str = ""
    group_epoch: int = 0
    assignment_epoch: int = 0
    topology: DescribedTopology | None = None
    members: Sequence[DescribedStreams] = ()
