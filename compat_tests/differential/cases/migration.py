"""Groups between the classic and the consumer protocol (KIP-848), and what all that writes."""

from __future__ import annotations

import time
from typing import Any

from compat_tests.differential.consumers import TOPIC, Group, assigned_to, id_of_topic, owned
from compat_tests.differential.internal_logs import of_group
from compat_tests.differential.runner import Run
from protocol_specs.consumer_protocol import CONSUMER_PROTOCOL_SUBSCRIPTION
from protocol_specs.embedded import build_blob


def _subscription(*topics: str, owned: tuple[int, ...] = ()) -> bytes:
    schema = CONSUMER_PROTOCOL_SUBSCRIPTION
    has = [schema.owned_partitions(topic=TOPIC, partitions=list(owned))] if owned else []
    return build_blob(schema, 3, schema(topics=list(topics), user_data=None, owned_partitions=has))


def _classic(group: str, **more: Any) -> dict[str, Any]:
    defaults = {
        "group_id": group,
        "session_timeout_ms": 30_000,
        "rebalance_timeout_ms": 30_000,
        "member_id": "",
        "protocol_type": "consumer",
        "protocols": [{"name": "range", "metadata": _subscription(TOPIC)}],
    }
    return {**defaults, **more}


def _sync(group: str, member_id: str, generation: int, **more: Any) -> dict[str, Any]:
    fields = {"group_id": group, "generation_id": generation, "member_id": member_id}
    return {**fields, "protocol_type": "consumer", "protocol_name": "range", **more}


def classic_members(run: Run) -> None:
    topic_id = id_of_topic(run)
    group = Group(run, "cc")
    # The order of ids decides who gets what, so those that the coordinator makes must not count.
    group.join("consumer", "m1", TOPIC, server_assignor="range")
    for version in (1, 4, 5, 9):
        run.ask("another type", "JoinGroup", version, **_classic("cc", protocol_type="connect"))
        run.ask("no protocols", "JoinGroup", version, **_classic("cc", protocols=[]))
        if version >= 5:
            unknown = _classic("cc", member_id="nobody", group_instance_id="i")
            run.ask("unknown instance", "JoinGroup", version, **unknown)
    run.ask("needs an id", "JoinGroup", 9, **_classic("cc"))
    member_id = "c1"
    run.ask("with its id", "JoinGroup", 9, **_classic("cc", member_id=member_id))
    group.describe("mixed")
    run.ask("early sync", "SyncGroup", 5, **_sync("cc", member_id, 3))
    changes: list[tuple[str, dict[str, Any]]] = [
        ("another generation", {"generation_id": 2}),
        ("stranger", {"member_id": "nobody"}),
        ("consumer", {"member_id": "m1", "generation_id": 2}),
        ("another protocol", {"protocol_name": "roundrobin"}),
        ("another type", {"protocol_type": "connect"}),
        ("unknown instance", {"group_instance_id": "i"}),
    ]
    for label, more in changes:
        run.ask(label, "SyncGroup", 5, **(_sync("cc", member_id, 3) | more))
    run.ask("waits", "Heartbeat", 4, group_id="cc", generation_id=3, member_id=member_id)
    run.ask("another generation", "Heartbeat", 4, group_id="cc", generation_id=2, member_id=member_id)
    run.ask("consumer", "Heartbeat", 4, group_id="cc", generation_id=2, member_id="m1")
    kept = assigned_to(group.beat("learns of it", "m1", 2))
    group.beat("has given up", "m1", 2, topic_partitions=owned(topic_id, *kept))
    run.ask("its part is free", "Heartbeat", 4, group_id="cc", generation_id=3, member_id=member_id)
    run.ask("joins again", "JoinGroup", 9, **_classic("cc", member_id=member_id))
    run.ask("gets its part", "SyncGroup", 5, **_sync("cc", member_id, 3))
    run.ask("is at rest", "Heartbeat", 4, group_id="cc", generation_id=3, member_id=member_id)
    group.describe("stable")
    group.commit("classic member", 9, member_id, 3, topic_id)
    group.commit("classic member, before", 9, member_id, 2, topic_id)
    group.commit("classic member, ahead", 8, member_id, 4, topic_id)
    has_one = {"protocols": [{"name": "range", "metadata": _subscription(TOPIC, owned=(0,))}]}
    run.ask("static", "JoinGroup", 9, **_classic("cc", group_instance_id="i", **has_one))
    run.ask("static, again", "JoinGroup", 9, **_classic("cc", group_instance_id="i"))
    run.ask("must join again", "Heartbeat", 4, group_id="cc", generation_id=3, member_id=member_id)
    group.describe("three")
    members = [
        {"member_id": "nobody"},
        {"member_id": "", "group_instance_id": "i"},
        {"member_id": "x", "group_instance_id": "j"},
    ]
    run.ask("several", "LeaveGroup", 5, group_id="cc", members=members)
    group.describe("static is gone")
    run.ask("the consumer", "LeaveGroup", 5, group_id="cc", members=[{"member_id": "m1"}])
    group.describe("downgraded")
    run.ask("downgraded", "DescribeGroups", 6, groups=["cc"])


