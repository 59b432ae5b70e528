"""Listening: which addresses, taken ports, closing and opening again, limits."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from typing import Any

import pytest

from mockbroker.server.listeners import AddressInUse, CannotListen, open_sockets


def close_all(sockets: list[socket.socket]) -> None:
    for sock in sockets:
        sock.close()


class TestOpenSockets:
    def test_an_address(self) -> None:
        (sock,) = open_sockets("127.0.0.1", 0)
        assert sock.getsockname()[0] == "127.0.0.1"
        assert sock.getblocking() is False
        sock.close()

    def test_localhost_is_both_families_on_one_port(self) -> None:
        for _ in range(20):
            sockets = open_sockets("localhost", 0)
            names = [sock.getsockname()[:2] for sock in sockets]
            close_all(sockets)
            assert [host for host, _ in names] == ["127.0.0.1", "::1"]
            assert len({port for _, port in names}) == 1

    def test_all_addresses(self) -> None:
        (sock,) = open_sockets("0.0.0.0", 0)
        assert sock.getsockname()[0] == "0.0.0.0"
        sock.close()

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
    def test_a_taken_port(self, host: str) -> None:
        taken = open_sockets("localhost", 0)
        port = taken[0].getsockname()[1]
        with pytest.raises(AddressInUse) as caught:
            open_sockets(host, port)
        assert (caught.value.host, caught.value.port) == (host, port)
        assert str(caught.value) == f"cannot listen on {host} port {port}: address already in use"
        close_all(taken)

    def test_a_port_taken_on_one_of_two_addresses_leaves_nothing_open(self) -> None:
        with socket.socket(socket.AF_INET6) as taken:
            taken.bind(("::1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            with pytest.raises(AddressInUse):
                open_sockets("localhost", port)
        close_all(open_sockets("localhost", port))

    @pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
    def test_a_host_that_is_not_ours(self, host: str) -> None:
        with pytest.raises(CannotListen, match=f"cannot listen on {host} port 0: "):
            open_sockets(host, 0)


class TestOpenAndClose:
    def test_close_ends_connections_and_refuses_new_ones(self, running: Any) -> None:
        client, parked = running.connect(), running.connect()
        assert client.ask(b"eok") == b"ok"
        parked.send(b"pname")
        running.wait_for(lambda: b"name" in running.broker.parked)
        running.background.call(lambda: running.server.close(1))
        assert client.is_closed_by_server()
        assert parked.is_closed_by_server()
        assert ("abandoned", b"name") in running.broker.events
        with pytest.raises(ConnectionRefusedError):
            running.connect()

    def test_a_broker_comes_back_on_its_port(self, running: Any) -> None:
        for _ in range(5):
            client = running.connect()
            assert client.ask(b"eok") == b"ok"
            running.background.call(lambda: running.server.close(1))
            assert (
                running.background.call(lambda: running.server.open(1, "127.0.0.1", running.port))
                == running.port
            )
        assert running.connect().ask(b"eback") == b"back"

    def test_kill_resets(self, running: Any) -> None:
        client = running.connect()
        assert client.ask(b"eok") == b"ok"
        running.background.call(lambda: running.server.close(1, abruptly=True))
        with pytest.raises(ConnectionResetError):
            client.sock.recv(1)

    def test_another_broker_goes_on(self, running: Any) -> None:
        port = running.background.call(lambda: running.server.open(2, "localhost", 0))
        running.background.call(lambda: running.server.close(1))
        with socket.create_connection(("::1", port)) as sock:
            sock.sendall(struct.pack(">i", 3) + b"eok")
            assert sock.recv(100) == struct.pack(">i", 2) + b"ok"
        assert [caller for what, caller in running.broker.events if what == "connected"] == [1]

    def test_errors_of_opening_are_the_callers(self, running: Any) -> None:
        with pytest.raises(AddressInUse):
            running.background.call(lambda: running.server.open(2, "127.0.0.1", running.port))


class TestLimits:
    def test_connections_of_one_address(self, make_server: Callable[..., Any]) -> None:
        running = make_server()
        running.limits["max.connections.per.ip"] = 2
        first, second, third = running.connect(), running.connect(), running.connect()
        assert first.ask(b"eone") == b"one"
        assert second.ask(b"etwo") == b"two"
        assert third.is_closed_by_server()
        first.close()
        running.wait_for_event("disconnected", 1)
        assert running.connect().ask(b"ethree") == b"three"

    def test_connections_above_the_rate_of_their_address_are_held_then_closed(
        self, make_server: Callable[..., Any]
    ) -> None:
        running = make_server()
        running.broker.throttle_ms = 300
        client = running.connect()
        client.send(b"eone")
        assert client.is_quiet()
        assert client.is_closed_by_server()
        running.broker.throttle_ms = 60_000
        held = running.connect()
        running.background.call(lambda: running.server.close(1))
        assert held.is_closed_by_server()

    def test_connections_of_a_broker_wait_for_room(self, make_server: Callable[..., Any]) -> None:
        running = make_server()
        running.limits["max.connections"] = 2
        first, second, third = running.connect(), running.connect(), running.connect()
        third.send(b"ethree")
        assert first.ask(b"eone") == b"one"
        assert second.ask(b"etwo") == b"two"
        assert third.is_quiet()
        second.close()
        assert third.receive() == b"three"

    def test_many_at_once(self, make_server: Callable[..., Any]) -> None:
        running = make_server()
        clients = [running.connect() for _ in range(300)]
        for client in clients:
            client.send(b"ehi")
        assert {client.receive() for client in clients} == {b"hi"}

    def test_idle_connections_are_closed(self, make_server: Callable[..., Any]) -> None:
        running = make_server(connections_max_idle_ms=150)
        idle, busy = running.connect(), running.connect()
        idle.sock.settimeout(0.02)
        while ("disconnected", 1) not in running.broker.events:
            assert busy.ask(b"eok") == b"ok"
            running.wait_for(lambda: busy.is_quiet(0.01))
        assert idle.is_closed_by_server()
        assert busy.ask(b"eok") == b"ok"
