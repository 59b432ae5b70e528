"""StreamsGroupHeartbeat, from frame to frame: what goes over the wire, who may, and the topics that it creates."""

from __future__ import annotations

from typing import Any

import pytest

from mockbroker.core.waiting import Pending
from protocol_specs.acls import AclOperation, ResourceType
from protocol_specs.errors import ErrorCode
from protocol_specs.streams_group_heartbeat import STREAMS_GROUP_HEARTBEAT
from tests.handlers.transactional import Desk

_REQUEST = STREAMS_GROUP_HEARTBEAT.request
_PART = _REQUEST.topology.subtopologies
_INFO = _PART.state_changelog_topics


class Streams(Desk):
    """The desk, for members of the streams group "app"."""

    def __init__(self, delay_ms: int = 0) -> None:
        super().__init__()
        self.core.configs.groups["app"] = {"streams.initial.rebalance.delay.ms": str(delay_ms)}
        self.coordinator = self.core.groups.find_coordinator("app")

    def fields(self, member_id: str, epoch: int, **changes: Any) -> dict[str, Any]:
        given: dict[str, Any] = {
            "group_id": "app",
            "member_id": member_id,
            "member_epoch": epoch,
            "endpoint_information_epoch": 0,
            "instance_id": None,
            "rack_id": None,
            "rebalance_timeout_ms": -1,
            "topology": None,
            "active_tasks": None,
            "standby_tasks": None,
            "warmup_tasks": None,
            "process_id": None,
            "user_endpoint": None,
            "client_tags": None,
            "task_offsets": None,
            "task_end_offsets": None,
            "shutdown_application": False,
        }
        return given | changes

    def beat(self, member_id: str, epoch: int, **changes: Any) -> Any:
        fields = self.fields(member_id, epoch, **changes)
        return self.ask("StreamsGroupHeartbeat", 0, node=self.coordinator, **fields)

    def joining(self, *parts: Any, **changes: Any) -> dict[str, Any]:
        given: dict[str, Any] = {
            "rebalance_timeout_ms": 60_000,
            "topology": _REQUEST.topology(epoch=0, subtopologies=parts or [part()]),
            "active_tasks": [],
            "standby_tasks": [],
            "warmup_tasks": [],
            "process_id": "p",
        }
        return given | changes

    def join(self, *parts: Any, **changes: Any) -> Any:
        return self.beat("m", 0, **self.joining(*parts, **changes))


def info(name: str, partitions: int = 0, replicas: int = 0, **configs: str) -> Any:
    given = [_INFO.topic_configs(key=key.replace("_", "."), value=value) for key, value in configs.items()]
    return _INFO(name=name, partitions=partitions, replication_factor=replicas, topic_configs=given)


def part(id: str = "0", *sources: str, **more: Any) -> Any:
    given: dict[str, Any] = {
        "subtopology_id": id,
        "source_topics": sources or ("orders",),
        "source_topic_regex": [],
        "state_changelog_topics": [],
        "repartition_sink_topics": [],
        "repartition_source_topics": [],
        "copartition_groups": [],
    }
    return _PART(**(given | more))


def statuses(answer: Any) -> list[tuple[int, str]]:
    return [(status.status_code, status.status_detail) for status in answer.status]


def test_all_that_can_be_told() -> None:
    desk = Streams()
    here = _REQUEST.user_endpoint(host="h", port=65535)
    tags = [_REQUEST.client_tags(key="zone", value="a")]
    desk.core.configs.groups["app"] |= {"streams.num.standby.replicas": "1"}
    log = part(state_changelog_topics=[info("app-log")])
    desk.join(log, user_endpoint=here, client_tags=tags)
    answer = desk.beat("m", 2, active_tasks=[], standby_tasks=[], warmup_tasks=[])

    assert (answer.error_code, answer.error_message, answer.member_id, answer.member_epoch) == (
        0,
        None,
        "m",
        3,
    )
    assert (answer.heartbeat_interval_ms, statuses(answer)) == (5000, [])
    assert [(of.subtopology_id, list(of.partitions)) for of in answer.active_tasks] == [("0", [0, 1])]
    assert (list(answer.standby_tasks), list(answer.warmup_tasks)) == ([], [])
    assert answer.endpoint_information_epoch == 1
    [endpoint] = answer.partitions_by_user_endpoint
    assert (endpoint.user_endpoint.host, endpoint.user_endpoint.port) == ("h", 65535)
    assert [(topic.topic, list(topic.partitions)) for topic in endpoint.active_partitions] == [
        ("orders", [0, 1])
    ]
    assert list(endpoint.standby_partitions) == []
    again = desk.beat("m", 3, endpoint_information_epoch=1)
    assert (again.active_tasks, again.partitions_by_user_endpoint) == (None, None)


def test_an_error_has_nothing_beside_it() -> None:
    answer = Streams().beat("m", 3)
    assert (answer.error_code, answer.error_message) == (69, "Streams group app not found.")
    assert (answer.member_id, answer.member_epoch, list(answer.status), answer.active_tasks) == (
        "",
        0,
        [],
        None,
    )


