"""What a test does to a running cluster beside using it: time, brokers, faults, snapshots; and what it looks at."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from mockbroker.handles import BrokerHandle, ClockHandle, FaultHandle, JournalHandle, ScenarioHandle

if TYPE_CHECKING:
    from mockbroker.control.causes import Causes
    from mockbroker.control.states import Snapshot
    from mockbroker.server.cluster import ServedCluster

__all__ = ["Steering"]

_T = TypeVar("_T")


class Steering:
    """A cluster in a test's hands."""

    _served: ServedCluster

    # Causes

    @property
    def clock(self) -> ClockHandle:
        """The brokers' time."""
        return ClockHandle(self)

    def broker(self, broker_id: int) -> BrokerHandle:
        """
        Raises:
            KafkaError: BROKER_ID_NOT_REGISTERED.
        """
        self._call(lambda: self._causes.check_broker(broker_id))
        return BrokerHandle(self, broker_id)

    def move_leader(self, topic: str, partition: int, to: int) -> None:
        """Let an in-sync replica of one's choice lead.

        Raises:
            KafkaError: UNKNOWN_TOPIC_OR_PARTITION, or INELIGIBLE_REPLICA where the broker is not active and in sync.
        """
        self._call(lambda: self._causes.move_leader(topic, partition, to))

    def pause_replication(self, topic: str, partition: int) -> None:
        """Let the followers catch up, then stop."""
        self._call(lambda: self._causes.pause_replication(topic, partition))

    def resume_replication(self, topic: str, partition: int) -> None:
        """Let the followers fetch again."""
        self._call(lambda: self._causes.resume_replication(topic, partition))

    # Faults

    def fault(self, **fields: Any) -> FaultHandle:
        """Have something go wrong. See `control.fault_spec.FaultSpec` for the fields, docs/faults.md for examples.

        A fault that never fired fails the block in which the cluster lives, unless it has `required=False`.

        Raises:
            BadField: a name or a value is not right, or nothing is to be done.
        """
        return FaultHandle(self, self._call(lambda: self._served.control.fault(**fields)))

    def scenario(self, name: str, **options: Any) -> ScenarioHandle:
        """Begin a scenario: "leader_flaps", "slow_broker" ...; docs/faults.md has them all.

        Raises:
            BadField: there is none of this name, or it has no such option, or needs one that is not given.
            KafkaError: a topic or broker is not there.
        """
        return ScenarioHandle(self, name, self._call(lambda: self._served.control.scenario(name, options)))

    def move_coordinator(self, group_id: str) -> int:
        """Let another broker coordinate a group. Returns which one does; the same where there is no other."""
        return self._call(lambda: self._causes.move_group(group_id))

    def fence_producer(self, transactional_id: str) -> None:
        """Do as if a second producer had begun with this transactional id.

        Raises:
            NotFound: there is no such transactional id.
        """
        self._call(lambda: self._causes.fence_producer(transactional_id))

    def faults(self) -> list[FaultHandle]:
        """The faults that are set, also those that have fired as often as they may."""
        return [FaultHandle(self, fault) for fault in self._call(lambda: list(self._served.control.faults))]

    def clear_faults(self) -> None:
        """Remove all of them, fired or not."""
        self._call(self._served.control.faults.clear)

    def check_faults(self) -> None:
        """
        Raises:
            FaultNeverFired: a fault that is required has not fired; the text says which requests came near.
        """
        self._call(self._served.control.check_faults)

    # What was asked and answered

    @property
    def journal(self) -> JournalHandle:
        """The exchanges: `journal(api="Fetch", client_id="svc")` is a list of them, in order."""
        return JournalHandle(self)

    # Snapshots

    def snapshot(self) -> Snapshot:
        """The whole state of the cluster: topics, records, groups, transactions, brokers, time."""
        return self._call(self._served.snapshot)

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot. Connections, faults and the journal stay."""
        self._call(lambda: self._served.restore(snapshot))

    def reset(self) -> None:
        """Go back to the state in which it started, with the topics that it had then; forget faults and journal."""
        self._call(self._served.reset)

    @property
    def _causes(self) -> Causes:
        return self._served.control.causes

    def _call(self, function: Callable[[], _T]) -> _T:
        """Run `function` between two requests."""
        return self._served.server.call(function)
