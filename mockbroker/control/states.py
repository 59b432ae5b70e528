"""Snapshots of a whole cluster, and the way back to one.

Rules kept here:

- All that the cluster is goes back: topics, records, groups, transactions, brokers, time. Connections stay, and see the
  restored state; so do faults, and the journal goes on.
- A request that waits for its answer, and waited when the snapshot was taken, goes on waiting. One that did not wait
  then is asked anew of the restored state. What waited then and does not any more is given up, as if its client had
  gone.
- Clients that have gone since the snapshot was taken go once more.
- Delays of faults go on for as long as was left of them.
- With a seed, what is left to chance goes back too, and repeats itself. Without one it does not.
- `reset` goes back to the beginning, and forgets faults and the journal; time does not go back.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any, Protocol

from mockbroker.control.memento import Memento

if TYPE_CHECKING:
    from mockbroker.control.commands import Commands
    from mockbroker.control.pauses import Pauses
    from mockbroker.core.assembly import Core
    from mockbroker.core.waiting import Pending
    from mockbroker.wire.caller import Caller

__all__ = ["Snapshot", "Snapshots"]


class Clients(Protocol):
    """Who is connected, and what waits for an answer."""

    callers: dict[int, Caller]
    parked: dict[Pending, Any]

    def disconnected(self, caller: Caller) -> None:
        """A client is gone."""


class Snapshot:
    """A cluster as it was at one moment. It can be restored any number of times."""

    def __init__(self, core: Core, commands: Commands, clients: Clients) -> None:
        #: When it was taken, by the brokers' clock, in seconds since the epoch.
        self.at = core.clock.now
        self.parked = {outer: request.inner for outer, request in clients.parked.items()}
        self.callers = dict(clients.callers)
        self.turns = commands.turns()
        was_enabled = gc.isenabled()
        gc.disable()
        try:
            self.memento = Memento([core], leave=[*self.parked, core.waiting.watchers])
        finally:
            if was_enabled:
                gc.enable()


class Snapshots:
    """Takes and restores snapshots of one cluster.

    Args:
        clients: who is connected, and waits for what.
        is_seeded: whether what is left to chance is to repeat itself.
    """

    def __init__(
        self,
        core: Core,
        commands: Commands,
        pauses: Pauses,
        clients: Clients,
        is_seeded: bool,
    ) -> None:
        self._core = core
        self._commands = commands
        self._pauses = pauses
        self._clients = clients
        self._is_seeded = is_seeded

    def take(self) -> Snapshot:
        """The cluster as it is now."""
        return Snapshot(self._core, self._commands, self._clients)

    def restore(self, snapshot: Snapshot, *, now: float | None = None) -> None:
        """Go back to a snapshot.

        Args:
            now: what time it is then, in seconds since the epoch; None: what it was.
        """
        core = self._core
        for hold in list(core.throttling.holds.values()):
            hold.settle(None)
        parked = self._clients.parked
        live = {outer: request.inner for outer, request in parked.items()}
        remaining = self._pauses.remaining()
        luck = core.random.getstate()
        snapshot.memento.restore()
        if not self._is_seeded:
            core.random.setstate(luck)
        if now is not None:
            core.clock.shift(now - core.clock.now)
        self._commands.set_turns(snapshot.turns)
        self._pauses.set_again(remaining)
        for outer, inner in snapshot.parked.items():
            if live.get(outer) is not inner:
                inner.abandon()
        for outer, inner in live.items():
            if snapshot.parked.get(outer) is not inner and outer in parked:
                parked[outer].ask_again()
        for connection_id, caller in snapshot.callers.items():
            if connection_id not in self._clients.callers:
                self._clients.disconnected(caller)
        core.waiting.flush()
