"""CreateDelegationToken (API key 38)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, bytes_, int16, int32, int64, since, string, struct

__all__ = ["CREATE_DELEGATION_TOKEN"]

CREATE_DELEGATION_TOKEN = Api(
    key=38,
    name="CreateDelegationToken",
    versions="0-3",
    flexible="2+",
    request=struct(
        owner_principal_type=since(3).nullable_string.default(""),
        owner_principal_name=since(3).nullable_string.default(""),
        renewers=array(
            principal_type=string,
            principal_name=string,
        ),
        max_lifetime_ms=int64,
    ),
    response=struct(
        error_code=int16,
        principal_type=string,
        principal_name=string,
        token_requester_principal_type=since(3).string,
        token_requester_principal_name=since(3).string,
        issue_timestamp_ms=int64,
        expiry_timestamp_ms=int64,
        max_timestamp_ms=int64,
        token_id=string,
        hmac=bytes_,
        throttle_time_ms=int32,
    ),
)
