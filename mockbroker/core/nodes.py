"""The brokers of the cluster: who they are, and how well they are.

Rules kept here (`BrokerRegistration`, `BrokerHeartbeatManager`):

- A broker is active (may lead, may be in sync) when it is neither fenced nor shutting down.
- A broker that does not run is fenced. One that runs may be fenced too: while it is cut off from the controller.
- Each start gives it a larger broker epoch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mockbroker.core.images import Image
    from mockbroker.core.time import Alarm

__all__ = ["INSTANT", "PAUSED", "Node", "Pace"]


class Pace(NamedTuple):
    """How a follower copies: at once, behind by some seconds or records, or not at all."""

    lag_seconds: float = 0.0
    lag_records: int = 0
    is_paused: bool = False


INSTANT = Pace()
PAUSED = Pace(is_paused=True)


class Node:
    """One broker.

    Attributes:
        host: what clients are told, with `port`; set by the server once it listens.
        epoch: broker epoch, new with each start.
        log_dirs: names of the directories that its logs are said to be in.
        is_running: its process lives and listens.
        is_fenced: the controller counts it as down; Metadata leaves it out.
        is_isolated: it runs, but reaches neither the controller nor other brokers, nor they it.
        pace: how it copies as a follower, where the partition says nothing else.
        image: what it knew when it was cut off; None while it is in touch.
        session: the alarm at which the controller gives it up; None while it is in touch.
        lost: when it was last in touch, and the metadata log's end then; None while it is.
        wanted_dirs: by topic and index, where a log is to go that the broker does not have yet.
        stopped_cleanly: whether its last stop was a controlled shutdown.
    """

    __slots__ = (
        "epoch",
        "host",
        "id",
        "image",
        "is_fenced",
        "is_isolated",
        "is_running",
        "is_shutting_down",
        "log_dirs",
        "lost",
        "pace",
        "port",
        "rack",
        "session",
        "stopped_cleanly",
        "wanted_dirs",
    )

    def __init__(
        self,
        id: int,
        host: str = "localhost",
        port: int = 9092,
        rack: str | None = None,
        log_dirs: tuple[str, ...] = ("/tmp/kafka-logs",),
    ) -> None:
        self.id = id
        self.host = host
        self.port = port
        self.rack = rack
        self.log_dirs = log_dirs
        self.epoch = -1
        self.is_running = True
        self.is_fenced = False
        self.is_shutting_down = False
        self.is_isolated = False
        self.pace = INSTANT
        self.image: Image | None = None
        self.session: Alarm | None = None
        self.lost: tuple[float, int] | None = None
        self.wanted_dirs: dict[tuple[str, int], str] = {}
        self.stopped_cleanly = True

    def __repr__(self) -> str:
        flags = [
            name[3:]
            for name in ("is_running", "is_fenced", "is_shutting_down", "is_isolated")
            if getattr(self, name)
        ]
        return f"Node({self.id}, {self.host}:{self.port}, {', '.join(flags) or 'down'})"

    @property
    def is_active(self) -> bool:
        """Whether it may lead and be in sync."""
        return not self.is_fenced and not self.is_shutting_down

    @property
    def is_connected(self) -> bool:
        """Whether the controller and other brokers reach it."""
        return self.is_running and not self.is_isolated
