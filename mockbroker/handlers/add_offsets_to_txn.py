"""AddOffsetsToTxn (KIP-98, KIP-588): makes a group's partition of `__consumer_offsets` part of a transaction.

Kafka: `KafkaApis.handleAddOffsetsToTxnRequest`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.topics import CONSUMER_OFFSETS
from mockbroker.core.transactions.outcome import Outcome, Producer
from mockbroker.handlers.call import Call
from mockbroker.handlers.fenced import fenced_code
from mockbroker.handlers.when_ready import when_ready
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.add_offsets_to_txn import ADD_OFFSETS_TO_TXN
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["handle", "refuse"]

_RESPONSE = ADD_OFFSETS_TO_TXN.response
#: The first version whose clients know PRODUCER_FENCED.
_KNOWS_FENCED = 2
#: Only clients without epoch bumps send this request.
_CLIENT_VERSION = 0


def handle(request: Any, call: Call) -> Any:
    name, group_id = request.transactional_id, request.group_id
    if not call.allows(AclOperation.WRITE, ResourceType.TRANSACTIONAL_ID, name):
        raise KafkaError(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
    if not call.allows(AclOperation.READ, ResourceType.GROUP, group_id):
        raise KafkaError(ErrorCode.GROUP_AUTHORIZATION_FAILED)
    core = call.core
    result = core.transactions.add_partitions(
        call.node.id,
        Producer(name, request.producer_id, request.producer_epoch),
        ((CONSUMER_OFFSETS, core.groups.shards.partition_for(group_id)),),
        _CLIENT_VERSION,
    )
    return when_ready(result, lambda outcome: _pack(outcome, call))


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error (`AddOffsetsToTxnRequest.getErrorResponse`)."""
    return _RESPONSE(throttle_time_ms=0, error_code=error.code)


def _pack(outcome: Outcome, call: Call) -> Any:
    code = fenced_code(outcome.code, call.version, known_since=_KNOWS_FENCED)
    return _RESPONSE(throttle_time_ms=0, error_code=code)
