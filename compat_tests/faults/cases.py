"""The effects, one by one: what goes wrong, in which request, and what every client should make of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from compat_tests.faults.steps import (
    GROUP,
    TOPIC,
    TRANSACTIONAL_ID,
    Check,
    Step,
    asks_with_version,
    break_connections,
    remove,
    remove_when_it_asks_no_more,
    restart_the_leader,
    silent_for,
    took_up,
)

__all__ = ["CASES", "Case"]


class Case(NamedTuple):
    """A fault, and what is to become of the client.

    Attributes:
        title: as the table of docs/faults.md has it.
        fault: its fields; brokers are named "the leader" and "the other one".
        does: what the client does: "write", "read", "consume" in a group, "create" a topic, or "transact".
        reports: a pattern of what a client says that does not come through, by client; "" for all of them.
        waits: clients that neither come through nor say anything within ten seconds.
        stuck: clients that report it, and whose next call then does not return, however right what they fetch is.
        why: in a line, why clients differ, or what is not obvious.
        takes: seconds that it lasts at the least.
        values: what is in the topic beforehand, a batch each; None: one, where something is to be read.
        offsets: those of the records that are read, where they are not what is in the topic.
        left: records in the topic at the end; None: one, or none where the client reports an error.
        first: what the test does before the fault is set.
        then: what the test does when the fault has fired.
        checks: what the journal must show.
        is_full: whether only `make compat` runs it; the effect has a quicker case.
    """

    title: str
    fault: Mapping[str, Any]
    does: str = "write"
    reports: Mapping[str, str] = {}
    waits: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()
    why: str = ""
    takes: float = 0.0
    values: tuple[int, ...] | None = None
    offsets: tuple[int, ...] | None = None
    left: int | None = None
    first: Callable[[Any], object] | None = None
    then: Step | None = None
    checks: tuple[Check, ...] = ()
    is_full: bool = False


_PARTITION = {"topic": TOPIC, "partition": 0}
_NOT_LEADER = "NOT_LEADER_OR_FOLLOWER"

CASES = {
    # Errors, at each place.
    "retriable_error": Case(
        "`error` NOT_LEADER_OR_FOLLOWER for the whole Produce, twice",
        {"api": "Produce", "error": _NOT_LEADER, "times": 2},
        checks=(took_up("Produce", 3),),
        is_full=True,
    ),
    "error_of_partition": Case(
        "`error` NOT_LEADER_OR_FOLLOWER for the partition of a Produce, twice",
        {"api": "Produce", **_PARTITION, "error": _NOT_LEADER, "times": 2},
        checks=(took_up("Produce", 3),),
    ),
    "error_after": Case(
        "`error` NOT_LEADER_OR_FOLLOWER for the partition of a Produce, after the work",
        {"api": "Produce", **_PARTITION, "error": _NOT_LEADER, "at": "after"},
        checks=(took_up("Produce", 2),),
        is_full=True,
    ),
    "fatal_error": Case(
        "`error` TOPIC_AUTHORIZATION_FAILED for Produce",
        {"api": "Produce", "error": "TOPIC_AUTHORIZATION_FAILED", "times": None},
        reports={"": "(?i)topic_?authorization|Not authorized"},
    ),
    "fatal_error_after": Case(
        "`error` TOPIC_AUTHORIZATION_FAILED for Produce, after the work",
        {"api": "Produce", "error": "TOPIC_AUTHORIZATION_FAILED", "at": "after", "times": None},
        reports={"": "(?i)topic_?authorization|Not authorized"},
        left=1,
        is_full=True,
    ),
    "error_at_top": Case(
        "`error` COORDINATOR_LOAD_IN_PROGRESS at the top of InitProducerId, twice",
        {"api": "InitProducerId", "error": "COORDINATOR_LOAD_IN_PROGRESS", "times": 2},
    ),
    "error_of_topic": Case(
        "`error` LEADER_NOT_AVAILABLE for the topic of Metadata, twice",
        {"api": "Metadata", "topic": TOPIC, "error": "LEADER_NOT_AVAILABLE", "times": 2},
    ),
    "error_of_fetch": Case(
        "`error` NOT_LEADER_OR_FOLLOWER for the partition of a Fetch, twice",
        {"api": "Fetch", **_PARTITION, "error": _NOT_LEADER, "times": 2},
        "read",
    ),
    "error_at_top_of_fetch": Case(
        "`error` FETCH_SESSION_ID_NOT_FOUND at the top of Fetch",
        {"api": "Fetch", "error": "FETCH_SESSION_ID_NOT_FOUND"},
        "read",
        is_full=True,
    ),
    "error_of_coordinator": Case(
        "`error` COORDINATOR_NOT_AVAILABLE for the group of FindCoordinator, twice",
        {"api": "FindCoordinator", "group": GROUP, "error": "COORDINATOR_NOT_AVAILABLE", "times": 2},
        "consume",
        is_full=True,
    ),
    "error_of_group": Case(
        "`error` COORDINATOR_LOAD_IN_PROGRESS for the group of OffsetFetch, twice",
        {"api": "OffsetFetch", "group": GROUP, "error": "COORDINATOR_LOAD_IN_PROGRESS", "times": 2},
        "consume",
    ),
    "error_of_join": Case(
        "`error` REBALANCE_IN_PROGRESS at the top of SyncGroup",
        {"api": "SyncGroup", "group": GROUP, "error": "REBALANCE_IN_PROGRESS"},
        "consume",
        is_full=True,
    ),
    "error_of_commit": Case(
        "`error` NOT_COORDINATOR for the partition of OffsetCommit",
        {"api": "OffsetCommit", **_PARTITION, "group": GROUP, "error": "NOT_COORDINATOR"},
        "consume",
    ),
    "error_of_commit_after": Case(
        "`error` NOT_COORDINATOR for the partition of OffsetCommit, after the work",
        {"api": "OffsetCommit", **_PARTITION, "group": GROUP, "error": "NOT_COORDINATOR", "at": "after"},
        "consume",
        is_full=True,
    ),
    "error_of_transaction": Case(
        "`error` CONCURRENT_TRANSACTIONS for the transactional id of InitProducerId, twice",
        {
            "api": "InitProducerId",
            "transactional_id": TRANSACTIONAL_ID,
            "error": "CONCURRENT_TRANSACTIONS",
            "times": 2,
        },
        "transact",
    ),
    "error_of_end": Case(
        "`error` NOT_COORDINATOR at the top of EndTxn, after the work",
        {"api": "EndTxn", "error": "NOT_COORDINATOR", "at": "after"},
        "transact",
        is_full=True,
    ),
    # Time.
    "delay": Case("`delay` 0.3 s before the work", {"api": "Produce", "delay": 0.3}, takes=0.3),
    "delay_after": Case(
        "`delay` 0.3 s after the work",
        {"api": "Produce", "delay": 0.3, "at": "after"},
        takes=0.3,
        is_full=True,
    ),
    "throttle_produce": Case(
        "`throttle` 300 ms for Produce", {"api": "Produce", "throttle": 300}, is_full=True
    ),
    "throttle": Case(
        "`throttle` 300 ms for Fetch, which then gives no records",
        {"api": "Fetch", "throttle": 300},
        "read",
        takes=0.3,
        checks=(silent_for(0.3),),
    ),
    "throttle_join": Case(
        "`throttle` 300 ms for JoinGroup",
        {"api": "JoinGroup", "throttle": 300},
        "consume",
        takes=0.3,
        checks=(silent_for(0.3),),
        is_full=True,
    ),
    "bandwidth": Case(
        "`bandwidth` 4000 bytes a second for Fetch",
        {"api": "Fetch", "bandwidth": 4000, "times": 1},
        "read",
        values=(2000,),
        takes=0.5,
    ),
    "hang": Case(
        "`hang` before the work, until the fault is removed",
        {"api": "Produce", "hang": True},
        takes=0.5,
        then=remove,
    ),
    "hang_after": Case(
        "`hang` after the work, until the fault is removed",
        {"api": "Produce", "hang": True, "at": "after"},
        takes=0.5,
        then=remove,
        is_full=True,
    ),
    # Answers that do not come.
    "disconnect_before": Case(
        "`disconnect` before the work of Produce",
        {"api": "Produce", "disconnect": True},
        checks=(took_up("Produce", 2),),
    ),
    "disconnect_after": Case(
        "`disconnect` after the work of Produce",
        {"api": "Produce", "disconnect": True, "at": "after"},
        checks=(took_up("Produce", 2),),
    ),
    "disconnect_fetch": Case(
        "`disconnect` before the work of Fetch", {"api": "Fetch", "disconnect": True}, "read", is_full=True
    ),
    "disconnect_fetch_after": Case(
        "`disconnect` after the work of Fetch",
        {"api": "Fetch", "disconnect": True, "at": "after"},
        "read",
        is_full=True,
    ),
    "disconnect_join": Case(
        "`disconnect` after the work of JoinGroup",
        {"api": "JoinGroup", "disconnect": True, "at": "after"},
        "consume",
        is_full=True,
    ),
    "drop_request": Case(
        "`drop` request, then the connection breaks",
        {"api": "Produce", "drop": "request"},
        takes=0.5,
        then=break_connections,
        checks=(took_up("Produce", 2),),
    ),
    "drop_response": Case(
        "`drop` response, then the connection breaks",
        {"api": "Produce", "drop": "response"},
        takes=0.5,
        then=break_connections,
        checks=(took_up("Produce", 2),),
    ),
    "truncate": Case(
        "`truncate` Produce's answer after 20 bytes",
        {"api": "Produce", "truncate": 20},
        checks=(took_up("Produce", 2),),
    ),
    "truncate_length": Case(
        "`truncate` Fetch's answer within its length", {"api": "Fetch", "truncate": 2}, "read", is_full=True
    ),
    "slice": Case("`slice` Fetch's answer to 7 bytes", {"api": "Fetch", "slice": 7, "times": 1}, "read"),
    "slice_all": Case("`slice` every answer to 1 byte", {"slice": 1, "times": None}, is_full=True),
    # Damaged records.
    "corrupt_crc": Case(
        "`corrupt` crc, once",
        {"api": "Fetch", "corrupt": "crc"},
        "read",
        reports={
            "kafka-python": "CorruptRecordError",
            "aiokafka": "CorruptRecordException: Invalid CRC",
            "Java": "Received exception when fetching the next record",
            "franz-go": "does not match calculated crc",
        },
        stuck=("kafka-python",),
        why="confluent-kafka does not look at CRCs unless `check.crcs` is set. kafka-python keeps what it could not "
        "read, and its next `poll()` after a `seek()` goes round in circles.",
    ),
    "corrupt_truncated": Case(
        "`corrupt` truncated, the only batch, once",
        {"api": "Fetch", "corrupt": "truncated"},
        "read",
        reports={
            "kafka-python": "Failed to make progress",
            "aiokafka": "RecordTooLargeError",
            "Java": "Failed to make progress",
        },
        why="A batch that is cut short is what brokers once sent when more did not fit: confluent-kafka and franz-go "
        "fetch again, the others ask for a whole batch in each answer.",
        is_full=True,
    ),
    "corrupt_codec": Case(
        "`corrupt` codec, once",
        {"api": "Fetch", "corrupt": "codec"},
        "read",
        reports={
            "confluent-kafka": "_NOT_IMPLEMENTED",
            "kafka-python": "UnsupportedCodecError",
            "aiokafka": "UnsupportedCodecError",
            "Java": "Unknown compression type id: 7",
            "franz-go": "unknown compression codec",
        },
        stuck=("kafka-python",),
        is_full=True,
    ),
    "corrupt_gap": Case(
        "`corrupt` gap before the second batch, once",
        {"api": "Fetch", "corrupt": "gap"},
        "read",
        values=(10, 10),
        offsets=(0, 2),
        why="Offsets may have gaps, as compaction leaves them.",
    ),
    # Metadata that misleads.
    "stale_leader": Case(
        "`metadata` with the wrong leader, twice",
        {"api": "Metadata", "topic": TOPIC, "metadata": {"leader": "the other one"}, "times": 2},
    ),
    "stale_epoch": Case(
        "`metadata` with an older leader epoch, twice",
        {"api": "Metadata", "topic": TOPIC, "metadata": {"leader_epoch": 0}, "times": 2},
        "read",
        first=restart_the_leader,
    ),
    "missing_broker": Case(
        "`metadata` without the leader's broker, until the fault is removed",
        {"api": "Metadata", "metadata": {"without_broker": "the leader"}, "times": None},
        waits=("kafka-python",),
        why="kafka-python does not ask again when a leader is not among the brokers, but when its metadata has grown "
        "old, after five minutes: its sender fails on every turn with UnknownBrokerIdError.",
        then=remove_when_it_asks_no_more,
        is_full=True,
    ),
    "unreachable_broker": Case(
        "`metadata` with an address of the leader where nobody listens, twice",
        {"api": "Metadata", "metadata": {"addresses": {"the leader": "127.0.0.1:1"}}, "times": 2},
        is_full=True,
    ),
    "wrong_controller": Case(
        "`metadata` with another controller",
        {"api": "Metadata", "metadata": {"controller_id": "the other one"}, "times": None},
        "create",
        is_full=True,
    ),
    # Fewer versions.
    "limited_versions": Case(
        "`versions` of Produce up to 7",
        {"api": "ApiVersions", "versions": {"Produce": "3-7"}, "times": None},
        checks=(asks_with_version("Produce", 7),),
    ),
    "limited_fetch": Case(
        "`versions` of Fetch up to 4",
        {"api": "ApiVersions", "versions": {"Fetch": "4-4"}, "times": None},
        "read",
        checks=(asks_with_version("Fetch", 4),),
        is_full=True,
    ),
    "missing_api": Case(
        "`versions` without InitProducerId",
        {"api": "ApiVersions", "versions": {"InitProducerId": None}, "times": None},
        reports={
            "confluent-kafka": "_UNSUPPORTED_FEATURE",
            "kafka-python": "IncompatibleBrokerVersion",
            "aiokafka": "IncompatibleBrokerVersion",
            "Java": "in an error state",
        },
        why="franz-go then writes without idempotence.",
    ),
}
