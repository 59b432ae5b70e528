"""What coordinators write, record by record, in order: keys, values, their versions, tombstones, markers."""

from __future__ import annotations

from functools import partial
from typing import Any

from compat_tests.differential.cases.groups import classic_join, subscription
from compat_tests.differential.cases.records import batch, produce
from compat_tests.differential.cases.transactions import Producer
from compat_tests.differential.consumers import Group, assigned_to, owned
from compat_tests.differential.internal_logs import of_group, of_share_states, of_transaction
from compat_tests.differential.peer import Peer
from compat_tests.differential.runner import Run, versions
from compat_tests.differential.shares import State, await_share_coordinator

_TOPIC = "it"


def _commit(group: str, offset: int, partition: int = 0, **more: Any) -> dict[str, Any]:
    place = {"partition_index": partition, "committed_offset": offset, "committed_metadata": "m"}
    topics = [{"name": _TOPIC, "partitions": [place]}]
    return {"group_id": group, "generation_id_or_member_epoch": -1, "topics": topics, **more}


def _has_written(run: Run, group: str, count: int) -> bool:
    return len(of_group(run, group)) >= count


def _delete(run: Run, group: str) -> None:
    run.ask("deleted", "DeleteGroups", 2, groups_names=[group])


def commits(run: Run) -> None:
    """Offsets without members, in each version, some deleted, then the group."""
    run.await_coordinators()
    topic_id = run.create(_TOPIC, 3)
    for version in versions("OffsetCommit"):
        asked = _commit("iw-commits", version)
        place = asked["topics"][0]["partitions"][0]
        if version >= 6:
            place["committed_leader_epoch"] = version
        if version >= 10:
            asked["topics"][0]["topic_id"] = topic_id
        if 2 <= version <= 4:
            asked["retention_time_ms"] = 60_000
        run.ask("commits", "OffsetCommit", version, **asked)
    run.prepare("OffsetCommit", 9, **_commit("iw-commits", 1, 1))
    run.prepare("OffsetCommit", 9, **_commit("iw-commits", 1, 2))
    partitions = [{"partition_index": 1}]
    topics = [{"name": _TOPIC, "partitions": partitions}]
    run.ask("deletes one", "OffsetDelete", 0, group_id="iw-commits", topics=topics)
    _delete(run, "iw-commits")
    run.note_each("commits", of_group(run, "iw-commits"))


def topics_that_go(run: Run) -> None:
    """The offsets of a topic go with it."""
    run.create("it-goes", 2)
    for index in (0, 1):
        place = {"partition_index": index, "committed_offset": 1, "committed_metadata": ""}
        topics = [{"name": "it-goes", "partitions": [place]}]
        run.prepare("OffsetCommit", 9, **_commit("iw-gone", 1, topics=topics))
    run.prepare("OffsetCommit", 9, **_commit("iw-gone", 1))
    run.prepare("DeleteTopics", 6, topics=[{"name": "it-goes"}], timeout_ms=5000)
    run.settled(partial(_has_written, run, "iw-gone", 5), "the tombstones")
    run.note_each("a topic is deleted", of_group(run, "iw-gone"))


def classic_groups(run: Run) -> None:
    """A static member that comes, syncs, is replaced with the same protocols and with others, and leaves."""
    name = "iw-classic"

    def join(**more: Any) -> Any:
        return run.ask("joins", "JoinGroup", 9, **classic_join(name, group_instance_id="a", **more))

    def sync(joined: Any, protocol: str = "range") -> None:
        fields = {
            "group_id": name,
            "generation_id": joined["generation_id"],
            "member_id": joined["member_id"],
            "group_instance_id": "a",
            "protocol_type": "consumer",
            "protocol_name": protocol,
            "assignments": [{"member_id": joined["member_id"], "assignment": b"x"}],
        }
        run.ask("syncs", "SyncGroup", 5, **fields)

    def commit(joined: Any, offset: int) -> None:
        member = {"member_id": joined["member_id"], "group_instance_id": "a"}
        member["generation_id_or_member_epoch"] = joined["generation_id"]
        run.ask("commits", "OffsetCommit", 9, **_commit(name, offset, **member))

    first = join()
    sync(first)
    commit(first, 1)
    second = join()
    commit(second, 2)
    other = [{"name": "roundrobin", "metadata": subscription(_TOPIC)}]
    third = join(member_id=second["member_id"], protocols=other)
    sync(third, "roundrobin")
    fourth = join(protocols=other, session_timeout_ms=20_000, rebalance_timeout_ms=40_000)
    commit(fourth, 3)
    leaving = [{"member_id": "", "group_instance_id": "a"}]
    run.ask("leaves", "LeaveGroup", 5, group_id=name, members=leaving)
    run.note_each("with members", of_group(run, name))
    _delete(run, name)
    run.note_each("deleted", of_group(run, name))


