"""Kafka's wire format: one spec for each API, the record batch, and the error codes."""

from __future__ import annotations

from protocol_specs.add_offsets_to_txn import ADD_OFFSETS_TO_TXN
from protocol_specs.add_partitions_to_txn import ADD_PARTITIONS_TO_TXN
from protocol_specs.add_raft_voter import ADD_RAFT_VOTER
from protocol_specs.alter_client_quotas import ALTER_CLIENT_QUOTAS
from protocol_specs.alter_configs import ALTER_CONFIGS
from protocol_specs.alter_partition_reassignments import ALTER_PARTITION_REASSIGNMENTS
from protocol_specs.alter_replica_log_dirs import ALTER_REPLICA_LOG_DIRS
from protocol_specs.alter_share_group_offsets import ALTER_SHARE_GROUP_OFFSETS
from protocol_specs.alter_user_scram_credentials import ALTER_USER_SCRAM_CREDENTIALS
from protocol_specs.api_versions import API_VERSIONS
from protocol_specs.consumer_group_describe import CONSUMER_GROUP_DESCRIBE
from protocol_specs.consumer_group_heartbeat import CONSUMER_GROUP_HEARTBEAT
from protocol_specs.create_acls import CREATE_ACLS
from protocol_specs.create_delegation_token import CREATE_DELEGATION_TOKEN
from protocol_specs.create_partitions import CREATE_PARTITIONS
from protocol_specs.create_topics import CREATE_TOPICS
from protocol_specs.delete_acls import DELETE_ACLS
from protocol_specs.delete_groups import DELETE_GROUPS
from protocol_specs.delete_records import DELETE_RECORDS
from protocol_specs.delete_share_group_offsets import DELETE_SHARE_GROUP_OFFSETS
from protocol_specs.delete_share_group_state import DELETE_SHARE_GROUP_STATE
from protocol_specs.delete_topics import DELETE_TOPICS
from protocol_specs.describe_acls import DESCRIBE_ACLS
from protocol_specs.describe_client_quotas import DESCRIBE_CLIENT_QUOTAS
from protocol_specs.describe_cluster import DESCRIBE_CLUSTER
from protocol_specs.describe_configs import DESCRIBE_CONFIGS
from protocol_specs.describe_delegation_token import DESCRIBE_DELEGATION_TOKEN
from protocol_specs.describe_groups import DESCRIBE_GROUPS
from protocol_specs.describe_log_dirs import DESCRIBE_LOG_DIRS
from protocol_specs.describe_producers import DESCRIBE_PRODUCERS
from protocol_specs.describe_quorum import DESCRIBE_QUORUM
from protocol_specs.describe_share_group_offsets import DESCRIBE_SHARE_GROUP_OFFSETS
from protocol_specs.describe_topic_partitions import DESCRIBE_TOPIC_PARTITIONS
from protocol_specs.describe_transactions import DESCRIBE_TRANSACTIONS
from protocol_specs.describe_user_scram_credentials import DESCRIBE_USER_SCRAM_CREDENTIALS
from protocol_specs.elect_leaders import ELECT_LEADERS
from protocol_specs.end_txn import END_TXN
from protocol_specs.expire_delegation_token import EXPIRE_DELEGATION_TOKEN
from protocol_specs.fetch import FETCH
from protocol_specs.find_coordinator import FIND_COORDINATOR
from protocol_specs.get_telemetry_subscriptions import GET_TELEMETRY_SUBSCRIPTIONS
from protocol_specs.heartbeat import HEARTBEAT
from protocol_specs.incremental_alter_configs import INCREMENTAL_ALTER_CONFIGS
from protocol_specs.init_producer_id import INIT_PRODUCER_ID
from protocol_specs.initialize_share_group_state import INITIALIZE_SHARE_GROUP_STATE
from protocol_specs.join_group import JOIN_GROUP
from protocol_specs.leave_group import LEAVE_GROUP
from protocol_specs.list_config_resources import LIST_CONFIG_RESOURCES
from protocol_specs.list_groups import LIST_GROUPS
from protocol_specs.list_offsets import LIST_OFFSETS
from protocol_specs.list_partition_reassignments import LIST_PARTITION_REASSIGNMENTS
from protocol_specs.list_transactions import LIST_TRANSACTIONS
from protocol_specs.metadata import METADATA
from protocol_specs.notation import Api
from protocol_specs.offset_commit import OFFSET_COMMIT
from protocol_specs.offset_delete import OFFSET_DELETE
from protocol_specs.offset_fetch import OFFSET_FETCH
from protocol_specs.offset_for_leader_epoch import OFFSET_FOR_LEADER_EPOCH
from protocol_specs.produce import PRODUCE
from protocol_specs.push_telemetry import PUSH_TELEMETRY
from protocol_specs.read_share_group_state import READ_SHARE_GROUP_STATE
from protocol_specs.read_share_group_state_summary import READ_SHARE_GROUP_STATE_SUMMARY
from protocol_specs.remove_raft_voter import REMOVE_RAFT_VOTER
from protocol_specs.renew_delegation_token import RENEW_DELEGATION_TOKEN
from protocol_specs.sasl_authenticate import SASL_AUTHENTICATE
from protocol_specs.sasl_handshake import SASL_HANDSHAKE
from protocol_specs.share_acknowledge import SHARE_ACKNOWLEDGE
from protocol_specs.share_fetch import SHARE_FETCH
from protocol_specs.share_group_describe import SHARE_GROUP_DESCRIBE
from protocol_specs.share_group_heartbeat import SHARE_GROUP_HEARTBEAT
from protocol_specs.streams_group_describe import STREAMS_GROUP_DESCRIBE
from protocol_specs.streams_group_heartbeat import STREAMS_GROUP_HEARTBEAT
from protocol_specs.sync_group import SYNC_GROUP
from protocol_specs.txn_offset_commit import TXN_OFFSET_COMMIT
from protocol_specs.unregister_broker import UNREGISTER_BROKER
from protocol_specs.update_features import UPDATE_FEATURES
from protocol_specs.write_share_group_state import WRITE_SHARE_GROUP_STATE
from protocol_specs.write_txn_markers import WRITE_TXN_MARKERS

