"""What older releases answer otherwise than the newest one; seen at brokers of 3.9.2, 4.0.2 and 4.1.1."""

from __future__ import annotations

from typing import Any

import pytest

from mockbroker.core.transactions.log_records import read_record
from protocol_specs.record_batch import records_of
from tests.handlers.plain import Desk

TOPIC, CLIENT_METRICS, GROUP = 2, 16, 32


def described(desk: Desk, kind: int, name: str, version: int = 4) -> Any:
    resource = {"resource_type": kind, "resource_name": name}
    asked = {"include_synonyms": True} if version else {}
    return desk.ask("DescribeConfigs", version, resources=[resource], **asked)["results"][0]


@pytest.mark.parametrize(("release", "is_default"), [("2.0", True), ("3.9", False)])
def test_version_0_forgot_what_is_a_default(release: str, is_default: bool) -> None:
    desk = Desk(emulate=release)
    desk.core.cluster.create_topic("t")
    configs = described(desk, TOPIC, "t", 0)["configs"]
    assert {config["is_default"] for config in configs} == {is_default}


def test_groups_had_no_configs() -> None:
    desk = Desk(emulate="3.9")
    assert described(desk, GROUP, "g")["error_code"] == 42
    changed = {"resource_type": GROUP, "resource_name": "g", "configs": []}
    answer = desk.ask("IncrementalAlterConfigs", 1, resources=[changed])["responses"][0]
    assert (answer["error_code"], answer["error_message"]) == (42, "Unknown resource type 32")
    desk.ask("FindCoordinator", 4, key_type=0, coordinator_keys=["g"])
    operations = desk.ask("DescribeGroups", 5, groups=["g"], include_authorized_operations=True)
    assert operations["groups"][0]["authorized_operations"] == 328


@pytest.mark.parametrize(("release", "shown"), [("4.0", 0), ("4.1", 3)])
def test_subscriptions_show_what_is_set(release: str, shown: int) -> None:
    assert len(described(Desk(emulate=release), CLIENT_METRICS, "s")["configs"]) == shown


def test_a_groups_configs_named_no_config_of_the_broker() -> None:
    desk = Desk(emulate="4.1")
    name = "consumer.session.timeout.ms"
    synonyms = {config["name"]: config["synonyms"] for config in described(desk, GROUP, "g")["configs"]}
    assert synonyms[name] == [{"name": name, "value": "45000", "source": 5}]
    change = {"name": name, "config_operation": 0, "value": "50000"}
    resource = {"resource_type": GROUP, "resource_name": "g", "configs": [change]}
    assert desk.ask("IncrementalAlterConfigs", 1, resources=[resource])["responses"][0]["error_code"] == 0
    synonyms = {config["name"]: config["synonyms"] for config in described(desk, GROUP, "g")["configs"]}
    assert synonyms[name] == [{"name": name, "value": "50000", "source": 8}]


def test_words_for_configs_that_may_not_be_changed() -> None:
    def refused(release: str) -> Any:
        change = {"name": "broker.id", "config_operation": 0, "value": "7"}
        resource = {"resource_type": 4, "resource_name": "1", "configs": [change]}
        answer = Desk(emulate=release).ask("IncrementalAlterConfigs", 1, resources=[resource])
        return answer["responses"][0]["error_message"]

    assert refused("4.1") == "Cannot update these configs dynamically: Set(broker.id)"
    assert refused("4.3") == "Cannot update these configs dynamically: [broker.id]"


def test_cordons_came_late() -> None:
    topic = {"name": "t", "num_partitions": 1, "replication_factor": 2}
    answer = Desk(emulate="4.1").ask("CreateTopics", 7, topics=[topic], timeout_ms=1000)["topics"][0]
    assert answer["error_message"].endswith("because only 1 broker(s) are registered.")


