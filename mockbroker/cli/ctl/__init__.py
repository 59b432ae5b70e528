"""`mockbroker ctl VERB ...`: steer a running cluster over HTTP, from a shell.

Each verb is a row of `verbs.VERBS`. It prints a table, or with --json what the control plane answered.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mockbroker.cli.ctl.verbs import Verb

__all__ = ["add_options", "run"]

DEFAULT_URL = "http://127.0.0.1:9099"

_TYPES = {"integer": int, "number": float}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Say what `ctl` takes."""
    from mockbroker.cli.ctl.verbs import VERBS

    _add_common(parser, is_first=True)
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb in VERBS.values():
        own = verbs.add_parser(verb.name, help=verb.summary, description=verb.summary, allow_abbrev=False)
        _add_common(own, is_first=False)
        for name, kind in verb.arguments.items():
            own.add_argument(name, type=_TYPES.get(kind, str), metavar=name.upper())
        for name, kind in verb.options.items():
            option = f"--{name.replace('_', '-')}"
            if kind == "flag":
                own.add_argument(option, action="store_true", dest=name)
            elif kind.startswith("repeated"):
                own.add_argument(option, action="append", default=[], dest=name, metavar=name.upper())
            else:
                own.add_argument(option, type=_TYPES.get(kind, str), dest=name, metavar=name.upper())
        if verb.takes_pairs:
            own.add_argument("pairs", nargs="*", type=_pair, metavar="NAME=VALUE")


def _add_common(parser: argparse.ArgumentParser, *, is_first: bool) -> None:
    """Options that may stand before and behind the verb."""
    default: Any = None if is_first else argparse.SUPPRESS
    parser.add_argument(
        "--control",
        default=default,
        metavar="URL",
        help=f"the control plane (default: MOCKBROKER_CONTROL, else {DEFAULT_URL})",
    )
    parser.add_argument(
        "--control-token",
        default=default,
        metavar="TOKEN",
        help="where it needs one (default: MOCKBROKER_CONTROL_TOKEN)",
    )
    is_json = False if is_first else argparse.SUPPRESS
    parser.add_argument("--json", action="store_true", default=is_json, help="print JSON, not tables")


def run(options: argparse.Namespace) -> int:
    """Do one verb. Returns the exit code: 0 done, 1 it was refused, or what was looked for is not so."""
    from mockbroker.cli.ctl.client import Client, Refused
    from mockbroker.cli.ctl.verbs import VERBS

    url = options.control or os.environ.get("MOCKBROKER_CONTROL") or DEFAULT_URL
    token = options.control_token or os.environ.get("MOCKBROKER_CONTROL_TOKEN")
    try:
        return _run(VERBS[options.verb], options, Client(url, token))
    except Refused as refused:
        print(f"mockbroker ctl: {refused}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read this has seen enough; nothing more is to be flushed into the pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 0


def _run(verb: Verb, options: argparse.Namespace, client: Any) -> int:
    from mockbroker.cli.ctl.special import given

    if verb.do is not None:
        return verb.do(client, options)
    path = verb.path
    for name in verb.arguments:
        path = path.replace(f"{{{name}}}", client.quoted(getattr(options, name)))
    query = given(options, verb.options) if verb.body is None else {}
    body = verb.body(options) if verb.body is not None else dict(options.pairs) if verb.takes_pairs else None
    answer = client.ask(verb.method, path, query, body)
    if options.json:
        import json

        if answer is not None:
            print(json.dumps(answer, indent=2, ensure_ascii=False))
    else:
        print(verb.shown(answer), end="")
    return verb.exit_code(answer)


def _pair(text: str) -> tuple[str, Any]:
    """NAME=VALUE; the value is JSON, or else the text that it is."""
    import json

    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"NAME=VALUE, not {text!r}")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