__all__ = ["APIS", "api_named"]

#: Every spec, by its API key.
APIS: dict[int, Api] = {
    api.key: api
    for api in (
        PRODUCE,
        FETCH,
        LIST_OFFSETS,
        METADATA,
        OFFSET_COMMIT,
        OFFSET_FETCH,
        FIND_COORDINATOR,
        JOIN_GROUP,
        HEARTBEAT,
        LEAVE_GROUP,
        SYNC_GROUP,
        DESCRIBE_GROUPS,
        LIST_GROUPS,
        SASL_HANDSHAKE,
        API_VERSIONS,
        CREATE_TOPICS,
        DELETE_TOPICS,
        DELETE_RECORDS,
        INIT_PRODUCER_ID,
        OFFSET_FOR_LEADER_EPOCH,
        ADD_PARTITIONS_TO_TXN,
        ADD_OFFSETS_TO_TXN,
        END_TXN,
        WRITE_TXN_MARKERS,
        TXN_OFFSET_COMMIT,
        DESCRIBE_ACLS,
        CREATE_ACLS,
        DELETE_ACLS,
        DESCRIBE_CONFIGS,
        ALTER_CONFIGS,
        ALTER_REPLICA_LOG_DIRS,
        DESCRIBE_LOG_DIRS,
        SASL_AUTHENTICATE,
        CREATE_PARTITIONS,
        CREATE_DELEGATION_TOKEN,
        RENEW_DELEGATION_TOKEN,
        EXPIRE_DELEGATION_TOKEN,
        DESCRIBE_DELEGATION_TOKEN,
        DELETE_GROUPS,
        ELECT_LEADERS,
        INCREMENTAL_ALTER_CONFIGS,
        ALTER_PARTITION_REASSIGNMENTS,
        LIST_PARTITION_REASSIGNMENTS,
        OFFSET_DELETE,
        DESCRIBE_CLIENT_QUOTAS,
        ALTER_CLIENT_QUOTAS,
        DESCRIBE_USER_SCRAM_CREDENTIALS,
        ALTER_USER_SCRAM_CREDENTIALS,
        DESCRIBE_QUORUM,
        UPDATE_FEATURES,
        DESCRIBE_CLUSTER,
        DESCRIBE_PRODUCERS,
        UNREGISTER_BROKER,
        DESCRIBE_TRANSACTIONS,
        LIST_TRANSACTIONS,
        CONSUMER_GROUP_HEARTBEAT,
        CONSUMER_GROUP_DESCRIBE,
        GET_TELEMETRY_SUBSCRIPTIONS,
        PUSH_TELEMETRY,
        LIST_CONFIG_RESOURCES,
        DESCRIBE_TOPIC_PARTITIONS,
        SHARE_GROUP_HEARTBEAT,
        SHARE_GROUP_DESCRIBE,
        SHARE_FETCH,
        SHARE_ACKNOWLEDGE,
        ADD_RAFT_VOTER,
        REMOVE_RAFT_VOTER,
        INITIALIZE_SHARE_GROUP_STATE,
        READ_SHARE_GROUP_STATE,
        WRITE_SHARE_GROUP_STATE,
        DELETE_SHARE_GROUP_STATE,
        READ_SHARE_GROUP_STATE_SUMMARY,
        STREAMS_GROUP_HEARTBEAT,
        STREAMS_GROUP_DESCRIBE,
        DESCRIBE_SHARE_GROUP_OFFSETS,
        ALTER_SHARE_GROUP_OFFSETS,
        DELETE_SHARE_GROUP_OFFSETS,
    )
}


def api_named(name: str) -> Api:
    """The spec of that name, in any case.

    Raises:
        KeyError: there is none.
    """
    for api in APIS.values():
        if api.name.lower() == name.lower():
            return api
    raise KeyError(f"no API is named {name!r}; there are {', '.join(a.name for a in APIS.values())}")
