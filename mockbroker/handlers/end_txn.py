"""EndTxn (KIP-98, KIP-588, KIP-890).

Kafka: `KafkaApis.handleEndTxnRequest`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.transactions.outcome import Outcome, Producer
from mockbroker.handlers.call import Call
from mockbroker.handlers.fenced import fenced_code
from mockbroker.handlers.when_ready import when_ready
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.end_txn import END_TXN
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["handle", "refuse"]

_RESPONSE = END_TXN.response
_make_response = _RESPONSE.make
#: The first version whose clients know PRODUCER_FENCED, and the first that takes a new epoch from the answer.
_KNOWS_FENCED = 2
_BUMPS_EPOCH = 5


def handle(request: Any, call: Call) -> Any:
    name = request.transactional_id
    if not call.allows(AclOperation.WRITE, ResourceType.TRANSACTIONAL_ID, name):
        raise KafkaError(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
    result = call.core.transactions.end(
        call.node.id,
        Producer(name, request.producer_id, request.producer_epoch),
        request.committed,
        2 if call.version >= _BUMPS_EPOCH else 0,
    )
    return when_ready(result, lambda outcome: _pack(outcome, call))


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, without a producer (`EndTxnRequest.getErrorResponse`)."""
    return _RESPONSE(throttle_time_ms=0, error_code=error.code)


def _pack(outcome: Outcome, call: Call) -> Any:
    return _make_response(
        throttle_time_ms=0,
        error_code=fenced_code(outcome.code, call.version, known_since=_KNOWS_FENCED),
        producer_id=outcome.producer_id,
        producer_epoch=outcome.producer_epoch,
    )
