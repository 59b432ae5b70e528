"""UpdateFeatures (API key 57)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, int16, int32, nullable_string, since, string, struct, until

__all__ = ["UPDATE_FEATURES"]

UPDATE_FEATURES = Api(
    key=57,
    name="UpdateFeatures",
    versions="0-2",
    flexible="0+",
    request=struct(
        timeout_ms=int32,
        feature_updates=array(
            feature=string,
            max_version_level=int16,
            allow_downgrade=until(0).boolean,
            upgrade_type=since(1).int8.default(1),
        ),
        validate_only=since(1).boolean,
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=int16,
        error_message=nullable_string,
        results=until(1).array(
            feature=string,
            error_code=int16,
            error_message=nullable_string,
        ),
    ),
)
