"""DescribeTransactions (KIP-664).

Kafka: `KafkaApis.handleDescribeTransactionsRequest`, `TransactionCoordinator.handleDescribeTransactions`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.java_maps import hash_order, topic_partition_hash
from mockbroker.core.transactions.states import STATE_NAMES
from mockbroker.handlers.call import Call
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.describe_transactions import DESCRIBE_TRANSACTIONS
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["handle", "refuse"]

_RESPONSE = DESCRIBE_TRANSACTIONS.response
_STATE = _RESPONSE.transaction_states


def handle(request: Any, call: Call) -> Any:
    return _RESPONSE(
        throttle_time_ms=0, transaction_states=[_describe(call, name) for name in request.transactional_ids]
    )


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, for each id (`DescribeTransactionsRequest.getErrorResponse`)."""
    return _RESPONSE(
        throttle_time_ms=0,
        transaction_states=[_failed(name, error.code) for name in request.transactional_ids],
    )


def _describe(call: Call, name: str) -> Any:
    if not call.allows(AclOperation.DESCRIBE, ResourceType.TRANSACTIONAL_ID, name):
        return _failed(name, ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
    try:
        metadata = call.core.transactions.queries.describe(call.node.id, name)
    except KafkaError as error:
        return _failed(name, error.code)
    topics: dict[str, list[int]] = {}
    for topic, index in hash_order(metadata.partitions, lambda key: topic_partition_hash(*key)):
        if call.allows(AclOperation.DESCRIBE, ResourceType.TOPIC, topic):
            topics.setdefault(topic, []).append(index)
    return _STATE(
        error_code=ErrorCode.NONE,
        transactional_id=name,
        transaction_state=STATE_NAMES[metadata.state],
        transaction_timeout_ms=metadata.timeout_ms,
        transaction_start_time_ms=metadata.start_ms,
        producer_id=metadata.producer_id,
        producer_epoch=metadata.producer_epoch,
        topics=[_STATE.topics(topic=topic, partitions=indexes) for topic, indexes in topics.items()],
    )


def _failed(name: str, code: ErrorCode) -> Any:
    return _STATE(
        error_code=code,
        transactional_id=name,
        transaction_state="",
        transaction_timeout_ms=0,
        transaction_start_time_ms=0,
        producer_id=0,
        producer_epoch=0,
        topics=[],
    )
