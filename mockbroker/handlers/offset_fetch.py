"""OffsetFetch (KIP-447, KIP-709, KIP-848).

Kafka: `KafkaApis.handleOffsetFetchRequest`, `OffsetFetchResponse.Builder`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mockbroker.core.groups.requests import FetchGroup, TopicPartitions
from mockbroker.core.groups.results import FetchedGroup, FetchedOffset, FetchedTopic
from mockbroker.handlers.call import Call
from mockbroker.handlers.when_ready import when_ready
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode
from protocol_specs.offset_fetch import OFFSET_FETCH

__all__ = ["handle"]

_RESPONSE = OFFSET_FETCH.response
_ZERO_UUID = bytes(16)

#: The first version that asks for several groups.
_BATCHED = 8
#: The first version with an error code for the whole group.
_HAS_GROUP_ERROR = 2


def handle(request: Any, call: Call) -> Any:
    asked = _asked_groups(request, call.version)
    if call.version == 0 and not call.core.profile.is_before("3.0"):
        # These offsets were kept in ZooKeeper, which is no more.
        return _pack([FetchedGroup(asked[0].group_id, ErrorCode.UNSUPPORTED_VERSION)], asked, call.version)
    allowed = [
        group for group in asked if call.allows(AclOperation.DESCRIBE, ResourceType.GROUP, group.group_id)
    ]

    def pack(fetched: Sequence[FetchedGroup]) -> Any:
        by_id = {group.group_id: group for group in fetched}
        denied = ErrorCode.GROUP_AUTHORIZATION_FAILED
        groups = [by_id.get(group.group_id) or FetchedGroup(group.group_id, denied) for group in asked]
        return _pack(groups, asked, call.version)

    def may_describe(topic: str) -> bool:
        return call.allows(AclOperation.DESCRIBE, ResourceType.TOPIC, topic)

    fetching = call.core.groups.fetch_offsets(
        call.node.id, allowed, call.version, require_stable=request.require_stable, allows=may_describe
    )
    return when_ready(fetching, pack)


def _asked_groups(request: Any, version: int) -> list[FetchGroup]:
    if version < _BATCHED:
        return [FetchGroup(request.group_id, _topics(request.topics))]
    return [
        FetchGroup(group.group_id, _topics(group.topics), group.member_id, group.member_epoch)
        for group in request.groups
    ]


def _topics(topics: Any) -> list[TopicPartitions] | None:
    if topics is None:
        return None
    return [
        TopicPartitions(topic.name, topic.partition_indexes, getattr(topic, "topic_id", _ZERO_UUID))
        for topic in topics
    ]


def _pack(groups: Sequence[FetchedGroup], asked: Sequence[FetchGroup], version: int) -> Any:
    if version >= _BATCHED:
        entry = _RESPONSE.groups
        return _RESPONSE(
            groups=[
                entry(
                    group_id=group.group_id,
                    error_code=group.error_code,
                    topics=[
                        entry.topics(
                            name=topic.name,
                            topic_id=topic.topic_id,
                            partitions=[_partition(entry.topics.partitions, one) for one in topic.partitions],
                        )
                        for topic in group.topics
                    ],
                )
                for group in groups
            ]
        )
    group = groups[0]
    topics = group.topics
    if group.error_code and version < _HAS_GROUP_ERROR:
        topics = _all_failed(asked[0], group.error_code)
    return _RESPONSE(
        error_code=group.error_code,
        topics=[
            _RESPONSE.topics(
                name=topic.name,
                partitions=[_partition(_RESPONSE.topics.partitions, one) for one in topic.partitions],
            )
            for topic in topics
        ],
    )


def _all_failed(group: FetchGroup, code: ErrorCode) -> list[FetchedTopic]:
    return [
        FetchedTopic(
            topic.name, topic.topic_id, [FetchedOffset(index, error_code=code) for index in topic.partitions]
        )
        for topic in group.topics or ()
    ]


def _partition(entry: Any, fetched: FetchedOffset) -> Any:
    return entry(
        partition_index=fetched.partition,
        committed_offset=fetched.offset,
        committed_leader_epoch=fetched.leader_epoch,
        metadata=fetched.metadata,
        error_code=fetched.error_code,
    )