@pytest.mark.parametrize(("release", "code"), [("2.8", 0), ("3.9", 35)])
def test_offsets_in_zookeeper(release: str, code: int) -> None:
    desk = Desk(emulate=release)
    desk.core.cluster.create_topic("t")
    desk.ask("FindCoordinator", 1, key="g", key_type=0)
    partition = {"partition_index": 0, "committed_offset": 7, "committed_metadata": ""}
    answer = desk.ask("OffsetCommit", 0, group_id="g", topics=[{"name": "t", "partitions": [partition]}])
    assert answer["topics"][0]["partitions"][0]["error_code"] == code
    answer = desk.ask("OffsetFetch", 0, group_id="g", topics=[{"name": "t", "partition_indexes": [0]}])
    fetched = answer["topics"][0]["partitions"][0]
    assert (fetched["committed_offset"], fetched["error_code"]) == ((-1, 35) if code else (7, 0))


@pytest.mark.parametrize(("release", "code"), [("3.9", 22), ("4.0", 69)])
def test_a_generation_of_no_group(release: str, code: int) -> None:
    desk = Desk(emulate=release)
    desk.core.cluster.create_topic("t")
    desk.ask("FindCoordinator", 1, key="g", key_type=0)
    partition = {"partition_index": 0, "committed_offset": 7, "committed_metadata": ""}
    topics = [{"name": "t", "partitions": [partition]}]
    asked = {"generation_id_or_member_epoch": 3, "member_id": "m", "topics": topics}
    answer = desk.ask("OffsetCommit", 9, group_id="g", **asked)
    assert answer["topics"][0]["partitions"][0]["error_code"] == code


@pytest.mark.parametrize(("release", "code"), [("3.9", 15), ("4.0", 42), ("4.3", 0)])
def test_coordinators_of_share_groups(release: str, code: int) -> None:
    key = "g:AAAAAAAAAAAAAAAAAAAAAQ:0"
    answer = Desk(emulate=release).ask("FindCoordinator", 6, key_type=2, coordinator_keys=[key])
    assert answer["coordinators"][0]["error_code"] == code


def test_features_failed_one_by_one() -> None:
    updates = [
        {"feature": "metadata.version", "max_version_level": 99, "upgrade_type": 1},
        {"feature": "kraft.version", "max_version_level": 1, "upgrade_type": 1},
    ]
    answer = Desk(emulate="3.9").ask("UpdateFeatures", 1, timeout_ms=1000, feature_updates=updates)
    assert (answer["error_code"], answer["error_message"]) == (0, "")
    assert {one["feature"]: one["error_code"] for one in answer["results"]} == {
        "metadata.version": 95,
        "kraft.version": 0,
    }


def test_words_of_controllers_that_kept_things_in_zookeeper() -> None:
    desk = Desk(emulate="2.8")
    topic = {"name": "t", "num_partitions": 1, "replication_factor": 2}
    answer = desk.ask("CreateTopics", 7, topics=[topic], timeout_ms=1000)["topics"][0]
    assert answer["error_message"] == "Replication factor: 2 larger than available brokers: 1."
    desk.core.cluster.create_topic("t", partitions=3)
    fewer = desk.ask("CreatePartitions", 3, topics=[{"name": "t", "count": 1}], timeout_ms=1000)["results"][0]
    assert fewer["error_message"] == "Topic currently has 3 partitions, which is higher than the requested 1."
    change = {"name": "retention.ms", "config_operation": 0, "value": "abc"}
    resource = {"resource_type": TOPIC, "resource_name": "t", "configs": [change]}
    refused = desk.ask("IncrementalAlterConfigs", 1, resources=[resource])["responses"][0]
    assert (refused["error_code"], refused["error_message"]) == (
        42,
        "Invalid config value for resource ConfigResource(type=TOPIC, name='t'): "
        "Invalid value abc for configuration retention.ms: Not a number of type LONG",
    )


