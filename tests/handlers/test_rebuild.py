"""A broker that starts again, and brokers that hand their coordinators on: nobody who asks sees a difference."""

from __future__ import annotations

from typing import Any

import pytest

from mockbroker.core import brokers
from protocol_specs.record_batch import Record, build_batch
from tests.handlers.plain import Client, Desk

TOPIC = "orders"
GROUPS = ("classic", "consumer", "share", "streams", "simple")
TRANSACTIONS = ("open", "ended")
INTERNAL = ("__consumer_offsets", "__transaction_state", "__share_group_state")


class Scene:
    """A group of each kind with a member, and transactions: one open that holds offsets, one committed."""

    def __init__(self, count: int) -> None:
        self.desk = Desk(
            count,
            group_initial_rebalance_delay_ms=0,
            group_streams_initial_rebalance_delay_ms=0,
            offsets_topic_num_partitions=5,
            transaction_state_log_num_partitions=5,
            share_coordinator_state_topic_num_partitions=5,
        )
        self.topic = self.desk.core.cluster.create_topic(TOPIC, partitions=1, replication_factor=count)
        self.desk.core.configs.groups["share"] = {"share.auto.offset.reset": "earliest"}
        self.classic_id = self.join_classic()
        for _ in range(2):
            self.share_epoch = self.beat_share(0)["member_epoch"]
        first_epoch = self.beat_consumer(0)["member_epoch"]
        # What the regular expression matches is found meanwhile.
        self.desk.clock.advance(0)
        self.consumer_epoch = self.beat_consumer(first_epoch)["member_epoch"]
        self.streams_epoch = self.beat_streams(0)["member_epoch"]
        self.commit("simple", 5)
        self.commit("classic", 6, member_id=self.classic_id, generation_id_or_member_epoch=1)
        self.producers = {name: self.init(name) for name in TRANSACTIONS}
        for name in TRANSACTIONS:
            self.write(name)
        self.offsets_of_transaction("open")
        self.producers["ended"] = self.end("ended")
        self.share()

    def to(self, key_type: int, key: str) -> Client:
        """A connection to the coordinator of a group (0), a transactional id (1) or a share partition (2)."""
        found = self.desk.ask("FindCoordinator", 6, key_type=key_type, coordinator_keys=[key])
        return self.desk.client(found["coordinators"][0]["node_id"])

    def leader(self) -> Client:
        return self.desk.client(self.topic.partitions[0].leader)

    # Groups.

    def join_classic(self) -> str:
        asked: dict[str, Any] = {"group_id": "classic", "session_timeout_ms": 30_000}
        asked |= {"rebalance_timeout_ms": 30_000, "protocol_type": "consumer"}
        asked["protocols"] = [{"name": "range", "metadata": b"\0\0\0\0\0\1\0\6orders\0\0\0\0"}]
        to = self.to(0, "classic")
        member_id: str = to.ask("JoinGroup", 9, **asked)["member_id"]
        pending = to.send("JoinGroup", 9, **asked, member_id=member_id)
        self.desk.clock.advance(0)
        assert to.read("JoinGroup", 9, pending.reply)["generation_id"] == 1
        sync: dict[str, Any] = {"group_id": "classic", "generation_id": 1, "member_id": member_id}
        sync["assignments"] = [{"member_id": member_id, "assignment": b"all"}]
        names = {"protocol_type": "consumer", "protocol_name": "range"}
        answer = to.ask("SyncGroup", 5, **sync, **names)
        assert answer["error_code"] == 0, answer
        return member_id

    def beat_classic(self) -> dict[str, Any]:
        asked = {"group_id": "classic", "generation_id": 1, "member_id": self.classic_id}
        return self.to(0, "classic").ask("Heartbeat", 4, **asked)

    def beat_consumer(self, epoch: int) -> dict[str, Any]:
        asked: dict[str, Any] = {"group_id": "consumer", "member_id": "m", "member_epoch": epoch}
        asked |= {"rebalance_timeout_ms": -1, "subscribed_topic_names": None, "topic_partitions": None}
        if not epoch:
            asked |= {"rebalance_timeout_ms": 30_000, "subscribed_topic_names": [TOPIC]}
            asked |= {"subscribed_topic_regex": "or.*", "topic_partitions": []}
        return self.to(0, "consumer").ask("ConsumerGroupHeartbeat", 1, **asked)

    def beat_share(self, epoch: int) -> dict[str, Any]:
        names = [] if epoch else [TOPIC]
        asked = {"group_id": "share", "member_id": "s", "member_epoch": epoch}
        return self.to(0, "share").ask(
            "ShareGroupHeartbeat", 1, **asked, subscribed_topic_names=names or None
        )

    def beat_streams(self, epoch: int) -> dict[str, Any]:
        asked: dict[str, Any] = {"group_id": "streams", "member_id": "t", "member_epoch": epoch}
        if epoch:
            unchanged = ("topology", "active_tasks", "standby_tasks", "warmup_tasks", "client_tags")
            asked |= {**dict.fromkeys(unchanged), "rebalance_timeout_ms": -1}
        else:
            parts = [{"subtopology_id": "0", "source_topics": [TOPIC]}]
            asked |= {"process_id": "p", "rebalance_timeout_ms": 30_000, "client_tags": []}
            asked |= {"active_tasks": [], "standby_tasks": [], "warmup_tasks": []}
            asked["topology"] = {"epoch": 1, "subtopologies": parts}
        return self.to(0, "streams").ask("StreamsGroupHeartbeat", 0, **asked)

    def commit(self, group: str, offset: int, **more: Any) -> None:
        partition = {"partition_index": 0, "committed_offset": offset, "committed_metadata": "m"}
        topics = [{"name": TOPIC, "partitions": [partition]}]
        answer = self.to(0, group).ask("OffsetCommit", 9, group_id=group, topics=topics, **more)
        assert answer["topics"][0]["partitions"][0]["error_code"] == 0

    def share(self) -> None:
        """Acknowledge one record of the four that there are, and leave three."""
        batches = [{"first_offset": 1, "last_offset": 1, "acknowledge_types": [1]}]
        for epoch, given in ((0, []), (1, batches)):
            partitions = [{"partition_index": 0, "acknowledgement_batches": given}]
            topics = [{"topic_id": self.topic.id, "partitions": partitions}]
            asked = {"group_id": "share", "member_id": "s", "share_session_epoch": epoch, "topics": topics}
            limits = {"max_wait_ms": 0, "max_bytes": 1 << 20, "max_records": 10, "batch_size": 10}
            if epoch == 0:
                client = self.leader()
            answer = client.ask("ShareFetch", 2, **asked, **limits)
            assert answer["responses"][0]["partitions"][0]["error_code"] == 0

    # Transactions.

    def init(self, name: str) -> tuple[int, int]:
        asked = {"transactional_id": name, "transaction_timeout_ms": 60_000}
        answer = self.to(1, name).ask("InitProducerId", 5, **asked)
        return answer["producer_id"], answer["producer_epoch"]

    def write(self, name: str) -> None:
        records = [Record(0, 1_700_000_000_000, None, name.encode()) for _ in range(2)]
        producer_id, epoch = self.producers[name]
        batch = build_batch(
            records, producer_id=producer_id, producer_epoch=epoch, base_sequence=0, is_transactional=True
        )
        data = [{"name": TOPIC, "partition_data": [{"index": 0, "records": memoryview(batch)}]}]
        asked = {"transactional_id": name, "acks": -1, "timeout_ms": 1000, "topic_data": data}
        answer = self.leader().ask("Produce", 12, **asked)
        assert answer["responses"][0]["partition_responses"][0]["error_code"] == 0

    def names(self, name: str) -> dict[str, Any]:
        producer_id, epoch = self.producers[name]
        return {"transactional_id": name, "producer_id": producer_id, "producer_epoch": epoch}

    def offsets_of_transaction(self, name: str) -> None:
        partition = {"partition_index": 0, "committed_offset": 9, "committed_metadata": ""}
        topics = [{"name": TOPIC, "partitions": [partition]}]
        asked = {**self.names(name), "group_id": "simple", "topics": topics}
        answer = self.to(0, "simple").ask("TxnOffsetCommit", 5, **asked)
        assert answer["topics"][0]["partitions"][0]["error_code"] == 0

    def end(self, name: str) -> tuple[int, int]:
        answer = self.to(1, name).ask("EndTxn", 5, **self.names(name), committed=True)
        assert answer["error_code"] == 0
        return answer["producer_id"], answer["producer_epoch"]

    def fetched(self, require_stable: bool, group: str = "simple") -> tuple[int, int]:
        """Error and offset."""
        topics = [{"name": TOPIC, "partition_indexes": [0]}]
        asked = [{"group_id": group, "topics": topics, "member_epoch": -1}]
        answer = self.to(0, group).ask("OffsetFetch", 9, groups=asked, require_stable=require_stable)
        [partition] = answer["groups"][0]["topics"][0]["partitions"]
        return partition["error_code"], partition["committed_offset"]

    # What anybody may ask.

    def seen(self) -> dict[str, Any]:
        """All that the coordinators, and the partition's leader, tell of it."""
        described = {
            "classic": ("DescribeGroups", {"groups": ["classic", "simple"]}),
            "consumer": ("ConsumerGroupDescribe", {"group_ids": ["consumer"]}),
            "share": ("ShareGroupDescribe", {"group_ids": ["share"]}),
            "streams": ("StreamsGroupDescribe", {"group_ids": ["streams"]}),
        }
        seen: dict[str, Any] = {
            group: self.to(0, group).ask(name, **asked) for group, (name, asked) in described.items()
        }
        asked = [{"group_id": "share", "topics": None}]
        seen["share offsets"] = self.to(0, "share").ask("DescribeShareGroupOffsets", groups=asked)
        for group in ("classic", "simple"):
            for require_stable in (False, True):
                seen[f"{group} {require_stable}"] = self.fetched(require_stable, group)
        for name in TRANSACTIONS:
            seen[name] = self.to(1, name).ask("DescribeTransactions", 0, transactional_ids=[name])
        topics = [{"name": TOPIC, "partition_indexes": [0]}]
        producers = self.leader().ask("DescribeProducers", topics=topics)["topics"][0]["partitions"][0]
        seen["producers"] = sorted(producers["active_producers"], key=lambda one: one["producer_id"])
        return seen

    # What happens.

    def restart(self) -> None:
        brokers.kill(self.desk.core.cluster, 1)
        brokers.start(self.desk.core.cluster, 1)
        self.desk.core.waiting.flush()

    def hand_on(self) -> None:
        """Every partition of the internal topics, and of the topic, gets the next leader."""
        cluster = self.desk.core.cluster
        for name in (*INTERNAL, TOPIC):
            for partition in cluster.topics[name].partitions:
                to = next(id for id in partition.isr if id != partition.leader)
                brokers.move_leader(cluster, name, partition.index, to)
        self.desk.core.waiting.flush()


@pytest.mark.parametrize(("count", "happens"), [(1, Scene.restart), (3, Scene.hand_on)])
def test_everything_is_as_it_was(count: int, happens: Any) -> None:
    scene = Scene(count)
    before = scene.seen()
    assert before["simple True"] == (88, -1), "an open transaction holds the offset back"
    assert [one["producer_id"] for one in before["producers"]]

    happens(scene)

    assert scene.seen() == before
    assert scene.beat_classic()["error_code"] == 0
    for group in ("consumer", "share", "streams"):
        epoch = getattr(scene, f"{group}_epoch")
        answer = getattr(scene, f"beat_{group}")(epoch)
        assert (answer["error_code"], answer["member_epoch"]) == (0, epoch)
    scene.end("open")
    assert scene.fetched(True) == (0, 9)
    scene.write("ended")
    scene.end("ended")
