"""The configs that each release of Kafka brought, beside those of the release before it that can be emulated.

Their rows are those of the newest release, or stand in `rows_before`.
"""

from __future__ import annotations

from typing import Final

__all__ = ["SINCE"]

#: By release and kind of entity: names.
SINCE: Final = {
    "4.3": {
        "broker": """
            config.providers controller.quorum.auto.join.enable controller.quorum.fetch.max.bytes
            controller.quorum.fetch.snapshot.max.bytes cordoned.log.dirs
            follower.fetch.last.tiered.offset.enable group.consumer.assignment.interval.ms
            group.consumer.max.assignment.interval.ms group.consumer.min.assignment.interval.ms
            group.coordinator.background.threads group.coordinator.cached.buffer.max.bytes
            group.share.assignment.interval.ms group.share.initialize.retry.interval.ms
            group.share.max.assignment.interval.ms group.share.max.delivery.count.limit
            group.share.max.partition.max.record.locks group.share.min.assignment.interval.ms
            group.share.min.delivery.count.limit group.share.min.partition.max.record.locks
            group.streams.assignment.interval.ms group.streams.initial.rebalance.delay.ms
            group.streams.max.assignment.interval.ms group.streams.min.assignment.interval.ms
            remote.log.index.file.cache.ttl.ms remote.log.manager.follower.thread.pool.size
            share.coordinator.cached.buffer.max.bytes
        """,
        "group": """
            consumer.assignment.interval.ms share.assignment.interval.ms share.delivery.count.limit
            share.partition.max.record.locks share.renew.acknowledge.enable
            streams.assignment.interval.ms streams.initial.rebalance.delay.ms
        """,
    },
    "4.1": {
        "broker": """
            group.consumer.regex.refresh.interval.ms group.share.assignors
            group.share.max.share.sessions group.streams.heartbeat.interval.ms
            group.streams.max.heartbeat.interval.ms group.streams.max.session.timeout.ms
            group.streams.max.size group.streams.max.standby.replicas
            group.streams.min.heartbeat.interval.ms group.streams.min.session.timeout.ms
            group.streams.num.standby.replicas group.streams.session.timeout.ms
            internal.metadata.delete.delay.millis internal.metadata.log.segment.bytes
            internal.metadata.max.batch.size.in.bytes internal.metadata.max.fetch.size.in.bytes
            sasl.oauthbearer.assertion.algorithm sasl.oauthbearer.assertion.claim.aud
            sasl.oauthbearer.assertion.claim.exp.seconds sasl.oauthbearer.assertion.claim.iss
            sasl.oauthbearer.assertion.claim.jti.include
            sasl.oauthbearer.assertion.claim.nbf.seconds sasl.oauthbearer.assertion.claim.sub
            sasl.oauthbearer.assertion.file sasl.oauthbearer.assertion.private.key.file
            sasl.oauthbearer.assertion.private.key.passphrase
            sasl.oauthbearer.assertion.template.file sasl.oauthbearer.client.credentials.client.id
            sasl.oauthbearer.client.credentials.client.secret sasl.oauthbearer.jwt.retriever.class
            sasl.oauthbearer.jwt.validator.class sasl.oauthbearer.scope
            share.coordinator.cold.partition.snapshot.interval.ms
            transaction.two.phase.commit.enable
        """,
        "topic": """
            internal.segment.bytes
        """,
        "group": """
            share.isolation.level streams.heartbeat.interval.ms streams.num.standby.replicas
            streams.session.timeout.ms
        """,
    },
    "4.0": {
        "broker": """
            add.partitions.to.txn.retry.backoff.max.ms add.partitions.to.txn.retry.backoff.ms
            controller.performance.always.log.threshold.ms controller.performance.sample.period.ms
            group.share.persister.class.name remote.list.offsets.request.timeout.ms
            share.coordinator.append.linger.ms share.coordinator.load.buffer.size
            share.coordinator.snapshot.update.records.per.snapshot
            share.coordinator.state.topic.compression.codec share.coordinator.state.topic.min.isr
            share.coordinator.state.topic.num.partitions
            share.coordinator.state.topic.prune.interval.ms
            share.coordinator.state.topic.replication.factor
            share.coordinator.state.topic.segment.bytes share.coordinator.threads
            share.coordinator.write.timeout.ms share.fetch.max.fetch.records
            share.fetch.purgatory.purge.interval.requests
        """,
        "group": """
            consumer.heartbeat.interval.ms consumer.session.timeout.ms share.auto.offset.reset
            share.heartbeat.interval.ms share.record.lock.duration.ms share.session.timeout.ms
        """,
    },
    "3.9": {
        "broker": """
            alter.config.policy.kraft.compatibility.enable auto.include.jmx.reporter
            compression.gzip.level compression.lz4.level compression.zstd.level
            controller.quorum.bootstrap.servers eligible.leader.replicas.enable
            group.consumer.assignors group.consumer.heartbeat.interval.ms
            group.consumer.max.heartbeat.interval.ms group.consumer.max.session.timeout.ms
            group.consumer.max.size group.consumer.migration.policy
            group.consumer.min.heartbeat.interval.ms group.consumer.min.session.timeout.ms
            group.consumer.session.timeout.ms group.coordinator.append.linger.ms
            group.coordinator.new.enable group.coordinator.rebalance.protocols
            group.coordinator.threads group.share.delivery.count.limit group.share.enable
            group.share.heartbeat.interval.ms group.share.max.groups
            group.share.max.heartbeat.interval.ms group.share.max.record.lock.duration.ms
            group.share.max.session.timeout.ms group.share.max.size
            group.share.min.heartbeat.interval.ms group.share.min.record.lock.duration.ms
            group.share.min.session.timeout.ms group.share.partition.max.record.locks
            group.share.record.lock.duration.ms group.share.session.timeout.ms
            log.dir.failure.timeout.ms log.initial.task.delay.ms log.local.retention.bytes
            log.local.retention.ms log.message.timestamp.after.max.ms
            log.message.timestamp.before.max.ms max.request.partition.size.limit
            metadata.log.max.snapshot.interval.ms producer.id.expiration.check.interval.ms
            producer.id.expiration.ms remote.fetch.max.wait.ms
            remote.log.manager.copier.thread.pool.size remote.log.manager.copy.max.bytes.per.second
            remote.log.manager.copy.quota.window.num
            remote.log.manager.copy.quota.window.size.seconds
            remote.log.manager.expiration.thread.pool.size
            remote.log.manager.fetch.max.bytes.per.second remote.log.manager.fetch.quota.window.num
            remote.log.manager.fetch.quota.window.size.seconds
            remote.log.metadata.custom.metadata.max.bytes server.max.startup.time.ms
            ssl.allow.dn.changes ssl.allow.san.changes telemetry.max.bytes
            transaction.partition.verification.enable unclean.leader.election.interval.ms
            unstable.api.versions.enable unstable.feature.versions.enable
            zookeeper.metadata.migration.enable zookeeper.metadata.migration.min.batch.size
        """,
        "topic": """
            compression.gzip.level compression.lz4.level compression.zstd.level
            message.timestamp.after.max.ms message.timestamp.before.max.ms remote.log.copy.disable
            remote.log.delete.on.disable
        """,
    },
    "3.3": {
        "broker": """
            early.start.listeners metadata.log.max.record.bytes.between.snapshots
            metadata.log.segment.bytes metadata.log.segment.min.bytes metadata.log.segment.ms
            metadata.max.idle.interval.ms metadata.max.retention.bytes metadata.max.retention.ms
            remote.log.index.file.cache.total.size.bytes remote.log.manager.task.interval.ms
            remote.log.manager.task.retry.backoff.max.ms remote.log.manager.task.retry.backoff.ms
            remote.log.manager.task.retry.jitter remote.log.manager.thread.pool.size
            remote.log.metadata.manager.class.name remote.log.metadata.manager.class.path
            remote.log.metadata.manager.impl.prefix remote.log.metadata.manager.listener.name
            remote.log.reader.max.pending.tasks remote.log.reader.threads
            remote.log.storage.manager.class.name remote.log.storage.manager.class.path
            remote.log.storage.manager.impl.prefix remote.log.storage.system.enable
            sasl.login.connect.timeout.ms sasl.login.read.timeout.ms sasl.login.retry.backoff.max.ms
            sasl.login.retry.backoff.ms sasl.oauthbearer.clock.skew.seconds
            sasl.oauthbearer.expected.audience sasl.oauthbearer.expected.issuer
            sasl.oauthbearer.jwks.endpoint.refresh.ms
            sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms
            sasl.oauthbearer.jwks.endpoint.retry.backoff.ms sasl.oauthbearer.jwks.endpoint.url
            sasl.oauthbearer.scope.claim.name sasl.oauthbearer.sub.claim.name
            sasl.oauthbearer.token.endpoint.url socket.listen.backlog.size
        """,
        "topic": """
            local.retention.bytes local.retention.ms remote.storage.enable
        """,
    },
    "2.8": {
        "broker": """
            broker.heartbeat.interval.ms broker.session.timeout.ms
            connection.failed.authentication.delay.ms connections.max.reauth.ms
            control.plane.listener.name controller.listener.names controller.quorum.append.linger.ms
            controller.quorum.election.backoff.max.ms controller.quorum.election.timeout.ms
            controller.quorum.fetch.timeout.ms controller.quorum.request.timeout.ms
            controller.quorum.retry.backoff.ms controller.quorum.voters controller.quota.window.num
            controller.quota.window.size.seconds delegation.token.secret.key fetch.max.bytes
            group.max.size initial.broker.registration.timeout.ms
            kafka.metrics.polling.interval.secs kafka.metrics.reporters
            log.cleaner.max.compaction.lag.ms max.connection.creation.rate max.connections
            metadata.log.dir node.id process.roles replica.selector.class
            sasl.mechanism.controller.protocol sasl.server.max.receive.size security.providers
            socket.connection.setup.timeout.max.ms socket.connection.setup.timeout.ms
            ssl.engine.factory.class ssl.keystore.certificate.chain ssl.keystore.key
            ssl.principal.mapping.rules ssl.truststore.certificates zookeeper.clientCnxnSocket
            zookeeper.ssl.cipher.suites zookeeper.ssl.client.enable zookeeper.ssl.crl.enable
            zookeeper.ssl.enabled.protocols zookeeper.ssl.endpoint.identification.algorithm
            zookeeper.ssl.keystore.location zookeeper.ssl.keystore.password
            zookeeper.ssl.keystore.type zookeeper.ssl.ocsp.enable zookeeper.ssl.protocol
            zookeeper.ssl.truststore.location zookeeper.ssl.truststore.password
            zookeeper.ssl.truststore.type
        """,
        "topic": """
            max.compaction.lag.ms
        """,
    },
    "2.0": {
        "broker": """
            client.quota.callback.class log.message.downconversion.enable
            sasl.client.callback.handler.class sasl.login.callback.handler.class sasl.login.class
            sasl.login.refresh.buffer.seconds sasl.login.refresh.min.period.seconds
            sasl.login.refresh.window.factor sasl.login.refresh.window.jitter
            sasl.server.callback.handler.class
        """,
        "topic": """
            message.downconversion.enable
        """,
    },
    "1.1": {
        "broker": """
            alter.log.dirs.replication.quota.window.num
            alter.log.dirs.replication.quota.window.size.seconds
            delegation.token.expiry.check.interval.ms delegation.token.expiry.time.ms
            delegation.token.master.key delegation.token.max.lifetime.ms
            max.incremental.fetch.session.cache.slots num.replica.alter.log.dirs.threads
            password.encoder.cipher.algorithm password.encoder.iterations
            password.encoder.key.length password.encoder.keyfactory.algorithm
            password.encoder.old.secret password.encoder.secret queued.max.request.bytes
            sasl.jaas.config zookeeper.max.in.flight.requests
        """,
    },
}
