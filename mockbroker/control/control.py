"""Everything that a test may do to one cluster and see of it, put together: for Python, pytest, HTTP and `ctl` alike.

What is called here runs where the core runs, between two requests.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Protocol

from mockbroker.control.commands import Commands
from mockbroker.control.fault_spec import fault_spec
from mockbroker.control.faults import Fault, Faults, check_all_fired
from mockbroker.control.journal import Journal
from mockbroker.control.pauses import Pauses

if TYPE_CHECKING:
    from mockbroker.control.asked import Names
    from mockbroker.core.assembly import Core
    from mockbroker.wire.caller import Caller

__all__ = ["Control", "Steered"]

_SHOWN_WITH_FAULTS = 5


class Steered(Protocol):
    """What is needed of the broker."""

    core: Core
    journal: Journal | None
    faults: Faults | None
    callers: dict[int, Caller]

    @property
    def names(self) -> Names:
        """What clients' ids of topics and sessions stand for."""


class Control:
    """The verbs, by subject.

    Args:
        broker: who answers.
        seed: of what faults leave to chance.

    Attributes:
        commands: topics, records, groups ...
        journal: what was asked and answered.
        faults: what is to go wrong.
    """

    def __init__(self, broker: Steered, seed: int | None = None) -> None:
        self._broker = broker
        self.commands = Commands(broker.core)
        self.journal = broker.journal or Journal(broker.names)
        broker.journal = self.journal
        self.pauses = Pauses(broker.core.clock)
        self.faults = Faults(self.pauses, random.Random(seed), self._faults_changed)

    def fault(self, **fields: Any) -> Fault:
        """Set a fault: see `FaultSpec` for the fields.

        Raises:
            BadField: a name or a value is not right, or nothing is to be done.
        """
        return self.faults.add(fault_spec(**fields))

    def check_faults(self) -> None:
        """
        Raises:
            FaultNeverFired: a fault that is required has not fired; the text says which requests came near.
        """
        check_all_fired(self.faults.never_fired(), self.journal.last(_SHOWN_WITH_FAULTS))

    def _faults_changed(self, is_any_active: bool) -> None:
        self._broker.faults = self.faults if is_any_active else None
