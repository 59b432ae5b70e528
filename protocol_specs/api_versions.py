"""ApiVersions (API key 18)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, int16, since, string, struct, tag

__all__ = ["API_VERSIONS"]

API_VERSIONS = Api(
    key=18,
    name="ApiVersions",
    versions="0-4",
    flexible="3+",
    request=struct(
        client_software_name=since(3).string,
        client_software_version=since(3).string,
    ),
    response=struct(
        error_code=int16,
        api_keys=array(
            api_key=int16,
            min_version=int16,
            max_version=int16,
        ),
        throttle_time_ms=since(1).int32,
        supported_features=tag(0, since=3).array(
            name=string,
            min_version=int16,
            max_version=int16,
        ),
        finalized_features_epoch=tag(1, since=3).int64.default(-1),
        finalized_features=tag(2, since=3).array(
            name=string,
            max_version_level=int16,
            min_version_level=int16,
        ),
        zk_migration_ready=tag(3, since=3).boolean,
    ),
)
