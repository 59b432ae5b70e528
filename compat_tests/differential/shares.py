"""What the cases of share groups have in common."""

from __future__ import annotations

from typing import Any

from compat_tests.differential.runner import Run, versions
from protocol_specs.notation import uuid_text
from protocol_specs.record_batch import Record, build_batch

__all__ = ["NO_TOPIC", "State", "await_share_coordinator", "configure_share_group", "produce"]

#: An id that no topic has.
NO_TOPIC = bytes(15) + b"\x07"

_GROUP_RESOURCE = 32


def await_share_coordinator(run: Run) -> None:
    """Wait until the share coordinator of a fresh cluster is there."""
    key = f"warm-up:{uuid_text(NO_TOPIC)}:0"
    run.settled(
        lambda: (
            not run.prepare("FindCoordinator", 6, key_type=2, coordinator_keys=[key])["coordinators"][0][
                "error_code"
            ]
        ),
        "share coordinator",
    )


def configure_share_group(run: Run, group: str, **configs: str) -> None:
    """Set configs of a group, dots being underscores, and wait until the broker has taken them over."""
    entries = [
        {"name": name.replace("_", "."), "config_operation": 0, "value": value}
        for name, value in configs.items()
    ]
    resource = {"resource_type": _GROUP_RESOURCE, "resource_name": group, "configs": entries}
    answer = run.prepare("IncrementalAlterConfigs", 1, resources=[resource], validate_only=False)
    assert not answer["responses"][0]["error_code"], answer

    def is_configured() -> bool:
        asked = {"resource_type": _GROUP_RESOURCE, "resource_name": group, "configuration_keys": None}
        found = run.prepare("DescribeConfigs", 4, resources=[asked])["results"][0]["configs"]
        known = {one["name"]: one["value"] for one in found}
        return all(known.get(entry["name"]) == entry["value"] for entry in entries)

    run.settled(is_configured, "group configs")


def produce(run: Run, topic: str, *sizes: int, index: int = 0) -> None:
    """Write batches of so many records each."""
    for size in sizes:
        records = [Record(at, 1_700_000_000_000, b"k", b"v%d" % at, []) for at in range(size)]
        batch = bytes(build_batch(records))
        data = [{"name": topic, "partition_data": [{"index": index, "records": batch}]}]
        answer = run.prepare("Produce", 11, acks=-1, timeout_ms=5000, topic_data=data)
        assert not answer["responses"][0]["partition_responses"][0]["error_code"], answer


class State:
    """The state of partition 0 of a topic for a group."""

    def __init__(self, run: Run, group: str, topic_id: bytes, index: int = 0) -> None:
        self.run = run
        self.group = group
        self.topic_id = topic_id
        self.index = index

    def _topics(self, **fields: Any) -> list[dict[str, Any]]:
        return [{"topic_id": self.topic_id, "partitions": [{"partition": self.index, **fields}]}]

    def initialize(self, label: str, state_epoch: int = 0, start_offset: int = -1) -> None:
        topics = self._topics(state_epoch=state_epoch, start_offset=start_offset)
        self.run.ask(label, "InitializeShareGroupState", 0, group_id=self.group, topics=topics)

    def read(self, label: str, leader_epoch: int = -1) -> None:
        topics = self._topics(leader_epoch=leader_epoch)
        self.run.ask(label, "ReadShareGroupState", 0, group_id=self.group, topics=topics)
        for version in versions("ReadShareGroupStateSummary"):
            self.run.ask(label, "ReadShareGroupStateSummary", version, group_id=self.group, topics=topics)

    def write(self, label: str, *batches: tuple[int, int, int, int], version: int = 1, **fields: Any) -> None:
        names = ("first_offset", "last_offset", "delivery_count", "delivery_state")
        states = [dict(zip(names, batch, strict=True)) for batch in batches]
        given = {"start_offset": -1, "leader_epoch": -1, "state_epoch": -1, "state_batches": states, **fields}
        if version >= 1:
            given.setdefault("delivery_complete_count", 0)
        topics = self._topics(**given)
        self.run.ask(label, "WriteShareGroupState", version, group_id=self.group, topics=topics)
        self.read(f"after {label}")

    def delete(self, label: str) -> None:
        self.run.ask(label, "DeleteShareGroupState", 0, group_id=self.group, topics=self._topics())
