"""`python -m protocol_specs`: prints messages in the protocol guide's grammar, or checks recorded exchanges."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from protocol_specs import api_named, api_with_key
from protocol_specs.exchanges import differences, read_exchanges
from protocol_specs.grammar import grammar

__all__ = ["main"]


def _show(name: str, version: int) -> int:
    try:
        api = api_with_key(int(name)) if name.isdigit() else api_named(name)
        request, response = api.request[version], api.response[version]
    except KeyError as error:
        print(error.args[0], file=sys.stderr)
        return 2
    print(grammar(f"{api.name} Request (Version: {version})", request.body))
    print(grammar(f"{api.name} Response (Version: {version})", response.body), end="")
    return 0


def _check(paths: Sequence[Path]) -> int:
    passed = failed = 0
    for path in paths:
        try:
            for number, exchange in enumerate(read_exchanges(path), start=1):
                found = differences(exchange)
                passed, failed = (passed, failed + 1) if found else (passed + 1, failed)
                if found:
                    print(f"{path}:{number}: {exchange.title}: {'; '.join(found)}")
        except (OSError, EOFError, ValueError) as error:
            print(f"{path}: {error}", file=sys.stderr)
            return 2
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0, 1 where a frame differs, 2 for bad usage."""
    parser = argparse.ArgumentParser(prog="python -m protocol_specs", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    show = commands.add_parser("show", help="print request and response of one version")
    show.add_argument("api", help="an API's name, or its key")
    show.add_argument("version", type=int)
    check = commands.add_parser("check", help="decode and encode again every frame of recorded exchanges")
    check.add_argument("files", nargs="+", type=Path, metavar="FILE", help=".jsonl or .jsonl.gz")
    given = parser.parse_args(arguments)
    if given.command == "show":
        return _show(given.api, given.version)
    return _check(given.files)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:
        # Whoever read on has seen enough. What is still in the buffer must not be written at the end.
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
