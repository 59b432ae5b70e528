"""AddOffsetsToTxn (API key 25)."""

from __future__ import annotations

from protocol_specs.notation import Api, int16, int32, int64, string, struct

__all__ = ["ADD_OFFSETS_TO_TXN"]

ADD_OFFSETS_TO_TXN = Api(
    key=25,
    name="AddOffsetsToTxn",
    versions="0-4",
    flexible="3+",
    request=struct(
        transactional_id=string,
        producer_id=int64,
        producer_epoch=int16,
        group_id=string,
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=int16,
    ),
)
