"""One walk through the states of a cluster: what is done, and what is seen after it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from compat_tests.differential.normal import Normaliser, differences
from compat_tests.differential.peer import CLOSED, Peer
from compat_tests.differential.three_brokers.stages import BROKERS, Stage
from compat_tests.kafka_cli.cli import Cli, Ran, ToolServer
from compat_tests.support.processes import poll
from protocol_specs.record_batch import Record, build_batch

__all__ = ["Walk", "batch", "text_of"]

#: How long a real cluster may take to show what ours shows at once, in seconds.
_PATIENCE = 25.0
#: Of all records: not so old that retention takes them.
_NOW_MS = int(time.time() * 1000)
_ID = re.compile(r"(?<![\w-])[A-Za-z0-9_-]{22}(?![\w-])")
_TIME = re.compile(r"\b\d{13}\b")
_PORT = re.compile(r"\b(127\.0\.0\.1|localhost)[: ]\d+")
_DATA = re.compile(r'"[^"]*/(?:data-\d|kafka-logs)[^"]*"')


def batch(*values: str, **fields: Any) -> bytes:
    """A record batch of these values."""
    records = [Record(at, _NOW_MS, None, value.encode(), []) for at, value in enumerate(values)]
    return bytes(build_batch(records, **fields))


def text_of(ran: Ran) -> dict[str, Any]:
    """What a tool printed, line by line, without what no two clusters share."""
    errors = [line for line in ran.stderr if not line.startswith("WARN")]
    return {
        "exit": ran.exit,
        **{f"line {at}": _plain(line) for at, line in enumerate(ran.stdout, 1)},
        **{f"error line {at}": _plain(line) for at, line in enumerate(errors, 1)},
    }


def _same(answer: Any) -> Any:
    return answer


def _plain(line: str) -> str:
    what, named, partitions = line.partition(" for partitions ")
    if named:
        # In the order of a hash set.
        line = f"{what}{named}{', '.join(sorted(partitions.split(', ')))}"
    return _DATA.sub('"dir"', _PORT.sub("host:port", _TIME.sub("<time>", _ID.sub("<id>", line))))


class Walk:
    """A walk through one cluster.

    Args:
        guide: what another cluster showed, in the same order; None: this is the first one.
        stale: what the guide showed last for each label, if that is to be told apart.

    Attributes:
        seen: what was seen, by label.
        lines: what was not as with the guide.
    """

    def __init__(
        self, stage: Stage, tools: ToolServer, directory: Path, guide: Sequence[tuple[str, Any]] | None
    ) -> None:
        self.stage = stage
        self.seen: list[tuple[str, Any]] = []
        self.lines: list[tuple[str, list[str]]] = []
        self.directory = directory
        self._tools = tools
        self._guide = guide
        self._normal = Normaliser()
        self._done = ""

    # What is done.

    def step(self, what: str, *brokers: int) -> None:
        """Do something to brokers: stop, kill, start, isolate, heal."""
        self._done = " ".join([what, *map(str, brokers)])
        for broker in brokers:
            getattr(self.stage, what)(broker)
            if what in ("stop", "kill"):
                self.stage.peer(broker).close()

    def passed(self, seconds: float) -> None:
        """Let time pass."""
        self._done = f"{seconds} s"
        time.sleep(seconds)

    def file(self, name: str, content: str) -> Path:
        path = self.directory / f"{self.stage.name}-{name}"
        path.write_text(content)
        return path

    # What is seen.

    def see(self, label: str, look: Callable[[], Any], *, waits: bool = True) -> Any:
        """Note what `look` gives; a real cluster is looked at again until it shows what ours did.

        Args:
            waits: whether `look` may be repeated.
        """
        label = f"after {self._done}: {label}" if self._done else label
        value = look()
        if self._guide is not None:
            value = self._compare(label, value, look, waits)
        self.seen.append((label, value if self._guide is not None else self._normal(value)))
        return value

    def _compare(self, label: str, value: Any, look: Callable[[], Any], waits: bool) -> Any:
        assert self._guide is not None
        at = len(self.seen)
        if at >= len(self._guide) or self._guide[at][0] != label:
            raise AssertionError(f"the two went different ways at: {label}")
        ours = self._guide[at][1]
        until = time.monotonic() + (_PATIENCE if waits else 0)
        while (lines := differences(self._normal(value), ours)) and time.monotonic() < until:
            time.sleep(0.2)
            value = look()
        if lines:
            self.lines.append((label, lines))
        return value

    def tool(self, command: str, *, via: Sequence[int] = BROKERS, stdin: str = "", waits: bool = True) -> Any:
        """What a command line tool prints; -B names the brokers `via`."""
        shown = re.sub(r"/\S+/(\S+-)?(\S+\.json)", r"\2", command)
        return self.see(shown, lambda: self.printed(command, via=via, stdin=stdin), waits=waits)

    def printed(self, command: str, *, via: Sequence[int] = BROKERS, stdin: str = "") -> dict[str, Any]:
        """As `tool`, without noting it."""
        cli = Cli(self.stage.broker, self._tools, self.directory)
        told = re.sub(r"-B\b", f"--bootstrap-server {self.stage.servers(via)}", command)
        return text_of(cli(told, stdin=stdin))

    def act(self, command: str, *, via: Sequence[int] = BROKERS, stdin: str = "") -> Any:
        """As `tool`, for one that changes something, and is not to be repeated."""
        return self.tool(command, via=via, stdin=stdin, waits=False)

    def ask(
        self, broker: int, label: str, name: str, version: int, *, waits: bool = True, **values: Any
    ) -> Any:
        """What a broker answers to one request."""
        return self.see(
            f"{broker} asked {name} v{version}: {label}",
            lambda: self.silently(broker, name, version, **values),
            waits=waits,
        )

    def ask_together(self, broker: int, asked: Iterable[tuple[str, str, int, dict[str, Any]]]) -> None:
        """What a broker answers to requests that are on their way at the same time, each on its connection."""
        wanted = list(asked)

        def one(item: tuple[str, str, int, dict[str, Any]]) -> Any:
            peer = Peer(self.stage.servers([broker]), timeout=100)
            try:
                return peer.ask(item[1], item[2], item[3])
            except ConnectionError:
                return CLOSED
            finally:
                peer.close()

        with ThreadPoolExecutor(len(wanted)) as pool:
            answers = list(pool.map(one, wanted))
        for (label, name, version, _), answer in zip(wanted, answers, strict=True):
            self.see(f"{broker} asked {name} v{version}: {label}", partial(_same, answer), waits=False)

    def silently(self, broker: int, name: str, version: int, **values: Any) -> Any:
        """As `ask`, without noting it."""
        try:
            answer = self.stage.peer(broker).ask(name, version, values)
        except ConnectionError:
            return CLOSED
        if isinstance(answer, dict) and answer.get("controller_id", -1) >= 0:
            # A broker answers with any that is alive.
            answer["controller_id"] = "any"
        return answer

    def until(self, what: str, done: Callable[[], bool], within: float = 30.0) -> None:
        """Wait for something that is not compared."""
        poll(lambda: True if done() else None, within=within, what=what)
