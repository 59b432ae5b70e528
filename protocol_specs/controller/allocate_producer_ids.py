"""AllocateProducerIds (API key 67)."""

from __future__ import annotations

from protocol_specs.notation import Api, int16, int32, int64, struct

__all__ = ["ALLOCATE_PRODUCER_IDS"]

ALLOCATE_PRODUCER_IDS = Api(
    key=67,
    name="AllocateProducerIds",
    versions="0-0",
    flexible="0+",
    request=struct(
        broker_id=int32,
        broker_epoch=int64,
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=int16,
        producer_id_start=int64,
        producer_id_len=int32,
    ),
)
