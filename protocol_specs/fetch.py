"""Fetch (API key 1)."""

from __future__ import annotations

from protocol_specs.notation import (
    Api,
    array,
    int16,
    int32,
    int64,
    nullable_records,
    nullable_string,
    since,
    string,
    struct,
    tag,
    until,
)

__all__ = ["FETCH"]

FETCH = Api(
    key=1,
    name="Fetch",
    versions="0-18",
    flexible="12+",
    request=struct(
        cluster_id=tag(0, since=12).nullable_string,
        replica_id=until(14).int32.default(-1),
        replica_state=tag(1, since=15).struct(
            replica_id=int32.default(-1),
            replica_epoch=int64.default(-1),
        ),
        max_wait_ms=int32,
        min_bytes=int32,
        max_bytes=since(3).int32.default(2147483647),
        isolation_level=since(4).int8,
        session_id=since(7).int32,
        session_epoch=since(7).int32.default(-1),
        topics=array(
            topic=until(12).string,
            topic_id=since(13).uuid,
            partitions=array(
                partition=int32,
                current_leader_epoch=since(9).int32.default(-1),
                fetch_offset=int64,
                last_fetched_epoch=since(12).int32.default(-1),
                log_start_offset=since(5).int64.default(-1),
                partition_max_bytes=int32,
                replica_directory_id=tag(0, since=17).uuid,
                high_watermark=tag(1, since=18).int64.default(9223372036854775807),
            ),
        ),
        forgotten_topics_data=since(7).array(
            topic=until(12).string,
            topic_id=since(13).uuid,
            partitions=array(int32),
        ),
        rack_id=since(11).string,
    ),
    response=struct(
        throttle_time_ms=since(1).int32,
        error_code=since(7).int16,
        session_id=since(7).int32,
        responses=array(
            topic=until(12).string,
            topic_id=since(13).uuid,
            partitions=array(
                partition_index=int32,
                error_code=int16,
                high_watermark=int64,
                last_stable_offset=since(4).int64.default(-1),
                log_start_offset=since(5).int64.default(-1),
                diverging_epoch=tag(0, since=12).struct(
                    epoch=int32.default(-1),
                    end_offset=int64.default(-1),
                ),
                current_leader=tag(1, since=12).struct(
                    leader_id=int32.default(-1),
                    leader_epoch=int32.default(-1),
                ),
                snapshot_id=tag(2, since=12).struct(
                    end_offset=int64.default(-1),
                    epoch=int32.default(-1),
                ),
                aborted_transactions=since(4)
                .array(
                    producer_id=int64,
                    first_offset=int64,
                )
                .nullable()
                .default(()),
                preferred_read_replica=since(11).int32.default(-1),
                records=nullable_records,
            ),
        ),
        node_endpoints=tag(0, since=16).array(
            node_id=int32,
            host=string,
            port=int32,
            rack=nullable_string,
        ),
    ),
)
