"""EndTxn (API key 26)."""

from __future__ import annotations

from protocol_specs.notation import Api, boolean, int16, int32, int64, since, string, struct

__all__ = ["END_TXN"]

END_TXN = Api(
    key=26,
    name="EndTxn",
    versions="0-5",
    flexible="3+",
    request=struct(
        transactional_id=string,
        producer_id=int64,
        producer_epoch=int16,
        committed=boolean,
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=int16,
        producer_id=since(5).int64.default(-1),
        producer_epoch=since(5).int16.default(-1),
    ),
)
