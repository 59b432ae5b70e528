"""CreateTopics (API key 19)."""

from __future__ import annotations

from protocol_specs.notation import (
    Api,
    array,
    boolean,
    int8,
    int16,
    int32,
    nullable_string,
    since,
    string,
    struct,
    tag,
)

__all__ = ["CREATE_TOPICS"]

CREATE_TOPICS = Api(
    key=19,
    name="CreateTopics",
    versions="0-7",
    flexible="5+",
    request=struct(
        topics=array(
            name=string,
            num_partitions=int32,
            replication_factor=int16,
            assignments=array(
                partition_index=int32,
                broker_ids=array(int32),
            ),
            configs=array(
                name=string,
                value=nullable_string,
            ),
        ),
        timeout_ms=int32,
        validate_only=since(1).boolean,
    ),
    response=struct(
        throttle_time_ms=since(2).int32,
        topics=array(
            name=string,
            topic_id=since(7).uuid,
            error_code=int16,
            error_message=since(1).nullable_string.default(""),
            topic_config_error_code=tag(0, since=5).int16,
            num_partitions=since(5).int32.default(-1),
            replication_factor=since(5).int16.default(-1),
            configs=since(5)
            .array(
                name=string,
                value=nullable_string,
                read_only=boolean,
                config_source=int8,
                is_sensitive=boolean,
            )
            .nullable()
            .default(()),
        ),
    ),
)
