"""Subscriptions and assignments inside JoinGroup and SyncGroup (`ConsumerProtocol`)."""

from __future__ import annotations

from protocol_specs.notation import array, int32, nullable_bytes, since, string, struct
from protocol_specs.schema import Schema

CONSUMER_PROTOCOL_SUBSCRIPTION = Schema(
    "ConsumerProtocolSubscription",
    versions="0-3",
    fields=struct(
        topics=array(string),
        user_data=nullable_bytes,
        owned_partitions=since(1).array(
            topic=string,
            partitions=array(int32),
        ),
        generation_id=since(2).int32.default(-1),
        rack_id=since(3).nullable_string,
    ),
)

CONSUMER_PROTOCOL_ASSIGNMENT = Schema(
    "ConsumerProtocolAssignment",
    versions="0-3",
    fields=struct(
        assigned_partitions=array(
            topic=string,
            partitions=array(int32),
        ),
        user_data=nullable_bytes,
    ),
)
