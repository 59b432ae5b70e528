"""Requests of classic groups."""

from __future__ import annotations

from typing import Any

from compat_tests.differential.bases.ground import ASSIGNMENT, SUBSCRIPTION, Ground, base


@base("OffsetCommit")
def _offset_commit(ground: Ground) -> dict[str, Any]:
    partition = {
        "partition_index": 0,
        "committed_offset": 5,
        "committed_leader_epoch": 0,
        "committed_metadata": "m",
    }
    topic = {"name": ground.topic(), "topic_id": ground.topic_id(), "partitions": [partition]}
    return {
        "group_id": f"{ground.prefix}-group",
        "generation_id_or_member_epoch": -1,
        "retention_time_ms": -1,
        "topics": [topic],
    }


@base("OffsetCommit", "member")
def _offset_commit_of_member(ground: Ground) -> dict[str, Any]:
    member = dict(ground.once("member", lambda: ground.joined(f"{ground.prefix}-members")))
    return _offset_commit(ground) | member | {"generation_id_or_member_epoch": member["generation_id"]}


@base("OffsetFetch")
def _offset_fetch(ground: Ground) -> dict[str, Any]:
    group = ground.once("group", lambda: ground.committed(f"{ground.prefix}-group"))
    topic = {"name": ground.topic(), "topic_id": ground.topic_id(), "partition_indexes": [0, 1]}
    asked = {"group_id": group, "member_id": None, "member_epoch": -1, "topics": [topic]}
    return {"group_id": group, "topics": [topic], "groups": [asked]}


@base("FindCoordinator")
def _find_coordinator(ground: Ground) -> dict[str, Any]:
    return {"key": "group", "coordinator_keys": ["group"]}


#: A subscription that cannot be read, to which Kafka gives no answer, or no other.
_UNREADABLE = ("protocols.0.metadata b'garbagegarbagegarb... of 140",)


@base("JoinGroup", skip=_UNREADABLE)
def _join_group(ground: Ground) -> dict[str, Any]:
    return {
        "group_id": ground.fresh(),
        "session_timeout_ms": 600_000,
        "rebalance_timeout_ms": 10_000,
        "group_instance_id": "instance",
        "protocol_type": "consumer",
        "protocols": [{"name": "range", "metadata": SUBSCRIPTION}],
    }


@base("JoinGroup", "again", _UNREADABLE)
def _join_group_again(ground: Ground) -> dict[str, Any]:
    member = ground.joined(ground.fresh(), None)
    return _join_group(ground) | member


@base("SyncGroup")
def _sync_group(ground: Ground) -> dict[str, Any]:
    member = ground.joined(ground.fresh(), synced=False)
    one = {"member_id": member["member_id"], "assignment": ASSIGNMENT}
    return {**member, "protocol_type": "consumer", "protocol_name": "range", "assignments": [one]}


@base("Heartbeat")
def _heartbeat(ground: Ground) -> dict[str, Any]:
    member: dict[str, Any] = ground.once("member", lambda: ground.joined(f"{ground.prefix}-group"))
    return member


@base("LeaveGroup")
def _leave_group(ground: Ground) -> dict[str, Any]:
    member = ground.joined(ground.fresh())
    leaving = {**member, "reason": "enough"}
    return {"group_id": member["group_id"], "member_id": member["member_id"], "members": [leaving]}


@base("DescribeGroups")
def _describe_groups(ground: Ground) -> dict[str, Any]:
    member = ground.once("member", lambda: ground.joined(f"{ground.prefix}-group"))
    return {"groups": [member["group_id"]]}


@base("ListGroups")
def _list_groups(ground: Ground) -> dict[str, Any]:
    ground.once("member", lambda: ground.joined(f"{ground.prefix}-group"))
    return {"states_filter": ["Stable"], "types_filter": ["classic"]}


@base("DeleteGroups")
def _delete_groups(ground: Ground) -> dict[str, Any]:
    return {"groups_names": [ground.committed(ground.fresh())]}


@base("DeleteGroups", "in use")
def _delete_groups_in_use(ground: Ground) -> dict[str, Any]:
    member = ground.once("member", lambda: ground.joined(f"{ground.prefix}-group"))
    return {"groups_names": [member["group_id"]]}


@base("OffsetDelete")
def _offset_delete(ground: Ground) -> dict[str, Any]:
    group = ground.committed(ground.fresh())
    return {"group_id": group, "topics": [{"name": ground.topic(), "partitions": [{"partition_index": 0}]}]}
