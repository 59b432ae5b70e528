"""DescribeShareGroupOffsets (KIP-932, KIP-1226).

Kafka: `KafkaApis.handleDescribeShareGroupOffsetsRequest`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.groups.requests import TopicPartitions
from mockbroker.core.groups.share_requests import ShareGroupOffsets, ShareOffset, ShareOffsetsTopic
from mockbroker.handlers.call import Call
from mockbroker.handlers.share_groups import is_served
from mockbroker.handlers.when_ready import when_all_ready, when_ready
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.describe_share_group_offsets import DESCRIBE_SHARE_GROUP_OFFSETS
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["handle", "refuse"]

_RESPONSE = DESCRIBE_SHARE_GROUP_OFFSETS.response
_GROUP = _RESPONSE.groups
_TOPIC = _GROUP.topics
_PARTITION = _TOPIC.partitions


def handle(request: Any, call: Call) -> Any:
    return when_all_ready([_describe(group, call) for group in request.groups], _respond)


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, for each group (`DescribeShareGroupOffsetsRequest.getErrorResponse`)."""
    return _respond(
        [
            ShareGroupOffsets(group.group_id, error_code=error.code, error_message=error.message)
            for group in request.groups
        ]
    )


def _describe(group: Any, call: Call) -> Any:
    """A ShareGroupOffsets, or a Pending of one."""
    if not is_served(call):
        return ShareGroupOffsets(group.group_id, error_code=ErrorCode.UNSUPPORTED_VERSION)
    if not call.allows(AclOperation.DESCRIBE, ResourceType.GROUP, group.group_id):
        return ShareGroupOffsets(group.group_id, error_code=ErrorCode.GROUP_AUTHORIZATION_FAILED)
    if group.topics is None:
        return when_ready(
            call.core.groups.shares.offsets.describe(call.node.id, group.group_id, None),
            lambda found: _visible(found, call),
        )
    if not group.topics:
        return ShareGroupOffsets(group.group_id)
    allowed, denied = [], []
    for topic in group.topics:
        if call.allows(AclOperation.DESCRIBE, ResourceType.TOPIC, topic.topic_name):
            allowed.append(TopicPartitions(topic.topic_name, topic.partitions))
        else:
            denied.append(_denied(topic))
    return when_ready(
        call.core.groups.shares.offsets.describe(call.node.id, group.group_id, allowed),
        lambda found: found if found.error_code else found._replace(topics=[*found.topics, *denied]),
    )


def _visible(found: ShareGroupOffsets, call: Call) -> ShareGroupOffsets:
    """What the client may see of it."""
    return found._replace(
        topics=[
            topic
            for topic in found.topics
            if call.allows(AclOperation.DESCRIBE, ResourceType.TOPIC, topic.name)
        ]
    )


def _denied(topic: Any) -> ShareOffsetsTopic:
    code = ErrorCode.TOPIC_AUTHORIZATION_FAILED
    offsets = [ShareOffset(index, error_code=code, error_message=code.message) for index in topic.partitions]
    return ShareOffsetsTopic(topic.topic_name, bytes(16), offsets)


def _respond(groups: list[ShareGroupOffsets]) -> Any:
    return _RESPONSE(throttle_time_ms=0, groups=[_pack(group) for group in groups])


def _pack(group: ShareGroupOffsets) -> Any:
    return _GROUP(
        group_id=group.group_id,
        topics=[
            _TOPIC(
                topic_name=topic.name,
                topic_id=topic.topic_id,
                partitions=[
                    _PARTITION(
                        partition_index=offset.partition,
                        start_offset=offset.start_offset,
                        leader_epoch=offset.leader_epoch,
                        lag=offset.lag,
                        error_code=offset.error_code,
                        error_message=offset.error_message,
                    )
                    for offset in topic.partitions
                ],
            )
            for topic in group.topics
        ],
        error_code=group.error_code,
        error_message=group.error_message,
    )
