"""The classic group protocol: JoinGroup, SyncGroup, Heartbeat, LeaveGroup, offsets, describing and deleting."""

from __future__ import annotations

from typing import Any

from compat_tests.differential.runner import Run, versions
from protocol_specs.consumer_protocol import CONSUMER_PROTOCOL_SUBSCRIPTION


def subscription(*topics: str) -> bytes:
    body = CONSUMER_PROTOCOL_SUBSCRIPTION(topics=list(topics), user_data=None)
    return b"\0\0" + CONSUMER_PROTOCOL_SUBSCRIPTION[0].build(body)


def classic_join(group: str, **more: Any) -> dict[str, Any]:
    defaults = {
        "group_id": group,
        "session_timeout_ms": 30000,
        "rebalance_timeout_ms": 30000,
        "member_id": "",
        "protocol_type": "consumer",
        "protocols": [{"name": "range", "metadata": subscription("gt")}],
    }
    return {**defaults, **more}


def _in_version(version: int, fields: dict[str, Any]) -> dict[str, Any]:
    if version < 5:
        fields.pop("group_instance_id", None)
    return fields


class _Member:
    """A member that has joined and synced, through the newest versions."""

    def __init__(self, run: Run, group: str, **more: Any) -> None:
        self.group = group
        first = run.prepare("JoinGroup", 9, **classic_join(group, **more))
        self.id = first["member_id"]
        joined = run.prepare("JoinGroup", 9, **classic_join(group, **{"member_id": self.id, **more}))
        if joined["error_code"]:
            raise AssertionError(f"could not join {group}: {joined}")
        self.generation = joined["generation_id"]
        self.id = joined["member_id"]
        assignments = [{"member_id": self.id, "assignment": b"mine"}]
        run.prepare("SyncGroup", 5, **self.sync(assignments=assignments))

    def sync(self, **more: Any) -> dict[str, Any]:
        fields = {
            "group_id": self.group,
            "generation_id": self.generation,
            "member_id": self.id,
            "protocol_type": "consumer",
            "protocol_name": "range",
        }
        return {**fields, **more}

    def commit(self, offset: int = 1, topic: str = "gt", **more: Any) -> dict[str, Any]:
        partition = {"partition_index": 0, "committed_offset": offset, "committed_metadata": "m"}
        fields = {
            "group_id": self.group,
            "generation_id_or_member_epoch": self.generation,
            "member_id": self.id,
            "topics": [{"name": topic, "partitions": [partition]}],
        }
        return {**fields, **more}


def join_alone(run: Run) -> None:
    run.await_coordinators()
    run.create("gt", 3)
    for version in versions("JoinGroup"):
        group = f"ja{version}"
        first = run.ask("first", "JoinGroup", version, **classic_join(group))
        if version >= 4:
            again = classic_join(group, member_id=first["member_id"])
            first = run.ask("with the id", "JoinGroup", version, **again)
        member_id = first["member_id"]
        run.ask("joins again", "JoinGroup", version, **classic_join(group, member_id=member_id))
        for label, more in (
            ("unknown member", {"member_id": "nobody"}),
            ("empty group", {"group_id": ""}),
            ("no protocols", {"protocols": []}),
            ("empty protocol type", {"protocol_type": ""}),
            ("another protocol type", {"protocol_type": "connect", "member_id": member_id}),
            ("another protocol", {"protocols": [{"name": "other", "metadata": b""}], "member_id": ""}),
            ("session too short", {"session_timeout_ms": 10}),
            ("session too long", {"session_timeout_ms": 10_000_000}),
            ("negative session", {"session_timeout_ms": -1}),
        ):
            run.ask(label, "JoinGroup", version, **classic_join(group, **more))
        run.ask(
            "unknown group and member", "JoinGroup", version, **classic_join(f"{group}x", member_id="nobody")
        )


def sync(run: Run) -> None:
    for version in versions("SyncGroup"):
        member = _Member(run, f"sy{version}")
        for label, more in (
            ("again", {}),
            ("old generation", {"generation_id": 0}),
            ("new generation", {"generation_id": 9}),
            ("unknown member", {"member_id": "nobody"}),
            ("unknown group", {"group_id": "absent"}),
            ("empty group", {"group_id": ""}),
            ("empty member", {"member_id": ""}),
        ):
            run.ask(label, "SyncGroup", version, **member.sync(**more))
        if version >= 3:
            run.ask("unknown instance", "SyncGroup", version, **member.sync(group_instance_id="i"))
        if version >= 5:
            for label, protocol in (
                ("another type", ("protocol_type", "connect")),
                ("another name", ("protocol_name", "roundrobin")),
                ("null type", ("protocol_type", None)),
                ("null name", ("protocol_name", None)),
            ):
                run.ask(label, "SyncGroup", version, **member.sync(**dict([protocol])))


