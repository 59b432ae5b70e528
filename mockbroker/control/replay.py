"""Recorded requests, played again to a cluster, and whether its answers are the same.

Ids that a cluster gives (of topics, members, producers) come from its seed: to be understood, requests that carry such
ids want a cluster that began with the same seed, topics and brokers. Answers that name a port or a time differ.

Rules kept here:

- Requests are played in the order in which they came, each on a connection like the one that it came on.
- A connection waits for its answer, as clients do: what waits for time to pass gets the time that it needs.
- With `keeps_time` as much of the brokers' time passes between requests as did when they were recorded.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from mockbroker.control.problems import BadField
from mockbroker.core.waiting import Part, Pending
from mockbroker.wire.caller import Caller, Disconnect

if TYPE_CHECKING:
    from mockbroker.core.time import Clock

__all__ = ["Recorded", "Replayed", "read_recorded", "replay"]

#: The numbers of connections that are played begin here, far from those of sockets.
_FIRST_CONNECTION = 1 << 32

#: So many alarms may ring until a request is answered.
_MOST_ALARMS = 10_000


class Recorded(NamedTuple):
    """A request as it was recorded, and its answer; frames without their lengths."""

    number: int
    at: float
    broker: int
    connection: int
    listener: str
    api: int
    version: int
    request: bytes
    response: bytes | None


class Replayed(NamedTuple):
    """A request that was played again.

    Attributes:
        answer: the answer's frame without its length; None where there was none.
        closed: why the connection was closed instead; None where it was not.
    """

    recorded: Recorded
    answer: bytes | None
    closed: str | None

    @property
    def is_same(self) -> bool:
        """Whether it was answered by the same bytes as when it was recorded."""
        return self.answer == self.recorded.response


class Player(Protocol):
    """What is needed of the broker."""

    clock: Clock

    def receive(self, frame: bytearray, caller: Caller) -> Any:
        """Answer a frame."""

    def connected(self, caller: Caller) -> None:
        """A client has come."""

    def disconnected(self, caller: Caller) -> None:
        """A client is gone."""


def read_recorded(path: Path) -> Iterator[Recorded]:
    """The requests of a journal that was saved as `.jsonl` or `.jsonl.gz`, without raw SASL tokens.

    Raises:
        OSError: it cannot be read.
        BadField: a line is no exchange.
    """
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        for number, line in enumerate(lines):
            try:
                row = json.loads(line)
                recorded = _recorded(row, number)
            except (ValueError, KeyError, TypeError) as error:
                raise BadField(f"{path.name}:{number + 1}", f"is no exchange: {error!r}") from None
            if recorded.api >= 0:
                yield recorded


def _recorded(row: dict[str, Any], number: int) -> Recorded:
    response = row["response"]
    return Recorded(
        row.get("number", number),
        row.get("at", 0.0),
        row.get("broker", 1),
        row.get("connection", 1),
        row.get("listener", "PLAINTEXT"),
        row["api"],
        row["version"],
        bytes.fromhex(row["request"]),
        None if response is None else bytes.fromhex(response),
    )


def replay(
    recorded: Iterable[Recorded],
    player: Player,
    advance: Callable[[float], object],
    *,
    keeps_time: bool = False,
) -> list[Replayed]:
    """Play requests.

    Args:
        advance: lets so many seconds of the brokers' time pass.

    Returns:
        What became of each, in order. What was not answered in the end has no answer.
    """
    return _Replay(player, advance, keeps_time).play(recorded)


class _Replay:
    def __init__(self, player: Player, advance: Callable[[float], object], keeps_time: bool) -> None:
        self._player = player
        self._advance = advance
        self._keeps_time = keeps_time
        self._callers: dict[tuple[int, int], Caller] = {}
        self._waiting: dict[int, Pending] = {}

    def play(self, recorded: Iterable[Recorded]) -> list[Replayed]:
        answers: list[tuple[Recorded, Any]] = []
        last = None
        for one in recorded:
            if self._keeps_time and last is not None and one.at > last:
                self._advance(one.at - last)
            last = one.at
            caller = self._caller(one)
            self._wait_for_the_last(caller)
            answer: Any
            try:
                answer = self._player.receive(bytearray(one.request), caller)
            except Disconnect as reason:
                answer = reason
            if isinstance(answer, Pending) and not answer.is_settled:
                self._waiting[caller.connection_id] = answer
            answers.append((one, answer))
        for caller in self._callers.values():
            self._wait_for_the_last(caller)
            self._player.disconnected(caller)
        return [_replayed(one, answer) for one, answer in answers]

    def _caller(self, one: Recorded) -> Caller:
        key = one.broker, one.connection
        caller = self._callers.get(key)
        if caller is None:
            caller = Caller(_FIRST_CONNECTION + len(self._callers), one.broker, listener=one.listener)
            self._callers[key] = caller
            self._player.connected(caller)
        return caller

    def _wait_for_the_last(self, caller: Caller) -> None:
        """Let a connection have the answer to its last request, by time if need be."""
        pending = self._waiting.pop(caller.connection_id, None)
        if pending is None:
            return
        clock = self._player.clock
        for _ in range(_MOST_ALARMS):
            if pending.is_settled:
                return
            due = clock.next_alarm
            if due is None:
                break
            self._advance(max(0.0, due - clock.now))
        pending.abandon()


def _replayed(one: Recorded, answer: Any) -> Replayed:
    sent = b""
    while True:
        if isinstance(answer, Pending):
            answer = answer.reply
        if not isinstance(answer, Part):
            break
        sent += b"".join(answer.buffers)
        answer = answer.rest
    if isinstance(answer, Disconnect):
        return Replayed(one, None, str(answer))
    whole = sent + b"".join(answer or [])
    return Replayed(one, whole[4:] if whole else None, None)
