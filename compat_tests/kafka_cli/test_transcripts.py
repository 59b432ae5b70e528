"""Every transcript again, step by step, at a cluster of its own."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from compat_tests.kafka_cli.cli import Cli, ToolServer
from compat_tests.kafka_cli.transcripts import FOLDER, read, replay
from compat_tests.support.brokers import mockbroker, real_kafka

#: The quickest ones; the others are for `make compat`.
SHORT = {"loggers", "security"}
#: What the real broker of these tests, which logs otherwise, has not.
NEEDS_LOG4J = {"loggers"}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(path.stem, marks=() if path.stem in SHORT else pytest.mark.full)
        for path in sorted(FOLDER.glob("*.txt"))
    ],
)
def test_a_transcript(
    name: str, request: pytest.FixtureRequest, tool_server: ToolServer, tmp_path: Path
) -> None:
    is_real = request.config.getoption("--real-kafka")
    if is_real and name in NEEDS_LOG4J:
        pytest.skip("this broker does not log with log4j")
    start = real_kafka if is_real else mockbroker
    steps = read((FOLDER / f"{name}.txt").read_text())
    different = []
    with start(tmp_path / "broker", brokers=1) as broker:
        cli = Cli(broker, tool_server, tmp_path)
        for then, now in replay(cli, steps):
            if then != now:
                different += [
                    f"$ {then.command}",
                    *difflib.unified_diff([*then.lines()], [*now.lines()], n=0),
                ]
    request.node.user_properties.append(("compared", f"{name}: {len(steps)} commands as at Apache Kafka"))
    assert not different, "\n".join(different)
