"""Frames over real sockets: whole, split, many, large, hostile; pending answers; slow and dead clients."""

from __future__ import annotations

import logging
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any

import pytest

MAX_FRAME = 4_000_000


def framed(body: bytes) -> bytes:
    return struct.pack(">i", len(body)) + body


class TestFrames:
    def test_one_request_gets_one_answer(self, running: Any) -> None:
        client = running.connect()
        assert client.ask(b"ehello") == b"hello"
        assert client.ask(b"e") == b""
        assert running.broker.frames == [b"ehello", b"e"]

    def test_two_frames_are_whole_wherever_the_stream_is_split(self, running: Any) -> None:
        stream = framed(b"efirst") + framed(b"esecond one")
        for at in range(1, len(stream)):
            client = running.connect()
            client.sock.sendall(stream[:at])
            if at > 10:
                assert client.receive() == b"first"
            client.sock.sendall(stream[at:])
            if at <= 10:
                assert client.receive() == b"first"
            assert client.receive() == b"second one"
            client.close()

    def test_bytes_one_by_one(self, running: Any) -> None:
        client = running.connect()
        for byte in framed(b"e" + b"z" * 50) * 2:
            client.sock.send(bytes([byte]))
        assert [client.receive(), client.receive()] == [b"z" * 50] * 2

    def test_many_frames_in_one_write_are_answered_in_order(self, running: Any) -> None:
        client = running.connect()
        bodies = [b"e%d" % number + b"." * (number % 97) for number in range(3000)]
        client.send(*bodies)
        assert [client.receive() for _ in bodies] == [body[1:] for body in bodies]

    @pytest.mark.parametrize("size", [4095, 4096, 5000, 65_531, 65_532, 65_533, 1_000_000, MAX_FRAME])
    def test_large_frames_among_small_ones(self, running: Any, size: int) -> None:
        client = running.connect()
        body = b"n" + bytes(range(256)) * (size // 256 + 1)
        client.send(b"ebefore", body[:size], b"eafter")
        assert [client.receive(), client.receive()] == [b"before", b"after"]
        assert running.broker.frames[1] == body[:size]

    def test_a_large_frame_that_comes_bit_by_bit(self, running: Any) -> None:
        client = running.connect()
        stream = framed(b"e" + bytes(range(256)) * 200)
        for at in range(0, len(stream), 997):
            client.sock.send(stream[at : at + 997])
        assert client.receive() == bytes(range(256)) * 200

    def test_no_answer_does_not_hold_up_the_next(self, running: Any) -> None:
        client = running.connect()
        client.send(b"n", b"n", b"edone")
        assert client.receive() == b"done"

    def test_an_answer_of_more_buffers_than_one_call_may_send(self, running: Any) -> None:
        client = running.connect()
        client.send(b"m5000", b"eafter")
        assert client.receive() == b"".join(b"%0100d" % number for number in range(5000))
        assert client.receive() == b"after"


class TestHostile:
    @pytest.mark.parametrize("size", [-1, -(2**31), MAX_FRAME + 1, 2**31 - 1])
    def test_a_length_out_of_bounds_ends_the_connection_unread(
        self, running: Any, size: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        client = running.connect()
        client.sock.sendall(framed(b"ebefore") + struct.pack(">i", size))
        assert client.receive() == b"before"
        assert client.is_closed_by_server()
        assert f"Invalid receive (size = {size}" in caplog.text

    def test_an_empty_frame_is_a_frame(self, running: Any) -> None:
        client = running.connect()
        client.send(b"")
        assert client.is_closed_by_server()
        assert running.broker.frames == [b""]

    def test_a_claimed_length_costs_no_memory(self, make_server: Callable[..., Any]) -> None:
        running = make_server(socket_request_max_bytes=2**31 - 1)
        client = running.connect()
        client.sock.sendall(struct.pack(">i", 2**31 - 1) + b"e")
        running.wait_for(lambda: running.connection(1) is not None)
        reader = running.connection(1)._reader
        running.wait_for(lambda: reader._frame is not None)
        assert len(reader._frame) < 10_000

    @pytest.mark.parametrize("what", [b"d", b"x"])
    def test_a_failed_request_ends_only_its_connection(
        self, running: Any, what: bytes, caplog: pytest.LogCaptureFixture
    ) -> None:
        client, other = running.connect(), running.connect()
        client.send(b"ebefore", what, b"eafter")
        assert client.receive() == b"before"
        assert client.is_closed_by_server()
        assert running.broker.frames == [b"ebefore", what]
        assert other.ask(b"eok") == b"ok"
        running.wait_for_event("disconnected", 1)
        levels = [record.levelno for record in caplog.records]
        assert levels == ([logging.WARNING] if what == b"d" else [logging.ERROR, logging.WARNING])

    def test_an_end_in_the_middle_of_a_frame(self, running: Any) -> None:
        for stream in (b"\0\0", framed(b"ehello")[:-1], framed(b"e" + bytes(9000))[:-1]):
            client = running.connect()
            client.sock.sendall(stream)
            client.sock.shutdown(socket.SHUT_WR)
            assert client.is_closed_by_server()
        assert running.broker.frames == []

    def test_a_client_that_ends_its_side_gets_its_answers(self, running: Any) -> None:
        client = running.connect()
        client.send(*[b"e%d" % number for number in range(500)])
        client.sock.shutdown(socket.SHUT_WR)
        assert [client.receive() for _ in range(500)] == [b"%d" % number for number in range(500)]
        assert client.is_closed_by_server()


class TestPending:
    def test_another_connection_settles_it(self, running: Any) -> None:
        waiting, other = running.connect(), running.connect()
        waiting.send(b"ebefore", b"pname")
        assert waiting.receive() == b"before"
        assert other.ask(b"sname=value") == b"ok"
        assert waiting.receive() == b"value"
        assert waiting.ask(b"eagain") == b"again"

    def test_later_frames_are_held_and_hurry_it(self, running: Any) -> None:
        waiting, other = running.connect(), running.connect()
        waiting.send(b"pname")
        running.wait_for(lambda: b"name" in running.broker.parked)
        waiting.send(b"esecond", b"ethird")
        running.wait_for_event("hurried", b"name")
        assert running.broker.frames == [b"pname"]
        other.ask(b"sname=first")
        assert [waiting.receive() for _ in range(3)] == [b"first", b"second", b"third"]

    @pytest.mark.parametrize("together", [True, False])
    def test_one_that_can_be_hurried_is_answered_at_once(self, running: Any, together: bool) -> None:
        client = running.connect()
        client.send(b"psoft", *[b"enext"] * together)
        if not together:
            running.wait_for(lambda: b"soft" in running.broker.parked)
            client.send(b"enext")
        assert [client.receive(), client.receive()] == [b"hurried", b"next"]

    def test_several_in_a_row(self, running: Any) -> None:
        client, other = running.connect(), running.connect()
        client.send(b"pone", b"ptwo", b"ethree")
        for name in (b"one", b"two"):
            running.wait_for(lambda name=name: name in running.broker.parked)
            other.ask(b"s" + name + b"=" + name)
        assert [client.receive() for _ in range(3)] == [b"one", b"two", b"three"]

    def test_the_clients_end_abandons_it(self, running: Any) -> None:
        client = running.connect()
        client.send(b"pname")
        running.wait_for(lambda: b"name" in running.broker.parked)
        client.close()
        running.wait_for_event("disconnected", 1)
        assert ("abandoned", b"name") in running.broker.events

    def test_the_clients_reset_abandons_it(self, running: Any) -> None:
        client = running.connect()
        client.send(b"pname", b"eheld")
        running.wait_for(lambda: b"name" in running.broker.parked)
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        running.wait_for_event("abandoned", b"name")
        assert running.broker.frames == [b"pname"]

    def test_what_is_held_is_bounded(self, running: Any) -> None:
        client, other = running.connect(), running.connect()
        client.send(b"pname")
        running.wait_for(lambda: b"name" in running.broker.parked)
        client.sock.settimeout(0.3)
        frame = framed(b"n" + bytes(200_000))
        with pytest.raises(TimeoutError):
            client.sock.sendall(frame * 200)
        client.sock.settimeout(5)
        assert running.connection(1)._held_bytes < 2_000_000
        other.ask(b"sname=value")
        assert client.receive() == b"value"

    def test_a_bad_length_behind_it_waits_for_its_answer(self, running: Any) -> None:
        client, other = running.connect(), running.connect()
        client.sock.sendall(framed(b"pname") + framed(b"eheld") + struct.pack(">i", -1))
        running.wait_for_event("hurried", b"name")
        other.ask(b"sname=value")
        assert [client.receive(), client.receive()] == [b"value", b"held"]
        assert client.is_closed_by_server()

    def test_it_may_end_in_a_disconnect(self, running: Any) -> None:
        client, other = running.connect(), running.connect()
        client.send(b"pname", b"eheld")
        running.wait_for(lambda: b"name" in running.broker.parked)
        other.ask(b"qname")
        assert client.is_closed_by_server()
        assert b"eheld" not in running.broker.frames

    def test_an_alarm_settles_it(self, running: Any) -> None:
        client = running.connect()
        assert client.ask(b"t0.02") == b"late"


class TestSlowReader:
    def test_it_gets_everything_and_holds_up_nobody(self, running: Any) -> None:
        slow, other = running.connect(), running.connect()
        body = b"e" + bytes(range(256)) * 8000
        bodies = [body] * 12 + [b"e%d" % number for number in range(100)]
        sender = threading.Thread(target=slow.send, args=bodies)
        sender.start()
        running.wait_for(lambda: body in running.broker.frames)
        assert other.ask(b"eok") == b"ok"
        assert [slow.receive() for _ in bodies] == [body[1:] for body in bodies]
        sender.join()

    def test_nothing_is_executed_while_it_does_not_read(self, running: Any) -> None:
        slow, other = running.connect(), running.connect()
        slow.sock.settimeout(0.2)
        frame = framed(b"e" + bytes(500_000))
        with pytest.raises(TimeoutError):
            slow.sock.sendall(frame * 200)
        assert other.ask(b"eok") == b"ok"
        assert len(running.broker.frames) < 50

    def test_its_death_is_noticed(self, running: Any) -> None:
        slow = running.connect()
        slow.send(*[b"e" + bytes(2_000_000)] * 2)
        running.wait_for(lambda: len(running.broker.frames) > 0)
        slow.close()
        running.wait_for_event("disconnected", 1)


class TestParts:
    def test_the_rest_follows_when_it_is_there_and_later_frames_wait(self, running: Any) -> None:
        client, other = running.connect(), running.connect()
        client.send(b"cx=hello", b"enext")
        assert client.read(3) == framed(b"hello")[:3]
        assert client.is_quiet()
        running.wait_for(lambda: b"x" in running.broker.parked)
        other.send(b"n")
        running.background.call(lambda: running.broker.parked.pop(b"x").settle([framed(b"hello")[3:]]))
        assert client.read(6) == framed(b"hello")[3:]
        assert client.receive() == b"next"

    def test_the_clients_end_abandons_the_rest(self, running: Any) -> None:
        client = running.connect()
        client.send(b"cx=hello")
        assert client.read(3)
        client.close()
        running.wait_for_event("abandoned", b"x")

    def test_the_rest_may_be_a_disconnect(self, running: Any) -> None:
        client = running.connect()
        client.send(b"ebefore", b"bhello", b"eafter")
        assert client.receive() == b"before"
        assert client.read(3) == framed(b"hello")[:3]
        assert client.is_closed_by_server()

    def test_many_parts_leave_one_by_one_in_order(self, running: Any) -> None:
        client = running.connect()
        client.send(b"ihello", b"enext")
        assert client.receive() == b"hello"
        assert client.receive() == b"next"
