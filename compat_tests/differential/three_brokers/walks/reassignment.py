"""kafka-reassign-partitions: generated, executed, verified, listed, cancelled, throttled; and cordoned directories."""

from __future__ import annotations

import json
import re
from functools import partial

from compat_tests.differential.three_brokers.walk import Walk, batch
from compat_tests.differential.three_brokers.walks.views import create, described, plan, produce

__all__ = ["cancelled", "cordoned", "generated", "reassignment", "throttled"]

_REASSIGN = "kafka-reassign-partitions -B"
#: A real controller learns of directories with a broker's next heartbeat, two seconds later at most.
_HEARTBEAT = 3.0


def reassignment(walk: Walk) -> None:
    create(walk, "moved", "1:2,2:3")
    for number in range(3):
        produce(walk, 1, "moved", batch(str(number)))
    there = plan(walk, "there", "moved", {0: [3, 2], 1: [1, 2, 3]})
    walk.act(f"{_REASSIGN} {there} --execute")
    described(walk, "moved")
    walk.tool(f"{_REASSIGN} --list")
    walk.tool(f"{_REASSIGN} {there} --verify")
    walk.act(f"{_REASSIGN} {there} --execute")
    refused: tuple[tuple[str, dict[int, list[int]]], ...] = (
        ("unknown", {0: [1, 9]}),
        ("empty", {0: []}),
        ("twice", {0: [1, 1]}),
        ("absent", {7: [1]}),
        ("fewer", {1: [2]}),
    )
    for name, replicas in refused:
        walk.act(f"{_REASSIGN} {plan(walk, name, 'moved', replicas)} --execute")
    described(walk, "moved")
    factor = plan(walk, "factor", "moved", {0: [3]})
    walk.act(f"{_REASSIGN} {factor} --execute --disallow-replication-factor-change")
    walk.act(f"{_REASSIGN} {plan(walk, 'nothing', 'nothing', {0: [1]})} --execute")


def cancelled(walk: Walk) -> None:
    create(walk, "stuck", "1:2")
    walk.step("stop", 3)
    described(walk, "stuck", via=(1, 2))
    there = plan(walk, "stuck", "stuck", {0: [2, 3]})
    walk.act(f"{_REASSIGN} {there} --execute --throttle 1000000", via=(1, 2))
    described(walk, "stuck", via=(1, 2))
    walk.tool(f"{_REASSIGN} --list", via=(1, 2))
    walk.tool(f"{_REASSIGN} {there} --verify", via=(1, 2))
    walk.tool(f"{_REASSIGN} {there} --verify --preserve-throttles", via=(1, 2))
    walk.act(f"{_REASSIGN} {there} --execute", via=(1, 2))
    walk.act(f"{_REASSIGN} {there} --execute --additional --throttle 2000000", via=(1, 2))
    _throttles(walk, "stuck", via=(1, 2))
    walk.act(f"{_REASSIGN} {there} --cancel --preserve-throttles", via=(1, 2))
    _throttles(walk, "stuck", via=(1, 2))
    described(walk, "stuck", via=(1, 2))
    walk.act(f"{_REASSIGN} {there} --cancel", via=(1, 2))
    _throttles(walk, "stuck", via=(1, 2))
    walk.act(f"{_REASSIGN} {there} --execute", via=(1, 2))
    walk.step("start", 3)
    described(walk, "stuck")
    walk.tool(f"{_REASSIGN} {there} --verify")
    _throttles(walk, "stuck")


def generated(walk: Walk) -> None:
    create(walk, "spread", "1:2,1:2,1:2")
    topics = walk.file("topics.json", json.dumps({"version": 1, "topics": [{"topic": "spread"}]}))
    command = f"{_REASSIGN} --topics-to-move-json-file {topics} --generate"
    for options in ("--broker-list 1,2,3", "--broker-list 3", "--broker-list 2,3 --disable-rack-aware"):
        # Where a proposal begins is drawn at random: how much each broker gets is compared.
        walk.see(f"--generate {options}", partial(_counts, walk, f"{command} {options}"))
    walk.act(f"{command} --broker-list 1,9")


def _counts(walk: Walk, command: str) -> dict[str, object]:
    shown = walk.printed(command)
    for line, text in shown.items():
        if line != "line 2" and str(text).startswith("{"):
            replicas = re.findall(r'"replicas":\[([\d,]+)\]', str(text))
            shown[line] = sorted(broker for ids in replicas for broker in ids.split(","))
    return shown


def throttled(walk: Walk) -> None:
    """A broker with a low limit is long in copying what a reassignment brings."""
    create(walk, "slow", "1:2")
    for _ in range(6):
        produce(walk, 1, "slow", batch("x" * 200_000))
    there = plan(walk, "slow", "slow", {0: [1, 2, 3]})
    walk.act(f"{_REASSIGN} {there} --execute --throttle 60000")
    walk.passed(2.0)
    described(walk, "slow")
    walk.tool(f"{_REASSIGN} {there} --verify")
    _throttles(walk, "slow")
    walk.act(f"{_REASSIGN} {there} --execute --additional --throttle 100000000")
    described(walk, "slow")
    walk.tool(f"{_REASSIGN} {there} --verify")
    _throttles(walk, "slow")


def _throttles(walk: Walk, topic: str, via: tuple[int, ...] = (1, 2, 3)) -> None:
    walk.tool(f"kafka-configs -B --describe --topic {topic}", via=via)
    for broker in via:
        walk.tool(f"kafka-configs -B --describe --broker {broker}", via=via)


def cordoned(walk: Walk) -> None:
    """A directory that takes no new replicas (KIP-1066)."""
    alter = "kafka-configs -B --alter --broker 3"
    walk.act(f"{alter} --add-config cordoned.log.dirs=/nowhere")
    walk.act(f"{alter} --add-config cordoned.log.dirs=*")
    walk.passed(_HEARTBEAT)
    walk.ask(3, "", "DescribeLogDirs", 5, topics=[])
    walk.tool("kafka-configs -B --describe --broker 3")
    walk.act("kafka-topics -B --create --topic three --replication-factor 3")
    walk.act("kafka-topics -B --create --topic manual --replica-assignment 3:1")
    walk.act("kafka-topics -B --create --topic two --replication-factor 2 --partitions 8")
    walk.see(
        "who has replicas of two",
        lambda: sorted(
            {
                broker
                for topic in walk.silently(
                    1, "Metadata", 12, topics=[{"name": "two"}], allow_auto_topic_creation=False
                )["topics"]
                for partition in topic["partitions"]
                for broker in partition["replica_nodes"]
            }
        ),
    )
    walk.act("kafka-topics -B --create --topic moved --replica-assignment 1:2")
    there = plan(walk, "cordoned", "moved", {0: [3, 1]})
    walk.act(f"{_REASSIGN} {there} --execute")
    walk.act("kafka-topics -B --alter --topic two --partitions 20")
    walk.act(f"{alter} --delete-config cordoned.log.dirs")
    walk.passed(_HEARTBEAT)
    walk.act("kafka-topics -B --create --topic three --replication-factor 3")
