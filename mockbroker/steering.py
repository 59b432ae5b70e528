"""What a test does to a running cluster beside using it: time, brokers, faults, snapshots; and what it looks at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mockbroker.control.expectations import ANYTHING, Expected
from mockbroker.control.replay import Replayed, read_recorded, replay
from mockbroker.handles import BrokerHandle, ClockHandle, FaultHandle, JournalHandle, ScenarioHandle

if TYPE_CHECKING:
    from mockbroker.control.causes import Causes
    from mockbroker.control.lint import Finding
    from mockbroker.control.states import Snapshot
    from mockbroker.control.verify import Report
    from mockbroker.control.views import Record
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

    def check_faults(self, ignore: Collection[int] = ()) -> None:
        """
        Args:
            ignore: ids of faults that do not count.

        Raises:
            FaultNeverFired: a fault that is required has not fired; the text says which requests came near.
        """
        __tracebackhide__ = True
        error = self._call(lambda: self._served.control.check_faults(ignore))
        if error is not None:
            raise error

    # What was asked and answered

    @property
    def journal(self) -> JournalHandle:
        """The exchanges: `journal(api="Fetch", client_id="svc")` is a list of them, in order."""
        return JournalHandle(self)

    def lint(
        self, rules: Iterable[str] | None = None, ignore: Iterable[str] = (), since: int = 0
    ) -> list[Finding]:
        """What clients did that will hurt in production; empty where there is nothing to say.

        Args:
            rules: names of rules; None: all. docs/journal.md has them.
            ignore: names of rules that do not count.
            since: the number of the first exchange that counts.

        Raises:
            BadField: there is no such rule.
        """
        return self._call(lambda: self._served.control.lint(rules, ignore, since))

    def verify(self) -> Report:
        """Whether what clients were told is true, from the journal alone: `assert kafka.verify()`.

        It looks for acknowledged records that were lost, duplicated, reordered or skipped, and for records of aborted
        transactions that were read.
        """
        return self._call(self._served.control.verify)

    def replay(self, path: str | Path, *, keeps_time: bool = False) -> list[Replayed]:
        """Play the requests of a saved journal (`kafka.journal.save("journal.jsonl")`) to this cluster.

        Ids come from the seed: a cluster that began with the same seed, topics and brokers gives the same answers.

        Args:
            keeps_time: whether as much of the brokers' time is to pass between requests as did then.

        Returns:
            What became of each request, in order.

        Raises:
            OSError: the file cannot be read.
            BadField: a line of it is no exchange.
        """
        served = self._served
        recorded = list(read_recorded(Path(path)))
        return self._call(
            lambda: replay(recorded, served.broker, served.server.timekeeper.advance, keeps_time=keeps_time)
        )

    # What should be there

    def assert_produced(
        self,
        topic: str,
        *,
        key: Any = ANYTHING,
        value: Any = ANYTHING,
        headers: Mapping[str, Any] | None = None,
        partition: int | None = None,
        count: int | None = None,
    ) -> list[Record]:
        """Assert that a topic has a record like this; the failure shows what it has.

        Args:
            key, value: bytes; text; None; a dict or list, which the bytes are to be as JSON; or a function that says
                yes.
            headers: those that it must have, by name, among others.
            count: how many such records there are to be; None: at least one.

        Returns:
            Those records.

        Raises:
            AssertionError: there are more or fewer.
        """
        expected = Expected(topic, key=key, value=value, headers=headers, partition=partition)
        commands = self._served.control.commands
        records = self._call(lambda: commands.records(topic) if topic in commands.topics() else [])
        return expected.check(records, count)

    def assert_committed(self, group_id: str, topic: str, to: int | str = "end") -> None:
        """Assert that a group has committed as far as an offset, or the end, in every partition that has records.

        Raises:
            AssertionError: it has not; the text says how far it is.
        """
        wait = self._served.control.waits.committed(group_id, topic, to=to)
        if self._call(wait.check) is None:
            raise AssertionError(f"expected {wait.what}, but {self._call(wait.state)}")

    # Seeding

    def load(self, path: str | Path) -> int:
        """Seed from a file of records (`NAME.jsonl`), or from a directory of fixtures: see docs/pytest.md.

        Returns:
            How many records there were.

        Raises:
            OSError: something cannot be read.
            BadField: something in it is not right; the text says in which file, and on which line.
            KafkaError: a topic cannot be created, or a record not be appended.
        """
        return self._call(lambda: self._served.control.seeding.load(Path(path)))

    def commit(self, group_id: str, offsets: Mapping[tuple[str, int], int]) -> None:
        """Commit offsets, by topic and partition, as a client outside of the group would.

        Raises:
            KafkaError: as OffsetCommit would answer.
        """
        self._call(lambda: self._served.control.seeding.commit(group_id, offsets))

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
