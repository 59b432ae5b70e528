"""ListTransactions (API key 66)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, int16, int32, int64, since, string, struct

__all__ = ["LIST_TRANSACTIONS"]

LIST_TRANSACTIONS = Api(
    key=66,
    name="ListTransactions",
    versions="0-2",
    flexible="0+",
    request=struct(
        state_filters=array(string),
        producer_id_filters=array(int64),
        duration_filter=since(1).int64.default(-1),
        transactional_id_pattern=since(2).nullable_string,
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=int16,
        unknown_state_filters=array(string),
        transaction_states=array(
            transactional_id=string,
            producer_id=int64,
            transaction_state=string,
        ),
    ),
)