def heartbeat_and_leave(run: Run) -> None:
    for version in versions("Heartbeat"):
        member = _Member(run, f"hb{version}")
        fields = {"group_id": member.group, "generation_id": member.generation, "member_id": member.id}
        for label, more in (
            ("fine", {}),
            ("old generation", {"generation_id": 0}),
            ("new generation", {"generation_id": 9}),
            ("unknown member", {"member_id": "nobody"}),
            ("unknown group", {"group_id": "absent"}),
            ("empty group", {"group_id": ""}),
            ("empty member", {"member_id": ""}),
        ):
            run.ask(label, "Heartbeat", version, **{**fields, **more})
        if version >= 3:
            run.ask("unknown instance", "Heartbeat", version, **fields, group_instance_id="i")
    for version in versions("LeaveGroup"):
        member = _Member(run, f"lv{version}")
        if version < 3:
            run.ask("unknown member", "LeaveGroup", version, group_id=member.group, member_id="nobody")
            run.ask("fine", "LeaveGroup", version, group_id=member.group, member_id=member.id)
            run.ask("again", "LeaveGroup", version, group_id=member.group, member_id=member.id)
            run.ask("unknown group", "LeaveGroup", version, group_id="absent", member_id="x")
            run.ask("empty group", "LeaveGroup", version, group_id="", member_id="x")
            continue
        several = [
            {"member_id": "nobody"},
            {"member_id": member.id},
            {"member_id": "", "group_instance_id": "i"},
        ]
        run.ask("several", "LeaveGroup", version, group_id=member.group, members=several)
        run.ask("again", "LeaveGroup", version, group_id=member.group, members=several[1:2])
        run.ask("nobody", "LeaveGroup", version, group_id=member.group, members=[])
        run.ask("unknown group", "LeaveGroup", version, group_id="absent", members=several[:1])
        run.ask("empty group", "LeaveGroup", version, group_id="", members=several[:1])


def static_members(run: Run) -> None:
    for version in range(5, 10):
        group = f"st{version}"
        first = run.ask("joins", "JoinGroup", version, **classic_join(group, group_instance_id="a"))
        sync = {
            "group_id": group,
            "generation_id": 1,
            "member_id": first["member_id"],
            "group_instance_id": "a",
            "protocol_type": "consumer",
            "protocol_name": "range",
            "assignments": [{"member_id": first["member_id"], "assignment": b"x"}],
        }
        run.ask("syncs", "SyncGroup", min(version, 5), **sync)
        second = run.ask("comes again", "JoinGroup", version, **classic_join(group, group_instance_id="a"))
        beat = {"group_id": group, "generation_id": 1, "group_instance_id": "a"}
        run.ask("the old id", "Heartbeat", 4, member_id=first["member_id"], **beat)
        run.ask("the new id", "Heartbeat", 4, member_id=second["member_id"], **beat)
        run.ask(
            "the old id joins",
            "JoinGroup",
            version,
            **classic_join(group, member_id=first["member_id"], group_instance_id="a"),
        )
        run.ask("the old id syncs", "SyncGroup", 5, **sync)
        run.ask("described", "DescribeGroups", 5, groups=[group])
        leaving = [{"member_id": "", "group_instance_id": "a"}]
        run.ask("leaves by instance", "LeaveGroup", 5, group_id=group, members=leaving)
        run.ask("described after", "DescribeGroups", 5, groups=[group])


def commit(run: Run) -> None:
    topic_id = run.create("gc", 2)
    for version in versions("OffsetCommit"):
        member = _Member(run, f"oc{version}")

        def ask(label: str, **more: Any) -> None:
            fields = member.commit(**{"topic": "gc", **more})  # noqa: B023
            if version >= 10:  # noqa: B023
                for topic in fields["topics"]:
                    topic.setdefault("topic_id", topic_id if topic["name"] == "gc" else b"1" * 16)
            run.ask(label, "OffsetCommit", version, **fields)  # noqa: B023

        ask("fine")
        ask("old generation", generation_id_or_member_epoch=0)
        ask("generation -1", generation_id_or_member_epoch=-1)
        ask("unknown member", member_id="nobody")
        ask("nobody", member_id="", generation_id_or_member_epoch=-1)
        ask("simple group", member_id="", generation_id_or_member_epoch=-1, group_id=f"simple{version}")
        ask("generation of no group", group_id=f"absent{version}")
        ask("empty group", group_id="", member_id="", generation_id_or_member_epoch=-1)
        ask("absent topic", topic="absent")
        ask("negative offset", offset=-5)
        partition = {"partition_index": 9, "committed_offset": 1, "committed_metadata": "m"}
        ask("absent partition", topics=[{"name": "gc", "partitions": [partition]}])
        long = {"partition_index": 0, "committed_offset": 1, "committed_metadata": "m" * 5000}
        ask("long metadata", topics=[{"name": "gc", "partitions": [long]}])
        empty = {"partition_index": 1, "committed_offset": 1, "committed_metadata": None}
        ask("null metadata", topics=[{"name": "gc", "partitions": [empty]}])
        ask("nothing", topics=[])
        ask("no partitions", topics=[{"name": "gc", "partitions": []}])
        if version >= 7:
            ask("unknown instance", group_instance_id="i")


