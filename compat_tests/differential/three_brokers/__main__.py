"""Walk through a real cluster of three brokers and through ours, and compare what is seen.

    python -m compat_tests.differential.three_brokers [--port PORT] [walk ...]

The real one takes fifteen ports from PORT on, ours three from PORT + 10000 on; without it, any that are free.
Exit code 0 when nothing differs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from compat_tests.differential.three_brokers.stages import KafkaStage, MockStage, Stage
from compat_tests.differential.three_brokers.walk import Walk
from compat_tests.differential.three_brokers.walks import WALKS
from compat_tests.kafka_cli.cli import ToolServer

__all__ = ["main", "walk_both"]


def walk_both(
    route: Callable[[Walk], None], stages: tuple[Stage, Stage], tools: ToolServer, to: Path
) -> Walk:
    """Walk through ours first, then through the real one, which is compared with it."""
    walks: list[Walk] = []
    for stage in stages:
        walk = Walk(stage, tools, to, walks[0].seen if walks else None)
        walks.append(walk)
        try:
            route(walk)
        except Exception as error:
            walk.lines.append((f"{route.__name__} in {stage.name}", [f"failed: {error!r}"]))
        finally:
            stage.restore()
            stage.clear()
    first, last = walks
    last.lines += first.lines
    return last


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m compat_tests.differential.three_brokers", description=__doc__
    )
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("walks", nargs="*", metavar="walk", default=list(WALKS))
    arguments = parser.parse_args()
    failed = 0
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ours = MockStage(arguments.port and arguments.port + 10_000)
        stack.callback(ours.close)
        kafka = KafkaStage(scratch / "kafka", arguments.port)
        stack.callback(kafka.close)
        tools = ToolServer(scratch)
        stack.callback(tools.close)
        for name in arguments.walks:
            walk = walk_both(WALKS[name], (ours, kafka), tools, scratch)
            print(f"== {name}")
            for label, lines in walk.lines:
                print(label, *lines[:12], sep="\n    ")
            print(f"{len(walk.seen)} compared, {len(walk.lines)} different", flush=True)
            failed += len(walk.lines)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
