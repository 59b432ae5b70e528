"""What a cluster gives a test to hold: a broker, the clock, a fault, the journal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from mockbroker.control.exports import save
from mockbroker.control.faults import never_fired
from mockbroker.control.query import query

if TYPE_CHECKING:
    from mockbroker.control.exchange import Exchange
    from mockbroker.control.faults import Fault
    from mockbroker.control.journal import Journal
    from mockbroker.control.scenarios import Stage
    from mockbroker.server.cluster import ServedCluster

__all__ = ["BrokerHandle", "ClockHandle", "FaultHandle", "Held", "JournalHandle", "ScenarioHandle"]

_T = TypeVar("_T")


class Held(Protocol):
    """What handles need of a cluster."""

    _served: ServedCluster

    def _call(self, function: Callable[[], _T]) -> _T:
        """Run `function` between two requests."""


class BrokerHandle:
    """One broker of a cluster. Its methods return when the controller has acted and Metadata shows it."""

    def __init__(self, cluster: Held, broker_id: int) -> None:
        self._cluster = cluster
        self.id = broker_id

    def stop(self) -> None:
        """Shut it down in a controlled way: leaders move away, its ports close."""
        self._cluster._call(lambda: self._cluster._served.stop_broker(self.id))

    def kill(self) -> None:
        """End it without warning: its connections are reset."""
        self._cluster._call(lambda: self._cluster._served.kill_broker(self.id))

    def start(self) -> None:
        """Start it again, on its port and with its logs.

        Raises:
            AddressInUse: somebody else has taken the port.
        """
        self._cluster._call(lambda: self._cluster._served.start_broker(self.id))

    def isolate(self) -> None:
        """Cut it off from the other brokers and the controller, which miss it after the session timeout."""
        served = self._cluster._served
        self._cluster._call(lambda: served.control.causes.isolate(self.id))

    def heal(self) -> None:
        """End the isolation."""
        served = self._cluster._served
        self._cluster._call(lambda: served.control.causes.heal(self.id))


class ClockHandle:
    """The brokers' time. It follows real time until it is paused; clients' own time is not touched."""

    def __init__(self, cluster: Held) -> None:
        self._cluster = cluster

    @property
    def now(self) -> float:
        """Seconds since the epoch."""
        return self._cluster._call(lambda: self._cluster._served.core.clock.now)

    @property
    def is_paused(self) -> bool:
        return self._cluster._call(lambda: self._cluster._served.server.timekeeper.is_paused)

    def pause(self) -> None:
        """Stop the brokers' time where it is."""
        self._cluster._call(lambda: self._cluster._served.server.timekeeper.pause())

    def resume(self) -> None:
        """Let it go on from where it stands."""
        self._cluster._call(lambda: self._cluster._served.server.timekeeper.resume())

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once, paused or not. All that becomes due meanwhile has happened on return.

        Raises:
            ValueError: time cannot go back.
        """
        self._cluster._call(lambda: self._cluster._served.server.timekeeper.advance(seconds))


class FaultHandle:
    """A fault that is set. As the subject of a `with` block it is removed at its end, and must have fired by then."""

    def __init__(self, cluster: Held, fault: Fault) -> None:
        self._cluster = cluster
        self._fault = fault
        self.id = fault.id

    @property
    def title(self) -> str:
        """What it does to what, in words."""
        return self._fault.title

    @property
    def hits(self) -> int:
        """How often it fired."""
        return self._cluster._call(lambda: self._fault.hits)

    @property
    def seen(self) -> int:
        """How many requests matched, also those on which it did not fire."""
        return self._cluster._call(lambda: self._fault.seen)

    @property
    def is_active(self) -> bool:
        """Whether it may still fire."""
        return self._fault.is_active

    def remove(self) -> None:
        """Take it away; what it let hang goes on. Harmless when it is gone."""
        faults = self._cluster._served.control.faults
        self._cluster._call(lambda: faults.discard(self._fault))

    def as_data(self) -> dict[str, Any]:
        """As plain data, as HTTP shows it."""
        return self._cluster._call(self._fault.as_data)

    def __enter__(self) -> FaultHandle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """
        Raises:
            FaultNeverFired: it is required, and did not.
        """
        self.remove()
        if kind is None and self._fault.spec.required and not self._fault.hits:
            recent = self._cluster._call(self._cluster._served.control.recent)
            error = never_fired([self._fault], recent)
            if error is not None:
                raise error

    def __repr__(self) -> str:
        return f"<Fault {self.id} {self._fault.title}, {self._fault.hits} hits>"


class ScenarioHandle:
    """A scenario that runs: faults, and causes that are yet to come. It ends with the `with` block that it heads."""

    def __init__(self, cluster: Held, name: str, stage: Stage) -> None:
        self._cluster = cluster
        self._stage = stage
        self.name = name
        self.faults = [FaultHandle(cluster, fault) for fault in stage.faults]

    @property
    def hits(self) -> int:
        """How often its faults fired."""
        return sum(fault.hits for fault in self.faults)

    def stop(self) -> None:
        """End it: its faults are removed, nothing more happens. What it has done stays."""
        self._cluster._call(self._stage.end)

    def __enter__(self) -> ScenarioHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()


class JournalHandle:
    """What was asked and answered. Call it for the exchanges that are wanted."""

    def __init__(self, cluster: Held) -> None:
        self._cluster = cluster

    def __call__(self, api: str | Iterable[str] | None = None, **conditions: Any) -> list[Exchange]:
        """The exchanges for which all conditions hold, in order.

        Args:
            api: an API's name, or several.
            conditions: `version`, `error`, `client_id`, `topic`, `partition`, `group`, `transactional_id`,
                `principal`, `broker`, `connection`, `faulted`, `since`, `limit`: see `control.query.query`.

        Raises:
            BadField: a name or a value is not right.
        """
        wanted = query(api, **conditions)
        return self._cluster._call(lambda: self._journal.exchanges(wanted))

    def __len__(self) -> int:
        """How many exchanges are kept."""
        return self._cluster._call(lambda: len(self._journal))

    @property
    def dropped(self) -> int:
        """How many are gone, because it was full or was cleared."""
        return self._cluster._call(lambda: self._journal.dropped)

    @property
    def has_wrapped(self) -> bool:
        """Whether it was full since it was last cleared, so that its beginning is missing."""
        return self._cluster._call(lambda: self._journal.has_wrapped)

    def clear(self) -> None:
        """Forget everything."""
        self._cluster._call(self._journal.clear)

    def save(self, path: str | Path, api: str | Iterable[str] | None = None, **conditions: Any) -> int:
        """Write the exchanges to a file: `.jsonl` (also `.jsonl.gz`), or `.pcap` for Wireshark.

        Returns:
            How many were written.

        Raises:
            ValueError: the file's name ends otherwise.
        """
        return save(self(api, **conditions), Path(path))

    @property
    def _journal(self) -> Journal:
        return self._cluster._served.control.journal
