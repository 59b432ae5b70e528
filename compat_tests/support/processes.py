"""A program that others wrote, as a child process whose output is watched and never waited for blindly."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def poll(attempt: Callable[[], T | None], *, within: float, what: str | Callable[[], str]) -> T:
    """What `attempt` returns once it is not None; AssertionError saying `what` after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        found = attempt()
        if found is not None:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s: {what if isinstance(what, str) else what()}")
        time.sleep(0.02)


class Running:
    """A child process; its output goes to files in `directory`, so that it can never block."""

    def __init__(
        self,
        arguments: Sequence[str | Path],
        directory: Path,
        *,
        name: str,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.stdout_path = directory / f"{name}.out"
        self.stderr_path = directory / f"{name}.err"
        with self.stdout_path.open("wb") as stdout, self.stderr_path.open("wb") as stderr:
            self.process = subprocess.Popen(
                [str(argument) for argument in arguments],
                stdin=subprocess.PIPE,
                stdout=stdout,
                stderr=stderr,
                env={**os.environ, **(environment or {})},
            )

    @property
    def stdout(self) -> str:
        return self.stdout_path.read_text(errors="replace")

    @property
    def stderr(self) -> str:
        return self.stderr_path.read_text(errors="replace")

    @property
    def story(self) -> str:
        """Its exit code and the end of what it printed, for messages."""
        return (
            f"{self.name} (exit code {self.process.poll()})\n"
            f"--- stdout\n{self.stdout[-4000:]}\n--- stderr\n{self.stderr[-4000:]}"
        )

    def write(self, text: str) -> None:
        """Sends `text` to its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def wait_for(self, found: Callable[[str], T | None], *, within: float, what: str) -> T:
        """What `found` makes of its standard output, asked again until it is not None or the process has ended."""

        def attempt() -> T | None:
            ended = self.process.poll() is not None
            result = found(self.stdout)
            if result is None and ended:
                raise AssertionError(f"ended before: {what}: {self.story}")
            return result

        return poll(attempt, within=within, what=lambda: f"{what}: {self.story}")

    def wait_for_text(self, text: str, *, within: float = 20.0) -> None:
        """Waits until its standard output has `text`."""
        self.wait_for(lambda out: True if text in out else None, within=within, what=f"{text!r} printed")

    def exit_code(self, *, within: float = 20.0) -> int:
        """Waits for its end."""
        return poll(self.process.poll, within=within, what=lambda: f"the end of {self.story}")

    def stop(self, *, how: signal.Signals = signal.SIGTERM, within: float = 10.0) -> int:
        """Ends it, by force when `within` seconds did not suffice; its exit code as a shell shows it."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            code = self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()
        return 128 - code if code < 0 else code
