"""The command line: `mockbroker serve`, `mockbroker version` ...

Exit codes: 0 done, 1 it could not be done, 2 bad usage.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from mockbroker import __version__
from mockbroker.cli import ctl, decode, serve

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the arguments after the program's name; None: those of the process.

    Returns:
        The exit code. Bad usage raises SystemExit(2), as argparse does.
    """
    arguments = sys.argv[1:] if argv is None else list(argv)
    parser = _parser(arguments[:1] == ["ctl"])
    options = parser.parse_args(arguments)
    if options.command == "version":
        print(f"mockbroker {__version__}")
        return 0
    if options.command == "demo":
        from mockbroker import demo

        return demo.run()
    if options.command == "ctl":
        return ctl.run(options)
    if options.command == "decode":
        return decode.run(options)
    return serve.run(options)


def _parser(is_ctl: bool) -> argparse.ArgumentParser:
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
    steer = commands.add_parser("ctl", help="steer a running cluster", allow_abbrev=False)
    # Its verbs are many, and `serve` is not to wait for them.
    if is_ctl:
        ctl.add_options(steer)
    commands.add_parser("version", help="print the version")
    return parser
