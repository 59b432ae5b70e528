"""Programs of our own for the JVM: compiled in .cache/ against Kafka's jars, and those that a folder's pom.xml adds."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from compat_tests.support.toolchains import CACHE, alone, java, kafka_jars, require

QUIET = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"


@cache
def added_jars(folder: Path) -> Path:
    """The folder with the jars that its pom.xml names, fetched by Maven on first use."""
    pom = folder / "pom.xml"
    jars = CACHE / "java" / folder.name / "jars"
    complete = jars / ".complete"
    with alone("jars"):
        if not (complete.exists() and complete.read_text() == pom.read_text()):
            require("mvn")
            command = [
                *(
                    "mvn",
                    "-q",
                    "-B",
                    "-f",
                    str(pom),
                    "dependency:copy-dependencies",
                    "-DincludeScope=runtime",
                ),
                *(f"-DoutputDirectory={jars}", f"-Dmaven.repo.local={CACHE / 'maven'}"),
            ]
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
            complete.write_text(pom.read_text())
    return jars


@cache
def class_path(folder: Path) -> str:
    """Kafka's jars, the folder's own, and its compiled sources."""
    require("java", "javac")
    jars = [f"{kafka_jars()}/*"]
    if (folder / "pom.xml").exists():
        jars.append(f"{added_jars(folder)}/*")
    sources = sorted(folder.glob("*.java"))
    if not sources:
        return ":".join(jars)
    classes = CACHE / "java" / folder.name / "classes"
    stamp = classes / ".stamp"
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    with alone(f"java-{folder.name}"):
        if not (stamp.exists() and stamp.read_text() == digest):
            classes.mkdir(parents=True, exist_ok=True)
            javac(sources, ":".join(jars), classes)
            stamp.write_text(digest)
    return ":".join([*jars, str(classes)])


def javac(sources: Sequence[Path], class_path: str, classes: Path) -> None:
    """Compile; whatever javac has to say is an error."""
    require("javac")
    command: list[str | Path] = ["javac", "-Xlint:all,-processing,-classfile", "-Werror", "-proc:none"]
    subprocess.run([*command, "-cp", class_path, "-d", classes, *sources], check=True)


def run(
    folder: Path, main: str, *arguments: str, heap: str = "256m", options: Sequence[str] = ()
) -> list[str]:
    """The command line of a main class, of the folder's own or of Kafka's jars."""
    return [*java(heap, QUIET, *options), "-cp", class_path(folder), main, *arguments]
