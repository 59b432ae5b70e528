"""InitProducerId (API key 22)."""

from __future__ import annotations

from protocol_specs.notation import Api, int16, int32, int64, nullable_string, since, struct

__all__ = ["INIT_PRODUCER_ID"]

INIT_PRODUCER_ID = Api(
    key=22,
    name="InitProducerId",
    versions="0-5",
    flexible="2+",
    request=struct(
        transactional_id=nullable_string,
        transaction_timeout_ms=int32,
        producer_id=since(3).int64.default(-1),
        producer_epoch=since(3).int16.default(-1),
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=int16,
        producer_id=int64,
        producer_epoch=int16,
    ),
)
