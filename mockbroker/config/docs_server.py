"""One sentence on each broker config of the server, its logs, replication, listeners and tiered storage.

`name: sentence`; a line that begins with a space goes on with the sentence before it.
"""

from __future__ import annotations

__all__ = ["SERVER"]

SERVER = """\
remote.log.storage.system.enable: Turns tiered storage on for this broker.
remote.log.storage.manager.impl.prefix: Properties under this prefix are handed to the remote storage plugin.
remote.log.metadata.manager.impl.prefix: Properties under this prefix are handed to the remote log metadata plugin.
remote.log.storage.manager.class.name: Class of the plugin that stores segments remotely.
remote.log.storage.manager.class.path: Where the remote storage plugin's own jars are.
remote.log.metadata.manager.class.name: Class of the plugin that keeps the metadata of remote segments.
remote.log.metadata.manager.class.path: Where the remote log metadata plugin's own jars are.
remote.log.metadata.manager.listener.name: Listener through which the metadata plugin reaches this broker.
remote.log.metadata.custom.metadata.max.bytes: Bytes that a storage plugin may add to a segment's metadata.
remote.log.index.file.cache.total.size.bytes: Local disk space for index files fetched from remote storage.
remote.log.index.file.cache.ttl.ms: How long a cached index file may go unused before it is dropped.
remote.log.manager.thread.pool.size: Older name of the follower pool's size.
remote.log.manager.copier.thread.pool.size: Threads that copy segments to remote storage.
remote.log.manager.expiration.thread.pool.size: Threads that remove expired remote segments.
remote.log.manager.follower.thread.pool.size: Threads that learn, for follower partitions, what has been uploaded.
remote.log.manager.task.interval.ms: Time between two rounds of copying and removing remote segments.
remote.log.manager.task.retry.backoff.ms: First pause before a failed remote storage task is tried again.
remote.log.manager.task.retry.backoff.max.ms: Longest pause before a failed remote storage task is tried again.
remote.log.manager.task.retry.jitter: Random share by which pauses between such retries vary.
remote.log.reader.threads: Threads that read from remote storage.
remote.log.reader.max.pending.tasks: Remote reads that may wait before further ones fail.
log.local.retention.ms: How long segments stay on local disk; -2 follows log.retention.ms.
log.local.retention.bytes: How many bytes of a partition stay on local disk; -2 follows log.retention.bytes.
remote.log.manager.copy.max.bytes.per.second: Upload rate to remote storage that the broker keeps below.
remote.log.manager.copy.quota.window.num: Samples over which the upload rate is measured.
remote.log.manager.copy.quota.window.size.seconds: Length of each sample of the upload rate.
remote.log.manager.fetch.max.bytes.per.second: Download rate from remote storage that the broker keeps below.
remote.log.manager.fetch.quota.window.num: Samples over which the download rate is measured.
remote.log.manager.fetch.quota.window.size.seconds: Length of each sample of the download rate.
remote.fetch.max.wait.ms: How long a fetch may wait for remote data.
remote.list.offsets.request.timeout.ms: How long a search for offsets may wait for remote data.
broker.id: The broker's id, the same as node.id.
message.max.bytes: Largest record batch that a topic takes unless its max.message.bytes says otherwise.
num.io.threads: Threads that handle requests.
num.replica.alter.log.dirs.threads: Threads that move replicas between log directories.
background.threads: Threads for background work.
request.timeout.ms: How long the broker waits for the answer to a request of its own.
socket.connection.setup.timeout.ms: How long the broker first waits for a connection of its own to be made.
socket.connection.setup.timeout.max.ms: Longest such wait after repeated failures.
config.providers: Names of the providers that fill in variables in property values.
authorizer.class.name: Class that decides who may do what; empty lets everybody do everything.
early.start.listeners: Listeners that open before the authorizer is ready.
broker.rack: The rack, zone or room of the broker, used to spread replicas and to find near ones.
controlled.shutdown.enable: Lets a stopping broker hand over its partitions first.
delete.topic.enable: Allows the deletion of topics.
compression.type: How batches are compressed in the log; producer keeps them as they came.
compression.gzip.level: Level at which the broker compresses with gzip.
compression.lz4.level: Level at which the broker compresses with lz4.
compression.zstd.level: Level at which the broker compresses with zstd.
max.incremental.fetch.session.cache.slots: Fetch sessions that the broker keeps at once.
fetch.max.bytes: Most bytes that an answer to a fetch carries.
max.request.partition.size.limit: Most partitions that one answer describes.
unstable.api.versions.enable: Offers API versions that are still being worked on.
unstable.feature.versions.enable: Offers feature levels that are still being worked on.
process.roles: What the process is: broker, controller, or both.
node.id: The number of this node in its cluster.
initial.broker.registration.timeout.ms: How long a starting broker tries to register before it gives up.
broker.heartbeat.interval.ms: Time between a broker's heartbeats to the controller.
broker.session.timeout.ms: Time without heartbeats after which the controller fences a broker.
controller.listener.names: Listeners that controllers are reached on.
sasl.mechanism.controller.protocol: SASL mechanism towards controllers.
controller.performance.sample.period.ms: Time between two log lines on the controller's performance.
controller.performance.always.log.threshold.ms: Controller events slower than this are logged at once.
server.max.startup.time.ms: How long a start may take.
metadata.log.max.record.bytes.between.snapshots: Metadata log growth after which a snapshot is taken.
metadata.log.max.snapshot.interval.ms: Time after which a snapshot of new metadata is taken at the latest.
metadata.log.dir: Directory of the metadata log; by default the first log directory.
metadata.log.segment.bytes: Size of the metadata log's segments.
metadata.log.segment.ms: Time after which the metadata log begins a new segment.
metadata.max.retention.bytes: Size of old metadata log and snapshots that is kept.
metadata.max.retention.ms: How long old metadata log and snapshots are kept.
metadata.max.idle.interval.ms: How often an idle controller writes a record that says nothing.
internal.metadata.log.segment.bytes: Size of the metadata log's segments in Kafka's own tests.
internal.metadata.max.batch.size.in.bytes: Largest batch of the metadata log in Kafka's own tests.
internal.metadata.delete.delay.millis: Delay before metadata files are deleted in Kafka's own tests.
listeners: Addresses that the broker listens on, each with its listener's name.
advertised.listeners: Addresses that clients are told to connect to.
listener.security.protocol.map: Security protocol of each listener name.
socket.send.buffer.bytes: Send buffer of the broker's sockets; -1 leaves it to the system.
socket.receive.buffer.bytes: Receive buffer of the broker's sockets; -1 leaves it to the system.
socket.request.max.bytes: Largest request that is read.
socket.listen.backlog.size: Connections that may wait to be accepted.
max.connections.per.ip: Connections that one address may have.
max.connections.per.ip.overrides: The same limit for single addresses, as address:limit.
max.connections: Connections that the broker takes at once.
max.connection.creation.rate: New connections that the broker takes per second.
connections.max.idle.ms: Time without requests after which a connection is closed.
connection.failed.authentication.delay.ms: Delay before a connection that failed to log in is closed.
queued.max.requests: Requests that may wait for a handler before the network threads pause.
queued.max.request.bytes: Bytes of waiting requests after which no more are read.
num.network.threads: Threads of each listener that read requests and send answers.
controller.socket.timeout.ms: Socket timeout between controller and brokers.
default.replication.factor: Replicas of a topic that does not say how many it wants.
replica.lag.time.max.ms: How long a follower may be behind before it leaves the in-sync replicas.
replica.socket.timeout.ms: Socket timeout of followers' fetches.
replica.socket.receive.buffer.bytes: Receive buffer of followers' sockets.
replica.fetch.max.bytes: Bytes that a follower tries to fetch of each partition.
replica.fetch.wait.max.ms: How long a leader may hold a follower's fetch.
replica.fetch.backoff.ms: Pause of a follower after a failed fetch.
replica.fetch.min.bytes: Bytes for which a follower's fetch waits.
replica.fetch.response.max.bytes: Bytes that an answer to a follower carries at most.
num.replica.fetchers: Threads that copy from each other broker.
replica.high.watermark.checkpoint.interval.ms: How often high watermarks are saved to disk.
fetch.purgatory.purge.interval.requests: Finished fetches after which the waiting ones are swept.
producer.purgatory.purge.interval.requests: Finished produce requests after which the waiting ones are swept.
delete.records.purgatory.purge.interval.requests: Finished DeleteRecords after which the waiting ones are swept.
auto.leader.rebalance.enable: Gives leadership back to preferred replicas from time to time.
leader.imbalance.check.interval.seconds: How often the controller looks whether preferred replicas lead.
unclean.leader.election.enable: Lets a replica that is out of sync lead when no other is left, at the cost of records.
unclean.leader.election.interval.ms: How often the controller looks for unclean elections to hold.
security.inter.broker.protocol: Security protocol between brokers.
inter.broker.listener.name: Listener that brokers use among themselves.
replica.selector.class: Class that picks the replica from which a consumer reads.
follower.fetch.last.tiered.offset.enable: Lets new followers begin at the last offset in remote storage.
log.cleaner.threads: Threads that compact logs.
log.cleaner.io.max.bytes.per.second: Rate of reading and writing that compaction keeps below.
log.cleaner.dedupe.buffer.size: Memory of all cleaner threads for their tables of keys.
log.cleaner.io.buffer.size: Memory of all cleaner threads for reading and writing.
log.cleaner.io.buffer.load.factor: How full a cleaner's table of keys may become.
log.cleaner.backoff.ms: Pause of a cleaner that finds nothing to do.
log.cleaner.min.cleanable.ratio: Share of a log that must be uncompacted before it is compacted.
log.cleaner.enable: Turns compaction on.
log.cleaner.delete.retention.ms: How long tombstones stay after compaction.
log.cleaner.min.compaction.lag.ms: How long a record stays uncompacted at least.
log.cleaner.max.compaction.lag.ms: How long a record may stay uncompacted.
num.partitions: Partitions of a topic that does not say how many it wants.
log.dir: Where logs are kept, if log.dirs does not say.
log.dirs: Directories in which logs are kept.
cordoned.log.dirs: Log directories that take no new replicas.
log.segment.bytes: Size at which a log begins a new segment.
log.roll.ms: Age at which a log begins a new segment.
log.roll.hours: The same age in hours, where log.roll.ms is not set.
log.roll.jitter.ms: Random time by which segments begin earlier.
log.roll.jitter.hours: The same in hours, where log.roll.jitter.ms is not set.
log.retention.ms: How long records are kept; -1 is for ever.
log.retention.minutes: The same in minutes, where log.retention.ms is not set.
log.retention.hours: The same in hours, where neither of the others is set.
log.retention.bytes: Bytes of a partition that are kept; -1 is all.
log.retention.check.interval.ms: How often logs are searched for segments to delete.
log.cleanup.policy: What becomes of old records: delete, compact, both, or nothing.
log.index.size.max.bytes: Largest offset index of a segment.
log.index.interval.bytes: Bytes between two entries of an offset index.
log.flush.interval.messages: Records after which a log is forced to disk.
log.segment.delete.delay.ms: Delay before the files of a deleted segment go.
log.flush.scheduler.interval.ms: How often logs are searched for records to force to disk.
log.flush.interval.ms: Time after which a log is forced to disk.
log.flush.offset.checkpoint.interval.ms: How often recovery points are saved to disk.
log.flush.start.offset.checkpoint.interval.ms: How often log start offsets are saved to disk.
log.preallocate: Reserves the whole file of a new segment at once.
num.recovery.threads.per.data.dir: Threads of each log directory for recovery at start and flushing at the end.
auto.create.topics.enable: Creates topics when a client asks for one that there is not.
min.insync.replicas: In-sync replicas that a write with acks=all needs.
log.message.timestamp.type: Whether records keep their producer's time or get the broker's.
log.message.timestamp.before.max.ms: How far in the past a record's own time may lie.
log.message.timestamp.after.max.ms: How far in the future a record's own time may lie.
create.topic.policy.class.name: Class that may refuse the creation of topics.
alter.config.policy.class.name: Class that may refuse changes of configs.
log.dir.failure.timeout.ms: How long a broker goes on when it cannot report a failed log directory.
log.initial.task.delay.ms: Delay of the first round of log housekeeping after a start.
leader.replication.throttled.rate: Bytes per second that leaders send of throttled replicas.
follower.replication.throttled.rate: Bytes per second that followers copy of throttled replicas.
replica.alter.log.dirs.io.max.bytes.per.second: Bytes per second of moves between log directories.
"""
