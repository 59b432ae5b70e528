"""The controllers and those who follow them, as kafka-metadata-quorum shows them."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import Any

from compat_tests.differential.three_brokers.walk import Walk

__all__ = ["quorum"]

_NUMBER = re.compile(r"-?\d+")


def quorum(walk: Walk) -> None:
    _look(walk)
    walk.step("stop", 3)
    _look(walk, via=(1, 2))
    walk.step("kill", 2)
    _look(walk, via=(1,))
    walk.step("start", 2, 3)
    _look(walk)
    for broker in (1, 2, 3):
        walk.ask(broker, "", "DescribeCluster", 2, endpoint_type=1)
    walk.ask(1, "controllers", "DescribeCluster", 1, endpoint_type=2)
    walk.act("kafka-metadata-quorum -B describe")
    walk.act("kafka-metadata-quorum -B add-controller")
    walk.act(
        "kafka-metadata-quorum -B remove-controller --controller-id 9 --controller-directory-id AAAAAAAAAAAAAAAAAAAABQ"
    )


def _look(walk: Walk, via: tuple[int, ...] = (1, 2, 3)) -> None:
    for options in ("--status", "--replication", "--replication --human-readable"):
        command = f"kafka-metadata-quorum -B describe {options}"
        walk.see(f"quorum {options}", partial(_shaped, walk, command, via))
    walk.see("DescribeQuorum", lambda: _answer(walk, via[0]))


def _shaped(walk: Walk, command: str, via: tuple[int, ...]) -> list[str]:
    return _shape(walk.printed(command, via=via))


def _shape(shown: dict[str, Any]) -> list[str]:
    """The lines without their numbers, but for ids; who leads is no matter, nor is the order."""
    lines = []
    for line in shown.values():
        text = str(line)
        if re.match(r"\d{1,4} ", text):
            id, *others = text.split()
            text = " ".join([id, *[re.sub(r"\d+", "n", word) for word in others]])
            text = text.replace("Leader", "Voter").replace("Follower", "Voter")
        elif re.match(r"(LeaderId|LeaderEpoch|HighWatermark|MaxFollower\w+):", text):
            text = _NUMBER.sub("n", text)
        elif text.startswith("Current"):
            name, _, listed = text.partition(": ")
            text = f"{name}: {sorted(json.loads(listed), key=str)}"
        lines.append(text)
    return sorted(lines)


def _answer(walk: Walk, broker: int) -> Any:
    partition = {"partition_index": 0}
    topics = [{"topic_name": "__cluster_metadata", "partitions": [partition]}]
    answer = walk.silently(broker, "DescribeQuorum", 2, topics=topics)
    if isinstance(answer, dict):
        for topic in answer["topics"]:
            for one in topic["partitions"]:
                one.update(leader_id="any", leader_epoch="any", high_watermark="any")
                for replica in [*one["current_voters"], *one["observers"]]:
                    replica.update(log_end_offset="any", replica_directory_id="any")
    return answer
