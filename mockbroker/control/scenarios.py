"""Trouble with a name: faults and causes that belong together, each with what a client should make of it.

Where a cause can bring about what clients see, the cause is what happens (leaders do move); faults stand in where there
is only one broker, and for what no cause can give.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from mockbroker.control.fault_spec import fault_spec
from mockbroker.control.problems import BadField

if TYPE_CHECKING:
    from mockbroker.control.causes import Causes
    from mockbroker.control.faults import Fault, Faults
    from mockbroker.control.pauses import Pauses
    from mockbroker.core.waiting import Pending

__all__ = ["SCENARIOS", "Scenario", "Stage", "begin"]


class Scenario(NamedTuple):
    """A scenario.

    Attributes:
        happens: what happens, in words.
        advice: what a client should do.
        play: begins it.
    """

    happens: str
    advice: str
    play: Callable[..., None]

    @property
    def options(self) -> dict[str, Any]:
        """Its options and their defaults; one without a default must be given (`inspect.Parameter.empty`)."""
        parameters = list(inspect.signature(self.play).parameters.values())[1:]
        return {parameter.name: parameter.default for parameter in parameters}


class Stage:
    """Where one scenario plays.

    Attributes:
        faults: those that it has set.
    """

    def __init__(self, faults: Faults, causes: Causes, pauses: Pauses) -> None:
        self.causes = causes
        self.faults: list[Fault] = []
        self._all = faults
        self._pauses = pauses
        self._next: Pending | None = None
        self._is_over = False

    def fault(self, **fields: Any) -> None:
        """Set a fault; one that never fires is no mistake."""
        self.faults.append(self._all.add(fault_spec(required=False, **fields)))

    def repeat_later(self, action: Callable[[], object], every: float, times: int) -> None:
        """Do something so many times, after each `every` seconds of the brokers' time."""
        if times < 1:
            return

        def act() -> None:
            if not self._is_over:
                action()
                self.repeat_later(action, every, times - 1)

        self._next = self._pauses.of(every)
        self._next.on_settled = act

    def end(self) -> None:
        """Nothing more happens; what has happened stays."""
        self._is_over = True
        if self._next is not None:
            self._next.abandon()
        for fault in self.faults:
            self._all.discard(fault)


def begin(name: str, stage: Stage, options: dict[str, Any]) -> None:
    """Begin a scenario.

    Raises:
        BadField: there is none of this name, or it has no such option, or needs one that is not given.
        KafkaError: a topic or broker is not there.
    """
    scenario = SCENARIOS.get(name)
    if scenario is None:
        raise BadField("name", f"there is no scenario {name!r}", SCENARIOS)
    known = scenario.options
    for option in options:
        if option not in known:
            raise BadField(option, f"{name} has no such option", known)
    for option, default in known.items():
        if default is inspect.Parameter.empty and option not in options:
            raise BadField(option, f"{name} needs it")
    scenario.play(stage, **options)


def _leader_flaps(stage: Stage, topic: str, partition: int = 0, every: float = 1.0, times: int = 5) -> None:
    before = stage.causes.leader(topic, partition)
    if stage.causes.move_leader_on(topic, partition) != before:
        stage.repeat_later(lambda: stage.causes.move_leader_on(topic, partition), every, times - 1)
        return
    for api in ("Produce", "Fetch"):
        stage.fault(api=api, topic=topic, partition=partition, error="NOT_LEADER_OR_FOLLOWER", times=times)


def _coordinator_moves(stage: Stage, group: str, every: float = 1.0, times: int = 3) -> None:
    before = stage.causes.coordinator(group)
    if stage.causes.move_group(group) != before:
        stage.repeat_later(lambda: stage.causes.move_group(group), every, times - 1)
        return
    for api in ("Heartbeat", "ConsumerGroupHeartbeat", "OffsetCommit"):
        stage.fault(api=api, group=group, error="NOT_COORDINATOR", times=times)


