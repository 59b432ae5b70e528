"""ListTransactions (KIP-664, KIP-994, KIP-1152): those that the asked broker coordinates.

Kafka: `KafkaApis.handleListTransactionsRequest`, `TransactionStateManager.listTransactionStates`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mockbroker.core.re2 import Re2Error, compile_re2
from mockbroker.core.transactions.queries import Filters
from mockbroker.core.transactions.states import STATE_NAMES
from mockbroker.handlers.call import Call
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.list_transactions import LIST_TRANSACTIONS

__all__ = ["handle", "refuse"]

_RESPONSE = LIST_TRANSACTIONS.response
_STATE = _RESPONSE.transaction_states


def handle(request: Any, call: Call) -> Any:
    filters = Filters(
        request.state_filters,
        request.producer_id_filters,
        request.duration_filter,
        _matcher(request.transactional_id_pattern),
    )
    return _RESPONSE(
        throttle_time_ms=0,
        error_code=ErrorCode.NONE,
        unknown_state_filters=filters.unknown_states,
        transaction_states=[
            _STATE(
                transactional_id=metadata.transactional_id,
                producer_id=metadata.producer_id,
                transaction_state=STATE_NAMES[metadata.state],
            )
            for metadata in call.core.transactions.queries.list(call.node.id, filters)
            if call.allows(AclOperation.DESCRIBE, ResourceType.TRANSACTIONAL_ID, metadata.transactional_id)
        ],
    )


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, and no transactions (`ListTransactionsRequest.getErrorResponse`)."""
    return _RESPONSE(
        throttle_time_ms=0, error_code=error.code, unknown_state_filters=[], transaction_states=[]
    )


def _matcher(pattern: str | None) -> Callable[[str], bool] | None:
    if not pattern:
        return None
    try:
        fullmatch = compile_re2(pattern).fullmatch
    except Re2Error as error:
        raise KafkaError(
            ErrorCode.INVALID_REGULAR_EXPRESSION,
            f"Transaction ID pattern `{pattern}` is not a valid regular expression: {error}.",
        ) from None
    return lambda transactional_id: fullmatch(transactional_id) is not None
