"""Kafka's own message classes, asked through a small Java program (CodecServer.java)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from compat_tests.support.toolchains import CACHE, alone, java, require

__all__ = ["RELEASES", "Answer", "ask", "ask_messages", "codec_jars"]

#: The releases whose classes we compare with, newest first.
RELEASES = ("4.3.1", "3.9.2", "2.8.2")
#: The release whose records of internal topics we compare with as well.
_PROFILES = {"4.3.1": ["-Pcoordinators"]}

_HERE = Path(__file__).parent


class Answer(NamedTuple):
    """What Kafka makes of a message: its bytes, written again, and its JSON; or why it refuses it."""

    content: bytes
    data: Any
    error: str = ""


@cache
def codec_jars(release: str) -> Path:
    """The folder with kafka-clients of one release, fetched by Maven on first use, and our program for it."""
    require("java", "javac")
    folder = CACHE / "codec" / release
    pom, program = _HERE / "pom.xml", _HERE / "CodecServer.java"
    complete, wanted = folder / ".complete", pom.read_text() + program.read_text()
    with alone("jars"):
        if complete.exists() and complete.read_text() == wanted:
            return folder
        require("mvn")
        fetch = [
            *("mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", "-DincludeScope=runtime"),
            *(f"-Dkafka.version={release}", f"-DoutputDirectory={folder}"),
            *(f"-Dmaven.repo.local={CACHE / 'maven'}", *_PROFILES.get(release, ())),
        ]
        subprocess.run(fetch, check=True, stdin=subprocess.DEVNULL)
        subprocess.run(["javac", "-cp", f"{folder}/*", "-d", str(folder), str(program)], check=True)
        complete.write_text(wanted)
        return folder


def ask(release: str, questions: Sequence[str]) -> list[str]:
    """One answer for each question, see CodecServer.java."""
    folder = codec_jars(release)
    command = [*java("512m"), "-cp", f"{folder}/*:{folder}", "CodecServer"]
    lines = "".join(f"{question}\n" for question in questions)
    done = subprocess.run(command, input=lines, capture_output=True, encoding="utf-8", check=False)
    answers = done.stdout.split("\n")[:-1]
    assert done.returncode == 0, f"CodecServer failed: {done.stderr[-2000:]}"
    assert len(answers) == len(questions)
    return answers


def ask_messages(release: str, messages: Sequence[tuple[str, int, bytes]]) -> list[Answer]:
    """What a release makes of each message: class, version, bytes."""
    questions = [f"message {name} {version} {content.hex()}" for name, version, content in messages]
    return [_read(answer) for answer in ask(release, questions)]


def _read(line: str) -> Answer:
    if line.startswith("!"):
        return Answer(b"", None, line[2:])
    content, _, data = line.partition(" ")
    return Answer(bytes.fromhex(content), json.loads(data))
