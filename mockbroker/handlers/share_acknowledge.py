"""ShareAcknowledge (KIP-932, KIP-1222).

Kafka: `KafkaApis.handleShareAcknowledgeRequest`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.share.sessions import FINAL_EPOCH
from mockbroker.handlers.call import Call
from mockbroker.handlers.leader_hints import LeaderHints
from mockbroker.handlers.share_acknowledgements import HINTED, Outcome, acknowledge, check_member
from mockbroker.handlers.when_ready import when_ready
from protocol_specs.errors import KafkaError
from protocol_specs.share_acknowledge import SHARE_ACKNOWLEDGE

__all__ = ["handle", "refuse"]

_RESPONSE = SHARE_ACKNOWLEDGE.response
_TOPIC = _RESPONSE.responses
_PARTITION = _TOPIC.partitions


def handle(request: Any, call: Call) -> Any:
    check_member(request, call)
    shared, node_id = call.core.share_partitions, call.node.id
    group_id, member_id, epoch = request.group_id, request.member_id, request.share_session_epoch
    shared.sessions(node_id).acknowledge(group_id, member_id, epoch)

    def pack(outcome: Outcome) -> Any:
        if epoch == FINAL_EPOCH:
            shared.end_session(node_id, group_id, member_id)
        return _pack(outcome, call, shared.settings.lock_duration_ms(group_id))

    return when_ready(acknowledge(request, call), pack)


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The code alone (`ShareAcknowledgeRequest.getErrorResponse`)."""
    return _RESPONSE(
        throttle_time_ms=0, error_code=error.code, error_message=None, responses=[], node_endpoints=[]
    )


def _pack(outcome: Outcome, call: Call, lock_duration_ms: int) -> Any:
    hints = LeaderHints(call, _PARTITION.current_leader, _RESPONSE.node_endpoints)
    topics: dict[bytes, Any] = {}
    for (topic_id, index), (code, text) in outcome.items():
        if code in HINTED:
            leader = hints.of(call.core.cluster.partition_by_id(topic_id, index))
        else:
            leader = _PARTITION.current_leader(leader_id=0, leader_epoch=0)
        entry = _PARTITION(partition_index=index, error_code=code, error_message=text, current_leader=leader)
        topic = topics.get(topic_id)
        if topic is None:
            topics[topic_id] = _TOPIC(topic_id=topic_id, partitions=[entry])
        else:
            topic.partitions.append(entry)
    return _RESPONSE(
        throttle_time_ms=0,
        error_code=0,
        error_message=None,
        acquisition_lock_timeout_ms=lock_duration_ms,
        responses=list(topics.values()),
        node_endpoints=hints.endpoints,
    )
