"""WriteTxnMarkers (API key 27)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, boolean, int16, int32, int64, since, string, struct

__all__ = ["WRITE_TXN_MARKERS"]

WRITE_TXN_MARKERS = Api(
    key=27,
    name="WriteTxnMarkers",
    versions="0-2",
    flexible="1+",
    request=struct(
        markers=array(
            producer_id=int64,
            producer_epoch=int16,
            transaction_result=boolean,
            topics=array(
                name=string,
                partition_indexes=array(int32),
            ),
            coordinator_epoch=int32,
            transaction_version=since(2).int8,
        ),
    ),
    response=struct(
        markers=array(
            producer_id=int64,
            topics=array(
                name=string,
                partitions=array(
                    partition_index=int32,
                    error_code=int16,
                ),
            ),
        ),
    ),
)
