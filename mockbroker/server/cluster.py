"""A whole cluster behind sockets: the core, who answers for it, and the server, put together.

Rules kept here:

- What is wrong with the configs is found before a port is opened.
- On return clients may connect: they wait in the backlog until the server runs.
- What clients are told is where the brokers listen, unless something else is to be advertised. A broker that listens
  on all addresses is advertised by the one on which the client came in.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mockbroker.broker import Broker
from mockbroker.config import Settings
from mockbroker.config.honoured import HONOURED
from mockbroker.control.control import Control
from mockbroker.core import brokers as core_brokers
from mockbroker.core.assembly import Core
from mockbroker.profiles import KAFKA_4_3, Profile
from mockbroker.server.listeners import open_sockets
from mockbroker.server.server import Server

if TYPE_CHECKING:
    from mockbroker.control.states import Snapshot
    from mockbroker.core.nodes import Node
    from mockbroker.wire.caller import Caller

__all__ = ["AUTO", "ServedCluster", "host_and_port"]

#: Advertise the address on which the client came in.
AUTO = "auto"

_log = logging.getLogger("mockbroker.server")

_EVERYWHERE = ("", "0.0.0.0", "::")


def host_and_port(host: str, port: int) -> str:
    """An address as clients take it: with brackets around an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class ServedCluster:
    """A cluster whose brokers listen.

    Args:
        brokers: how many.
        racks: theirs, in order; an empty name is none.
        host: where they listen; "localhost" is 127.0.0.1 and ::1.
        port: the first one's, from which the others' count up; 0: free ones.
        advertised_host: what clients are told instead; AUTO: the address on which the client came in.
        advertised_port: the first one's as clients are told, from which the others' count up; None: the real ones.
        config: broker configs as text, by Kafka's names.
        seed: of all that is random.
        telemetry: whether clients are asked for their metrics (KIP-714).
        emulate: the release of Kafka to be, "2.8" say; None: the newest.
        memory_limit: how many bytes the logs may take (see `core.memory`); None: as many as there are.
        journal: whether to keep what was asked and answered.

    Raises:
        ConfigError: a config that Kafka does not have, or whose value it does not allow.
        CannotListen: a port is taken, or the host is not of this machine.
        ValueError: no brokers, more racks than brokers, a port above 65535, a release that cannot be emulated, or a
            memory limit below 1.
    """

    def __init__(
        self,
        *,
        brokers: int = 1,
        racks: Sequence[str] = (),
        host: str = "127.0.0.1",
        port: int = 0,
        advertised_host: str | None = None,
        advertised_port: int | None = None,
        config: Mapping[str, str] | None = None,
        seed: int | None = None,
        telemetry: bool = False,
        emulate: str | None = None,
        memory_limit: int | None = None,
        journal: bool = True,
    ) -> None:
        _check(brokers, racks, port, advertised_port)
        if memory_limit is not None and memory_limit < 1:
            raise ValueError(f"a memory limit is at least one byte, not {memory_limit}")
        self._host = host
        self._is_auto = advertised_host == AUTO or (advertised_host is None and host in _EVERYWHERE)
        self._advertised = host if advertised_host in (None, AUTO) else str(advertised_host)
        self._profile = _profile(emulate, telemetry)
        settings = Settings(
            config,
            is_elr_enabled=self._profile.has_elr,
            catalog=self._profile.catalog,
        )
        _warn_of_no_effect(settings.static)
        opened = _open_each(host, port, brokers)
        self.ports = [sockets[0].getsockname()[1] for sockets in opened]
        try:
            self.core = self._make_core(settings, racks, seed, advertised_port, memory_limit)
            self.broker = Broker(self.core, self._profile)
            self.control = Control(self.broker, seed, journal=journal)
            self.server = Server(self.broker, settings)
        except BaseException:
            _close_each(opened)
            raise
        self._port_of = {
            node_id: self.server.add(node_id, sockets)
            for node_id, sockets in zip(self.core.cluster.nodes, opened, strict=True)
        }

    @property
    def bootstrap_servers(self) -> str:
        """Where clients find the brokers, with commas between."""
        return ",".join(host_and_port(node.host, node.port) for node in self.core.cluster.nodes.values())

    def stop_broker(self, broker_id: int) -> None:
        """Shut a broker down in a controlled way, and close its ports.

        Raises:
            KafkaError: BROKER_ID_NOT_REGISTERED.
        """
        core_brokers.stop(self.core.cluster, broker_id)
        self.broker.flush()
        self.server.close(broker_id)

    def kill_broker(self, broker_id: int) -> None:
        """End a broker without warning; clients see a reset.

        Raises:
            KafkaError: BROKER_ID_NOT_REGISTERED.
        """
        core_brokers.kill(self.core.cluster, broker_id)
        self.server.close(broker_id, abruptly=True)

    def start_broker(self, broker_id: int) -> None:
        """Start a broker again on its port.

        Raises:
            KafkaError: BROKER_ID_NOT_REGISTERED.
            CannotListen: somebody else has taken the port.
        """
        cluster = self.core.cluster
        if not cluster.node(broker_id).is_running:
            self.server.open(broker_id, self._host, self._port_of[broker_id])
            core_brokers.start(cluster, broker_id)

    def snapshot(self) -> Snapshot:
        """The cluster as it is now."""
        return self.control.snapshots.take()

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot, time included; connections stay. Which brokers listen is then as it was.

        Raises:
            CannotListen: somebody else has taken the port of a broker that listened then.
        """
        self.control.restore(snapshot)
        self._follow()

    def reset(self) -> None:
        """Go back to the beginning, and forget faults and the journal; time goes on.

        Raises:
            CannotListen: as `restore`.
        """
        self.control.reset(time.time())
        self.server.timekeeper.resume()
        self._follow()

    def _follow(self) -> None:
        """Have the server do as the core now is."""
        self.server.timekeeper.rebase()
        for node in self.core.cluster.nodes.values():
            if not node.is_running:
                self.server.close(node.id)
            elif node.id not in self.server.listeners:
                self.server.open(node.id, self._host, self._port_of[node.id])

    def _make_core(
        self,
        settings: Settings,
        racks: Sequence[str],
        seed: int | None,
        advertised_port: int | None,
        memory_limit: int | None,
    ) -> Core:
        host = "127.0.0.1" if self._advertised in _EVERYWHERE else self._advertised
        addresses = [
            (host, port if advertised_port is None else advertised_port + number)
            for number, port in enumerate(self.ports)
        ]
        for number, (port, address) in enumerate(zip(self.ports, addresses, strict=True)):
            settings.set_static(
                settings.first_node_id + number,
                {
                    "listeners": f"PLAINTEXT://{host_and_port(self._host, port)}",
                    "advertised.listeners": f"PLAINTEXT://{host_and_port(*address)}",
                    **({"broker.rack": racks[number]} if number < len(racks) and racks[number] else {}),
                },
            )
        core = Core(
            settings,
            now=time.time(),
            brokers=len(self.ports),
            racks=racks,
            seed=seed,
            profile=self._profile,
            memory_limit=memory_limit,
        )
        for node, (name, port) in zip(core.cluster.nodes.values(), addresses, strict=True):
            node.host, node.port = name, port
        if self._is_auto:
            core.addresses = _address_of_caller
        return core


def _profile(emulate: str | None, telemetry: bool) -> Profile:
    profile = KAFKA_4_3
    if emulate is not None:
        from mockbroker.releases import profile_of

        profile = profile_of(emulate)
    return profile.with_telemetry() if telemetry else profile


def _address_of_caller(node: Node, caller: Caller) -> tuple[str, int]:
    return caller.local_address[0], node.port


def _warn_of_no_effect(config: Mapping[str, str]) -> None:
    for name in config:
        if name not in HONOURED:
            _log.warning("The config %s has no effect here", name)


def _check(brokers: int, racks: Sequence[str], port: int, advertised_port: int | None) -> None:
    if brokers < 1:
        raise ValueError(f"a cluster has at least one broker, not {brokers}")
    if len(racks) > brokers:
        raise ValueError(f"there are {len(racks)} racks for {brokers} brokers")
    for first in (port, advertised_port or 0):
        if not 0 <= first <= 65536 - brokers:
            raise ValueError(
                f"the ports of {brokers} brokers from {first} on are not all between 0 and 65535"
            )


def _open_each(host: str, port: int, brokers: int) -> list[list[socket.socket]]:
    opened: list[list[socket.socket]] = []
    try:
        opened.extend(open_sockets(host, port + number if port else 0) for number in range(brokers))
    except BaseException:
        _close_each(opened)
        raise
    return opened


def _close_each(opened: list[list[socket.socket]]) -> None:
    for sockets in opened:
        for sock in sockets:
            sock.close()
