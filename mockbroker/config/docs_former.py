"""One sentence on each config that only older releases have; form as in `docs_server`."""

from __future__ import annotations

__all__ = ["FORMER"]

FORMER = """\
advertised.host.name: Host that clients are told, where no listeners are set.
advertised.port: Port that clients are told, where no listeners are set.
alter.config.policy.kraft.compatibility.enable: Whether the policy on configs is asked as under KRaft.
auto.include.jmx.reporter: Whether metrics go to JMX although no reporter says so.
broker.id.generation.enable: Whether a broker without an id is given one.
control.plane.listener.name: Listener for what the controller says to brokers.
controlled.shutdown.max.retries: How often a broker asks again to hand over its partitions.
controlled.shutdown.retry.backoff.ms: Pause between such attempts.
delegation.token.master.key: The former name of delegation.token.secret.key.
eligible.leader.replicas.enable: Whether partitions remember replicas that may lead safely.
group.coordinator.new.enable: Whether the newer group coordinator is used.
group.share.enable: Whether there are share groups.
group.share.max.groups: How many share groups there may be.
host.name: Host that the broker listens on, where no listeners are set.
inter.broker.protocol.version: Release whose protocol brokers speak among themselves.
internal.metadata.max.fetch.size.in.bytes: Most bytes of metadata that are fetched at once.
leader.imbalance.per.broker.percentage: Share of partitions led elsewhere that a broker puts up with.
log.message.downconversion.enable: Whether batches are made into older formats for old consumers.
log.message.format.version: Release in whose format records are kept.
log.message.timestamp.difference.max.ms: How far a record's time may be from the broker's.
message.downconversion.enable: Whether batches are made into older formats for old consumers.
message.format.version: Release in whose format records are kept.
message.timestamp.difference.max.ms: How far a record's time may be from the broker's.
metadata.log.segment.min.bytes: Least size of a segment of the metadata log.
offsets.commit.required.acks: Acknowledgements that a commit of offsets waits for.
password.encoder.cipher.algorithm: Cipher of passwords that are set at run time.
password.encoder.iterations: Rounds in which the key for such passwords is made.
password.encoder.key.length: Length of that key.
password.encoder.keyfactory.algorithm: Algorithm that makes that key.
password.encoder.old.secret: The secret before the present one.
password.encoder.secret: Secret of which that key is made.
port: Port that the broker listens on, where no listeners are set.
quota.consumer.default: Bytes a second that a client may consume.
quota.producer.default: Bytes a second that a client may produce.
reserved.broker.max.id: Largest id that a broker may be configured with.
share.fetch.max.fetch.records: Most records that one fetch of a share group acquires.
zookeeper.clientCnxnSocket: Class of the connection to ZooKeeper; needed for TLS.
zookeeper.connect: Addresses of ZooKeeper.
zookeeper.connection.timeout.ms: Time to wait for a connection to ZooKeeper.
zookeeper.max.in.flight.requests: Requests to ZooKeeper that may wait for answers.
zookeeper.metadata.migration.enable: Whether the cluster moves from ZooKeeper to KRaft.
zookeeper.metadata.migration.min.batch.size: Least size of a batch of records in that move.
zookeeper.session.timeout.ms: Time without contact after which ZooKeeper ends the session.
zookeeper.set.acl: Whether ZooKeeper is told who may change what.
zookeeper.ssl.cipher.suites: TLS cipher suites for ZooKeeper.
zookeeper.ssl.client.enable: Whether ZooKeeper is reached by TLS.
zookeeper.ssl.crl.enable: Whether revoked certificates of ZooKeeper are looked for.
zookeeper.ssl.enabled.protocols: TLS versions for ZooKeeper.
zookeeper.ssl.endpoint.identification.algorithm: How ZooKeeper's host name is checked.
zookeeper.ssl.keystore.location: File of the key store for ZooKeeper.
zookeeper.ssl.keystore.password: Password of that key store.
zookeeper.ssl.keystore.type: Format of that key store.
zookeeper.ssl.ocsp.enable: Whether ZooKeeper's certificate is looked up by OCSP.
zookeeper.ssl.protocol: TLS version that contexts for ZooKeeper are made for.
zookeeper.ssl.truststore.location: File of the trust store for ZooKeeper.
zookeeper.ssl.truststore.password: Password of that trust store.
zookeeper.ssl.truststore.type: Format of that trust store.
zookeeper.sync.time.ms: How far a server of ZooKeeper may lag behind.
"""
