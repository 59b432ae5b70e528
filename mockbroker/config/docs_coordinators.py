"""One sentence on each broker config of groups, transactions, the quorum, metrics and quotas, in the form of
`docs_server`."""

from __future__ import annotations

__all__ = ["COORDINATORS"]

COORDINATORS = """\
group.coordinator.rebalance.protocols: Kinds of groups that the coordinator serves.
group.coordinator.append.linger.ms: How long the coordinator collects writes; -1 adapts.
group.coordinator.cached.buffer.max.bytes: Largest write buffer that the group coordinator keeps for use again.
group.coordinator.threads: Threads that serve groups.
group.coordinator.background.threads: Threads for the coordinator's longer work.
group.min.session.timeout.ms: Shortest session timeout that a classic member may ask for.
group.max.session.timeout.ms: Longest session timeout that a classic member may ask for.
group.initial.rebalance.delay.ms: How long an empty classic group waits for more members before its first rebalance.
group.max.size: Members that a classic group may have.
group.consumer.session.timeout.ms: Time without heartbeats after which a consumer group drops a member.
group.consumer.min.session.timeout.ms: Shortest session timeout that a consumer group may set.
group.consumer.max.session.timeout.ms: Longest session timeout that a consumer group may set.
group.consumer.heartbeat.interval.ms: How often members of a consumer group are told to report.
group.consumer.min.heartbeat.interval.ms: Shortest heartbeat interval that a consumer group may set.
group.consumer.max.heartbeat.interval.ms: Longest heartbeat interval that a consumer group may set.
group.consumer.max.size: Members that a consumer group may have.
group.consumer.assignors: Assignors of consumer groups, the default one first.
group.consumer.migration.policy: Whether classic groups and consumer groups may turn into each other.
group.consumer.regex.refresh.interval.ms: How often subscribed patterns are matched with the topics again.
group.consumer.assignment.interval.ms: Shortest time between two assignments of a consumer group.
group.consumer.min.assignment.interval.ms: Shortest assignment interval that a consumer group may set.
group.consumer.max.assignment.interval.ms: Longest assignment interval that a consumer group may set.
group.share.session.timeout.ms: Time without heartbeats after which a share group drops a member.
group.share.min.session.timeout.ms: Shortest session timeout that a share group may set.
group.share.max.session.timeout.ms: Longest session timeout that a share group may set.
group.share.heartbeat.interval.ms: How often members of a share group are told to report.
group.share.min.heartbeat.interval.ms: Shortest heartbeat interval that a share group may set.
group.share.max.heartbeat.interval.ms: Longest heartbeat interval that a share group may set.
group.share.max.size: Members that a share group may have.
group.share.assignors: The one assignor of share groups.
group.share.initialize.retry.interval.ms: Pause before a share partition that failed to start is tried again.
group.share.assignment.interval.ms: Shortest time between two assignments of a share group.
group.share.min.assignment.interval.ms: Shortest assignment interval that a share group may set.
group.share.max.assignment.interval.ms: Longest assignment interval that a share group may set.
group.streams.session.timeout.ms: Time without heartbeats after which a streams group drops a member.
group.streams.min.session.timeout.ms: Shortest session timeout that a streams group may set.
group.streams.max.session.timeout.ms: Longest session timeout that a streams group may set.
group.streams.heartbeat.interval.ms: How often members of a streams group are told to report.
group.streams.min.heartbeat.interval.ms: Shortest heartbeat interval that a streams group may set.
group.streams.max.heartbeat.interval.ms: Longest heartbeat interval that a streams group may set.
group.streams.max.size: Members that a streams group may have.
group.streams.num.standby.replicas: Standby copies of each streams task.
group.streams.max.standby.replicas: Most standby copies that a streams group may set.
group.streams.initial.rebalance.delay.ms: How long an empty streams group waits for members before it assigns tasks.
group.streams.assignment.interval.ms: Shortest time between two assignments of a streams group.
group.streams.min.assignment.interval.ms: Shortest assignment interval that a streams group may set.
group.streams.max.assignment.interval.ms: Longest assignment interval that a streams group may set.
offset.metadata.max.bytes: Longest text that a client may commit beside an offset.
offsets.load.buffer.size: Size of reads when a coordinator loads its groups.
offsets.topic.replication.factor: Replicas of the offsets topic.
offsets.topic.num.partitions: Partitions of the offsets topic.
offsets.topic.segment.bytes: Segment size of the offsets topic.
offsets.topic.compression.codec: Codec of the coordinator's own batches in the offsets topic.
offsets.retention.minutes: How long offsets of an empty group, or of a topic that nobody reads, are kept.
offsets.retention.check.interval.ms: How often expired offsets are looked for.
offsets.commit.timeout.ms: How long a commit waits for the offsets topic's replicas.
group.share.delivery.count.limit: How often a record is delivered to a share group at most.
group.share.max.delivery.count.limit: Highest delivery limit that a share group may set.
group.share.min.delivery.count.limit: Lowest delivery limit that a share group may set.
group.share.record.lock.duration.ms: How long a consumer of a share group holds a record.
group.share.min.record.lock.duration.ms: Shortest hold on records that a share group may set.
group.share.max.record.lock.duration.ms: Longest hold on records that a share group may set.
group.share.partition.max.record.locks: Records of a partition that may be held at once in a share group.
group.share.max.partition.max.record.locks: Highest number of held records that a share group may set.
group.share.min.partition.max.record.locks: Lowest number of held records that a share group may set.
share.fetch.purgatory.purge.interval.requests: Finished share fetches after which the waiting ones are swept.
group.share.max.share.sessions: Share sessions that the broker keeps at once.
group.share.persister.class.name: Class that keeps the state of share partitions.
share.coordinator.state.topic.num.partitions: Partitions of the share state topic.
share.coordinator.state.topic.replication.factor: Replicas of the share state topic.
share.coordinator.state.topic.min.isr: In-sync replicas that a write to the share state topic needs.
share.coordinator.state.topic.segment.bytes: Segment size of the share state topic.
share.coordinator.threads: Threads that serve share state.
share.coordinator.snapshot.update.records.per.snapshot: Changes of share state between two snapshots of it.
share.coordinator.load.buffer.size: Size of reads when share state is loaded.
share.coordinator.state.topic.compression.codec: Codec of the share state topic.
share.coordinator.append.linger.ms: How long the share coordinator collects writes; -1 adapts.
share.coordinator.write.timeout.ms: How long a write waits for the share state topic's replicas.
share.coordinator.state.topic.prune.interval.ms: How often share state that is no longer needed is deleted.
share.coordinator.cold.partition.snapshot.interval.ms: How often share partitions at rest are snapshotted.
share.coordinator.cached.buffer.max.bytes: Largest write buffer that the share coordinator keeps for use again.
transaction.state.log.min.isr: In-sync replicas that a write to the transaction topic needs.
transaction.state.log.load.buffer.size: Size of reads when a coordinator loads its transactions.
transaction.state.log.replication.factor: Replicas of the transaction topic.
transaction.state.log.num.partitions: Partitions of the transaction topic.
transaction.state.log.segment.bytes: Segment size of the transaction topic.
transaction.partition.verification.enable: Asks the coordinator whether a partition is part of a transaction before it
 takes the transaction's records.
producer.id.expiration.ms: How long a partition remembers a producer that writes nothing.
producer.id.expiration.check.interval.ms: How often forgotten producers are looked for.
transactional.id.expiration.ms: How long a transactional id that does nothing is remembered.
transaction.max.timeout.ms: Longest transaction timeout that a producer may ask for.
transaction.abort.timed.out.transaction.cleanup.interval.ms: How often transactions that ran out of time are aborted.
transaction.remove.expired.transaction.cleanup.interval.ms: How often expired transactional ids are removed.
transaction.two.phase.commit.enable: Lets transactions be prepared for an outside coordinator.
controller.quorum.voters: The controllers of a fixed quorum, as id@host:port.
controller.quorum.bootstrap.servers: Where a node first looks for the controllers.
controller.quorum.election.timeout.ms: Time without a leader's answer after which a new election is held.
controller.quorum.fetch.timeout.ms: Time without a successful fetch after which a controller stands for election.
controller.quorum.election.backoff.max.ms: Longest pause before another election.
controller.quorum.append.linger.ms: How long the leading controller collects writes.
controller.quorum.request.timeout.ms: How long a controller waits for the answer to a request.
controller.quorum.retry.backoff.ms: Pause before a controller repeats a failed request.
controller.quorum.auto.join.enable: Lets a controller join the quorum by itself.
controller.quorum.fetch.snapshot.max.bytes: Bytes of a snapshot fetched at once.
controller.quorum.fetch.max.bytes: Bytes of the metadata log fetched at once.
metrics.num.samples: Samples that a metric is made of.
metrics.sample.window.ms: Time that one sample covers.
metric.reporters: Classes that report the broker's metrics.
metrics.recording.level: How detailed the recorded metrics are.
kafka.metrics.reporters: Classes that report the broker's older metrics.
kafka.metrics.polling.interval.secs: How often the older reporters look.
telemetry.max.bytes: Largest report of metrics that a client may push.
quota.window.num: Samples over which client quotas are measured.
replication.quota.window.num: Samples over which replication quotas are measured.
alter.log.dirs.replication.quota.window.num: Samples over which moves between log directories are measured.
controller.quota.window.num: Samples over which changes at the controller are measured.
quota.window.size.seconds: Length of each sample of client quotas.
replication.quota.window.size.seconds: Length of each sample of replication quotas.
alter.log.dirs.replication.quota.window.size.seconds: Length of each sample of moves between log directories.
controller.quota.window.size.seconds: Length of each sample of changes at the controller.
client.quota.callback.class: Class that sets the quotas of clients.
add.partitions.to.txn.retry.backoff.max.ms: How long a broker goes on trying to add a partition to a transaction.
add.partitions.to.txn.retry.backoff.ms: Pause between such tries.
"""
