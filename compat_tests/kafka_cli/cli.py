"""Runs Kafka's command line tools and compares what they print and how they exit."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from compat_tests.kafka_cli.kits import NEWEST, Kit
from compat_tests.support.brokers import Broker
from compat_tests.support.expect import difference, lines_of
from compat_tests.support.processes import Running
from compat_tests.support.toolchains import CACHE, alone, java, require

QUIET = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
# Said by the tools themselves whatever the broker is: see the first lines of every recorded session.
RECURRING = (
    "WARNING: Due to limitations in metric names, topics with a period ('.') or underscore ('_')",
    "The consumer rebalance protocol (KIP-848) is production-ready!",
)
# A real broker learns of a topic that it leads a little later than the tool that made it. Ours must not.
BRIEFLY_NOT_LEADER = re.compile(
    r"WARN .*Sender - .*(Error: NOT_LEADER_OR_FOLLOWER|NotLeaderOrFollowerException)"
)
STACK = re.compile(r"^\s+at |^\s*\.\.\. \d+ (more|common frames)|^Caused by: ")
LOG_PREFIX = re.compile(r"^\[[^\]]*\] (?=(INFO|WARN|ERROR) )")
OPTION_TABLE = re.compile(r"^Option +(\(.*\) +)?Description")


@dataclass(frozen=True)
class Ran:
    """What one tool did: exit code (None: still running at its time limit) and the lines that it printed."""

    command: str
    exit: int | None
    stdout: Sequence[str]
    stderr: Sequence[str]

    def prints(self, expected: str = "", *, err: str = "", exit: int = 0, any_order: bool = False) -> Ran:
        """Holds stdout, stderr and the exit code against what is expected.

        `err` is stderr without stack traces, option tables and logger prefixes.
        """
        complaints = []
        if out := difference(expected, self.stdout, any_order=any_order):
            complaints.append(f"stdout (- expected, + printed):\n{out}")
        if problem := difference(err, self.stderr, any_order=any_order):
            complaints.append(f"stderr (- expected, + printed):\n{problem}")
        if self.exit != exit:
            complaints.append(
                f"exit code {self.exit}, expected {exit}\nstdout: {self.stdout}\nstderr: {self.stderr}"
            )
        if complaints:
            raise AssertionError("\n".join([f"$ {self.command}", *complaints]))
        return self


class ToolServer:
    """One JVM that runs tool after tool (see ToolServer.java)."""

    def __init__(self, directory: Path, kit: Kit = NEWEST) -> None:
        require("java", "javac")
        self.kit = kit
        source = Path(__file__).with_name("ToolServer.java")
        classes = CACHE / "kafka-cli" / f"classes-{kit.version}"
        classes.mkdir(parents=True, exist_ok=True)
        compiled = classes / "ToolServer.class"
        jars = kit.jars
        with alone(f"tool-server-{kit.version}"):
            if not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime:
                subprocess.run(["javac", "-cp", f"{jars}/*", "-d", str(classes), str(source)], check=True)
        self.log = (directory / f"tool-server-{kit.version}.err").open("w")
        self.process = subprocess.Popen(
            [*java("384m", QUIET), "-cp", f"{jars}/*:{classes}", "ToolServer"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )

    def run(
        self, main: str, args: Sequence[str], stdin: str, within: float
    ) -> Mapping[str, str | int | None]:
        """Runs one tool to its end."""
        request = {"main": main, "args": list(args), "stdin": stdin, "timeout_ms": int(within * 1000)}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, f"the tools' JVM ended during {main} {args}"
        reply: Mapping[str, str | int | None] = json.loads(answer)
        return reply

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.log.close()


class Cli:
    """Kafka's command line against one cluster: `cli("kafka-topics -B --list")`, where -B names the cluster."""

    def __init__(self, broker: Broker, server: ToolServer, directory: Path) -> None:
        self.broker = broker
        self.server = server
        self.directory = directory
        self.started: list[Running] = []
        self.ports = {
            address: f"127.0.0.1:{9092 + at}"
            for at, address in enumerate(broker.bootstrap_servers.split(","))
        }

    def split(self, command: str) -> tuple[str, list[str]]:
        tool, *words = shlex.split(command)
        args: list[str] = []
        for word in words:
            args += ["--bootstrap-server", self.broker.bootstrap_servers] if word == "-B" else [word]
        return self.server.kit.main_classes[tool], args

    def __call__(self, command: str, *, stdin: str = "", within: float = 60.0) -> Ran:
        """Runs a tool to its end, in the shared JVM."""
        main, args = self.split(command)
        ran = self.server.run(main, args, stdin, within)
        code = ran["exit"]
        assert code is None or isinstance(code, int)
        return self.ran(command, code, str(ran["stdout"]), str(ran["stderr"]))

    def start(self, command: str) -> Running:
        """Starts a tool in a process of its own; it is ended with the test."""
        main, args = self.split(command)
        java_command = [*java("256m", QUIET), "-cp", f"{self.server.kit.jars}/*", main, *args]
        name = f"{shlex.split(command)[0]}-{len(self.started)}"
        running = Running(java_command, self.directory, name=name)
        self.started.append(running)
        return running

    def ended(self, running: Running, code: int) -> Ran:
        """What a tool that was started did until its end."""
        return self.ran(running.name, code, running.stdout, running.stderr)

    def ran(self, command: str, code: int | None, stdout: str, stderr: str) -> Ran:
        return Ran(command, code, list(self.readable(stdout)), list(self.readable(stderr)))

    def readable(self, text: str) -> Iterator[str]:
        for address, usual in self.ports.items():
            text = re.sub(rf"{re.escape(address)}\b", usual, text)
        kept: list[str] = []
        for line in text.splitlines():
            if OPTION_TABLE.match(line):
                break
            if self.broker.is_real and BRIEFLY_NOT_LEADER.search(line):
                continue
            if not STACK.match(line) and not line.startswith(RECURRING):
                kept.append(LOG_PREFIX.sub("", line))
        yield from lines_of("\n".join(kept))

    def file(self, name: str, content: str) -> Path:
        """A file for a tool to read."""
        path = self.directory / name
        path.write_text(content)
        return path

    def stop_all(self) -> None:
        for running in self.started:
            running.stop()
        self.started.clear()