def test_internal_topics_are_created_as_asked() -> None:
    desk = Streams()
    answer = desk.join(
        part(repartition_sink_topics=["app-rep"]),
        _PART(
            subtopology_id="1",
            source_topics=[],
            source_topic_regex=[],
            state_changelog_topics=[info("app-log", 0, 1, cleanup_policy="compact")],
            repartition_sink_topics=[],
            repartition_source_topics=[info("app-rep", retention_ms="-1")],
            copartition_groups=[],
        ),
    )
    assert statuses(answer) == [(3, "Internal topics are missing: app-log, app-rep")]
    topics = desk.core.cluster.topics
    assert (len(topics["app-rep"].partitions), topics["app-rep"].overrides) == (2, {"retention.ms": "-1"})
    assert topics["app-log"].overrides == {"cleanup.policy": "compact"}
    assert topics["app-log"].replication_factor == 1


def test_members_that_wait_find_their_topics_there() -> None:
    desk = Streams(delay_ms=50)
    fields = desk.fields("m", 0, **desk.joining(part(state_changelog_topics=[info("app-log")])))
    waiting = desk.send("StreamsGroupHeartbeat", 0, node=desk.coordinator, **fields)
    assert isinstance(waiting, Pending)
    assert "app-log" in desk.core.cluster.topics
    desk.core.clock.advance(0.05)
    answer = desk.decode("StreamsGroupHeartbeat", 0, waiting.reply)
    assert [list(of.partitions) for of in answer.active_tasks] == [[0, 1]]
    assert statuses(answer) == []


def test_why_topics_could_not_be_created_is_told_for_a_while() -> None:
    desk = Streams()
    bad = [info(f"bad{number}", 0, 5) for number in range(4)]
    first = desk.join(part(state_changelog_topics=[*bad, info("odd", x_y="1"), info("good")]))
    # In the order of Kafka's hash map.
    assert statuses(first) == [(3, "Internal topics are missing: bad3, bad1, bad2 and 3 additional topics")]
    assert "good" in desk.core.cluster.topics

    why = "Unable to replicate the partition 5 time(s): The target replication factor of 5 cannot be reached "
    why += "because only 1 broker(s) are registered or some brokers have all their log directories cordoned."
    missing = "Internal topics are missing: bad3, bad1, bad2 and 2 additional topics"
    told = f"{missing}; Creation failed: bad3 ({why}), bad1 ({why}), bad2 ({why}) and 2 more."
    assert statuses(desk.beat("m", 2)) == [(3, told)]
    # When that is forgotten they are tried again.
    desk.core.clock.advance(10)
    assert statuses(desk.beat("m", 3)) == [(3, missing)]
    assert statuses(desk.beat("m", 3)) == [(3, told)]


def test_too_many_partitions_at_once_are_refused_for_each_topic() -> None:
    desk = Streams()
    rep = info("app-rep", 20_000)
    desk.join(part(repartition_source_topics=[rep], repartition_sink_topics=["app-rep"]))
    [(code, text)] = statuses(desk.beat("m", 2))
    assert code == 3
    assert text.endswith("; Creation failed: app-rep (Excessively large number of partitions per request.).")


# Who may.


@pytest.mark.parametrize(
    ("denied", "error"),
    [
        ((AclOperation.READ, ResourceType.GROUP), ErrorCode.GROUP_AUTHORIZATION_FAILED),
        ((AclOperation.DESCRIBE, ResourceType.TOPIC), ErrorCode.TOPIC_AUTHORIZATION_FAILED),
    ],
)
def test_who_may_not(denied: tuple[int, int], error: ErrorCode) -> None:
    desk = Streams()
    desk.deny(denied)
    answer = desk.join()
    assert (answer.error_code, answer.error_message) == (error, None)


def test_who_may_not_create_topics_is_told_so() -> None:
    desk = Streams()
    desk.deny((AclOperation.CREATE, ResourceType.CLUSTER), (AclOperation.CREATE, ResourceType.TOPIC))
    answer = desk.join(part(state_changelog_topics=[info("a"), info("b")]))
    assert statuses(answer) == [
        (3, "Internal topics are missing: a, b; Unauthorized to CREATE on topics a, b.")
    ]
    assert "a" not in desk.core.cluster.topics
    desk.deny((AclOperation.CREATE, ResourceType.CLUSTER))
    desk.beat("m", 2)
    assert {"a", "b"} <= set(desk.core.cluster.topics)


def test_a_cluster_without_streams_groups() -> None:
    desk = Streams()
    desk.core.features.finalized["streams.version"] = 0
    answer = desk.join()
    assert (answer.error_code, answer.error_message) == (ErrorCode.UNSUPPORTED_VERSION, None)


# Names of topics.


def test_names_that_no_topology_may_use() -> None:
    desk = Streams()
    answer = desk.join(part("0", "orders", "__share_group_state", "__consumer_offsets", "a b"))
    assert answer.error_code == ErrorCode.STREAMS_INVALID_TOPOLOGY
    names = "__share_group_state,__consumer_offsets"
    assert (
        answer.error_message
        == f"Use of Kafka internal topics {names} in a Kafka Streams topology is prohibited."
    )
    answer = desk.join(
        part("0", "a b", repartition_sink_topics=["", "ok"], state_changelog_topics=[info("*")])
    )
    assert answer.error_code == ErrorCode.STREAMS_INVALID_TOPOLOGY
    assert answer.error_message == "Topic names a b,,* are not valid topic names."
