"""The clusters that one control plane steers: the one that it belongs to, and further ones that it was told to start.

Rules kept here:

- Further clusters run in the same trio run, and end with the first. What goes wrong in one of them ends that one only.
- Each has its own snapshots, scenarios and numbers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import trio

from mockbroker.control.commands import config_texts, topic_specs
from mockbroker.control.problems import NotFound
from mockbroker.server.cluster import ServedCluster
from mockbroker.server.poller import Poller

if TYPE_CHECKING:
    from mockbroker.control.control import Control
    from mockbroker.control.scenarios import Stage
    from mockbroker.control.states import Snapshot
    from mockbroker.core.assembly import Core

__all__ = ["Site", "Sites"]

_T = TypeVar("_T")

_log = logging.getLogger("mockbroker.server")


class Site:
    """One cluster, and what was made of it over HTTP.

    Attributes:
        id: the first cluster is 1.
        snapshots, scenarios: by their numbers.
    """

    def __init__(self, id: int, served: ServedCluster, sites: Sites) -> None:
        self.id = id
        self.served = served
        self.sites = sites
        self.snapshots: dict[int, Snapshot] = {}
        self.scenarios: dict[int, tuple[str, Stage]] = {}
        self._made = 0

    @property
    def core(self) -> Core:
        return self.served.core

    @property
    def control(self) -> Control:
        return self.served.control

    def call(self, function: Callable[[], _T]) -> _T:
        """Run `function` between two requests of this cluster."""
        return self.served.server.call(function)

    def look(self, function: Callable[[], _T]) -> _T:
        """As `call`, for what changes nothing: nobody is told that something may have changed."""
        server = self.served.server

        def at_the_right_time() -> _T:
            server.timekeeper.begin()
            return function()

        return server.poller.call(at_the_right_time)

    def next_number(self) -> int:
        """A number that nothing else has here."""
        self._made += 1
        return self._made

    def names_of(self, kind: str) -> list[str]:
        """What there is of a kind, for who asked for one that there is not."""
        core = self.core
        found: dict[str, Callable[[], Any]] = {
            "topic": self.control.commands.topics,
            "broker": lambda: core.cluster.nodes,
            "group": lambda: [group.group_id for group in self.control.inspection.groups()],
            "fault": lambda: [fault.id for fault in self.control.faults],
            "snapshot": lambda: self.snapshots,
            "scenario": lambda: self.scenarios,
            "cluster": lambda: self.sites.all,
            "transactional id": lambda: [
                each.transactional_id for each in self.control.inspection.transactions()
            ],
        }
        return list(map(str, found[kind]())) if kind in found else []

    def partitions_of(self, topic: Any) -> list[str]:
        """The numbers of a topic's partitions; none where there is no such topic."""
        found = self.core.cluster.topics.get(topic) if isinstance(topic, str) else None
        return [] if found is None else [str(each.index) for each in found.partitions]


class _Started:
    """Tells that a server runs (trio's `TaskStatus`)."""

    def __init__(self, event: trio.Event) -> None:
        self._event = event

    def started(self, value: None = None) -> None:
        self._event.set()


class Sites:
    """The clusters, by their numbers."""

    def __init__(self, served: ServedCluster) -> None:
        self.first = Site(1, served, self)
        self.all: dict[int, Site] = {1: self.first}
        self._made = 1

    def find(self, id: int) -> Site:
        """
        Raises:
            NotFound: there is no such cluster.
        """
        if id not in self.all:
            raise NotFound("cluster", id)
        return self.all[id]

    async def add(self, *, topics: Mapping[str, int] | Iterable[str] = (), **options: Any) -> Site:
        """Start a further cluster. See `ServedCluster` for the options.

        Raises:
            ConfigError, CannotListen, ValueError: as `ServedCluster`.
            KafkaError: a topic cannot be created.
        """
        options["config"] = config_texts(options.get("config", {}))
        wanted = topic_specs(topics)
        served = ServedCluster(**options)
        try:
            for topic in wanted:
                served.control.commands.create_topic(*topic, {})
            served.control.begin()
        except BaseException:
            served.server.close_all()
            raise
        parent = self.first.served.server
        self._made += 1
        site = self.all[self._made] = Site(self._made, served, self)
        started = trio.Event()
        parent.spawn(self._run, site, parent.poller, started)
        await started.wait()
        return site

    def remove(self, id: int) -> None:
        """Stop a further cluster.

        Raises:
            NotFound: there is no such cluster.
        """
        site = self.find(id)
        del self.all[id]
        site.served.server.stop()

    async def _run(self, site: Site, poller: Poller, started: trio.Event) -> None:
        try:
            await site.served.server.run(poller, task_status=_Started(started))
        except Exception:
            _log.exception("Cluster %d failed", site.id)
        finally:
            self.all.pop(site.id, None)
            started.set()
