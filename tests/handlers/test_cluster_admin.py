"""Elections, reassignments, log directories, the quorum, features and brokers, over frames."""

from __future__ import annotations

from typing import Any

import pytest

from mockbroker.core import brokers
from mockbroker.core.nodes import PAUSED
from mockbroker.wire.caller import Disconnect
from tests.handlers.plain import Desk


def three(*assignment: int) -> Desk:
    desk = Desk(brokers=3)
    desk.core.cluster.create_topic("t", assignments=[(0, assignment or (1, 2, 3))])
    return desk


class TestElectLeaders:
    def elect(self, desk: Desk, election_type: int = 0, version: int = 2) -> list[tuple[int, str | None]]:
        asked = [{"topic": "t", "partitions": [0]}]
        more = {"election_type": election_type} if version else {}
        answer = desk.ask("ElectLeaders", version, topic_partitions=asked, **more)
        [topic] = answer["replica_election_results"]
        return [(one["error_code"], one["error_message"]) for one in topic["partition_result"]]

    @pytest.mark.parametrize("version", range(3))
    def test_the_preferred_leader_leads_again(self, version: int) -> None:
        desk = three()
        brokers.move_leader(desk.core.cluster, "t", 0, 2)
        assert self.elect(desk, version=version) == [(0, None)]
        assert desk.core.cluster.partition("t", 0).leader == 1
        text = "Leader election not needed for topic partition."
        assert self.elect(desk, version=version) == [(84, text)]

    def test_without_a_candidate(self) -> None:
        desk = three()
        brokers.kill(desk.core.cluster, 1)
        [(code, _)] = self.elect(desk)
        assert code == 80

    def test_an_unclean_one_takes_any_replica(self) -> None:
        desk = three(1, 2)
        cluster = desk.core.cluster
        brokers.kill(cluster, 2)
        brokers.kill(cluster, 1)
        brokers.start(cluster, 2)
        assert cluster.partition("t", 0).leader == -1
        client = desk.client(2)
        answer = client.ask(
            "ElectLeaders", 2, election_type=1, topic_partitions=[{"topic": "t", "partitions": [0]}]
        )
        assert answer["replica_election_results"][0]["partition_result"][0]["error_code"] == 0
        assert cluster.partition("t", 0).leader == 2

    def test_all_partitions_that_need_it(self) -> None:
        desk = three()
        desk.core.cluster.create_topic("other", partitions=2)
        brokers.move_leader(desk.core.cluster, "t", 0, 2)
        answer = desk.ask("ElectLeaders", 2, topic_partitions=None)
        found = {
            one["topic"]: [partition["partition_id"] for partition in one["partition_result"]]
            for one in answer["replica_election_results"]
        }
        assert found == {"t": [0], "other": []}


class TestReassignments:
    def alter(self, desk: Desk, replicas: list[int] | None, **more: Any) -> tuple[int, str | None]:
        partition = {"partition_index": 0, "replicas": replicas}
        topics = [{"name": "t", "partitions": [partition]}]
        [topic] = desk.ask("AlterPartitionReassignments", 1, topics=topics, **more)["responses"]
        [found] = topic["partitions"]
        return found["error_code"], found["error_message"]

    def ongoing(self, desk: Desk, topics: Any = None) -> list[Any]:
        answer = desk.ask("ListPartitionReassignments", 0, topics=topics)
        return [
            (topic["name"], one["replicas"], one["adding_replicas"], one["removing_replicas"])
            for topic in answer["topics"]
            for one in topic["partitions"]
        ]

    def test_replicas_move(self) -> None:
        desk = three(1, 2)
        assert self.alter(desk, [3, 2]) == (0, None)
        assert desk.core.cluster.partition("t", 0).replicas == (3, 2)
        assert self.ongoing(desk) == []

    def test_progress_is_shown_and_can_be_stopped(self) -> None:
        desk = three(1, 2)
        brokers.set_pace(desk.core.cluster, 3, PAUSED)
        assert self.alter(desk, [3]) == (0, None)
        moving = [("t", [3, 1, 2], [3], [1, 2])]
        assert self.ongoing(desk) == moving
        assert self.ongoing(desk, [{"name": "t", "partition_indexes": [0, 9]}]) == moving
        assert self.ongoing(desk, [{"name": "t", "partition_indexes": [1]}]) == []
        assert self.ongoing(desk, []) == []
        assert self.alter(desk, None) == (0, None)
        assert self.ongoing(desk) == []
        assert desk.core.cluster.partition("t", 0).replicas == (1, 2)
        assert self.alter(desk, None) == (85, None)

    def test_the_factor_stays_if_it_is_to(self) -> None:
        desk = three(1, 2)
        code, text = self.alter(desk, [1], allow_replication_factor_change=False)
        assert (code, text) == (38, "The replication factor is changed from 2 to 1")


