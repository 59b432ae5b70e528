"""The log levels of brokers (KIP-412; Kafka: `RuntimeLoggerManager`).

The brokers here have no loggers of Kafka's kind. Their names and levels are kept, so that tools can read them and set
them; nothing is logged more or less for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mockbroker.core.java_strings import parse_int32
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["Loggers", "Operation"]

SET, DELETE, APPEND, SUBTRACT = range(4)

#: name, kind (one of the four above), value
Operation = tuple[str, int, "str | None"]

_ROOT: Final = "root"

_LEVELS: Final = ("DEBUG", "ERROR", "FATAL", "INFO", "TRACE", "WARN")

#: Loggers that a 4.3.1 broker has and that people turn up.
_NAMES: Final = (
    "kafka.authorizer.logger",
    "kafka.cluster.Partition",
    "kafka.coordinator.transaction.TransactionCoordinator",
    "kafka.coordinator.transaction.TransactionMarkerChannelManager",
    "kafka.coordinator.transaction.TransactionStateManager",
    "kafka.log.LogManager",
    "kafka.network.Processor",
    "kafka.network.RequestChannel",
    "kafka.network.SocketServer",
    "kafka.request.logger",
    "kafka.server.BrokerServer",
    "kafka.server.ConfigAdminManager",
    "kafka.server.ControllerServer",
    "kafka.server.KafkaApis",
    "kafka.server.KafkaConfig",
    "kafka.server.KafkaRequestHandler",
    "kafka.server.ReplicaFetcherManager",
    "kafka.server.ReplicaManager",
    "kafka.server.metadata.BrokerMetadataPublisher",
    "org.apache.kafka.clients.NetworkClient",
    "org.apache.kafka.controller.QuorumController",
    "org.apache.kafka.controller.ReplicationControlManager",
    "org.apache.kafka.coordinator.group.GroupCoordinatorService",
    "org.apache.kafka.coordinator.group.GroupMetadataManager",
    "org.apache.kafka.image.loader.MetadataLoader",
    "org.apache.kafka.raft.KafkaRaftClient",
    "org.apache.kafka.server.quota.ClientQuotaManager",
    "org.apache.kafka.storage.internals.log.LogCleaner",
    "org.apache.kafka.storage.internals.log.UnifiedLog",
    _ROOT,
    "state.change.logger",
)


class Loggers:
    """The log levels that were set, for each broker; a logger without its own has the root's."""

    def __init__(self) -> None:
        self._set: dict[int, dict[str, str]] = {}

    def levels_of(self, node_id: int) -> dict[str, str]:
        """The level in force for each logger of a broker."""
        own = self._set.get(node_id, {})
        root = own.get(_ROOT, "INFO")
        return {name: own.get(name, root) for name in _NAMES}

    def alter(
        self,
        node_id: int,
        name: str,
        operations: Iterable[Operation],
        *,
        validate_only: bool,
        names_itself: bool = False,
    ) -> None:
        """Set levels, or let loggers follow the root again.

        Args:
            node_id: the broker that is asked.
            name: the broker that is meant.
            names_itself: whether a refusal takes the broker that is asked for the one that is meant, as before 4.1.

        Raises:
            KafkaError: INVALID_REQUEST, INVALID_CONFIG; UNKNOWN_SERVER_ERROR for an operation that there is not.
        """
        _check_broker(node_id, name, names_itself)
        operations = tuple(operations)
        for operation in operations:
            _check(operation)
        if not validate_only:
            own = self._set.setdefault(node_id, {})
            for logger, kind, level in operations:
                if kind == SET and level is not None:
                    own[logger] = level
                else:
                    own.pop(logger, None)


def _check_broker(node_id: int, name: str, names_itself: bool) -> None:
    try:
        meant = parse_int32(name)
    except ValueError:
        text = f"Node id must be an integer, but it is: {name}"
        raise KafkaError(ErrorCode.INVALID_REQUEST, text) from None
    if meant != node_id:
        text = f"Unexpected node id. Expected {node_id}, but received {node_id if names_itself else meant}"
        raise KafkaError(ErrorCode.INVALID_REQUEST, text)


def _check(operation: Operation) -> None:
    logger, kind, level = operation
    if kind in (APPEND, SUBTRACT):
        word = "APPEND" if kind == APPEND else "SUBTRACT"
        text = f"{word} operation is not allowed for the BROKER_LOGGER resource"
        raise KafkaError(ErrorCode.INVALID_REQUEST, text)
    if kind not in (SET, DELETE):
        raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR)
    if logger not in _NAMES:
        raise KafkaError(ErrorCode.INVALID_CONFIG, f"Logger {logger} does not exist!")
    if kind == SET and level not in _LEVELS:
        text = f"Cannot set the log level of {logger} to {level} as it is not a supported log level. "
        raise KafkaError(ErrorCode.INVALID_CONFIG, f"{text}Valid log levels are {', '.join(_LEVELS)}")
    if kind == DELETE and logger == _ROOT:
        text = "Removing the log level of the root logger is not allowed"
        raise KafkaError(ErrorCode.INVALID_REQUEST, text)
