"""What the official tools said at a real broker, command by command, and how to hear it again.

A transcript is a text: `$` a command in which -B names the cluster, `<` a line of its standard input, `@` a file that
it reads (name, then content; commands name it with {name}), then the lines of its standard output, after `!` those of
its standard error, and after `=` its exit code. What no two clusters share stands as `<id>`, `<n>` and the like.

    python -m compat_tests.kafka_cli.transcripts HOST:PORT FILE...

records the commands of these files anew at an Apache Kafka that runs there, empty.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from compat_tests.kafka_cli.cli import Cli, Ran, ToolServer
from compat_tests.support.brokers import Broker

__all__ = ["FOLDER", "Step", "read", "replay"]

FOLDER = Path(__file__).parent / "transcripts"

_VARIES: Sequence[tuple[str, str]] = (
    (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "<uuid>"),
    (r'("(?:logDir|log_dirs)":\[?)"/[^"]*"', r'\1"<dir>"'),
    (r'("size":)\d+', r"\1<n>"),
    (r"(?<![\w-])(?=[\w-]*[A-Z0-9])(?=[\w-]*[a-z])[A-Za-z0-9_-]{22}(?![\w-])", "<id>"),
    (r"\b1[6-9]\d{11}\b", "<ts>"),
    (r"\bEpoch: \d+", "Epoch: <n>"),
    (r"\badminclient-\d+", "adminclient-<n>"),
    (r"CONTROLLER://[^\"]*", "CONTROLLER://<address>"),
    (r"^(\d+ 127\.0\.0\.1) \d+ ", r"\1 <n> "),
    # Kafka keeps a user's mechanisms in the order of hashes that each JVM makes anew.
    (r"(SCRAM-SHA-512=\S+), (SCRAM-SHA-256=\S+)$", r"\2, \1"),
)
#: Tools whose numbers are all the cluster's own affair.
_OF_NUMBERS = ("kafka-metadata-quorum",)

#: Commands whose lines come in the order of a hash map.
_IN_ANY_ORDER = ("kafka-client-metrics -B --list", "--time -7")


@dataclass
class Step:
    """One command, and what came of it."""

    command: str
    stdin: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    stdout: list[str] = field(default_factory=list)
    stderr: list[str] = field(default_factory=list)
    exit: int | None = None

    def run(self, cli: Cli) -> Ran:
        """Does it again."""
        paths = {name: str(cli.file(name, content)) for name, content in self.files.items()}
        command = re.sub(r"\{([\w-]+\.\w+)\}", lambda match: paths[match[1]], self.command)
        return cli(command, stdin="".join(f"{line}\n" for line in self.stdin))

    def hear(self, ran: Ran) -> Step:
        """The same step with what came of it now."""
        stdout, stderr = ([self._plain(line) for line in lines] for lines in (ran.stdout, ran.stderr))
        if self.command.endswith(_IN_ANY_ORDER):
            stdout.sort()
            stderr.sort()
        return Step(self.command, self.stdin, self.files, stdout, stderr, ran.exit)

    def _plain(self, line: str) -> str:
        for pattern, stands in _VARIES:
            line = re.sub(pattern, stands, line)
        if self.command.startswith(_OF_NUMBERS):
            line = re.sub(r"\d+", "<n>", line)
        return re.sub(r"/\S*/(?=[\w-]+\.(json|properties))", "", line)

    def lines(self) -> Iterator[str]:
        """The step as text."""
        yield from (f"@ {name} {content}" for name, content in self.files.items())
        yield f"$ {self.command}"
        yield from (f"< {line}" for line in self.stdin)
        yield from self.stdout
        yield from (f"! {line}" for line in self.stderr)
        yield f"= {self.exit}"


def read(text: str) -> list[Step]:
    """The steps of a transcript. Files that were named before are there for the steps behind as well."""
    steps: list[Step] = []
    files: dict[str, str] = {}
    for line in text.splitlines():
        mark, rest = line[:1], line[2:]
        if mark == "@":
            name, _, content = rest.partition(" ")
            files[name] = content
        elif mark == "$":
            named = re.findall(r"\{([\w-]+\.\w+)\}", rest)
            steps.append(Step(rest, files={name: files[name] for name in named}))
        elif mark == "<" and line[1:2] == " ":
            steps[-1].stdin.append(rest)
        elif mark == "!":
            steps[-1].stderr.append(rest)
        elif mark == "=":
            steps[-1].exit = int(rest)
        elif line and mark != "#":
            steps[-1].stdout.append(line)
    return steps


def replay(cli: Cli, steps: Sequence[Step]) -> Iterator[tuple[Step, Step]]:
    """Each step, and the same as it goes now."""
    for step in steps:
        yield step, step.hear(step.run(cli))


def _record(address: str, paths: Sequence[Path]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        server = ToolServer(Path(scratch))
        cli = Cli(Broker(address, is_real=True), server, Path(scratch))
        for path in paths:
            text = path.read_text()
            heard = [now for _, now in replay(cli, read(text))]
            title = [line for line in text.splitlines() if line.startswith("#")]
            path.write_text(
                "\n".join([*title, *(line for step in heard for line in ("", *step.lines()))]) + "\n"
            )
        server.close()


if __name__ == "__main__":
    _record(sys.argv[1], [Path(name) for name in sys.argv[2:]])
