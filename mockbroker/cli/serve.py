"""`mockbroker serve`: a cluster in the foreground."""

from __future__ import annotations

import argparse
import os
import sys

from mockbroker.cli.properties import parse_properties

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mockbroker.server.cluster import ServedCluster

__all__ = ["add_options", "run"]

#: Options that are promised and not built yet, and whether each takes a value.
_NOT_YET = {
    "--data-dir": True,
    "--tls": False,
    "--tls-dir": True,
    "--user": True,
}

_LOG_FORMAT = "%(asctime)s %(levelname)s %(message)s"


class _Refused(Exception):
    """The command cannot be done. `exit_code`: 2 where the user asked for something that cannot be, 1 otherwise."""

    def __init__(self, text: str, exit_code: int) -> None:
        super().__init__(text)
        self.exit_code = exit_code


def add_options(parser: argparse.ArgumentParser) -> None:
    """Say what `serve` takes."""
    add = parser.add_argument
    add("--brokers", type=_positive, default=1, metavar="N", help="how many brokers (default: 1)")
    add("--racks", default="", metavar="A,B,C", help="the brokers' racks, in order; an empty name is none")
    add("--host", default="127.0.0.1", metavar="H", help='where to listen; "localhost" is 127.0.0.1 and ::1')
    add(
        "--port",
        type=_port,
        default=9092,
        metavar="P",
        help="the first broker's port (default: 9092); 0: free ones",
    )
    add(
        "--advertise",
        type=_address,
        metavar="HOST[:PORT]",
        help='what clients are told; "auto": where they came in',
    )
    add("--config", metavar="FILE", help="broker configs: a server.properties file")
    add("--set", action="append", default=[], type=_setting, metavar="KEY=VALUE", help="one broker config")
    add(
        "--topic",
        action="append",
        default=[],
        type=_topic,
        metavar="NAME[:PARTITIONS[:REPLICATION]]",
        help="a topic to create",
    )
    add("--seed", type=int, metavar="N", help="makes ids and placements the same in every run")
    add(
        "--emulate", metavar="VERSION", help='the release of Kafka to be, from "0.11" to "4.3" (default: 4.3)'
    )
    add("--telemetry", action="store_true", help="ask clients for their metrics (KIP-714)")
    add(
        "--memory-limit",
        type=_positive,
        metavar="BYTES",
        help="how much the logs may hold; beyond it producers get KAFKA_STORAGE_ERROR (default: no limit)",
    )
    add("--ready-file", metavar="FILE", help="also write the ready line there")
    control = parser.add_mutually_exclusive_group()
    control.add_argument(
        "--control",
        type=_control_address,
        metavar="[HOST:]PORT",
        help="where to be controlled over HTTP (default: 127.0.0.1:9099 when free, else a free port)",
    )
    control.add_argument("--no-control", action="store_true", help="no control over HTTP")
    add(
        "--control-token",
        metavar="TOKEN",
        help="what whoever controls must bring; needed where the address is not loopback "
        "(default: MOCKBROKER_CONTROL_TOKEN)",
    )
    volume = parser.add_mutually_exclusive_group()
    volume.add_argument("-v", "--verbose", action="store_true", help="log connections and requests")
    volume.add_argument("-q", "--quiet", action="store_true", help="log errors only")
    for option, takes_value in _NOT_YET.items():
        add(option, action=_NotYet, nargs=None if takes_value else 0, help=argparse.SUPPRESS)


class _NotYet(argparse.Action):
    def __call__(
        self, parser: argparse.ArgumentParser, namespace: object, values: object, option: str | None = None
    ) -> None:
        parser.error(f"{option} is not available yet")


