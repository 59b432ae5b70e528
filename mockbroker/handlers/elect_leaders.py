"""ElectLeaders (KIP-183, KIP-460).

Kafka: `ControllerApis.handleElectLeaders`, `ReplicationControlManager.electLeaders`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.elections import Election, elect_leader
from mockbroker.core.java_maps import timeline_map_order
from mockbroker.core.java_strings import string_hash
from mockbroker.handlers.call import Call
from mockbroker.handlers.cluster_authorization import require_on_cluster
from mockbroker.handlers.deadline import check_deadline
from protocol_specs.acls import AclOperation
from protocol_specs.elect_leaders import ELECT_LEADERS
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["handle", "refuse"]

_RESPONSE = ELECT_LEADERS.response
_TOPIC = _RESPONSE.replica_election_results
_PARTITION = _TOPIC.partition_result

_ELECTIONS = {0: Election.PREFERRED, 1: Election.UNCLEAN}


def handle(request: Any, call: Call) -> Any:
    require_on_cluster(call, AclOperation.ALTER)
    if request.topic_partitions == []:
        return _RESPONSE(throttle_time_ms=0, replica_election_results=[])
    check_deadline(request.timeout_ms)
    election = _ELECTIONS.get(request.election_type)
    if election is None:
        raise KafkaError(ErrorCode.INVALID_REQUEST, f"Unknown election type {request.election_type}")
    if request.topic_partitions is None:
        topics = _elect_all(call, election)
    else:
        topics = [
            _TOPIC(
                topic=asked.topic,
                partition_result=[_elect(call, asked.topic, index, election) for index in asked.partitions],
            )
            for asked in request.topic_partitions
        ]
    return _RESPONSE(throttle_time_ms=0, replica_election_results=topics)


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error at the top and at each partition (`ElectLeadersRequest.getErrorResponse`)."""
    topics = [
        _TOPIC(
            topic=asked.topic,
            partition_result=[_result(index, error.code, error.detail) for index in asked.partitions],
        )
        for asked in request.topic_partitions or ()
    ]
    return _RESPONSE(throttle_time_ms=0, error_code=error.code, replica_election_results=topics)


def _elect_all(call: Call, election: Election) -> list[Any]:
    """Every topic is named, with those of its partitions that needed an election."""
    topics = []
    known = call.core.cluster.topics
    for name in timeline_map_order(known, string_hash):
        indexes = timeline_map_order(range(len(known[name].partitions)), int)
        results = [_elect(call, name, index, election) for index in indexes]
        needed = [result for result in results if result.error_code != ErrorCode.ELECTION_NOT_NEEDED]
        topics.append(_TOPIC(topic=name, partition_result=needed))
    return topics


def _elect(call: Call, topic: str, index: int, election: Election) -> Any:
    try:
        elect_leader(call.core.cluster, topic, index, election)
    except KafkaError as error:
        return _result(index, error.code, error.message)
    return _result(index, ErrorCode.NONE, None)


def _result(index: int, code: ErrorCode, message: str | None) -> Any:
    return _PARTITION(partition_id=index, error_code=code, error_message=message)
