"""Servers in the process's trio thread."""

from __future__ import annotations

import os
import socket
import threading
import time
from typing import Any

import pytest

from mockbroker.server.poller import EpollPoller


def thread_names() -> list[str]:
    return [thread.name for thread in threading.enumerate()]


class TestBackgroundServer:
    def test_calls_return_and_raise(self, running: Any) -> None:
        assert running.background.call(lambda: threading.current_thread().name) == "mockbroker"
        with pytest.raises(ZeroDivisionError):
            running.background.call(lambda: 1 / 0)

    def test_a_call_from_the_thread_itself(self, running: Any) -> None:
        assert running.background.call(lambda: running.background.call(lambda: 5)) == 5

    def test_a_call_wakes_who_waits(self, running: Any) -> None:
        client = running.connect()
        client.send(b"pname")
        running.wait_for(lambda: b"name" in running.broker.parked)
        running.background.call(lambda: running.broker.settle(b"name", b"value"))
        assert client.receive() == b"value"

    def test_calls_from_many_threads(self, running: Any) -> None:
        seen: list[int] = []
        threads = [
            threading.Thread(target=lambda n=n: seen.append(running.background.call(lambda: n)))
            for n in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(seen) == list(range(20))

    def test_servers_share_a_thread_that_ends_with_the_last(self, make_server: Any) -> None:
        first, second = make_server(), make_server()
        assert thread_names().count("mockbroker") == 1
        first.background.stop()
        assert second.connect().ask(b"eok") == b"ok"
        second.background.stop()
        assert "mockbroker" not in thread_names()
        assert make_server().connect().ask(b"eok") == b"ok"

    def test_stop_closes_everything_at_once(self, running: Any) -> None:
        client, parked = running.connect(), running.connect()
        assert client.ask(b"eok") == b"ok"
        parked.send(b"pname")
        running.wait_for(lambda: b"name" in running.broker.parked)
        begun = time.monotonic()
        running.background.stop()
        assert time.monotonic() - begun < 1
        assert client.is_closed_by_server()
        assert parked.is_closed_by_server()
        assert ("abandoned", b"name") in running.broker.events
        with pytest.raises(ConnectionRefusedError):
            running.connect()

    def test_after_stop(self, running: Any) -> None:
        running.background.stop()
        running.background.stop()
        assert not running.background.is_running
        with pytest.raises(RuntimeError, match="this cluster was stopped"):
            running.background.call(lambda: 1)

    def test_stop_from_the_thread_itself(self, running: Any) -> None:
        client = running.connect()
        assert client.ask(b"eok") == b"ok"
        running.background.call(running.background.stop)
        assert client.is_closed_by_server()

    def test_starting_is_fast(self, make_server: Any) -> None:
        keep = make_server()
        best = 1.0
        for _ in range(5):
            begun = time.perf_counter()
            make_server()
            best = min(best, time.perf_counter() - begun)
        assert best < 0.02
        assert keep.background.is_running

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
    @pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
    def test_a_forked_child_lets_go_of_it(self, running: Any) -> None:
        client = running.connect()
        assert client.ask(b"eok") == b"ok"
        told, tell = os.pipe()
        child = os.fork()
        if child == 0:
            answer = b"no error"
            try:
                running.background.call(lambda: 1)
            except RuntimeError as error:
                answer = str(error).encode()
            running.background.stop()
            os.write(tell, answer)
            time.sleep(5)
            os._exit(0)
        try:
            assert b"runs in the parent process" in os.read(told, 100)
            assert client.ask(b"eok") == b"ok"
            running.background.stop()
            # The child still lives; had it kept its copies, the port would take connections.
            assert client.is_closed_by_server()
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", running.port))
        finally:
            os.kill(child, 9)
            os.waitpid(child, 0)


def test_epoll_poller_is_the_choice_where_it_exists() -> None:
    import select

    from mockbroker.server.poller import TaskPoller, make_poller

    poller = make_poller()
    assert type(poller) is (EpollPoller if hasattr(select, "epoll") else TaskPoller)
    poller.close()