def run(options: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM. Returns the exit code."""
    try:
        return _serve(options)
    except _Refused as refused:
        print(f"mockbroker serve: {refused}", file=sys.stderr)
        return refused.exit_code


def _serve(options: argparse.Namespace) -> int:
    import gc
    import logging

    from mockbroker.server.foreground import serve_until_signal

    level = logging.DEBUG if options.verbose else logging.ERROR if options.quiet else logging.WARNING
    logging.basicConfig(level=level, format=_LOG_FORMAT)
    served = _start(options)
    ready = f"mockbroker ready bootstrap.servers={served.bootstrap_servers}"
    if not options.no_control:
        ready += f" control={_open_control(served, options)}"
    if options.verbose:
        from mockbroker.server.request_log import RequestLog

        served.server.broker = RequestLog(served.server.broker)
    # Modules and tables stay until the end: the garbage collector need not go through them again and again.
    gc.freeze()
    serve_until_signal(served.server, lambda: _announce(ready, options.ready_file))
    return 0


def _start(options: argparse.Namespace) -> ServedCluster:
    from mockbroker.config import ConfigError
    from mockbroker.control.commands import Commands
    from mockbroker.server.cluster import ServedCluster
    from mockbroker.server.listeners import CannotListen
    from protocol_specs.errors import KafkaError

    host, port = options.advertise or (None, None)
    try:
        served = ServedCluster(
            brokers=options.brokers,
            racks=options.racks.split(",") if options.racks else (),
            host=options.host,
            port=options.port,
            advertised_host=host,
            advertised_port=port,
            config={**_read(options.config), **dict(options.set)},
            seed=options.seed,
            telemetry=options.telemetry,
            emulate=options.emulate,
            memory_limit=options.memory_limit,
        )
    except CannotListen as error:
        raise _Refused(str(error), 1) from error
    except ConfigError as error:
        value = f"{error.name}={error.value}"
        is_named = str(error.value) in str(error)
        raise _Refused(str(error) if is_named else f"{error} ({value})", 2) from error
    except ValueError as error:
        raise _Refused(str(error), 2) from error
    commands = Commands(served.core)
    for name, partitions, replication_factor in options.topic:
        try:
            commands.create_topic(name, partitions, replication_factor, {})
        except KafkaError as error:
            raise _Refused(f"topic {name}: {error.message}", 2) from error
    served.control.begin()
    return served


def _open_control(served: ServedCluster, options: argparse.Namespace) -> str:
    """Open the control plane; where it is."""
    from mockbroker.server.http.listener import TokenNeeded, open_control
    from mockbroker.server.listeners import CannotListen

    host, port = options.control or ("127.0.0.1", None)
    token = options.control_token or os.environ.get("MOCKBROKER_CONTROL_TOKEN")
    try:
        return open_control(served, host, port, token).url
    except TokenNeeded as error:
        raise _Refused(str(error), 2) from error
    except CannotListen as error:
        raise _Refused(str(error), 1) from error


def _read(path: str | None) -> dict[str, str]:
    if path is None:
        return {}
    try:
        with open(path, encoding="utf-8") as file:
            return parse_properties(file.read())
    except (OSError, UnicodeDecodeError) as error:
        raise _Refused(f"cannot read {path}: {getattr(error, 'strerror', None) or error}", 2) from error


def _announce(ready: str, path: str | None) -> None:
    """Write the ready line: into a file, which is never seen half written, and to stdout."""
    if path is not None:
        with open(f"{path}.part", "w", encoding="utf-8") as file:
            file.write(f"{ready}\n")
        os.replace(f"{path}.part", path)
    print(ready, flush=True)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {text}")
    return number


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"a port is between 0 and 65535, not {text}")
    return port


def _address(text: str) -> tuple[str, int | None]:
    """HOST, HOST:PORT, or an IPv6 address in brackets with or without a port."""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    else:
        host, port = text, ""
    if not host:
        raise argparse.ArgumentTypeError(f"HOST or HOST:PORT, not {text!r}")
    return host, _port(port) if port else None


def _control_address(text: str) -> tuple[str, int]:
    """PORT, HOST:PORT, or an IPv6 address in brackets with a port."""
    if text.isdecimal():
        return "127.0.0.1", _port(text)
    host, port = _address(text)
    if port is None:
        raise argparse.ArgumentTypeError(f"[HOST:]PORT, not {text!r}")
    return host, port


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"KEY=VALUE, not {text!r}")
    return name.strip(), value


def _topic(text: str) -> tuple[str, int, int]:
    name, *numbers = text.split(":")
    if not name or len(numbers) > 2:
        raise argparse.ArgumentTypeError(f"NAME[:PARTITIONS[:REPLICATION]], not {text!r}")
    partitions, replication_factor = [*(_positive(number) for number in numbers), -1, -1][:2]
    return name, partitions, replication_factor
