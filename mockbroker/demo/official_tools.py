"""Apache Kafka's own command line tools, where they are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

__all__ = ["WHY_NOT", "Tools", "find"]

WHY_NOT = "they need java, and their jars: set KAFKA_HOME to an unpacked Apache Kafka"


class Tools:
    """The tools of one installation, pointed at one cluster.

    Args:
        classpath: of the jars.
        bootstrap_servers: the cluster.
    """

    def __init__(self, classpath: str, bootstrap_servers: str) -> None:
        self._classpath = classpath
        self._bootstrap_servers = bootstrap_servers

    def run(self, name: str, *arguments: str) -> str:
        """Run a tool by its class in `org.apache.kafka.tools`; what it printed.

        Raises:
            subprocess.CalledProcessError: it failed.
        """
        command = [
            *("java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", self._classpath),
            f"org.apache.kafka.tools.{name}",
            *("--bootstrap-server", self._bootstrap_servers, *arguments),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout


def find(bootstrap_servers: str) -> Tools | None:
    """The tools of KAFKA_HOME, or of the folder of jars that MOCKBROKER_KAFKA_JARS names; None where they are not."""
    home, jars = os.environ.get("KAFKA_HOME"), os.environ.get("MOCKBROKER_KAFKA_JARS")
    folder = Path(jars) if jars else Path(home) / "libs" if home else None
    if folder is None or shutil.which("java") is None or not any(folder.glob("kafka-tools-*.jar")):
        return None
    return Tools(f"{folder}/*", bootstrap_servers)