class TestLogDirs:
    def dirs(self, desk: Desk, **more: Any) -> dict[str, list[tuple[str, int]]]:
        answer = desk.ask("DescribeLogDirs", topics=None, **more)
        return {
            one["log_dir"]: sorted(
                (topic["name"], partition["partition_index"])
                for topic in one["topics"]
                for partition in topic["partitions"]
            )
            for one in answer["results"]
        }

    def test_logs_are_spread_over_directories_and_moved(self) -> None:
        desk = Desk(log_dirs="/a,/b")
        desk.core.cluster.create_topic("t", partitions=3)
        assert self.dirs(desk) == {"/a": [("t", 0), ("t", 2)], "/b": [("t", 1)]}
        wanted = [{"path": "/b", "topics": [{"name": "t", "partitions": [0, 1, 9]}]}]
        answer = desk.ask("AlterReplicaLogDirs", dirs=wanted)
        [topic] = answer["results"]
        assert [one["error_code"] for one in topic["partitions"]] == [0, 0, 3]
        assert self.dirs(desk) == {"/a": [("t", 2)], "/b": [("t", 0), ("t", 1)]}

    def test_no_such_directory(self) -> None:
        desk = Desk()
        desk.core.cluster.create_topic("t")
        wanted = [{"path": "/x", "topics": [{"name": "t", "partitions": [0]}]}]
        [topic] = desk.ask("AlterReplicaLogDirs", dirs=wanted)["results"]
        assert topic["partitions"] == [{"partition_index": 0, "error_code": 57}]

    def test_each_broker_tells_of_its_own(self) -> None:
        desk = three(1, 2)
        found = desk.client(3).ask("DescribeLogDirs", topics=None)["results"]
        assert [one["topics"] for one in found] == [[]]

    def test_space_and_cordons(self) -> None:
        desk = Desk(log_dirs="/a,/b")
        desk.core.settings.set_dynamic(1, {"cordoned.log.dirs": "/b"})
        first, second = desk.ask("DescribeLogDirs", topics=[])["results"]
        assert (first["is_cordoned"], second["is_cordoned"]) == (False, True)
        assert first["total_bytes"] == first["usable_bytes"] > 0


ASKED = [{"topic_name": "__cluster_metadata", "partitions": [{"partition_index": 0}]}]


class TestQuorum:
    @pytest.mark.parametrize("version", range(3))
    def test_one_combined_node(self, version: int) -> None:
        answer = Desk().ask("DescribeQuorum", version, topics=ASKED)
        [partition] = answer["topics"][0]["partitions"]
        assert (partition["leader_id"], partition["leader_epoch"]) == (1, 1)
        [voter] = partition["current_voters"]
        assert voter["log_end_offset"] == partition["high_watermark"]
        assert partition["observers"] == []
        if version >= 2:
            [node] = answer["nodes"]
            assert node["listeners"][0]["name"] == "CONTROLLER"

    def test_brokers_observe_controllers_of_their_own(self) -> None:
        answer = Desk(brokers=3).ask("DescribeQuorum", 2, topics=ASKED)
        [partition] = answer["topics"][0]["partitions"]
        voters = [one["replica_id"] for one in partition["current_voters"]]
        assert partition["leader_id"] in voters
        assert [one["node_id"] for one in answer["nodes"]] == voters
        assert [one["replica_id"] for one in partition["observers"]] == [1, 2, 3]

    def test_the_log_grows(self) -> None:
        desk = Desk()

        def end() -> int:
            answer = desk.ask("DescribeQuorum", 2, topics=ASKED)
            offset: int = answer["topics"][0]["partitions"][0]["high_watermark"]
            return offset

        before = end()
        desk.clock.advance(10)
        assert end() == before + 20
        desk.core.cluster.create_topic("t")
        assert end() > before + 20


class TestFeatures:
    def test_apiversions_shows_what_was_updated(self) -> None:
        desk = Desk()

        def finalized() -> tuple[int, set[str]]:
            answer = desk.ask("ApiVersions", 3, client_software_name="a", client_software_version="1")
            return answer["finalized_features_epoch"], {one["name"] for one in answer["finalized_features"]}

        epoch, names = finalized()
        update = {"feature": "streams.version", "max_version_level": 0, "upgrade_type": 2}
        assert desk.ask("UpdateFeatures", 2, feature_updates=[update])["error_code"] == 0
        assert finalized() == (epoch + 1, names - {"streams.version"})

    def test_every_feature_is_answered_up_to_version_1(self) -> None:
        updates = [{"feature": name, "max_version_level": 1} for name in ("group.version", "share.version")]
        for version in range(3):
            answer = Desk().ask("UpdateFeatures", version, feature_updates=updates)
            found = [(one["feature"], one["error_message"]) for one in answer.get("results", [])]
            assert found == ([("group.version", "NONE"), ("share.version", "NONE")] if version < 2 else [])


class TestUnregisterBroker:
    def test_a_broker_that_is_down_is_forgotten(self) -> None:
        desk = three()
        brokers.stop(desk.core.cluster, 3)
        answer = desk.ask("UnregisterBroker", broker_id=3)
        assert (answer["error_code"], answer["error_message"]) == (0, "")
        shown = desk.ask("DescribeCluster", 2, include_fenced_brokers=True)["brokers"]
        assert [one["broker_id"] for one in shown] == [1, 2]
        answer = desk.ask("UnregisterBroker", broker_id=3)
        assert answer["error_message"] == "Broker ID 3 is not currently registered"

    def test_its_connections_end(self) -> None:
        desk = three()
        client = desk.client(3)
        client.ask("ApiVersions", 0)
        desk.ask("UnregisterBroker", broker_id=3)
        with pytest.raises(Disconnect, match="not registered"):
            client.ask("ApiVersions", 0)


def test_voters_are_added_and_removed_over_frames() -> None:
    desk = Desk(brokers=3)
    voter = next(iter(desk.core.cluster.quorum.voters.values()))
    removed = {"voter_id": voter.id, "voter_directory_id": voter.directory_id, "cluster_id": None}
    answer = desk.ask("RemoveRaftVoter", 0, **removed)
    assert (answer["error_code"], answer["error_message"]) == (0, None)
    listeners = [{"name": "CONTROLLER", "host": "localhost", "port": 9093}]
    answer = desk.ask("AddRaftVoter", 1, **removed, listeners=listeners)
    assert (answer["error_code"], answer["error_message"]) == (0, None)
    answer = desk.ask("AddRaftVoter", 1, **removed, listeners=listeners)
    assert answer["error_code"] == 126