def migrations(run: Run) -> None:
    group = Group(run, "cg")
    first = run.ask("classic", "JoinGroup", 9, **_classic("cg"))
    member_id = first["member_id"]
    run.ask("classic, with its id", "JoinGroup", 9, **_classic("cg", member_id=member_id))
    assignment = b"\0\1\0\0\0\1\0\2cg\0\0\0\2\0\0\0\0\0\0\0\1\xff\xff\xff\xff"
    given = [{"member_id": member_id, "assignment": assignment}]
    run.ask("assigns", "SyncGroup", 5, **_sync("cg", member_id, 1, assignments=given))
    group.join("upgrades", "m1", TOPIC)
    group.describe("upgraded")
    run.ask("must join again", "Heartbeat", 4, group_id="cg", generation_id=1, member_id=member_id)
    run.ask("joins again", "JoinGroup", 9, **_classic("cg", member_id=member_id))
    run.ask("syncs", "SyncGroup", 5, **_sync("cg", member_id, 2))
    group.beat("gets its part", "m1", 2)
    group.describe("at rest")
    group.beat("leaves", "m1", -1)
    group.describe("downgraded")
    answer = run.prepare("DescribeGroups", 6, groups=["cg"])["groups"][0]
    run.note("as a classic group", {name: answer[name] for name in ("group_state", "protocol_type")})
    run.ask("joins again", "JoinGroup", 9, **_classic("cg", member_id=member_id))
    run.ask("leaves", "LeaveGroup", 5, group_id="cg", members=[{"member_id": member_id}])
    group.join("an empty classic group", "m2", TOPIC)
    group.describe("made of an empty one")
    group.beat("leaves", "m2", -1)
    run.ask("an empty consumer group", "JoinGroup", 9, **_classic("cg"))
    # Kafka answers before it has written this, and describes what is written.
    time.sleep(0.3)
    run.ask("made of an empty one", "DescribeGroups", 6, groups=["cg"])
    connect = {"protocol_type": "connect", "protocols": [{"name": "x", "metadata": b"x"}]}
    _connect_group(run, "cg-connect", connect)
    Group(run, "cg-connect").join("of another kind", "m1", TOPIC)
    _connect_group(run, "cg-bad", {"protocols": [{"name": "range", "metadata": b"\0"}]})
    Group(run, "cg-bad").join("malformed", "m1", TOPIC)
    _static_downgrade(run)


def _connect_group(run: Run, name: str, protocols: dict[str, Any]) -> None:
    member_id = run.prepare("JoinGroup", 9, **_classic(name, **protocols))["member_id"]
    run.prepare("JoinGroup", 9, **_classic(name, member_id=member_id, **protocols))


def _static_downgrade(run: Run) -> None:
    group = Group(run, "cd")
    group.join("static consumer", "m1", TOPIC, instance_id="i")
    joined = run.ask("static classic", "JoinGroup", 9, **_classic("cd", group_instance_id="i"))
    run.ask("downgraded", "DescribeGroups", 6, groups=["cd"])
    sync = _sync("cd", joined["member_id"], joined["generation_id"], group_instance_id="i")
    run.ask("goes on", "SyncGroup", 5, **sync)


def what_is_written(run: Run) -> None:
    """The records of one group, from the first member to the end."""
    topic_id = id_of_topic(run)
    group = Group(run, "written")
    group.join("first", "m1", TOPIC, instance_id="i", rack_id="r", server_assignor="range")
    group.join("second", "m2", TOPIC)
    kept = assigned_to(group.beat("learns of it", "m1", 2, instance_id="i"))
    group.beat("has given up", "m1", 2, instance_id="i", topic_partitions=owned(topic_id, *kept))
    group.beat("gets its part", "m2", 3)
    group.beat("leaves for a while", "m1", -2, instance_id="i")
    group.join("is back", "m3", TOPIC, instance_id="i")
    # An id that the coordinator made would decide at random who gets what.
    member_id = "c1"
    run.prepare("JoinGroup", 9, **_classic("written", member_id=member_id))
    group.beat("leaves", "m3", -1, instance_id="i")
    group.beat("leaves", "m2", -1)
    run.prepare("LeaveGroup", 5, group_id="written", members=[{"member_id": member_id}])
    run.prepare("DeleteGroups", 2, groups_names=["written"])
    run.note_each("what was written", of_group(run, "written"))
