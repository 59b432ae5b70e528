"""The part of a client process that all client libraries share. It runs in the client's own environment.

Reads a JSON command a line, `{"id": 1, "do": "produce", ...}`, and answers one JSON line, `{"id": 1, "answer": ...}`
or `{"id": 1, "error": "..."}`. Between commands a group member polls, and reports `{"records": [...]}` and, when
its assignment has changed, `{"assignment": [...]}`.
"""

from __future__ import annotations

import json
import queue
import sys
import threading
from typing import Any, Protocol

Record = dict[str, Any]  # topic, partition, offset, timestamp_ms, key, value, headers; bytes as text


class Client(Protocol):
    """What each client library is asked to do. Every method but poll and assignment is a command."""

    @property
    def in_group(self) -> bool: ...
    def create_topic(self, topic: str, partitions: int) -> None: ...
    def describe_topic(self, topic: str) -> list[int]: ...
    def list_topics(self) -> list[str]: ...
    def delete_topic(self, topic: str) -> None: ...
    def produce(
        self, topic: str, records: list[Record], codec: str | None, acks: str, idempotent: bool
    ) -> list[list[int]]: ...
    def read(self, topic: str) -> list[Record]: ...
    def read_from(self, topic: str, partition: int, offset: int, count: int) -> list[Record]: ...
    def watermarks(self, topic: str, partition: int) -> list[int]: ...
    def offset_for_time(self, topic: str, partition: int, timestamp_ms: int) -> int | None: ...
    def join(self, topic: str, group: str, session_timeout_ms: int) -> None: ...
    def commit(self) -> dict[str, int]: ...
    def seek(self, topic: str, partition: int, offset: int) -> None: ...
    def leave(self) -> None: ...
    def poll(self) -> list[Record]: ...
    def assignment(self) -> list[int]: ...


def text(data: bytes | None) -> str | None:
    """Keys, values and header values as the test typed them."""
    return None if data is None else data.decode()


def data(typed: str | None) -> bytes | None:
    """The bytes of what the test typed."""
    return None if typed is None else typed.encode()


def say(**message: Any) -> None:
    print(json.dumps(message), flush=True)


def read_commands(commands: queue.SimpleQueue[dict[str, Any] | None]) -> None:
    for line in sys.stdin:
        commands.put(json.loads(line))
    commands.put(None)


def obey(client: Client, command: dict[str, Any]) -> None:
    number = command.pop("id")
    verb = command.pop("do")
    try:
        say(id=number, answer=getattr(client, verb)(**command))
    except Exception as error:  # whatever the library raises is the test's to judge
        say(id=number, error=f"{type(error).__name__}: {error}")


def serve(client: Client) -> None:
    """Obeys commands until standard input ends."""
    commands: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
    threading.Thread(target=read_commands, args=(commands,), daemon=True).start()
    assigned: list[int] = []
    while True:
        try:
            command = commands.get(block=not client.in_group)
        except queue.Empty:
            records = client.poll()
            if records:
                say(records=records)
        else:
            if command is None:
                return
            obey(client, command)
        if client.in_group and (now := sorted(client.assignment())) != assigned:
            assigned = now
            say(assignment=assigned)
