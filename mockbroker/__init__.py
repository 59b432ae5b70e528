"""A Kafka cluster in one small process, for tests."""

from __future__ import annotations

from mockbroker.version import VERSION as __version__

# As typing.TYPE_CHECKING, without importing typing: that alone would take longer than all of this.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from mockbroker.config import ConfigError
    from mockbroker.control.faults import FaultNeverFired
    from mockbroker.control.problems import BadField
    from mockbroker.control.views import (
        ConnectionState,
        GroupState,
        Member,
        OffsetAndMetadata,
        PartitionState,
        ProducerState,
        Record,
        TransactionState,
    )
    from mockbroker.control.waits import WaitTimeout
    from mockbroker.mock_cluster import Cluster, MockCluster
    from mockbroker.server.listeners import AddressInUse, CannotListen
    from mockbroker.trio_cluster import TrioCluster, open_cluster
    from protocol_specs.errors import ErrorCode, KafkaError


__all__ = [
    "AddressInUse",
    "BadField",
    "CannotListen",
    "Cluster",
    "ConfigError",
    "ConnectionState",
    "ErrorCode",
    "FaultNeverFired",
    "GroupState",
    "KafkaError",
    "Member",
    "MockCluster",
    "OffsetAndMetadata",
    "PartitionState",
    "ProducerState",
    "Record",
    "TransactionState",
    "TrioCluster",
    "WaitTimeout",
    "__version__",
    "open_cluster",
]

# Where each public name lives. It is imported on first use, so that importing the package costs nothing.
_HOMES = {
    "AddressInUse": "mockbroker.server.listeners",
    "BadField": "mockbroker.control.problems",
    "CannotListen": "mockbroker.server.listeners",
    "Cluster": "mockbroker.mock_cluster",
    "ConfigError": "mockbroker.config",
    "ConnectionState": "mockbroker.control.views",
    "ErrorCode": "protocol_specs.errors",
    "FaultNeverFired": "mockbroker.control.faults",
    "GroupState": "mockbroker.control.views",
    "KafkaError": "protocol_specs.errors",
    "Member": "mockbroker.control.views",
    "MockCluster": "mockbroker.mock_cluster",
    "OffsetAndMetadata": "mockbroker.control.views",
    "PartitionState": "mockbroker.control.views",
    "ProducerState": "mockbroker.control.views",
    "Record": "mockbroker.control.views",
    "TransactionState": "mockbroker.control.views",
    "TrioCluster": "mockbroker.trio_cluster",
    "WaitTimeout": "mockbroker.control.waits",
    "open_cluster": "mockbroker.trio_cluster",
}


if not TYPE_CHECKING:

    def __getattr__(name):
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = globals()[name] = getattr(import_module(home), name)
        return value


def __dir__() -> list[str]:
    return sorted(__all__)