@pytest.mark.parametrize(("release", "left"), [("3.9", []), ("4.0", ["g"])])
def test_a_group_goes_with_its_last_offset(release: str, left: list[str]) -> None:
    desk = Desk(emulate=release)
    desk.core.cluster.create_topic("t")
    desk.ask("FindCoordinator", 4, coordinator_keys=["g"], key_type=0)
    partition = {"partition_index": 0, "committed_offset": 7, "committed_metadata": ""}
    desk.ask("OffsetCommit", 8, group_id="g", topics=[{"name": "t", "partitions": [partition]}])
    assert [group["group_id"] for group in desk.ask("ListGroups", 4)["groups"]] == ["g"]
    deleted = {"name": "t", "partitions": [{"partition_index": 0}]}
    assert desk.ask("OffsetDelete", 0, group_id="g", topics=[deleted])["error_code"] == 0
    assert [group["group_id"] for group in desk.ask("ListGroups", 4)["groups"]] == left


def test_remote_storage_was_in_the_making() -> None:
    configs = [{"name": "remote.storage.enable", "value": "true"}]
    topic = {"name": "t", "num_partitions": 1, "replication_factor": 1, "configs": configs}

    def created(release: str) -> Any:
        answer = Desk(emulate=release).ask("CreateTopics", 4, topics=[topic], timeout_ms=1000)
        return answer["topics"][0]["error_code"]

    assert (created("3.3"), created("3.9")) == (0, 40)


@pytest.mark.parametrize("release", ["4.0", "4.1"])
def test_a_consumer_group_does_without_the_configs_of_later_releases(release: str) -> None:
    desk = Desk(emulate=release, group_initial_rebalance_delay_ms=0)
    desk.core.cluster.create_topic("t")
    desk.ask("FindCoordinator", 4, key_type=0, coordinator_keys=["g"])
    joins = {"group_id": "g", "member_id": "m", "member_epoch": 0, "rebalance_timeout_ms": 1000}
    lists = {"subscribed_topic_names": ["t"], "topic_partitions": []}
    answer = desk.ask("ConsumerGroupHeartbeat", 1, **joins, **lists)
    assert (answer["error_code"], answer["member_epoch"], answer["heartbeat_interval_ms"]) == (0, 1, 5000)
    assert [one["partitions"] for one in answer["assignment"]["topic_partitions"]] == [[0]]
    desk.ask("ConsumerGroupHeartbeat", 1, **{**joins, "member_id": "n"}, **lists)
    desk.ask("ConsumerGroupHeartbeat", 1, **{**joins, "member_epoch": 1}, **lists)
    assert desk.ask("ConsumerGroupHeartbeat", 1, **joins, **lists)["error_code"] == 110


@pytest.mark.parametrize(
    ("release", "name", "code"),
    [
        ("3.3", "no.such.feature", 95),
        ("3.3", "kraft.version", 95),
        ("3.9", "no.such.feature", 0),
        ("3.9", "kraft.version", 0),
        ("4.0", "no.such.feature", 95),
        ("4.0", "kraft.version", 0),
        ("4.1", "streams.version", 0),
        ("4.1", "kraft.version", 95),
        ("4.3", "kraft.version", 95),
    ],
)
def test_levels_that_were_taken_down_to_0(release: str, name: str, code: int) -> None:
    desk = Desk(emulate=release)
    update = {"feature": name, "max_version_level": 0, "upgrade_type": 2}
    answer = desk.ask("UpdateFeatures", 1, feature_updates=[update])
    codes = {answer["error_code"], *(one["error_code"] for one in answer["results"])}
    assert max(codes) == code
    assert desk.core.features.level("kraft.version") == (0 if release == "3.3" else 1)


def test_a_voters_directory_was_optional() -> None:
    desk = Desk(emulate="3.9")
    voter = {"voter_id": 9, "voter_directory_id": bytes(15) + b"\1"}
    text = desk.ask("RemoveRaftVoter", 0, cluster_id=None, **voter)["error_message"]
    assert text.startswith(
        "Cannot remove voter ReplicaKey(id=9, directoryId=Optional[AAAAAAAAAAAAAAAAAAAAAQ])"
    )


