"""DescribeTransactions (API key 65)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, int16, int32, int64, string, struct

__all__ = ["DESCRIBE_TRANSACTIONS"]

DESCRIBE_TRANSACTIONS = Api(
    key=65,
    name="DescribeTransactions",
    versions="0-0",
    flexible="0+",
    request=struct(
        transactional_ids=array(string),
    ),
    response=struct(
        throttle_time_ms=int32,
        transaction_states=array(
            error_code=int16,
            transactional_id=string,
            transaction_state=string,
            transaction_timeout_ms=int32,
            transaction_start_time_ms=int64,
            producer_id=int64,
            producer_epoch=int16,
            topics=array(
                topic=string,
                partitions=array(int32),
            ),
        ),
    ),
)