def dynamic_members(run: Run) -> None:
    """One that joins with the id that it was given; one of another protocol type; one whose session ends."""
    for protocol_type in ("consumer", "connect"):
        name = f"iw-{protocol_type}"
        asked = classic_join(name, protocol_type=protocol_type, session_timeout_ms=6000)
        member_id = run.ask("joins", "JoinGroup", 9, **asked)["member_id"]
        run.ask("joins", "JoinGroup", 9, **{**asked, "member_id": member_id})
        fields = {"group_id": name, "generation_id": 1, "member_id": member_id}
        names = {"protocol_type": protocol_type, "protocol_name": "range"}
        given = [{"member_id": member_id, "assignment": b"x"}]
        run.ask("syncs", "SyncGroup", 5, **fields, **names, assignments=given)
        run.settled(partial(_has_written, run, name, 2), "the end of its session")
        run.note_each(f"{protocol_type}: records", of_group(run, name))


def consumer_groups(run: Run) -> None:
    """Members that subscribe by regular expression, one that is static, one with a commit; then everybody goes."""
    topic_id = run.create("ic-a", 4)
    group = Group(run, "iw-modern")
    group.join("first", "m1", subscribed_topic_regex="ic-[a-z]", rack_id="r")
    run.settled(lambda: any(one["type"] == 16 for one in of_group(run, group.name)), "the topics that match")
    given = assigned_to(group.beat("is given all", "m1", 2))
    group.beat("has all", "m1", 3, topic_partitions=owned(topic_id, *given))
    group.commit("commits", 10, "m1", 3, topic_id)
    group.join("second, static", "m2", "ic-a", instance_id="i", server_assignor="range")
    kept = assigned_to(group.beat("gives up", "m1", 3))
    group.beat("has given up", "m1", 3, topic_partitions=owned(topic_id, *kept))
    group.beat("gets its part", "m2", 4, instance_id="i")
    group.beat("names instead", "m1", 4, subscribed_topic_regex="", subscribed_topic_names=["ic-a"])
    group.beat("leaves for a while", "m2", -2, instance_id="i")
    group.join("is back under another id", "m3", "ic-a", instance_id="i", server_assignor="uniform")
    group.beat("leaves for good", "m3", -1, instance_id="i")
    group.beat("leaves", "m1", -1)
    run.note_each("with members", of_group(run, group.name))
    _delete(run, group.name)
    run.note_each("deleted", of_group(run, group.name))


def transactional_offsets(run: Run) -> None:
    """Offsets that wait for the end of their transaction, for clients without and with epoch bumps."""
    for bumps in (False, True):
        name = f"iw-offsets-{bumps}"
        producer = Producer(run, f"iw-{bumps}", _TOPIC)
        for committed in (True, False):
            if not bumps:
                run.prepare("AddOffsetsToTxn", 3, **producer.names(group_id=name))
            run.ask("offsets", "TxnOffsetCommit", 5 if bumps else 3, **producer.offsets(name))
            run.ask("ends", "EndTxn", 5 if bumps else 3, **producer.end(committed))
            producer.rest()
            producer.epoch += bumps
        run.prepare("OffsetCommit", 9, **_commit(name, 9, 1))
        _delete(run, name)
        run.note_each(f"transactional offsets, epoch bumps {bumps}", of_group(run, name))
        run.note_each(f"their transactions, epoch bumps {bumps}", of_transaction(run, producer.name))


def transactions(run: Run) -> None:
    """An id that commits, aborts, aborts nothing, comes again, and comes while a transaction is open."""
    for bumps in (False, True):
        producer = Producer(run, f"iw-txn-{bumps}", _TOPIC)

        def write(producer: Producer = producer, bumps: bool = bumps, partition: int = 0) -> None:
            if not bumps:
                run.prepare("AddPartitionsToTxn", 3, **producer.adding(partition))
            run.ask("writes", "Produce", 12 if bumps else 11, **producer.records(partition=partition))

        def end(committed: bool, producer: Producer = producer, bumps: bool = bumps) -> None:
            answer = run.ask("ends", "EndTxn", 5 if bumps else 3, **producer.end(committed))
            producer.rest()
            if bumps and not answer["error_code"]:
                producer.id, producer.epoch = answer["producer_id"], answer["producer_epoch"]

        write()
        write(partition=2)
        end(True)
        end(False)
        producer.init()
        write(partition=1)
        end(False)
        producer.init()
        write()
        producer.init()
        producer.rest()
        again = producer.names(transaction_timeout_ms=30_000)
        run.ask("goes on", "InitProducerId", 5, **again)
        run.note_each(f"transactions, epoch bumps {bumps}", of_transaction(run, producer.name))


