"""ApiVersions, Metadata, DescribeCluster, DescribeTopicPartitions, FindCoordinator."""

from __future__ import annotations

from compat_tests.differential.runner import Run, versions
from compat_tests.differential.shares import await_share_coordinator

ZERO = bytes(16)


def coordinators(run: Run) -> None:
    run.await_coordinators()


def api_versions(run: Run) -> None:
    for version in versions("ApiVersions"):
        run.ask("all", "ApiVersions", version, client_software_name="x", client_software_version="1.0")
    for version in (3, 4):
        for name, software in (
            ("", "1"),
            ("x", ""),
            ("a b", "1"),
            ("-x", "1"),
            ("x", "1.0-rc.1"),
            ("x.", "1"),
        ):
            run.ask(
                f"{name!r} {software!r}",
                "ApiVersions",
                version,
                client_software_name=name,
                client_software_version=software,
            )


def metadata(run: Run) -> None:
    run.create("meta", 3)
    for version in versions("Metadata"):
        extra = {"include_topic_authorized_operations": True} if version >= 8 else {}
        if 8 <= version <= 10:
            extra["include_cluster_authorized_operations"] = True
        run.ask("one topic", "Metadata", version, topics=[{"name": "meta"}], **extra)
        run.ask("twice the same", "Metadata", version, topics=[{"name": "meta"}, {"name": "meta"}])
        run.ask("none", "Metadata", version, topics=[], allow_auto_topic_creation=False)
        if version >= 1:
            run.ask("all", "Metadata", version, topics=None)
        if version >= 4:
            for name in ("absent", "", ".", "bad name", "a" * 250, "__consumer_offsets"):
                run.ask(
                    f"unknown {name[:20]!r}",
                    "Metadata",
                    version,
                    topics=[{"name": name}],
                    allow_auto_topic_creation=False,
                    **extra,
                )
            run.ask("created", "Metadata", version, topics=[{"name": f"auto-{version}"}])
            run.await_topic(f"auto-{version}")
            run.ask("bad name to create", "Metadata", version, topics=[{"name": "bad name"}])
            run.ask("collides", "Metadata", version, topics=[{"name": "c.d"}])
            run.await_topic("c.d")
            run.ask("collided", "Metadata", version, topics=[{"name": "c_d"}])
        if version >= 10:
            run.ask("null name", "Metadata", version, topics=[{"name": None}])
            run.ask(
                "unknown id", "Metadata", version, topics=[{"name": None, "topic_id": b"1234567890abcdef"}]
            )
            run.ask("name and id", "Metadata", version, topics=[{"name": "meta", "topic_id": b"1" * 16}])
            run.ask("zero id", "Metadata", version, topics=[{"name": "meta", "topic_id": ZERO}])


def describe_cluster(run: Run) -> None:
    for version in versions("DescribeCluster"):
        run.ask("plain", "DescribeCluster", version)
        run.ask("operations", "DescribeCluster", version, include_cluster_authorized_operations=True)
        if version >= 1:
            for endpoint_type in (0, 1, 2, 3, -1):
                run.ask(f"endpoint {endpoint_type}", "DescribeCluster", version, endpoint_type=endpoint_type)
        if version >= 2:
            run.ask("fenced too", "DescribeCluster", version, include_fenced_brokers=True)


def describe_topic_partitions(run: Run) -> None:
    run.create("dtp", 5)
    name = "DescribeTopicPartitions"
    run.ask("one", name, 0, topics=[{"name": "dtp"}], response_partition_limit=100, cursor=None)
    run.ask("two pages", name, 0, topics=[{"name": "dtp"}], response_partition_limit=2, cursor=None)
    for index in (0, 2, 4, 5, 9, -1):
        cursor = {"topic_name": "dtp", "partition_index": index}
        run.ask(f"from {index}", name, 0, topics=[{"name": "dtp"}], response_partition_limit=2, cursor=cursor)
    cursor = {"topic_name": "absent", "partition_index": 0}
    run.ask("cursor elsewhere", name, 0, topics=[{"name": "dtp"}], response_partition_limit=2, cursor=cursor)
    run.ask("absent", name, 0, topics=[{"name": "absent"}], response_partition_limit=2, cursor=None)
    run.ask("bad name", name, 0, topics=[{"name": "bad name"}], response_partition_limit=2, cursor=None)
    run.ask("twice", name, 0, topics=[{"name": "dtp"}] * 2, response_partition_limit=99, cursor=None)
    run.ask("limit 0", name, 0, topics=[{"name": "dtp"}], response_partition_limit=0, cursor=None)


def find_coordinator(run: Run) -> None:
    await_share_coordinator(run)
    for version in versions("FindCoordinator"):
        if version < 4:
            run.ask("group", "FindCoordinator", version, key="g")
            run.ask("empty", "FindCoordinator", version, key="")
            for kind in (1, 2, 3, -1) if version >= 1 else ():
                run.ask(f"type {kind}", "FindCoordinator", version, key="t", key_type=kind)
        else:
            for kind in (0, 1, 2, 3, -1):
                keys = ["g", "h", "g", ""]
                run.ask(f"type {kind}", "FindCoordinator", version, coordinator_keys=keys, key_type=kind)
            run.ask("none", "FindCoordinator", version, coordinator_keys=[])
            share = ["g:AAAAAAAAAAAAAAAAAAAAAQ:0", "g:x:0", "g"]
            run.ask("share keys", "FindCoordinator", version, coordinator_keys=share, key_type=2)
            run.ask("one share key", "FindCoordinator", version, coordinator_keys=share[:1], key_type=2)
