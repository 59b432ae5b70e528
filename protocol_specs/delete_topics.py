"""DeleteTopics (API key 20)."""

from __future__ import annotations

from protocol_specs.notation import (
    Api,
    array,
    int16,
    int32,
    nullable_string,
    since,
    string,
    struct,
    until,
    uuid,
)

__all__ = ["DELETE_TOPICS"]

DELETE_TOPICS = Api(
    key=20,
    name="DeleteTopics",
    versions="0-6",
    flexible="4+",
    request=struct(
        topics=since(6).array(
            name=nullable_string,
            topic_id=uuid,
        ),
        topic_names=until(5).array(string),
        timeout_ms=int32,
    ),
    response=struct(
        throttle_time_ms=since(1).int32,
        responses=array(
            name=string.nullable(since=6),
            topic_id=since(6).uuid,
            error_code=int16,
            error_message=since(5).nullable_string,
        ),
    ),
)
