"""InitProducerId (KIP-98, KIP-360, KIP-588).

Kafka: `KafkaApis.handleInitProducerIdRequest`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.transactions.outcome import Outcome
from mockbroker.handlers.authorized_operations import CLUSTER_NAME
from mockbroker.handlers.call import Call
from mockbroker.handlers.fenced import fenced_code
from mockbroker.handlers.when_ready import when_ready
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.init_producer_id import INIT_PRODUCER_ID

__all__ = ["handle", "refuse"]

_RESPONSE = INIT_PRODUCER_ID.response
_NONE = -1
#: The first version whose clients know PRODUCER_FENCED.
_KNOWS_FENCED = 4


def handle(request: Any, call: Call) -> Any:
    name = request.transactional_id
    _authorize(call, name)
    has_id, has_epoch = request.producer_id != _NONE, request.producer_epoch != _NONE
    if has_id != has_epoch:
        raise KafkaError(ErrorCode.INVALID_REQUEST)
    transactions = call.core.transactions
    if name is None:
        producer_id = transactions.new_producer_id(call.node.id)
        return _RESPONSE(
            throttle_time_ms=0, error_code=ErrorCode.NONE, producer_id=producer_id, producer_epoch=0
        )
    expected = (request.producer_id, request.producer_epoch) if has_id else None
    result = transactions.init_producer_id(call.node.id, name, request.transaction_timeout_ms, expected)
    return when_ready(result, lambda outcome: _pack(outcome, call))


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, without a producer (`InitProducerIdRequest.getErrorResponse`)."""
    return _RESPONSE(throttle_time_ms=0, error_code=error.code, producer_id=_NONE, producer_epoch=_NONE)


def _authorize(call: Call, name: str | None) -> None:
    if name is not None:
        if not call.allows(AclOperation.WRITE, ResourceType.TRANSACTIONAL_ID, name):
            raise KafkaError(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
    elif not call.allows(AclOperation.IDEMPOTENT_WRITE, ResourceType.CLUSTER, CLUSTER_NAME) and not (
        call.allows_any(AclOperation.WRITE, ResourceType.TOPIC)
    ):
        raise KafkaError(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)


def _pack(outcome: Outcome, call: Call) -> Any:
    return _RESPONSE(
        throttle_time_ms=0,
        error_code=fenced_code(outcome.code, call.version, known_since=_KNOWS_FENCED),
        producer_id=outcome.producer_id,
        producer_epoch=outcome.producer_epoch,
    )
