"""Fitting topologies to topics: counts of tasks and partitions, what is missing, what does not go together."""

from __future__ import annotations

import pytest

from mockbroker.core.cluster import Cluster
from mockbroker.core.groups.streams_configure import ConfiguredTopology, configure
from mockbroker.core.groups.streams_messages import Status, StatusCode
from mockbroker.core.groups.streams_topology import Subtopology, TopicInfo, Topology
from protocol_specs.errors import ErrorCode, KafkaError
from tests.core.clusters import make_cluster
from tests.core.groups.streams_bench import part

INCORRECT = StatusCode.INCORRECTLY_PARTITIONED_TOPICS
MISSING = StatusCode.MISSING_INTERNAL_TOPICS


def cluster(**topics: int) -> Cluster:
    made = make_cluster()
    for name, partitions in {"four": 4, "six": 6, "one": 1, **topics}.items():
        made.create_topic(name, partitions=partitions)
    return made


def configured(*parts: Subtopology, **topics: int) -> ConfiguredTopology:
    return configure(cluster(**topics), Topology(0, parts))


def problem(*parts: Subtopology, **topics: int) -> Status | None:
    return configured(*parts, **topics).problem


def counts(result: ConfiguredTopology) -> dict[str, int]:
    return {topic.name: topic.partitions for topic in result.missing}


def refused(*parts: Subtopology, epoch: int = 0) -> tuple[ErrorCode, str | None]:
    with pytest.raises(KafkaError) as raised:
        configure(cluster(), Topology(epoch, parts))
    return raised.value.code, raised.value.message


def test_a_subtopology_has_a_task_for_each_partition_of_its_largest_source() -> None:
    result = configured(part("0", "four", "six", "one"), part("1", "one"))
    assert result.is_ready
    assert result.subtopologies is not None
    assert {id: made.tasks for id, made in result.subtopologies.items()} == {"0": 6, "1": 1}
    assert list(configured(part("10", "one"), part("9", "one"), part("0", "one")).subtopologies or ()) == [
        "0",
        "10",
        "9",
    ]


def test_all_sources_must_exist() -> None:
    status = problem(part("0", "b", "four"), part("1", "a", "b", "d", "c"))
    assert status == (
        StatusCode.MISSING_SOURCE_TOPICS,
        "Source topics a, b, c and 1 additional topics are missing.",
    )
    assert problem(part("0", "a")) == (StatusCode.MISSING_SOURCE_TOPICS, "Source topics a are missing.")


def test_internal_topics_get_their_counts_from_what_is_read() -> None:
    result = configured(
        part("0", "four", "six", sinks=["r"]),
        part("1", "one", repartition=["r"], sinks=["s"], changelogs=["log"]),
        part(
            "2", repartition=["s", TopicInfo("fixed", 2)], changelogs=[TopicInfo("log2", 0, 3, (("a", "b"),))]
        ),
    )
    assert counts(result) == {"r": 6, "s": 6, "fixed": 2, "log": 6, "log2": 6}
    assert not result.is_ready
    [log2] = [topic for topic in result.missing if topic.name == "log2"]
    assert (log2.replication_factor, log2.configs) == (3, {"a": "b"})
    assert result.problem is not None
    assert result.problem.code == MISSING
    assert result.problem.detail == "Internal topics are missing: r, s, log and 2 additional topics"


def test_what_exists_already_is_not_missing_but_must_fit() -> None:
    parts = part("0", "four", sinks=["r"]), part("1", repartition=["r"], changelogs=["log"])
    assert problem(*parts, r=4, log=4) is None
    assert counts(configured(*parts, r=4)) == {"log": 4}
    assert problem(*parts, r=4, log=5) == (
        INCORRECT,
        "Existing topic log has different number of partitions: expected 4, found 5",
    )
    assert problem(*parts, r=3) == (
        INCORRECT,
        "Existing topic r has different number of partitions: expected 4, found 3",
    )


