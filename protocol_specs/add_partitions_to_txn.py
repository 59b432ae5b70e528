"""AddPartitionsToTxn (API key 24)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, boolean, int16, int32, int64, since, string, struct, until

__all__ = ["ADD_PARTITIONS_TO_TXN"]

ADD_PARTITIONS_TO_TXN_TOPIC = struct(
    name=string,
    partitions=array(int32),
)

ADD_PARTITIONS_TO_TXN_TOPIC_RESULT = struct(
    name=string,
    results_by_partition=array(
        partition_index=int32,
        partition_error_code=int16,
    ),
)

ADD_PARTITIONS_TO_TXN = Api(
    key=24,
    name="AddPartitionsToTxn",
    versions="0-5",
    flexible="3+",
    request=struct(
        transactions=since(4).array(
            transactional_id=string,
            producer_id=int64,
            producer_epoch=int16,
            verify_only=boolean,
            topics=array(ADD_PARTITIONS_TO_TXN_TOPIC),
        ),
        v3_and_below_transactional_id=until(3).string,
        v3_and_below_producer_id=until(3).int64,
        v3_and_below_producer_epoch=until(3).int16,
        v3_and_below_topics=until(3).array(ADD_PARTITIONS_TO_TXN_TOPIC),
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=since(4).int16,
        results_by_transaction=since(4).array(
            transactional_id=string,
            topic_results=array(ADD_PARTITIONS_TO_TXN_TOPIC_RESULT),
        ),
        results_by_topic_v3_and_below=until(3).array(ADD_PARTITIONS_TO_TXN_TOPIC_RESULT),
    ),
)
