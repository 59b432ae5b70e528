"""One sentence on each config of topics, groups and client metrics subscriptions; form as in `docs_server`.

Configs that a broker has under the same name are described there.
"""

from __future__ import annotations

__all__ = ["ENTITIES"]

ENTITIES = """\
segment.bytes: Size at which a log begins a new segment.
segment.ms: Age at which a log begins a new segment.
segment.jitter.ms: Random time by which segments begin earlier.
segment.index.bytes: Largest offset index of a segment.
flush.messages: Records after which a log is forced to disk.
flush.ms: Time after which a log is forced to disk.
retention.bytes: Bytes of each partition that are kept; -1 is all.
retention.ms: How long records are kept; -1 is for ever.
max.message.bytes: Largest record batch that the topic takes.
index.interval.bytes: Bytes between two entries of an offset index.
delete.retention.ms: How long tombstones stay after compaction.
min.compaction.lag.ms: How long a record stays uncompacted at least.
max.compaction.lag.ms: How long a record may stay uncompacted.
file.delete.delay.ms: Delay before the files of a deleted segment go.
min.cleanable.dirty.ratio: Share of a log that must be uncompacted before it is compacted.
cleanup.policy: What becomes of old records: delete, compact, both, or nothing.
preallocate: Reserves the whole file of a new segment at once.
message.timestamp.type: Whether records keep their producer's time or get the broker's.
message.timestamp.before.max.ms: How far in the past a record's own time may lie.
message.timestamp.after.max.ms: How far in the future a record's own time may lie.
leader.replication.throttled.replicas: Replicas to which leaders send at a limited rate; * is all.
follower.replication.throttled.replicas: Replicas that copy at a limited rate; * is all.
remote.storage.enable: Keeps old segments in remote storage.
local.retention.ms: How long segments stay on local disk; -2 follows retention.ms.
local.retention.bytes: How many bytes of a partition stay on local disk; -2 follows retention.bytes.
remote.log.copy.disable: Stops uploads to remote storage, and leaves what is there to be read.
remote.log.delete.on.disable: Deletes what is in remote storage when that is turned off.
internal.segment.bytes: Size at which a log begins a new segment, below what segment.bytes allows.
consumer.session.timeout.ms: Time without heartbeats after which the group drops a consumer.
consumer.heartbeat.interval.ms: How often the group's consumers are told to report.
consumer.assignment.interval.ms: Shortest time between two assignments of the consumer group.
share.session.timeout.ms: Time without heartbeats after which the share group drops a member.
share.heartbeat.interval.ms: How often the share group's members are told to report.
share.record.lock.duration.ms: How long a consumer of the share group holds a record.
share.delivery.count.limit: How often a record is delivered to the share group at most.
share.partition.max.record.locks: Records of a partition that may be held at once.
share.auto.offset.reset: Where the share group begins to read: earliest, latest, or by_duration: and how long ago.
share.isolation.level: Whether records of aborted transactions are delivered.
share.renew.acknowledge.enable: Lets consumers hold a record for longer.
share.assignment.interval.ms: Shortest time between two assignments of the share group.
streams.session.timeout.ms: Time without heartbeats after which the streams group drops a member.
streams.heartbeat.interval.ms: How often the streams group's members are told to report.
streams.num.standby.replicas: Standby copies of each of the group's tasks.
streams.initial.rebalance.delay.ms: How long the empty group waits for more members before it assigns tasks.
streams.assignment.interval.ms: Shortest time between two assignments of the streams group.
metrics: Prefixes of the metrics that clients are to push; * is all.
interval.ms: How often clients are to push.
match: Patterns that clients must fit for the subscription to be theirs.
"""
