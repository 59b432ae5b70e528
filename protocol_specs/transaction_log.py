"""What the transaction coordinator writes to `__transaction_state`."""

from __future__ import annotations

from protocol_specs.notation import array, int8, int16, int32, int64, string, struct, tag
from protocol_specs.schema import Schema

#: Record type 0.
TRANSACTION_LOG_KEY = Schema(
    "TransactionLogKey",
    versions="0-0",
    fields=struct(
        transactional_id=string,
    ),
)

#: Record type 0.
TRANSACTION_LOG_VALUE = Schema(
    "TransactionLogValue",
    versions="0-1",
    flexible="1+",
    fields=struct(
        producer_id=int64,
        previous_producer_id=tag(0, since=1).int64.default(-1),
        next_producer_id=tag(1, since=1).int64.default(-1),
        producer_epoch=int16,
        next_producer_epoch=tag(3, since=1).int16.default(-1),
        transaction_timeout_ms=int32,
        transaction_status=int8,
        transaction_partitions=array(
            topic=string,
            partition_ids=array(int32),
        ).nullable(),
        transaction_last_update_timestamp_ms=int64,
        transaction_start_timestamp_ms=int64,
        client_transaction_version=tag(2, since=1).int16,
    ),
)
