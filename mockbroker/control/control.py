"""Everything that a test may do to one cluster and see of it, put together: for Python, pytest, HTTP and `ctl` alike.

What is called here runs where the core runs, between two requests. What few tests ask for is imported when they do.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, Protocol

from mockbroker.control.causes import Causes
from mockbroker.control.commands import Commands
from mockbroker.control.fault_spec import fault_spec
from mockbroker.control.faults import Fault, FaultNeverFired, Faults, never_fired
from mockbroker.control.inspection import Inspection
from mockbroker.control.journal import Journal
from mockbroker.control.pauses import Pauses
from mockbroker.control.query import Query
from mockbroker.control.seeding import Seeding
from mockbroker.control.states import Snapshot, Snapshots
from mockbroker.control.waits import Waits

if TYPE_CHECKING:
    from mockbroker.control.asked import Names
    from mockbroker.control.exchange import Exchange
    from mockbroker.control.lint import Finding
    from mockbroker.control.scenarios import Stage
    from mockbroker.control.verify import Report
    from mockbroker.core.assembly import Core
    from mockbroker.core.waiting import Pending
    from mockbroker.wire.caller import Caller

__all__ = ["Control", "Steered"]

_SHOWN_WITH_FAULTS = 5


class Steered(Protocol):
    """What is needed of the broker."""

    core: Core
    journal: Journal | None
    faults: Faults | None
    callers: dict[int, Caller]
    parked: dict[Pending, Any]

    def disconnected(self, caller: Caller) -> None:
        """A client is gone."""

    @property
    def names(self) -> Names:
        """What clients' ids of topics and sessions stand for."""


class Control:
    """The verbs, by subject.

    Args:
        broker: who answers.
        seed: of what faults leave to chance.
        journal: whether to keep what was asked and answered.

    Attributes:
        commands: topics, records, partitions.
        seeding: records and offsets from files.
        causes: what happens without any client's asking: leaders move, brokers are cut off.
        inspection: groups, offsets, producers, transactions, connections.
        waits: what can be waited for.
        watchers: called when something may have changed.
        snapshots: the cluster as it was.
        journal: what was asked and answered.
        faults: what is to go wrong.
    """

    def __init__(self, broker: Steered, seed: int | None = None, *, journal: bool = True) -> None:
        self._broker = broker
        self.commands = Commands(broker.core)
        self.journal = Journal(broker.names)
        broker.journal = self.journal if journal else None
        self.seeding = Seeding(broker.core, self.commands)
        self.inspection = Inspection(broker.core, broker.callers)
        self.waits = Waits(self.commands, self.inspection, self.journal)
        self.pauses = Pauses(broker.core.clock)
        self.watchers = broker.core.waiting.watchers
        self.snapshots = Snapshots(
            broker.core, self.commands, self.pauses, broker, is_seeded=seed is not None
        )
        self.causes = Causes(broker.core)
        #: The first exchange of the history that is to be verified.
        self._history_from = 0
        self._beginning: Snapshot | None = None
        self._seed = seed
        self._luck = random.Random(seed)
        self.faults = Faults(self.pauses, self._luck, self._faults_changed)

    def fault(self, **fields: Any) -> Fault:
        """Set a fault: see `FaultSpec` for the fields.

        Raises:
            BadField: a name or a value is not right, or nothing is to be done.
        """
        return self.faults.add(fault_spec(**fields))

    def begin(self) -> None:
        """The cluster is as it is to be when it is reset."""
        self._beginning = self.snapshots.take()

    def reset(self, now: float) -> None:
        """Go back to the beginning, and forget faults and the journal.

        Args:
            now: what time it is then, in seconds since the epoch.
        """
        assert self._beginning is not None
        self.faults.clear()
        self._luck.seed(self._seed)
        self.snapshots.restore(self._beginning, now=now)
        self.journal.clear()
        self._history_from = self.journal.total

    def scenario(self, name: str, options: dict[str, Any]) -> Stage:
        """Begin a scenario: see `SCENARIOS`.

        Raises:
            BadField: there is none of this name, or it has no such option, or needs one that is not given.
            KafkaError: a topic or broker is not there.
        """
        from mockbroker.control.scenarios import Stage, begin

        stage = Stage(self.faults, self.causes, self.pauses)
        try:
            begin(name, stage, options)
        except BaseException:
            stage.end()
            raise
        return stage

    def lint(
        self, rules: Iterable[str] | None = None, ignore: Iterable[str] = (), since: int = 0
    ) -> list[Finding]:
        """What clients did that will hurt in production: see `control.lint.RULES`.

        Raises:
            BadField: there is no such rule.
        """
        from mockbroker.control.lint import lint

        callers = self._broker.callers
        exchanges = self.journal.exchanges(Query(since=since))
        return lint(exchanges, rules=rules, ignore=ignore, is_connected=callers.__contains__)

    def verify(self) -> Report:
        """Whether what clients were told is true, since the last reset or restore: see `control.verify`."""
        from mockbroker.control.verify import verify

        exchanges = self.journal.exchanges(Query(since=self._history_from))
        return verify(exchanges, is_complete=self.journal.dropped <= self._history_from)

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot. What was acknowledged since is nobody's loss."""
        self.snapshots.restore(snapshot)
        self._history_from = self.journal.total

    def check_faults(self, ignore: Collection[int] = ()) -> FaultNeverFired | None:
        """What is to be raised where a fault that is required has not fired; it says which requests came near.

        Args:
            ignore: ids of faults that do not count.
        """
        unused = [fault for fault in self.faults.never_fired() if fault.id not in ignore]
        return never_fired(unused, self.recent())

    def recent(self) -> list[Exchange]:
        """The last few exchanges."""
        return self.journal.last(_SHOWN_WITH_FAULTS)

    def _faults_changed(self, is_any_active: bool) -> None:
        self._broker.faults = self.faults if is_any_active else None