def share_states(run: Run) -> None:
    """Updates of a share partition between two snapshots, what makes a snapshot, and the end."""
    await_share_coordinator(run)
    topic_id = run.create("is", 1)
    state = State(run, "iw-share", topic_id)
    state.initialize("begins")
    state.write("first", (0, 9, 2, 1), leader_epoch=1, state_epoch=0, start_offset=0)
    state.write("second", (3, 4, 0, 2), leader_epoch=1, state_epoch=0, delivery_complete_count=2)
    state.read("a new leader", leader_epoch=2)
    state.write("moves on", leader_epoch=2, state_epoch=0, start_offset=5, version=0)
    state.initialize("is set", state_epoch=1, start_offset=2)
    state.write("too old", leader_epoch=2, state_epoch=0, start_offset=7)
    for number in range(501):
        fields = {"state_epoch": 1, "leader_epoch": 2, "delivery_complete_count": -1}
        topics = [{"topic_id": topic_id, "partitions": [{"partition": 0, "start_offset": number, **fields}]}]
        run.prepare("WriteShareGroupState", 1, group_id="iw-share", topics=topics)
    state.delete("ends")
    state.delete("ends again")
    written = of_share_states(run, "iw-share")
    run.note_each("states", written[:20])
    run.note_each("states after many updates", written[-20:])
    run.note("how many", len(written))


def protection(run: Run) -> None:
    """What a client may do to internal topics, and what not; an admin client may write to them."""
    run.create("ip")
    for name in ("__consumer_offsets", "__transaction_state", "__share_group_state"):
        for peer in (run.peer, Peer(run.peer.address, client_id="__admin_client")):
            for version in (3, 12):
                fields = produce(name, batch(key=b"\0\x7fodd"), partition=49)
                answer = peer.ask("Produce", version, fields)
                if name == "__share_group_state":
                    # What came before goes by ids of topics, which are random.
                    del answer["responses"][0]["partition_responses"][0]["base_offset"]
                run.note(f"Produce v{version} to {name}", answer)
        place = [{"partition_index": 0, "offset": 0}]
        topics = [{"name": name, "partitions": place}]
        run.ask(f"records of {name}", "DeleteRecords", 2, topics=topics, timeout_ms=1000)
        fewer = [{"name": name, "count": 49, "assignments": None}]
        run.ask(f"fewer of {name}", "CreatePartitions", 3, topics=fewer, timeout_ms=1000)
        topic = {"name": name, "num_partitions": 1, "replication_factor": 1}
        run.ask(f"{name} again", "CreateTopics", 7, topics=[topic], timeout_ms=1000)
        for config, value in (("retention.ms", "1"), ("cleanup.policy", "delete"), ("retention.ms", "-2")):
            change = {"name": config, "config_operation": 0, "value": value}
            resource = {"resource_type": 2, "resource_name": name, "configs": [change]}
            asked = {"resources": [resource], "validate_only": True}
            run.ask(f"{config} {value} of {name}", "IncrementalAlterConfigs", 1, **asked)
        for version in versions("DescribeTopicPartitions"):
            asked = {"topics": [{"name": name}], "response_partition_limit": 1}
            run.ask(name, "DescribeTopicPartitions", version, **asked)
        described = {"resource_type": 2, "resource_name": name, "configuration_keys": None}
        found = run.prepare("DescribeConfigs", 4, resources=[described])["results"][0]["configs"]
        # The real broker is alone, so it is started with other minima.
        run.note(f"configs of {name}", [one for one in found if one["name"] != "min.insync.replicas"])
    for name in ("__cluster_metadata", "__remote_log_metadata"):
        topic = {"name": name, "num_partitions": 1, "replication_factor": 1}
        run.ask(name, "CreateTopics", 7, topics=[topic], timeout_ms=1000)
        run.ask(name, "DeleteTopics", 6, topics=[{"name": name}], timeout_ms=1000)
        fields = produce(name, batch())
        run.ask(f"to {name}", "Produce", 12, **fields)
    run.ask("the last of all", "DeleteTopics", 6, topics=[{"name": "__share_group_state"}], timeout_ms=5000)
