"""DescribeCluster (API key 60)."""

from __future__ import annotations

from protocol_specs.notation import Api, array, boolean, int16, int32, nullable_string, since, string, struct

__all__ = ["DESCRIBE_CLUSTER"]

DESCRIBE_CLUSTER = Api(
    key=60,
    name="DescribeCluster",
    versions="0-2",
    flexible="0+",
    request=struct(
        include_cluster_authorized_operations=boolean,
        endpoint_type=since(1).int8.default(1),
        include_fenced_brokers=since(2).boolean,
    ),
    response=struct(
        throttle_time_ms=int32,
        error_code=int16,
        error_message=nullable_string,
        endpoint_type=since(1).int8.default(1),
        cluster_id=string,
        controller_id=int32,
        brokers=array(
            broker_id=int32,
            host=string,
            port=int32,
            rack=nullable_string,
            is_fenced=since(2).boolean,
        ),
        cluster_authorized_operations=int32,
    ),
)
