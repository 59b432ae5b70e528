"""ConsumerGroupDescribe (KIP-848, KIP-1099).

Kafka: `KafkaApis.handleConsumerGroupDescribe`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from mockbroker.core.groups.results import DescribedConsumer, DescribedConsumerGroup
from mockbroker.handlers.authorized_operations import NOT_ASKED, operations_on
from mockbroker.handlers.call import Call
from mockbroker.handlers.consumer_group_heartbeat import is_served
from mockbroker.handlers.group_order import by_coordinator
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.consumer_group_describe import CONSUMER_GROUP_DESCRIBE
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["handle", "refuse"]

_RESPONSE = CONSUMER_GROUP_DESCRIBE.response
_GROUP = _RESPONSE.groups
_MEMBER = _GROUP.members

_CLASSIC, _CONSUMER = 0, 1


def handle(request: Any, call: Call) -> Any:
    if not is_served(call):
        return refuse(request, call, KafkaError(ErrorCode.UNSUPPORTED_VERSION))
    allowed, described = [], []
    for group_id in request.group_ids:
        if call.allows(AclOperation.DESCRIBE, ResourceType.GROUP, group_id):
            allowed.append(group_id)
        else:
            described.append(DescribedConsumerGroup(group_id, ErrorCode.GROUP_AUTHORIZATION_FAILED))
    described += call.core.groups.consumers.describe(call.node.id, by_coordinator(call, allowed))
    shows_operations = request.include_authorized_operations
    return _RESPONSE(
        throttle_time_ms=0,
        groups=[_pack(_visible(group, call), call, shows_operations) for group in described],
    )


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, for each group (`ConsumerGroupDescribeRequest.getErrorResponse`)."""
    groups = [DescribedConsumerGroup(group_id, error.code) for group_id in request.group_ids]
    return _RESPONSE(throttle_time_ms=0, groups=[_pack(group, call, False) for group in groups])


def _visible(group: DescribedConsumerGroup, call: Call) -> DescribedConsumerGroup:
    """The group, or a refusal where it has a topic that the client may not see."""
    topics = call.core.cluster.topics_by_id
    ids = {id for member in group.members for part in (member.assignment, member.target) for id, _ in part}
    names = [topics[id].name for id in ids if id in topics]
    if all(call.allows(AclOperation.DESCRIBE, ResourceType.TOPIC, name) for name in names):
        return group
    text = "The group has described topic(s) that the client is not authorized to describe."
    return DescribedConsumerGroup(group.group_id, ErrorCode.TOPIC_AUTHORIZATION_FAILED, text)


def _pack(group: DescribedConsumerGroup, call: Call, shows_operations: bool) -> Any:
    return _GROUP(
        error_code=group.error_code,
        error_message=group.error_message,
        group_id=group.group_id,
        group_state=group.state,
        group_epoch=group.group_epoch,
        assignment_epoch=group.assignment_epoch,
        assignor_name=group.assignor_name,
        members=[_pack_member(member, call) for member in group.members],
        authorized_operations=(
            operations_on(call, ResourceType.GROUP, group.group_id)
            if shows_operations and not group.error_code
            else NOT_ASKED
        ),
    )


def _pack_member(member: DescribedConsumer, call: Call) -> Any:
    return _MEMBER(
        member_id=member.member_id,
        instance_id=member.instance_id,
        rack_id=member.rack_id,
        member_epoch=member.member_epoch,
        client_id=member.client_id,
        client_host=member.client_host,
        subscribed_topic_names=member.subscribed_topic_names,
        subscribed_topic_regex=member.subscribed_topic_regex,
        assignment=_MEMBER.assignment(
            topic_partitions=list(_topics(_MEMBER.assignment, member.assignment, call))
        ),
        target_assignment=_MEMBER.target_assignment(
            topic_partitions=list(_topics(_MEMBER.target_assignment, member.target, call))
        ),
        member_type=_CLASSIC if member.is_classic else _CONSUMER,
    )


def _topics(schema: Any, assignment: Sequence[tuple[bytes, Sequence[int]]], call: Call) -> Iterable[Any]:
    topics = call.core.cluster.topics_by_id
    for topic_id, partitions in assignment:
        if topic_id in topics:
            yield schema.topic_partitions(
                topic_id=topic_id, topic_name=topics[topic_id].name, partitions=partitions
            )