@pytest.mark.parametrize(("release", "is_written"), [("4.1", False), ("4.3", True)])
def test_which_producer_id_was_before_was_not_written(release: str, is_written: bool) -> None:
    desk = Desk(emulate=release)
    desk.ask("FindCoordinator", 4, key_type=1, coordinator_keys=["tx"])
    for _ in range(2):
        desk.ask("InitProducerId", 4, transactional_id="tx", transaction_timeout_ms=1000)
    [written] = [
        record
        for partition in desk.core.cluster.topics["__transaction_state"].partitions
        for batch in partition.log.batches(0)
        for record in records_of(batch.view)
    ][1:]
    entry = read_record(written)
    assert entry is not None
    assert entry.metadata is not None
    assert (entry.metadata.previous_producer_id >= 0) is is_written


@pytest.mark.parametrize(("release", "version"), [("2.0", 1), ("2.8", 3), ("4.0", 3), ("4.1", 4)])
def test_versions_of_what_is_written_of_offsets(release: str, version: int) -> None:
    desk = Desk(emulate=release)
    desk.core.cluster.create_topic("t")
    desk.ask("FindCoordinator", 1, key_type=0, key="g")
    partition = {"partition_index": 0, "committed_offset": 5, "committed_metadata": ""}
    group = {"group_id": "g", "member_id": "", "generation_id_or_member_epoch": -1}
    desk.ask("OffsetCommit", 2, **group, topics=[{"name": "t", "partitions": [partition]}])
    desk.core.groups.shards.unload_broker(1)
    [value] = [
        record.value
        for partition in desk.core.cluster.topics["__consumer_offsets"].partitions
        for batch in partition.log.batches(0)
        for record in records_of(batch.view)
    ]
    assert value is not None
    assert value[:2] == version.to_bytes(2)
    fetched = desk.ask("OffsetFetch", 2, group_id="g", topics=None)["topics"][0]["partitions"][0]
    assert fetched["committed_offset"] == 5


@pytest.mark.parametrize("release", ["0.11", "2.0"])
def test_a_group_is_kept_in_a_version_that_knew_no_instances(release: str) -> None:
    desk = Desk(emulate=release, group_initial_rebalance_delay_ms=0)
    desk.ask("FindCoordinator", 1, key_type=0, key="g")
    protocols = [{"name": "range", "metadata": b""}]
    member = {"group_id": "g", "session_timeout_ms": 10_000, "rebalance_timeout_ms": 10_000, "member_id": ""}
    client = desk.client()
    pending = client.send("JoinGroup", 1, **member, protocol_type="consumer", protocols=protocols)
    desk.clock.advance(1)
    desk.broker.flush()
    joined = client.read("JoinGroup", 1, pending.reply)
    who = {"group_id": "g", "generation_id": 1, "member_id": joined["member_id"]}
    assignments = [{"member_id": joined["member_id"], "assignment": b"a"}]
    assert desk.ask("SyncGroup", 1, **who, assignments=assignments)["error_code"] == 0
    desk.core.groups.shards.unload_broker(1)
    assert desk.ask("Heartbeat", 1, **who)["error_code"] == 0


def offsets_of(desk: Desk, version: int, *timestamps: int) -> Any:
    partitions = [
        {"partition_index": 0, "timestamp": timestamp, "max_num_offsets": 5} for timestamp in timestamps
    ]
    asked = {"replica_id": -1, "topics": [{"name": "t", "partitions": partitions}]}
    return desk.ask("ListOffsets", version, **asked)["topics"][0]["partitions"]


def test_offsets_of_before_there_was_one_for_each_time() -> None:
    desk = Desk(emulate="3.9")
    desk.core.cluster.create_topic("t")
    assert [one["error_code"] for one in offsets_of(desk, 0, -1, -2, -3)] == [0, 0, 35]
    assert [one["old_style_offsets"] for one in offsets_of(desk, 0, -1, -1)] == [[0], [0]]
    assert [one["error_code"] for one in offsets_of(desk, 1, -1, -1)] == [42, 42]
    desk = Desk(emulate="4.0")
    desk.core.cluster.create_topic("t")
    assert [one["error_code"] for one in offsets_of(desk, 1, -1, -1)] == [42]


