"""ShareGroupDescribe (KIP-932).

Kafka: `KafkaApis.handleShareGroupDescribe`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.groups.share_requests import DescribedShareGroup, DescribedShareMember
from mockbroker.handlers.authorized_operations import NOT_ASKED, operations_on
from mockbroker.handlers.call import Call
from mockbroker.handlers.group_order import by_coordinator
from mockbroker.handlers.share_groups import is_served
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.share_group_describe import SHARE_GROUP_DESCRIBE

__all__ = ["handle", "refuse"]

_RESPONSE = SHARE_GROUP_DESCRIBE.response
_GROUP = _RESPONSE.groups
_MEMBER = _GROUP.members


def handle(request: Any, call: Call) -> Any:
    if not is_served(call):
        return refuse(request, call, KafkaError(ErrorCode.UNSUPPORTED_VERSION))
    allowed, described = [], []
    for group_id in request.group_ids:
        if call.allows(AclOperation.DESCRIBE, ResourceType.GROUP, group_id):
            allowed.append(group_id)
        else:
            described.append(DescribedShareGroup(group_id, ErrorCode.GROUP_AUTHORIZATION_FAILED))
    described += call.core.groups.shares.describe(call.node.id, by_coordinator(call, allowed))
    shows_operations = request.include_authorized_operations
    return _RESPONSE(
        throttle_time_ms=0,
        groups=[_pack(_visible(group, call), call, shows_operations) for group in described],
    )


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, for each group (`ShareGroupDescribeRequest.getErrorResponse`)."""
    groups = [DescribedShareGroup(group_id, error.code) for group_id in request.group_ids]
    return _RESPONSE(throttle_time_ms=0, groups=[_pack(group, call, False) for group in groups])


def _visible(group: DescribedShareGroup, call: Call) -> DescribedShareGroup:
    """The group, or a refusal where it has a topic that the client may not see."""
    topics = call.core.cluster.topics_by_id
    ids = {topic_id for member in group.members for topic_id, _ in member.assignment}
    names = [topics[topic_id].name for topic_id in ids if topic_id in topics]
    if all(call.allows(AclOperation.DESCRIBE, ResourceType.TOPIC, name) for name in names):
        return group
    text = "The group has described topic(s) that the client is not authorized to describe."
    return DescribedShareGroup(group.group_id, ErrorCode.TOPIC_AUTHORIZATION_FAILED, text)


def _pack(group: DescribedShareGroup, call: Call, shows_operations: bool) -> Any:
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


def _pack_member(member: DescribedShareMember, call: Call) -> Any:
    topics = call.core.cluster.topics_by_id
    return _MEMBER(
        member_id=member.member_id,
        rack_id=member.rack_id,
        member_epoch=member.member_epoch,
        client_id=member.client_id,
        client_host=member.client_host,
        subscribed_topic_names=member.subscribed_topic_names,
        assignment=_MEMBER.assignment(
            topic_partitions=[
                _MEMBER.assignment.topic_partitions(
                    topic_id=topic_id, topic_name=topics[topic_id].name, partitions=partitions
                )
                for topic_id, partitions in member.assignment
                if topic_id in topics
            ]
        ),
    )
