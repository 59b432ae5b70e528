"""Client telemetry: which client is to send which of its metrics how often, and what it sent (KIP-714).

Rules kept here (Kafka: `ClientMetricsManager`, `ClientMetricsInstance`):

- Every subscription that matches a client counts: its metrics together, the shortest interval. One "*" is everything.
- A client asks again after the interval at the earliest, unless its last push was refused for its subscription id or
  its compression; subscriptions that changed are told at once. After an answer the next push may come at any time.
- A client that said it ends is told nothing, and takes no more.
- Each broker knows clients of its own; one is forgotten with its connection, or when it was silent for three intervals.
"""

from __future__ import annotations

import random
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mockbroker.config.client_metrics import client_metrics_config, parse_matches
from mockbroker.core.java_maps import hash_order
from mockbroker.wire.compression import CODEC_NAMES, CodecError, decompress
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.notation import uuid_text

if TYPE_CHECKING:
    from mockbroker.config import Settings
    from mockbroker.core.configs import Configs
    from mockbroker.core.time import Clock

__all__ = ["ClientFacts", "Push", "Subscription", "Telemetry"]

_ALL_METRICS: Final = "*"
_DEFAULT_INTERVAL_MS: Final = 300_000
_MOST_CLIENTS: Final = 16_384
_KEPT_PUSHES: Final = 1_000
_SHORTEST_MEMORY_MS: Final = 60_000

#: Ids that no client may have: the zero one, and that of the metadata topic.
_RESERVED: Final = (bytes(16), bytes(15) + b"\x01")

_ASKS_AGAIN_AFTER: Final = (ErrorCode.UNKNOWN_SUBSCRIPTION_ID, ErrorCode.UNSUPPORTED_COMPRESSION_TYPE)


class ClientFacts(NamedTuple):
    """What a subscription can be matched against."""

    node_id: int
    connection_id: int
    client_id: str | None
    software_name: str
    software_version: str
    host: str
    port: int


class Subscription(NamedTuple):
    """What a client is to send."""

    client_instance_id: bytes
    id: int
    metrics: list[str]
    interval_ms: int


class Push(NamedTuple):
    """Metrics that a client sent.

    Attributes:
        metrics: an OpenTelemetry `MetricsData` message, decompressed.
    """

    received_ms: int
    client: ClientFacts
    client_instance_id: bytes
    is_terminating: bool
    metrics: bytes


class _Instance:
    """One client, as one broker knows it."""

    def __init__(self, subscription: Subscription, client: ClientFacts, version: int) -> None:
        self.subscription = subscription
        self.client = client
        self.version = version
        self.asked_ms = 0
        self.pushed_ms = 0
        self.forgotten_ms = 0
        self.is_terminating = False
        self.last_error = ErrorCode.NONE