@pytest.mark.parametrize(
    ("release", "codes"), [("2.8", (0, 0)), ("3.3", (29, -1)), ("3.9", (42, 44)), ("4.3", (42, 44))]
)
def test_topics_that_may_not_be_made(release: str, codes: tuple[int, int]) -> None:
    desk = Desk(emulate=release)

    def made(name: str, partitions: int) -> int:
        topic = {"name": name, "num_partitions": partitions, "replication_factor": 1}
        answer = desk.ask("CreateTopics", 2, topics=[topic], validate_only=True)
        code: int = answer["topics"][0]["error_code"]
        return code

    assert (made("__cluster_metadata", 1), made("t", 20_000)) == codes


@pytest.mark.parametrize(
    ("release", "codes"), [("3.9", [95, 0, 0]), ("4.0", [0, 0, 95]), ("4.3", [95, 95, 0])]
)
def test_levels_of_kraft_that_controllers_took_and_forgot(release: str, codes: list[int]) -> None:
    desk = Desk(emulate=release)
    answered = []
    for level, upgrade_type in ((0, 1), (0, 2), (1, 2)):
        update = {"feature": "kraft.version", "max_version_level": level, "upgrade_type": upgrade_type}
        answer = desk.ask("UpdateFeatures", 1, feature_updates=[update])
        answered.append(max([answer["error_code"], *(one["error_code"] for one in answer["results"])]))
    assert answered == codes


@pytest.mark.parametrize(("release", "received"), [("4.0", 1), ("4.1", 2)])
def test_who_was_meant_by_the_loggers_of_another_broker(release: str, received: int) -> None:
    change = {"name": "kafka", "config_operation": 0, "value": "INFO"}
    resource = {"resource_type": 8, "resource_name": "2", "configs": [change]}
    answer = Desk(emulate=release).ask("IncrementalAlterConfigs", 1, resources=[resource])
    text = f"Unexpected node id. Expected 1, but received {received}"
    assert answer["responses"][0]["error_message"] == text


def test_a_static_member_of_before_4_3_may_come_back() -> None:
    desk = Desk(emulate="4.1", group_initial_rebalance_delay_ms=0)
    desk.core.cluster.create_topic("t")
    desk.ask("FindCoordinator", 4, key_type=0, coordinator_keys=["g"])
    member = {"group_id": "g", "member_id": "m", "instance_id": "i", "rebalance_timeout_ms": 1000}
    lists = {"subscribed_topic_names": ["t"], "topic_partitions": []}
    for epoch in (0, -2, 0):
        answer = desk.ask("ConsumerGroupHeartbeat", 1, **member, member_epoch=epoch, **lists)
        assert answer["error_code"] == 0


def test_share_groups_of_4_1_are_off() -> None:
    desk = Desk(emulate="4.1")
    member = {"group_id": "g", "member_id": "m"}
    codes = {
        desk.ask("ShareGroupHeartbeat", 1, **member, subscribed_topic_names=["t"])["error_code"],
        desk.ask("ShareGroupDescribe", 1, group_ids=["g"])["groups"][0]["error_code"],
        desk.ask("ShareFetch", 1, **member, topics=[])["error_code"],
        desk.ask("ShareAcknowledge", 1, **member, topics=[])["error_code"],
        desk.ask("DescribeShareGroupOffsets", 0, groups=[{"group_id": "g"}])["groups"][0]["error_code"],
        desk.ask("AlterShareGroupOffsets", 0, group_id="g", topics=[])["error_code"],
        desk.ask("DeleteShareGroupOffsets", 0, group_id="g", topics=[])["error_code"],
    }
    assert codes == {35}
