"""AddRaftVoter (KIP-853).

Kafka: `KafkaRaftClient.handleAddVoterRequest`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.quorum_changes import add_voter
from mockbroker.handlers.call import Call
from mockbroker.handlers.cluster_authorization import require_on_cluster
from protocol_specs.acls import AclOperation
from protocol_specs.add_raft_voter import ADD_RAFT_VOTER
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["handle", "refuse"]

_RESPONSE = ADD_RAFT_VOTER.response


def handle(request: Any, call: Call) -> Any:
    require_on_cluster(call, AclOperation.ALTER)
    add_voter(
        call.core.cluster,
        call.core.features,
        request.cluster_id,
        request.voter_id,
        request.voter_directory_id,
        {one.name.upper(): (one.host, one.port) for one in request.listeners},
    )
    return _RESPONSE(throttle_time_ms=0, error_code=ErrorCode.NONE, error_message=None)


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error with its whole text (`RaftUtil.addVoterResponse`)."""
    return _RESPONSE(throttle_time_ms=0, error_code=error.code, error_message=error.message)