def _slow_broker(
    stage: Stage, broker: int | None = None, delay: float = 0.5, times: int | None = None
) -> None:
    stage.fault(broker=broker, delay=delay, times=times, at="after")


def _hanging_broker(stage: Stage, broker: int | None = None) -> None:
    stage.fault(broker=broker, hang=True, times=None)


def _rebalance_storm(stage: Stage, group: str, times: int = 5, every: int = 2) -> None:
    stage.fault(api="Heartbeat", group=group, error="REBALANCE_IN_PROGRESS", times=times, every=every)
    stage.fault(
        api="ConsumerGroupHeartbeat", group=group, error="FENCED_MEMBER_EPOCH", times=times, every=every
    )


def _lost_member(stage: Stage, group: str, times: int = 1) -> None:
    if stage.causes.lose_members(group):
        times -= 1
    if times < 1:
        return
    for api in ("Heartbeat", "ConsumerGroupHeartbeat"):
        stage.fault(api=api, group=group, error="UNKNOWN_MEMBER_ID", times=times)


def _lost_acks(stage: Stage, topic: str | None = None, times: int = 3) -> None:
    stage.fault(api="Produce", topic=topic, disconnect=True, at="after", times=times)


def _fenced_producer(stage: Stage, transactional_id: str) -> None:
    stage.causes.fence_producer(transactional_id)


def _not_enough_replicas(stage: Stage, topic: str | None = None, times: int | None = 3) -> None:
    stage.fault(api="Produce", topic=topic, error="NOT_ENOUGH_REPLICAS", times=times)


def _full_disk(stage: Stage, broker: int | None = None, times: int | None = None) -> None:
    stage.fault(api="Produce", broker=broker, error="KAFKA_STORAGE_ERROR", times=times)


def _flaky_network(stage: Stage, probability: float = 0.1, client_id: str | None = None) -> None:
    for at in ("before", "after"):
        stage.fault(client_id=client_id, disconnect=True, at=at, probability=probability / 2, times=None)


def _slow_network(stage: Stage, bandwidth: float = 10_000, client_id: str | None = None) -> None:
    stage.fault(client_id=client_id, bandwidth=bandwidth, times=None)


def _throttled(
    stage: Stage, throttle: int = 1000, client_id: str | None = None, times: int | None = None
) -> None:
    for api in ("Produce", "Fetch"):
        stage.fault(api=api, client_id=client_id, throttle=throttle, times=times)


def _damaged_fetches(stage: Stage, topic: str, times: int = 3) -> None:
    stage.fault(api="Fetch", topic=topic, corrupt="crc", times=times)


def _truncated_log(stage: Stage, topic: str, partition: int = 0, times: int = 1) -> None:
    stage.fault(api="Fetch", topic=topic, partition=partition, error="OFFSET_OUT_OF_RANGE", times=times)


def _stale_metadata(stage: Stage, topic: str, leader: int, times: int = 3) -> None:
    stage.fault(topic=topic, metadata={"leader": leader}, times=times)


def _unreachable_broker(stage: Stage, broker: int, times: int | None = None) -> None:
    stage.fault(metadata={"addresses": {broker: "127.0.0.1:1"}}, times=times)


def _revoked_access(stage: Stage, topic: str) -> None:
    for api in ("Produce", "Fetch", "Metadata"):
        stage.fault(api=api, topic=topic, error="TOPIC_AUTHORIZATION_FAILED", times=None)


