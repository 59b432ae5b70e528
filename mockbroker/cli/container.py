"""`serve` as a container runs it: told by environment variables, as Apache Kafka's own image is.

    python -m mockbroker.cli.container [ARGUMENTS OF serve]

Rules kept here:

- `KAFKA_NUM_PARTITIONS=3` is `--set num.partitions=3`; behind the prefix `_` is a dot, `__` an underscore,
  `___` a dash.
- What Apache Kafka's image takes for itself (heap, JMX, log4j), and what Kubernetes says of a service called kafka, is
  passed over.
- Of KAFKA_LISTENERS and KAFKA_ADVERTISED_LISTENERS the first listener for clients counts: the port, and what clients
  are told. MOCKBROKER_ADVERTISE says the latter better, and goes before it.
- Arguments come last, so they win.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence

__all__ = ["arguments_of", "main"]

#: Which variable is which option.
_OPTIONS = {
    "MOCKBROKER_ADVERTISE": "--advertise",
    "MOCKBROKER_BROKERS": "--brokers",
    "MOCKBROKER_EMULATE": "--emulate",
    "MOCKBROKER_PORT": "--port",
    "MOCKBROKER_RACKS": "--racks",
    "MOCKBROKER_SEED": "--seed",
}

_KAFKA = "KAFKA_"
_LISTENERS = ("listeners", "advertised.listeners")
_CONTROL_PORT = 9099

#: The image's own (`kafka.docker.KafkaDockerWrapper`), and where the pieces of its configuration lie.
_NOT_CONFIGS = re.compile(
    r"(VERSION|HEAP_OPTS|LOG4J_\w+|TOOLS_LOG4J_\w+|OPTS|JMX_\w+|JVM_PERFORMANCE_OPTS|GC_LOG_OPTS|DEBUG\w*|HOME|LOG_DIR"
    r"|CLUSTER_ID|BASE_LOG_DIR|SCALA_VERSION|SERVICE_\w+|PORT|PORT_\d+_\w+)"
)
#: Roles and the quorum, which have no choice here.
_OF_CONTROLLERS = re.compile(
    r"process\.roles|controller\..*|listener\.security\.protocol\.map|inter\.broker\.listener\..*"
)


def arguments_of(environment: Mapping[str, str]) -> list[str]:
    """The arguments of `serve` that these variables stand for.

    Raises:
        ValueError: a listener is not NAME://HOST:PORT.
    """
    arguments = ["--host", "0.0.0.0"]
    configs = dict(_configs(environment))
    controllers = configs.get("controller.listener.names", "CONTROLLER").split(",")
    listener = _listener(configs.get("listeners"), controllers)
    if listener is not None:
        arguments += ["--port", listener.rpartition(":")[2]]
    advertised = _listener(configs.get("advertised.listeners"), controllers)
    if advertised is not None:
        arguments += ["--advertise", advertised]
    for name, option in _OPTIONS.items():
        if environment.get(name):
            arguments += [option, environment[name]]
    for topic in environment.get("MOCKBROKER_TOPICS", "").replace(",", " ").split():
        arguments += ["--topic", topic]
    for name, value in sorted(configs.items()):
        if name not in _LISTENERS and not _OF_CONTROLLERS.fullmatch(name):
            arguments += ["--set", f"{name}={value}"]
    # Beyond the container only with a token; inside it the health check and `mockbroker ctl` find it either way.
    host = "0.0.0.0" if environment.get("MOCKBROKER_CONTROL_TOKEN") else "127.0.0.1"
    return [*arguments, "--control", f"{host}:{_CONTROL_PORT}"]


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Serve. Returns the exit code."""
    from mockbroker.cli import main as run

    try:
        told = arguments_of(environment)
    except ValueError as error:
        print(f"mockbroker: {error}", file=sys.stderr)
        return 2
    if "--no-control" in arguments:
        told = told[:-2]
    return run(["serve", *told, *arguments])


def _configs(environment: Mapping[str, str]) -> list[tuple[str, str]]:
    return [
        (_config_name(name.removeprefix(_KAFKA)), value)
        for name, value in environment.items()
        if name.startswith(_KAFKA) and not _NOT_CONFIGS.fullmatch(name.removeprefix(_KAFKA))
    ]


def _config_name(name: str) -> str:
    signs = {"_": ".", "__": "_", "___": "-"}
    return re.sub("___|__|_", lambda found: signs[found[0]], name.lower())


def _listener(listeners: str | None, controllers: Sequence[str]) -> str | None:
    """HOST:PORT of the first listener for clients; None where there is none."""
    for listener in (listeners or "").split(","):
        name, separator, address = listener.strip().partition("://")
        if not listener.strip() or name in controllers:
            continue
        if not separator or not address.rpartition(":")[2].isdecimal():
            raise ValueError(f"a listener is NAME://HOST:PORT, not {listener.strip()!r}")
        return address
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
