"""Kafka's wire format: one spec for each API, the record batch, and the error codes.

Importing this package costs next to nothing: a spec is imported when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from protocol_specs.notation import Api

__all__ = ["APIS", "CONTROLLER_APIS", "Specs", "api_named", "api_with_key"]


class Specs(Mapping[int, "Api"]):
    """Specs by their API key. What is known without importing them is where they are.

    Args:
        package: whose modules hold them.
        stems: module names by API key; the module `join_group` holds `JOIN_GROUP`, whose name is JoinGroup.
    """

    def __init__(self, package: str, stems: Mapping[int, str]) -> None:
        self._package = package
        self._stems = stems
        self._imported: dict[int, Api] = {}

    def __getitem__(self, key: int) -> Api:
        api = self._imported.get(key)
        if api is None:
            stem = self._stems[key]
            api = self._imported[key] = getattr(import_module(f"{self._package}.{stem}"), stem.upper())
        return api

    def __contains__(self, key: object) -> bool:
        return key in self._stems

    def __iter__(self) -> Iterator[int]:
        return iter(self._stems)

    def __len__(self) -> int:
        return len(self._stems)

    def stem(self, key: int) -> str:
        """The name of the module, "join_group"; the spec is not imported.

        Raises:
            KeyError: no API has this key.
        """
        return self._stems[key]

    def named(self, name: str) -> Api | None:
        """The spec of that name, in any case; None when there is none."""
        for key, stem in self._stems.items():
            if stem.replace("_", "") == name.lower():
                return self[key]
        return None


#: The spec of each API that clients speak, in ascending order of keys.
APIS = Specs(
    "protocol_specs",
    {
        0: "produce",
        1: "fetch",
        2: "list_offsets",
        3: "metadata",
        8: "offset_commit",
        9: "offset_fetch",
        10: "find_coordinator",
        11: "join_group",
        12: "heartbeat",
        13: "leave_group",
        14: "sync_group",
        15: "describe_groups",
        16: "list_groups",
        17: "sasl_handshake",
        18: "api_versions",
        19: "create_topics",
        20: "delete_topics",
        21: "delete_records",
        22: "init_producer_id",
        23: "offset_for_leader_epoch",
        24: "add_partitions_to_txn",
        25: "add_offsets_to_txn",
        26: "end_txn",
        27: "write_txn_markers",
        28: "txn_offset_commit",
        29: "describe_acls",
        30: "create_acls",
        31: "delete_acls",
        32: "describe_configs",
        33: "alter_configs",
        34: "alter_replica_log_dirs",
        35: "describe_log_dirs",
        36: "sasl_authenticate",
        37: "create_partitions",
        38: "create_delegation_token",
        39: "renew_delegation_token",
        40: "expire_delegation_token",
        41: "describe_delegation_token",
        42: "delete_groups",
        43: "elect_leaders",
        44: "incremental_alter_configs",
        45: "alter_partition_reassignments",
        46: "list_partition_reassignments",
        47: "offset_delete",
        48: "describe_client_quotas",
        49: "alter_client_quotas",
        50: "describe_user_scram_credentials",
        51: "alter_user_scram_credentials",
        55: "describe_quorum",
        57: "update_features",
        60: "describe_cluster",
        61: "describe_producers",
        64: "unregister_broker",
        65: "describe_transactions",
        66: "list_transactions",
        68: "consumer_group_heartbeat",
        69: "consumer_group_describe",
        71: "get_telemetry_subscriptions",
        72: "push_telemetry",
        74: "list_config_resources",
        75: "describe_topic_partitions",
        76: "share_group_heartbeat",
        77: "share_group_describe",
        78: "share_fetch",
        79: "share_acknowledge",
        80: "add_raft_voter",
        81: "remove_raft_voter",
        83: "initialize_share_group_state",
        84: "read_share_group_state",
        85: "write_share_group_state",
        86: "delete_share_group_state",
        87: "read_share_group_state_summary",
        88: "streams_group_heartbeat",
        89: "streams_group_describe",
        90: "describe_share_group_offsets",
        91: "alter_share_group_offsets",
        92: "delete_share_group_offsets",
    },
)

#: The same for what only brokers and controllers say to one another.
CONTROLLER_APIS = Specs(
    "protocol_specs.controller",
    {
        52: "vote",
        53: "begin_quorum_epoch",
        54: "end_quorum_epoch",
        56: "alter_partition",
        58: "envelope",
        59: "fetch_snapshot",
        62: "broker_registration",
        63: "broker_heartbeat",
        67: "allocate_producer_ids",
        70: "controller_registration",
        73: "assign_replicas_to_dirs",
        82: "update_raft_voter",
    },
)


def api_with_key(key: int) -> Api:
    """The spec with that key, a controller's too.

    Raises:
        KeyError: there is none.
    """
    specs = APIS if key in APIS else CONTROLLER_APIS
    if key not in specs:
        raise KeyError(f"no API has the key {key}")
    return specs[key]


def api_named(name: str) -> Api:
    """The spec of that name, in any case, a controller's too.

    Raises:
        KeyError: there is none.
    """
    api = APIS.named(name) or CONTROLLER_APIS.named(name)
    if api is None:
        names = ", ".join(one.name for one in APIS.values())
        raise KeyError(f"no API is named {name!r}; there are {names}")
    return api