#: By name.
SCENARIOS: dict[str, Scenario] = {
    "leader_flaps": Scenario(
        "The partition's leader moves to the next in-sync replica, `times` times, each `every` seconds of the "
        "brokers' time. Where there is no other replica, Produce and Fetch are answered NOT_LEADER_OR_FOLLOWER.",
        "Ask for metadata again and retry; nothing is lost, nothing reordered with idempotence.",
        _leader_flaps,
    ),
    "coordinator_moves": Scenario(
        "Another broker becomes the group's coordinator, `times` times, each `every` seconds. With one broker, "
        "heartbeats and commits are answered NOT_COORDINATOR.",
        "Find the coordinator again and go on in the same generation; no record is lost or skipped.",
        _coordinator_moves,
    ),
    "slow_broker": Scenario(
        "Each answer of the broker (of all brokers, where none is named) takes `delay` seconds longer.",
        "Go on, slower; time out only where its timeouts are shorter than the delay.",
        _slow_broker,
    ),
    "hanging_broker": Scenario(
        "The broker takes requests and answers nothing.",
        "Give a request up after request.timeout.ms, close the connection, and try another broker.",
        _hanging_broker,
    ),
    "rebalance_storm": Scenario(
        "Every other heartbeat of the group's members is answered with a rebalance, `times` times.",
        "Join again each time; commit before partitions are given up; process no record twice but those since the "
        "last commit.",
        _rebalance_storm,
    ),
    "lost_member": Scenario(
        "The coordinator has lost the group's members, as after a session timeout; where there are none yet, or for "
        "further `times`, a heartbeat is answered UNKNOWN_MEMBER_ID.",
        "Call its lost callback, not its revoked one; join anew; do not commit what it had.",
        _lost_member,
    ),
    "lost_acks": Scenario(
        "Produce is done, but the connection breaks before its answer.",
        "Retry. With idempotence the record is there once, without it twice.",
        _lost_acks,
    ),
    "fenced_producer": Scenario(
        "A second producer has begun with the transactional id.",
        "Fail for good with a fencing error; neither retry nor abort.",
        _fenced_producer,
    ),
    "not_enough_replicas": Scenario(
        "Produce with acks=all finds too few in-sync replicas, `times` times.",
        "Retry until delivery.timeout.ms; report the error after that.",
        _not_enough_replicas,
    ),
    "full_disk": Scenario(
        "The broker cannot write: KAFKA_STORAGE_ERROR.",
        "Ask for metadata, retry until delivery.timeout.ms, and report the error after that.",
        _full_disk,
    ),
    "flaky_network": Scenario(
        "Connections break with this probability at each request, half of them before the work, half after it.",
        "Connect again and retry, with a growing pause; lose nothing.",
        _flaky_network,
    ),
    "slow_network": Scenario(
        "Answers arrive at `bandwidth` bytes a second.",
        "Go on, slower; ask for less at once (fetch.max.bytes) where it times out.",
        _slow_network,
    ),
    "throttled": Scenario(
        "Answers say that the client is above its quota, by so many milliseconds.",
        "Send nothing to that broker for so long.",
        _throttled,
    ),
    "damaged_fetches": Scenario(
        "Fetched records have a wrong CRC, `times` times.",
        "Notice it, deliver none of them, and fetch them again or report it.",
        _damaged_fetches,
    ),
    "truncated_log": Scenario(
        "The offset that a consumer asks for is not there.",
        "Do as auto.offset.reset says, and report it where that is none.",
        _truncated_log,
    ),
    "stale_metadata": Scenario(
        "Metadata names a broker as leader that is none, `times` times.",
        "Get NOT_LEADER_OR_FOLLOWER from it, ask again after a pause, and go on.",
        _stale_metadata,
    ),
    "unreachable_broker": Scenario(
        "Metadata names an address for the broker where nobody listens.",
        "Try others, and again later; fail by its timeouts, not at once.",
        _unreachable_broker,
    ),
    "revoked_access": Scenario(
        "The topic may not be used any more.",
        "Report it at once, and not retry.",
        _revoked_access,
    ),
}


def as_table() -> str:
    """All scenarios as a table of docs/faults.md."""
    rows = ["| scenario | what happens | what a client should do |", "|---|---|---|"]
    for name, scenario in SCENARIOS.items():
        options = ", ".join(
            option if default is inspect.Parameter.empty else f"{option}={default!r}"
            for option, default in scenario.options.items()
        )
        rows.append(f"| `{name}({options})` | {scenario.happens} | {scenario.advice} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(as_table(), end="")
