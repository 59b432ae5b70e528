"""DescribeQuorum (KIP-595, KIP-836, KIP-853): how far each replica of the metadata log is.

Kafka: `KafkaRaftClient.handleDescribeQuorumRequest`, `RaftUtil.singletonDescribeQuorumResponse`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockbroker.handlers.call import Call
from mockbroker.handlers.cluster_authorization import require_on_cluster
from protocol_specs.acls import AclOperation
from protocol_specs.describe_quorum import DESCRIBE_QUORUM
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.quorum import QuorumReplica

__all__ = ["handle", "refuse"]

_RESPONSE = DESCRIBE_QUORUM.response
_TOPIC = _RESPONSE.topics
_PARTITION = _TOPIC.partitions
_NODE = _RESPONSE.nodes

_METADATA = "__cluster_metadata"


def handle(request: Any, call: Call) -> Any:
    require_on_cluster(call, AclOperation.DESCRIBE)
    asked = [
        (topic.topic_name, [one.partition_index for one in topic.partitions]) for topic in request.topics
    ]
    if asked != [(_METADATA, [0])]:
        topics = [
            _TOPIC(topic_name=name, partitions=[_unknown(i) for i in indexes]) for name, indexes in asked
        ]
        return _RESPONSE(error_code=ErrorCode.NONE, topics=topics)
    quorum = call.core.cluster.quorum
    partition = _PARTITION(
        partition_index=0,
        error_code=ErrorCode.NONE,
        leader_id=quorum.leader_id,
        leader_epoch=quorum.leader_epoch,
        high_watermark=quorum.end_offset,
        current_voters=[_replica(state) for state in quorum.voter_states()],
        observers=[_replica(state) for state in quorum.observer_states()],
    )
    listener = call.core.settings.for_broker(call.node.id)["controller.listener.names"][0]
    nodes = [
        _NODE(node_id=voter.id, listeners=[_NODE.listeners(name=listener, host=voter.host, port=voter.port)])
        for voter in quorum.voters.values()
    ]
    topic = _TOPIC(topic_name=_METADATA, partitions=[partition])
    return _RESPONSE(error_code=ErrorCode.NONE, topics=[topic], nodes=nodes)


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error at the top (`DescribeQuorumRequest.getTopLevelErrorResponse`)."""
    return _RESPONSE(error_code=error.code, error_message=error.code.message, topics=[])


def _unknown(index: int) -> Any:
    code = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    return _PARTITION(
        partition_index=index,
        error_code=code,
        error_message=code.message,
        leader_id=0,
        leader_epoch=0,
        high_watermark=0,
        current_voters=[],
        observers=[],
    )


def _replica(state: QuorumReplica) -> Any:
    return _PARTITION.current_voters(
        replica_id=state.id,
        replica_directory_id=state.directory_id,
        log_end_offset=state.log_end_offset,
        last_fetch_timestamp=state.last_fetch_ms,
        last_caught_up_timestamp=state.last_caught_up_ms,
    )
