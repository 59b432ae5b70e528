"""What the admin APIs answer to somebody who may do nothing: each in the form that it has for a refused request."""

from __future__ import annotations

from typing import Any

import pytest

from mockbroker.wire.caller import Disconnect
from tests.handlers.plain import Desk, Nobody

CLUSTER_DENIED, TOPIC_DENIED, GROUP_DENIED = 31, 29, 30
GENERIC = "Cluster authorization failed."

PARTITION = {"partition_index": 0, "error_code": CLUSTER_DENIED, "error_message": None}
ACL = {
    "resource_type": 2,
    "resource_name": "t",
    "principal": "User:a",
    "host": "*",
    "operation": 3,
    "permission_type": 3,
}
ACL_FILTER = {"resource_type_filter": 2, "operation": 3, "permission_type": 3}

TOP_LEVEL = [
    ("DescribeAcls", {**ACL_FILTER}),
    ("DescribeClientQuotas", {}),
    (
        "DescribeQuorum",
        {"topics": [{"topic_name": "__cluster_metadata", "partitions": [{"partition_index": 0}]}]},
    ),
    ("DescribeUserScramCredentials", {"users": []}),
    ("ListConfigResources", {}),
    ("UpdateFeatures", {"feature_updates": [{"feature": "group.version", "max_version_level": 1}]}),
    ("UnregisterBroker", {"broker_id": 1}),
    ("AddRaftVoter", {"voter_id": 1}),
    ("RemoveRaftVoter", {"voter_id": 1}),
    ("ElectLeaders", {"topic_partitions": [{"topic": "t", "partitions": [0]}]}),
    ("AlterPartitionReassignments", {"topics": [{"name": "t", "partitions": [{"partition_index": 0}]}]}),
    ("ListPartitionReassignments", {"topics": [{"name": "t", "partition_indexes": [0]}]}),
    ("DescribeLogDirs", {}),
]

ENTRIES: list[tuple[str, dict[str, Any], list[dict[str, Any]]]] = [
    (
        "AlterClientQuotas",
        {"entries": [{"entity": [{"entity_type": "user", "entity_name": None}]}]},
        [
            {
                "error_code": CLUSTER_DENIED,
                "error_message": GENERIC,
                "entity": [{"entity_type": "user", "entity_name": None}],
            }
        ],
    ),
    (
        "AlterUserScramCredentials",
        {"deletions": [{"name": "b", "mechanism": 1}], "upsertions": [{"name": "a"}, {"name": "b"}]},
        [{"user": name, "error_code": CLUSTER_DENIED, "error_message": None} for name in "ab"],
    ),
    ("CreateAcls", {"creations": [ACL, ACL]}, [{"error_code": CLUSTER_DENIED, "error_message": None}] * 2),
    (
        "DeleteAcls",
        {"filters": [ACL_FILTER]},
        [{"error_code": CLUSTER_DENIED, "error_message": None, "matching_acls": []}],
    ),
    (
        "AlterReplicaLogDirs",
        {"dirs": [{"path": "/x", "topics": [{"name": "t", "partitions": [0, 1]}]}]},
        [
            {
                "topic_name": "t",
                "partitions": [{"partition_index": index, "error_code": CLUSTER_DENIED} for index in (0, 1)],
            }
        ],
    ),
]


def denied() -> Desk:
    desk = Desk()
    desk.core.cluster.create_topic("t")
    desk.core.authorizer = Nobody()
    return desk


@pytest.mark.parametrize(("name", "values"), TOP_LEVEL)
def test_at_the_top(name: str, values: dict[str, Any]) -> None:
    answer = denied().ask(name, **values)
    assert answer["error_code"] == CLUSTER_DENIED
    assert answer.get("error_message") in (None, GENERIC)


@pytest.mark.parametrize(("name", "values", "entries"), ENTRIES)
def test_in_each_entry(name: str, values: dict[str, Any], entries: list[dict[str, Any]]) -> None:
    answer = denied().ask(name, **values)
    assert "error_code" not in answer
    [found] = [value for key, value in answer.items() if key != "throttle_time_ms"]
    assert found == entries


def test_at_partitions_as_well() -> None:
    desk = denied()
    answer = desk.ask("ElectLeaders", topic_partitions=[{"topic": "t", "partitions": [0]}])
    [topic] = answer["replica_election_results"]
    assert topic["partition_result"] == [
        {"partition_id": 0, "error_code": CLUSTER_DENIED, "error_message": None}
    ]
    topics = [{"name": "t", "partitions": [{"partition_index": 0}]}]
    answer = desk.ask("AlterPartitionReassignments", topics=topics)
    assert answer["responses"] == [{"name": "t", "partitions": [PARTITION]}]
    answer = desk.ask("ListPartitionReassignments", topics=[{"name": "t", "partition_indexes": [3]}])
    assert answer["topics"][0]["partitions"][0]["partition_index"] == 3


def test_each_resource_has_its_own_code() -> None:
    desk = denied()
    resources = [
        {"resource_type": kind, "resource_name": name, "configuration_keys": None}
        for kind, name in ((2, "t"), (4, ""), (8, "1"), (16, "s"), (32, "g"))
    ]
    codes = [TOPIC_DENIED, CLUSTER_DENIED, CLUSTER_DENIED, CLUSTER_DENIED, GROUP_DENIED]
    answer = desk.ask("DescribeConfigs", resources=resources)
    assert [one["error_code"] for one in answer["results"]] == codes
    for name in ("IncrementalAlterConfigs", "AlterConfigs"):
        asked = [{key: one[key] for key in ("resource_type", "resource_name")} for one in resources]
        if name == "AlterConfigs":
            asked = [one for one in asked if one["resource_type"] != 8]
            codes = [TOPIC_DENIED, CLUSTER_DENIED, CLUSTER_DENIED, GROUP_DENIED]
            # What the cluster's default must keep is seen before anybody is asked.
            asked[1]["resource_name"] = "1"
        answer = desk.ask(name, resources=asked)
        assert [one["error_code"] for one in answer["responses"]] == codes


def test_an_unknown_type_spoils_the_whole_request() -> None:
    resources = [
        {"resource_type": kind, "resource_name": "t", "configuration_keys": None} for kind in (2, 99)
    ]
    answer = Desk().ask("DescribeConfigs", resources=resources)
    assert [(one["error_code"], one["configs"]) for one in answer["results"]] == [(42, []), (42, [])]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("DescribeAcls", {**ACL_FILTER, "operation": 0}),
        ("CreateAcls", {"creations": [ACL, {**ACL, "resource_pattern_type": 0}]}),
        ("DeleteAcls", {"filters": [{**ACL_FILTER, "permission_type": 0}]}),
    ],
)
def test_acls_with_unknown_elements_end_the_connection(name: str, values: dict[str, Any]) -> None:
    with pytest.raises(Disconnect):
        Desk().ask(name, **values)