def fetch_offsets(run: Run) -> None:
    topic_id = run.create("gf", 2)
    member = _Member(run, "of")
    run.prepare("OffsetCommit", 9, **member.commit(7, "gf"))
    for version in versions("OffsetFetch"):
        if version < 8:
            topics = [{"name": "gf", "partition_indexes": [0, 1, 9]}]
            run.ask("some", "OffsetFetch", version, group_id="of", topics=topics)
            run.ask("unknown group", "OffsetFetch", version, group_id="absent", topics=topics)
            run.ask("empty group", "OffsetFetch", version, group_id="", topics=topics)
            run.ask(
                "absent topic",
                "OffsetFetch",
                version,
                group_id="of",
                topics=[{"name": "x", "partition_indexes": [0]}],
            )
            run.ask("nothing", "OffsetFetch", version, group_id="of", topics=[])
            if version >= 2:
                run.ask("all", "OffsetFetch", version, group_id="of", topics=None)
                run.ask("all of unknown", "OffsetFetch", version, group_id="absent", topics=None)
            if version >= 7:
                run.ask("stable", "OffsetFetch", version, group_id="of", topics=topics, require_stable=True)
            continue
        topics = [{"name": "gf", "topic_id": topic_id, "partition_indexes": [0, 1, 9]}]
        absent = [{"name": "x", "topic_id": b"1" * 16, "partition_indexes": [0]}]
        for label, group, asked in (
            ("some", "of", topics),
            ("unknown group", "absent", topics),
            ("empty group", "", topics),
            ("absent topic", "of", absent),
            ("nothing", "of", []),
            ("all", "of", None),
            ("all of unknown", "absent", None),
        ):
            run.ask(label, "OffsetFetch", version, groups=[{"group_id": group, "topics": asked}])
        run.ask(
            "two groups",
            "OffsetFetch",
            version,
            groups=[{"group_id": "of", "topics": None}, {"group_id": "y", "topics": None}],
        )
        run.ask("no groups", "OffsetFetch", version, groups=[])
        if version >= 9:
            for member_id, epoch in ((member.id, 1), ("nobody", 1), (None, 1), ("", 0)):
                asking = {"group_id": "of", "member_id": member_id, "member_epoch": epoch, "topics": topics}
                known = "the member" if member_id == member.id else repr(member_id)
                run.ask(f"as {known}, epoch {epoch}", "OffsetFetch", version, groups=[asking])


def delete_offsets(run: Run) -> None:
    run.create("gd", 2)
    member = _Member(run, "od", protocols=[{"name": "range", "metadata": subscription("gd")}])
    run.prepare("OffsetCommit", 9, **member.commit(7, "gd"))
    run.prepare(
        "OffsetCommit",
        9,
        **member.commit(7, "gd", group_id="od2", member_id="", generation_id_or_member_epoch=-1),
    )
    for label, group, topic, index in (
        ("subscribed", "od", "gd", 0),
        ("simple", "od2", "gd", 0),
        ("again", "od2", "gd", 0),
        ("absent partition", "od2", "gd", 9),
        ("absent topic", "od2", "absent", 0),
        ("unknown group", "absent", "gd", 0),
        ("empty group", "", "gd", 0),
    ):
        topics = [{"name": topic, "partitions": [{"partition_index": index}]}]
        run.ask(label, "OffsetDelete", 0, group_id=group, topics=topics)
    run.ask("nothing", "OffsetDelete", 0, group_id="od2", topics=[])


def describe_and_delete(run: Run) -> None:
    member = _Member(run, "dg")
    run.prepare(
        "OffsetCommit", 9, **member.commit(3, group_id="dg2", member_id="", generation_id_or_member_epoch=-1)
    )
    for version in versions("DescribeGroups"):
        more = {"include_authorized_operations": True} if version >= 3 else {}
        run.ask("some", "DescribeGroups", version, groups=["dg", "dg2", "absent", "", "dg"], **more)
        run.ask("none", "DescribeGroups", version, groups=[])
    for version in versions("ListGroups"):
        if version >= 4:
            for states in (["Stable"], ["stable"], ["Empty"], ["Nonsense"], ["Dead", "Stable"], [""]):
                run.ask(f"states {states}", "ListGroups", version, states_filter=states)
        if version >= 5:
            for types in (["classic"], ["Consumer"], ["share"], ["nonsense"]):
                run.ask(f"types {types}", "ListGroups", version, types_filter=types)
    for version in versions("DeleteGroups"):
        run.ask("not empty", "DeleteGroups", version, groups_names=["dg"])
        run.ask("unknown", "DeleteGroups", version, groups_names=["absent", ""])
        run.ask("nothing", "DeleteGroups", version, groups_names=[])
    run.ask("simple, twice", "DeleteGroups", 2, groups_names=["dg2", "dg2"])
    run.ask("is gone", "DescribeGroups", 6, groups=["dg2"])
