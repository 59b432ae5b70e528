"""DescribeDelegationToken (API key 41)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, bytes_, int16, int32, int64, since, string, struct

__all__ = ["DESCRIBE_DELEGATION_TOKEN"]

DESCRIBE_DELEGATION_TOKEN = Api(
    key=41,
    name="DescribeDelegationToken",
    versions="0-3",
    flexible="2+",
    request=struct(
        owners=array(
            principal_type=string,
            principal_name=string,
        ).nullable(),
    ),
    response=struct(
        error_code=int16,
        tokens=array(
            principal_type=string,
            principal_name=string,
            token_requester_principal_type=since(3).string,
            token_requester_principal_name=since(3).string,
            issue_timestamp=int64,
            expiry_timestamp=int64,
            max_timestamp=int64,
            token_id=string,
            hmac=bytes_,
            renewers=array(
                principal_type=string,
                principal_name=string,
            ),
        ),
        throttle_time_ms=int32,
    ),
)