def test_loops_and_sinks_of_nobody() -> None:
    text = "Failed to compute number of partitions for all repartition topics"
    assert refused(part("0", repartition=["r"], sinks=["r"])) == (
        ErrorCode.STREAMS_INVALID_TOPOLOGY,
        f"{text}. There may be loops in the topology that cannot be resolved.",
    )
    assert refused(part("0", "four", repartition=["r"])) == (
        ErrorCode.STREAMS_INVALID_TOPOLOGY,
        f"{text}, because a repartition source topic is never used as a sink topic.",
    )
    assert refused(part("3", sinks=[])) == (
        ErrorCode.STREAMS_INVALID_TOPOLOGY,
        "No source topics found for subtopology 3",
    )
    # What nobody reads is not made.
    assert configured(part("0", "four", sinks=["r"])).is_ready


def test_copartitioned_topics_have_as_many_partitions_as_one_another() -> None:
    assert problem(part("0", "four", "six", copartition=[([0, 1], [])])) == (
        INCORRECT,
        "Following topics do not have the same number of partitions: [{four=4, six=6}]",
    )
    assert problem(part("0", "four", "six", copartition=[([0], []), ([1], [])])) is None
    joined = part("1", "four", repartition=["r"], copartition=[([0], [0]), ([], [])])
    assert counts(configured(part("0", "six", sinks=["r"]), joined)) == {"r": 4}
    fixed = part("0", "four", repartition=[TopicInfo("f", 5)], copartition=[([0], [0])])
    text = "Number of partitions [5] of repartition topic [f] doesn't match number of partitions [4] of the source "
    text += "topic."
    assert problem(fixed) == (INCORRECT, text)


def test_copartitioned_repartition_topics_follow_the_fixed_ones_or_the_largest() -> None:
    writers = part("0", "four", sinks=["r"]), part("1", "six", sinks=["s"])
    both = part("2", repartition=["r", "s"], copartition=[([], [0, 1])])
    assert counts(configured(*writers, both)) == {"r": 6, "s": 6}

    with_fixed = part("2", repartition=["r", TopicInfo("f", 6)], copartition=[([], [0, 1])])
    assert problem(*writers[:1], with_fixed, part("3", "six", sinks=["f"])) == (
        MISSING,
        "Internal topics are missing: r, f",
    )
    # One that is fixed elsewhere counts, too.
    elsewhere = part("3", repartition=[TopicInfo("g", 2)])
    assert problem(*writers[:1], with_fixed, elsewhere) == (
        INCORRECT,
        "Following topics do not have the same number of partitions: [{f=6, r=4}]",
    )


def test_what_the_coordinator_trips_over() -> None:
    trip = ErrorCode.UNKNOWN_SERVER_ERROR
    assert refused(part("0", "four"), epoch=-1)[0] == trip
    assert refused(part("0", "four"), part("0", "six"))[0] == trip
    assert refused(part("0", "four", changelogs=["log", "log"]))[0] == trip
    assert refused(part("0", "four", copartition=[([1], [])]))[0] == trip
    assert refused(part("0", "four", copartition=[([], [0])]))[0] == trip
    assert refused(part("0", "four", copartition=[([-1], [])]))[0] == trip
    assert refused(part("0", repartition=[TopicInfo("r", -1)]))[0] == trip
    assert refused(part("0", "four", repartition=[TopicInfo("r", -1)]))[0] == trip
    doubled = TopicInfo("log", 0, 0, (("a", "1"), ("a", "2")))
    assert refused(part("0", "four", changelogs=[doubled]))[0] == trip


def test_topologies_are_the_same_in_any_order_of_their_parts() -> None:
    one, two = part("0", "four"), part("1", "six", changelogs=["log"])
    assert Topology(0, [one, two]) == Topology(0, [two, one])
    assert Topology(0, [one, two]) != Topology(1, [one, two])
    assert Topology(0, [one]) != Topology(0, [two])
    assert Topology(0, [one]) != "0"
    assert Topology(0, [one, two]).readers == {"four": "0", "six": "1"}
    assert sorted(Topology(0, [one, two]).required_topics) == ["four", "log", "six"]
    assert repr(Topology(0, [one, two])) == "<Topology 0: 0, 1>"
