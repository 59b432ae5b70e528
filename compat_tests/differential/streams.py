"""A streams group as the cases see it: topologies, heartbeats by raw requests, and members that act by the dice."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from compat_tests.differential.consumers import configure_group
from compat_tests.differential.runner import Run

__all__ = [
    "StreamsClient",
    "StreamsGroup",
    "StreamsWalker",
    "assigned",
    "part",
    "tasks",
    "topic_info",
    "topology",
]

Tasks = Mapping[str, Sequence[int]]


def topic_info(name: str, partitions: int = 0, replication_factor: int = 0, **configs: str) -> dict[str, Any]:
    """An internal topic; dots in config names are underscores."""
    given = [{"key": key.replace("_", "."), "value": value} for key, value in configs.items()]
    return {
        "name": name,
        "partitions": partitions,
        "replication_factor": replication_factor,
        "topic_configs": given,
    }


def part(
    id: str,
    *sources: str,
    sinks: Sequence[str] = (),
    repartition: Sequence[Any] = (),
    changelogs: Sequence[Any] = (),
    copartition: Sequence[tuple[Sequence[int], Sequence[int]]] = (),
    **more: Any,
) -> dict[str, Any]:
    """A subtopology.

    Args:
        copartition: of each group, the indexes of source topics and of repartition topics.
    """
    return {
        "subtopology_id": id,
        "source_topics": list(sources),
        "repartition_sink_topics": list(sinks),
        "repartition_source_topics": list(repartition),
        "state_changelog_topics": list(changelogs),
        "copartition_groups": [
            {"source_topics": list(external), "repartition_source_topics": list(internal)}
            for external, internal in copartition
        ],
        **more,
    }


def topology(*parts: dict[str, Any], epoch: int = 0) -> dict[str, Any]:
    return {"epoch": epoch, "subtopologies": list(parts)}


def tasks(of: Tasks) -> list[dict[str, Any]]:
    return [{"subtopology_id": id, "partitions": list(partitions)} for id, partitions in of.items()]


def assigned(answer: Any, kind: str = "active") -> dict[str, list[int]]:
    """The tasks that an answer gives."""
    return {of["subtopology_id"]: of["partitions"] for of in answer[f"{kind}_tasks"] or ()}


class StreamsGroup:
    """One group, whose assignments are made at once unless a delay or an interval is given."""

    def __init__(
        self, run: Run, name: str, *, delay_ms: int = 0, interval_ms: int = 0, standbys: int = 0
    ) -> None:
        self.run = run
        self.name = name
        configure_group(run, name, "streams.initial.rebalance.delay.ms", delay_ms)
        configure_group(run, name, "streams.assignment.interval.ms", interval_ms)
        if standbys:
            configure_group(run, name, "streams.num.standby.replicas", standbys)

    def beat(
        self, label: str, member_id: str, epoch: int, active: Any = None, standby: Any = None, **more: Any
    ) -> Any:
        fields: dict[str, Any] = {
            "group_id": self.name,
            "member_id": member_id,
            "member_epoch": epoch,
            "rebalance_timeout_ms": -1,
            "instance_id": None,
            "rack_id": None,
            "topology": None,
            "active_tasks": None if active is None else tasks(active),
            "standby_tasks": None,
            "warmup_tasks": None,
            "process_id": None,
            "user_endpoint": None,
            "client_tags": None,
            "task_offsets": None,
            "task_end_offsets": None,
        }
        if active is not None:
            fields |= {"standby_tasks": tasks(standby or {}), "warmup_tasks": []}
        return self.run.ask(label, "StreamsGroupHeartbeat", 0, **(fields | more))

    def join(self, label: str, member_id: str, topology: Any, **more: Any) -> Any:
        fields: dict[str, Any] = {
            "rebalance_timeout_ms": 30_000,
            "topology": topology,
            "process_id": f"process-of-{member_id}",
        }
        return self.beat(label, member_id, 0, {}, **(fields | more))

    def describe(self, label: str) -> Any:
        return self.run.ask(label, "StreamsGroupDescribe", 0, group_ids=[self.name])


class StreamsClient:
    """A member that gives up, and takes, whatever it is told."""

    def __init__(self, group: StreamsGroup, member_id: str) -> None:
        self.group = group
        self.member_id = member_id
        self.epoch = 0
        self.active: dict[str, list[int]] = {}
        self.standby: dict[str, list[int]] = {}

    def join(self, label: str, topology: Any, **more: Any) -> StreamsClient:
        self._take(self.group.join(label, self.member_id, topology, **more))
        return self

    def beat(self, label: str, **more: Any) -> None:
        answer = self.group.beat(label, self.member_id, self.epoch, self.active, self.standby, **more)
        self._take(answer)

    def leave(self, label: str) -> None:
        self.group.beat(label, self.member_id, -1)

    def _take(self, answer: Any) -> None:
        if answer["error_code"]:
            raise AssertionError(f"{self.member_id} was refused: {answer}")
        self.epoch = answer["member_epoch"]
        if answer["active_tasks"] is not None:
            self.active, self.standby = assigned(answer), assigned(answer, "standby")

    @staticmethod
    def settle(*clients: StreamsClient) -> None:
        for number in range(8):
            for client in clients:
                client.beat(f"{client.member_id} settles, {number}")


class StreamsWalker:
    """A member that does whatever comes, by the dice."""

    def __init__(
        self, group: StreamsGroup, member_id: str, process_id: str, topology: Any, dice: random.Random
    ) -> None:
        self.group = group
        self.member_id = member_id
        self.process_id = process_id
        self.topology = topology
        self.dice = dice
        self.epoch = 0
        self.active: dict[str, list[int]] = {}
        self.standby: dict[str, list[int]] = {}

    def step(self) -> None:
        dice = self.dice
        if not self.epoch:
            self.active, self.standby = {}, {}
            given: dict[str, Any] = {"process_id": self.process_id}
            if dice.random() < 0.3:
                given["user_endpoint"] = {"host": self.member_id, "port": 80}
            self.take(self.group.join("joins", self.member_id, self.topology, **given))
            return
        kind = dice.random()
        if kind < 0.1:
            self.group.beat("leaves", self.member_id, -1)
            self.epoch = 0
            return
        said: dict[str, Any] = {}
        if kind < 0.15:
            said["rebalance_timeout_ms"] = dice.choice([20_000, 25_000])
        elif kind < 0.2:
            said["client_tags"] = [{"key": "zone", "value": dice.choice("ab")}]
        elif kind < 0.25:
            said["endpoint_information_epoch"] = -1
        owned = (self.active, self.standby) if kind < 0.85 else (None, None)
        epoch = self.epoch + (dice.choice([-1, 1]) if kind > 0.97 else 0)
        self.take(self.group.beat("goes on", self.member_id, epoch, *owned, **said))

    def take(self, answer: Any) -> None:
        if answer["error_code"]:
            self.epoch = 0
            return
        self.epoch = answer["member_epoch"]
        if answer["active_tasks"] is not None and self.dice.random() < 0.7:
            self.active, self.standby = assigned(answer), assigned(answer, "standby")
