"""`mockbroker decode`: captured frames and log segments, as readable text or as JSON.

What a file holds is seen from itself:

- a capture (pcap, pcapng): every Kafka frame of every TCP connection in it;
- recorded exchanges (.jsonl, .jsonl.gz): the format of `protocol_specs.exchanges`;
- a log segment (00000000000000000000.log): its batches and records, and what those of internal topics mean;
- hex: a frame on each line; other bytes: frames with their lengths, or one frame alone.

A response does not say what it answers: in hex and bytes, `--response API:VERSION` tells.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

__all__ = ["add_options", "run"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Say what `decode` takes."""
    parser.add_argument("file", metavar="FILE", help="what was captured; - reads standard input")
    parser.add_argument("--json", action="store_true", help="a JSON object on a line for each frame or batch")
    parser.add_argument(
        "--response",
        type=_api_and_version,
        metavar="API:VERSION",
        help="the frames are responses to this API in this version",
    )


def run(options: argparse.Namespace) -> int:
    """Print what the file holds.

    Returns:
        The exit code: 0, 1 where something in it could not be decoded, 2 where the file could not be read.
    """
    from mockbroker.cli.capture.printing import print_all

    path = Path(options.file)
    try:
        content = sys.stdin.buffer.read() if options.file == "-" else path.read_bytes()
        return print_all(path, content, options.response, as_json=options.json)
    except BrokenPipeError:
        # Whoever read on has seen enough. What is still in the buffer must not be written at the end.
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
        return 0
    except (OSError, EOFError, ValueError) as error:
        print(f"mockbroker decode: {path}: {getattr(error, 'strerror', None) or error}", file=sys.stderr)
        return 2


def _api_and_version(text: str) -> tuple[int, int]:
    from protocol_specs import api_named, api_with_key

    name, _, version = text.partition(":")
    try:
        api = api_with_key(int(name)) if name.isdigit() else api_named(name)
    except KeyError as error:
        raise argparse.ArgumentTypeError(str(error.args[0])) from None
    if not version.isdigit() or int(version) not in api.versions:
        raise argparse.ArgumentTypeError(f"{api.name} has versions {api.span}, not {version!r}")
    return api.key, int(version)
