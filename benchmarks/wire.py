"""A client of a few lines, so that what is measured is the broker: ready-made frames over a plain socket."""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence
from time import perf_counter, time
from types import TracebackType
from typing import Any

from protocol_specs import APIS
from protocol_specs.headers import REQUEST_HEADER, request_header, response_header
from protocol_specs.record_batch import Record, build_batch

__all__ = ["Connection", "api_versions", "create_topic", "fetch", "frame", "metadata", "produce"]

PRODUCE, FETCH, METADATA, API_VERSIONS, CREATE_TOPICS = 0, 1, 3, 18, 19
_LENGTH = struct.Struct(">i")
_ZERO_UUID = bytes(16)


def frame(key: int, version: int, **fields: Any) -> bytearray:
    """One request frame, without its length."""
    header = REQUEST_HEADER(
        request_api_key=key, request_api_version=version, correlation_id=1, client_id="benchmark"
    )
    out = bytearray(request_header(key, version).build(header))
    return bytearray(b"".join(APIS[key].request[version].write(APIS[key].request(**fields), out)))


def produce(
    topic: str, value: bytes, version: int = 9, topic_id: bytes = _ZERO_UUID, key: bytes | None = b"key"
) -> bytearray:
    """One record to partition 0, with acks=all."""
    topics = APIS[PRODUCE].request.topic_data
    batch = build_batch([Record(0, int(time() * 1000), key, value, [])])
    one = topics.partition_data(index=0, records=batch)
    data = [topics(name=topic, topic_id=topic_id, partition_data=[one])]
    return frame(PRODUCE, version, acks=-1, timeout_ms=1000, topic_data=data)


def fetch(topic: str, max_bytes: int, version: int = 11, topic_id: bytes = _ZERO_UUID) -> bytearray:
    """The first records of partition 0."""
    topics = APIS[FETCH].request.topics
    one = topics.partitions(partition=0, fetch_offset=0, partition_max_bytes=max_bytes)
    wanted = [topics(topic=topic, topic_id=topic_id, partitions=[one])]
    session = {"session_epoch": -1} if version >= 7 else {}
    return frame(FETCH, version, max_wait_ms=500, min_bytes=1, topics=wanted, rack_id="", **session)


def metadata(*topics: str, version: int = 9) -> bytearray:
    """Asks for these topics, which are made if need be; for all topics where none is named."""
    topic = APIS[METADATA].request.topics
    wanted = [topic(name=name) for name in topics] if topics else None
    return frame(METADATA, version, topics=wanted, allow_auto_topic_creation=True)


def api_versions(version: int = 3) -> bytearray:
    names = {"client_software_name": "benchmark", "client_software_version": "1"}
    return frame(API_VERSIONS, version, **names)


def create_topic(*names: str, partitions: int = 1) -> bytearray:
    """Asks for topics with one replica each."""
    topic = APIS[CREATE_TOPICS].request.topics
    wanted = [
        topic(name=name, num_partitions=partitions, replication_factor=1, assignments=[], configs=[])
        for name in names
    ]
    return frame(CREATE_TOPICS, 5, topics=wanted, timeout_ms=30000)


class Connection:
    """One connection that asks one thing after the other."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address, timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._room = bytearray(1 << 16)

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def ask(self, request: bytearray) -> memoryview:
        """The response frame, without its length; good until the next question."""
        self.send(_LENGTH.pack(len(request)) + request)
        return self.receive()

    def answer(self, key: int, version: int, request: bytearray) -> Any:
        """The response, parsed."""
        at = 5 if response_header(key, version).version >= 1 else 4
        return APIS[key].response[version].read(bytes(self.ask(request)), at)[0]

    def send(self, framed: bytes | bytearray) -> None:
        self._socket.sendall(framed)

    def receive(self) -> memoryview:
        """The next response frame."""
        got = self._socket.recv_into(self._room)
        if not got:
            raise EOFError("the broker has closed the connection")
        if got < 4:
            got = self._read(got, 4)
        end = 4 + _LENGTH.unpack_from(self._room)[0]
        if end > len(self._room):
            self._room += bytes(end - len(self._room))
        if got < end:
            self._read(got, end)
        return memoryview(self._room)[4:end]

    def _read(self, got: int, end: int) -> int:
        with memoryview(self._room) as room:
            while got < end:
                count = self._socket.recv_into(room[got:])
                if not count:
                    raise EOFError("the broker has closed the connection")
                got += count
        return got

    def times(self, request: bytearray, count: int) -> Sequence[float]:
        """Seconds of each of `count` round trips, one after the other."""
        framed = _LENGTH.pack(len(request)) + request
        found = []
        for _ in range(count):
            begun = perf_counter()
            self.send(framed)
            self.receive().release()
            found.append(perf_counter() - begun)
        return found
