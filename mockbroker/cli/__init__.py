"""The command line: `mockbroker serve`, `mockbroker version` ...

Exit codes: 0 done, 1 it could not be done, 2 bad usage.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from mockbroker import __version__
from mockbroker.cli import decode, serve

__all__ = ["main"]

#: Commands that are promised and not built yet.
_NOT_YET = {
    "ctl": "steer a running cluster",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the arguments after the program's name; None: those of the process.

    Returns:
        The exit code. Bad usage raises SystemExit(2), as argparse does.
    """
    arguments = sys.argv[1:] if argv is None else list(argv)
    parser = _parser()
    if arguments and arguments[0] in _NOT_YET:
        parser.error(f"{arguments[0]} is not available yet")
    options = parser.parse_args(arguments)
    if options.command == "version":
        print(f"mockbroker {__version__}")
        return 0
    if options.command == "demo":
        from mockbroker import demo

        return demo.run()
    if options.command == "decode":
        return decode.run(options)
    return serve.run(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mockbroker", description="A Kafka cluster in one small process, for tests."
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    serve.add_options(
        commands.add_parser("serve", help="run a cluster until told to stop", allow_abbrev=False)
    )
    commands.add_parser(
        "demo", help="the main job, narrated: a cluster, stock clients, what each step showed"
    )
    decode.add_options(
        commands.add_parser("decode", help="print captured frames or log segments", allow_abbrev=False)
    )
    commands.add_parser("version", help="print the version")
    for name, summary in _NOT_YET.items():
        commands.add_parser(name, help=f"{summary} (not available yet)")
    return parser