class Telemetry:
    """The telemetry of one cluster.

    Attributes:
        pushes: what was sent last, oldest first.
    """

    def __init__(self, clock: Clock, rng: random.Random, settings: Settings, configs: Configs) -> None:
        self.pushes: deque[Push] = deque(maxlen=_KEPT_PUSHES)
        self._clock = clock
        self._rng = rng
        self._settings = settings
        self._configs = configs
        self._instances: OrderedDict[tuple[int, bytes], _Instance] = OrderedDict()
        self._ids_of_connections: dict[int, bytes] = {}

    @property
    def max_bytes(self) -> int:
        """The size of a push, compressed and decompressed."""
        most: int = self._settings["telemetry.max.bytes"]
        return most

    def subscribe(self, client: ClientFacts, client_instance_id: bytes) -> Subscription:
        """Tell a client what to send.

        Args:
            client_instance_id: zero when the client has none yet.

        Raises:
            KafkaError: THROTTLING_QUOTA_EXCEEDED: it asks too often.
        """
        if client_instance_id == _RESERVED[0]:
            client_instance_id = self._rng.randbytes(16)
        instance = self._instance(client, client_instance_id)
        now_ms = self._clock.now_ms
        if now_ms - max(instance.asked_ms, instance.pushed_ms) >= instance.subscription.interval_ms:
            instance.asked_ms = now_ms
        elif instance.last_error not in _ASKS_AGAIN_AFTER:
            raise KafkaError(ErrorCode.THROTTLING_QUOTA_EXCEEDED)
        instance.last_error = ErrorCode.NONE
        return instance.subscription

    def push(
        self,
        client: ClientFacts,
        client_instance_id: bytes,
        subscription_id: int,
        *,
        is_terminating: bool,
        compression_type: int,
        metrics: Any,
    ) -> None:
        """Take metrics from a client.

        Args:
            compression_type: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.
            metrics: bytes of an OpenTelemetry `MetricsData` message.

        Raises:
            KafkaError: INVALID_REQUEST, THROTTLING_QUOTA_EXCEEDED, UNKNOWN_SUBSCRIPTION_ID,
                UNSUPPORTED_COMPRESSION_TYPE, TELEMETRY_TOO_LARGE, or INVALID_RECORD for what cannot be decompressed.
        """
        if client_instance_id in _RESERVED:
            raise KafkaError(ErrorCode.INVALID_REQUEST)
        instance = self._instance(client, client_instance_id)
        try:
            self._check(instance, subscription_id, is_terminating, compression_type, metrics)
            if metrics:
                plain = self._decompressed(compression_type, metrics)
                push = Push(self._clock.now_ms, client, client_instance_id, is_terminating, plain)
                self.pushes.append(push)
        except KafkaError as error:
            instance.last_error = error.code
            raise
        finally:
            instance.is_terminating = is_terminating
        instance.last_error = ErrorCode.NONE

    def disconnected(self, connection_id: int, node_id: int) -> None:
        """Forget the client of a connection that has ended."""
        client_instance_id = self._ids_of_connections.pop(connection_id, None)
        if client_instance_id is not None:
            self._instances.pop((node_id, client_instance_id), None)

    def _check(
        self,
        instance: _Instance,
        subscription_id: int,
        is_terminating: bool,
        compression_type: int,
        metrics: Any,
    ) -> None:
        if instance.is_terminating:
            raise KafkaError(ErrorCode.INVALID_REQUEST)
        now_ms = self._clock.now_ms
        interval_ms = instance.subscription.interval_ms
        if instance.asked_ms > instance.pushed_ms or now_ms - instance.pushed_ms >= interval_ms:
            instance.pushed_ms = now_ms
        elif not is_terminating:
            raise KafkaError(ErrorCode.THROTTLING_QUOTA_EXCEEDED)
        if subscription_id != instance.subscription.id:
            raise KafkaError(ErrorCode.UNKNOWN_SUBSCRIPTION_ID)
        if not 0 <= compression_type < len(CODEC_NAMES):
            raise KafkaError(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE)
        if len(metrics) > self.max_bytes:
            raise KafkaError(ErrorCode.TELEMETRY_TOO_LARGE)

    def _decompressed(self, compression_type: int, metrics: Any) -> bytes:
        if compression_type == 0:
            return bytes(metrics)
        try:
            plain = decompress(compression_type, metrics)
        except CodecError:
            raise KafkaError(ErrorCode.INVALID_RECORD) from None
        if len(plain) > self.max_bytes:
            raise KafkaError(ErrorCode.INVALID_RECORD)
        return plain

    def _instance(self, client: ClientFacts, client_instance_id: bytes) -> _Instance:
        key = client.node_id, client_instance_id
        instance = self._instances.get(key)
        now_ms = self._clock.now_ms
        if instance is not None and now_ms >= instance.forgotten_ms:
            instance = None
        version = self._configs.client_metrics_version
        if instance is None or instance.version < version:
            # Who is known already is matched again by what was seen of it first.
            client = client if instance is None else instance.client
            subscription = self._subscription(client, client_instance_id)
            instance = self._instances[key] = _Instance(subscription, client, version)
            self._ids_of_connections[client.connection_id] = client_instance_id
            if len(self._instances) > _MOST_CLIENTS:
                self._instances.popitem(last=False)
        self._instances.move_to_end(key)
        memory_ms = max(_SHORTEST_MEMORY_MS, 3 * instance.subscription.interval_ms)
        instance.forgotten_ms = now_ms + memory_ms
        return instance

    def _subscription(self, client: ClientFacts, client_instance_id: bytes) -> Subscription:
        facts = {
            "client_instance_id": uuid_text(client_instance_id),
            "client_id": client.client_id,
            "client_software_name": client.software_name,
            "client_software_version": client.software_version,
            "client_source_address": client.host,
            "client_source_port": str(client.port),
        }
        interval_ms = _DEFAULT_INTERVAL_MS
        metrics: dict[str, None] = {}
        for overrides in self._configs.client_metrics.values():
            config = client_metrics_config(overrides)
            matches = parse_matches(config["match"])
            if all(
                (fact := facts[name]) is not None and one.fullmatch(fact) for name, one in matches.items()
            ):
                metrics.update(dict.fromkeys(config["metrics"]))
                interval_ms = min(interval_ms, config["interval.ms"])
        names = [_ALL_METRICS] if _ALL_METRICS in metrics else hash_order(metrics)
        id = _subscription_id(names, interval_ms, client_instance_id)
        return Subscription(client_instance_id, id, names, interval_ms)


def _subscription_id(metrics: list[str], interval_ms: int, client_instance_id: bytes) -> int:
    """Changes whenever the subscription does (`computeSubscriptionId`)."""
    from crc32c import crc32c

    checksum = crc32c(f"[{', '.join(metrics)}]{interval_ms}".encode())
    for at in range(0, 16, 4):
        checksum ^= int.from_bytes(client_instance_id[at : at + 4], "big")
    return checksum - (1 << 32) if checksum >> 31 else checksum
